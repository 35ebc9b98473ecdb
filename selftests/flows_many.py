#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A hundred thousand flows: none is lost, shown twice, or kept when it is not
to be; what there is no room for goes on; and all the memory comes back.

    u1 --- i0 [eng] i1 --- web1, web2, web3: link-layer addresses, no more

pktgen sends what clients send, and what servers answer.
"""
import re
import subprocess
import time
from collections import Counter

from lib import engine, pktgen
from lib.addr import ENGINE, F4, mac
from lib.ktap import PATIENCE, Fail, Suite, diag, expect, poll, require
from lib.lab import Lab

MANY = 100000
BATCH = 10000           # of them that are made, and then answered: in time,
                        # for what is not is remembered for seconds
MORE = 20000
OTHERS = 1 << 17                        # the first of other clients
PORT = 9
FIRST = 10 << 24 | 96 << 16             # address of the first client
CLIENTS = "10.96.0.0/12"
# Packets that wait for a slow machine, all that are sent at once.
BACKLOG = "/proc/sys/net/core/netdev_max_backlog"
# A flow takes 112 bytes, in slabs, and its table 21 at most.
FLOW_BYTES = 150
ELSE_BYTES = 2 << 20                    # what else comes and goes meanwhile

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
webs = lab.tap("webs", 1)
pe = engine.Engine(lab)


def conf(*members):
    return "".join(f"device web{n} {{ server dev i1 lladdr {mac(1, n)} "
                   "mode loopback; }\n" for n in (1, 2, 3)) + f"""
pool web {{ members {', '.join(f'web{n}' for n in members)}; policy maglev;
detect off; }}
service kept {{ vip {F4.W1} udp port {PORT}; sequence web; state; }}
"""


def address(number):
    return ".".join(str(b) for b in (FIRST + number).to_bytes(4, "big"))


class Sender:
    """pktgen in a namespace, which sends a packet to or from each client."""

    def __init__(self, node, segment, host, dev="eth0"):
        self.node, self.dev = node, dev
        self.macs = (f"dst_mac {mac(segment, ENGINE)}",
                     f"src_mac {mac(segment, host)}")

    def send(self, first, count, back=False):
        ways = ("dst", "src") if back else ("src", "dst")
        lines = ["pkt_size 60", "delay 0", *self.macs]
        for way, low, high in ((ways[0], address(first),
                                address(first + count - 1)),
                               (ways[1], F4.W1, F4.W1)):
            lines += [f"{way}_min {low}", f"{way}_max {high}",
                      f"udp_{way}_min {PORT}", f"udp_{way}_max {PORT}"]
        with self.node.net():
            pktgen.one(self.dev, count, *lines)


forward = Sender(u1, 0, 1)
# Of the first server; so they are remembered as flows that go both ways.
reverse = Sender(webs, 1, 1)


def served():
    """Packets that each server was handed."""
    return Counter({n: pe.device_counters(f"web{n}")["forward"][0]
                    for n in (1, 2, 3)})


def send(first, count):
    """A packet of each flow; how many each server was handed, of all."""
    before = served()
    forward.send(first, count)
    return poll(f"{count} packets at servers", lambda: (
        lambda now: now if now.total() == count else None)(served() - before),
        30)


def answer(first, count):
    before = pe.counters("kept")["reverse"][0]
    reverse.send(first, count, back=True)
    poll(f"{count} answers", lambda:
         pe.counters("kept")["reverse"][0] - before == count, 30)


def stats():
    return pe.json("stats")


def flush(*words):
    return int(pe.pectl("flow", "flush", *words).split()[0])


def memory():
    """Bytes of the kernel in slabs, pages of vmalloc and beside."""
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3\n")
    with open("/proc/meminfo") as file:
        found = dict(line.split(":") for line in file)
    return sum(int(found[part].split()[0])
               for part in ("Slab", "VmallocUsed", "Percpu")) * 1024


def comes_back(before):
    """It takes a grace period, and a round of the work."""
    left = []

    def is_back():
        left.append(memory() - before)
        return left[-1] < ELSE_BYTES

    try:
        poll("memory back", is_back, 15, 0.5)
    except Fail as fail:
        raise Fail(f"{fail}: {left[-1]} bytes are missing") from None
    diag(f"{left[-1]} bytes more than before")


def grow(start, count):
    """Flows that go both ways, soon enough to be remembered for long."""
    found = Counter()
    for first in range(start, start + count, BATCH):
        found += send(first, BATCH)
        answer(first, BATCH)
    return found


def fill():
    """All flows that there are to be."""
    over = stats()["flow_counts"]["over"]
    found = grow(0, MANY)
    there = stats()
    expect("flows", there["flows"], MANY)
    expect("of which packets had no room", there["flow_counts"]["over"], over)
    return found


class Filled:
    """All flows, which have gone both ways, and what there was before."""

    def __init__(self):
        pe.apply(conf(1, 2))
        flush()
        self.memory = memory()
        start = time.monotonic()
        # How many each server has.
        self.servers = fill()
        diag(f"made in {time.monotonic() - start:.1f} s")

    now = None

    @classmethod
    def get(cls):
        if not cls.now:
            cls.now = cls()
        return cls.now


def clients(text):
    return re.findall(" client ([^ ]+)", text)


@suite.case()
def remembered_and_shown():
    """Every one of them once, for what memory it may take."""
    filled = Filled.get()
    used = memory() - filled.memory
    require(used < MANY * FLOW_BYTES + ELSE_BYTES, f"they take {used} bytes")
    start = time.monotonic()
    text = pe.pectl("flow", "show")
    diag(f"{used / MANY:.0f} bytes each, shown in "
         f"{time.monotonic() - start:.1f} s")
    found = clients(text)
    expect("shown, and those that differ", (len(found), len(set(found))),
           (MANY, MANY))
    expect("of them established", text.count("(established)"), MANY)


@suite.case()
def at_the_limit():
    """Those that are there go on, where they were; new ones go where they would
    without state; none is dropped."""
    filled = Filled.get()
    require(min(filled.servers[n] for n in (1, 2)) > MANY // 3,
            f"{filled.servers}")
    over, drops = stats()["flow_counts"]["over"], pe.drops()
    lab.eng.write_sysctls({"pe/max_flows": MANY})
    pe.apply(conf(1, 2, 3))
    new = send(OTHERS, MORE)
    require(all(new[n] > MORE // 4 for n in (1, 2, 3)), f"new ones: {new}")
    expect("those that were there", send(0, MANY), filled.servers)
    found = stats()
    expect("flows", found["flows"], MANY)
    expect("over", found["flow_counts"]["over"] - over, MORE)
    pe.check_drops(drops)
    lab.eng.write_sysctls({"pe/max_flows": 1 << 20})


@suite.case()
def shown_while_others_come_and_go():
    """Those that stay are shown once, whatever the table becomes meanwhile."""
    Filled.get()
    with lab.eng.popen([engine.PECTL, "flow", "show"],
                       stdout=subprocess.PIPE) as proc:
        text = proc.stdout.readline()
        # It waits for us now; the table grows, and most of it goes.
        grow(OTHERS, 2 * MORE)
        expect("forgotten", flush("client", f"{address(0)}/16"), 1 << 16)
        text += proc.stdout.read()
        expect("exit status", proc.wait(60 * PATIENCE), 0)
    stayed = [c for c in clients(text) if c.startswith("10.97.")]
    expect("shown of those that stayed, and those that differ",
           (len(stayed), len(set(stayed))), (MANY - (1 << 16),) * 2)


@suite.case()
def forgotten():
    """And what memory they had is there again."""
    filled = Filled.get()
    had = stats()["flows"]
    start = time.monotonic()
    expect("forgotten", flush(), had)
    expect("flows left", stats()["flows"], 0)
    diag(f"in {time.monotonic() - start:.1f} s")
    comes_back(filled.memory)
    Filled.now = None


@suite.case()
def they_go_with_their_namespace():
    """That is deleted with all it has. Nothing is done with it after this."""
    pe.apply(conf(1, 2))
    before = memory()
    fill()
    start = time.monotonic()
    lab.eng.close()
    subprocess.run(["ip", "netns", "del", lab.eng.netns], check=True)
    comes_back(before)
    diag(f"gone in {time.monotonic() - start:.1f} s")
    engine.unload()
    diag(f"unloaded in {time.monotonic() - start:.1f} s")


def setup():
    subprocess.run(["modprobe", "-a", "pktgen", "sch_ingress", "cls_matchall",
                    "act_gact"], check=True)
    pktgen.write(BACKLOG, str(MANY))
    pe.start(conf(1, 2))
    lab.eng.ip(f"route add {CLIENTS} via {F4.host(0, 1)}",
               f"neigh replace {F4.host(0, 1)} lladdr {mac(0, 1)} dev i0 "
               "nud permanent")
    for node in (u1, webs):
        node.run(["tc", "-batch", "-"], stdin="qdisc add dev eth0 ingress\n"
                 "filter add dev eth0 ingress matchall action drop\n")
    # What is made once is there before memory is looked at.
    send(0, 1000)
    answer(0, 1000)


suite.run(setup)
