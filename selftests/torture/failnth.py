#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation of every command fails in turn, until none is left.

Each command is given again and again, and each time another of the allocations
that the module makes for it fails. It is refused and says so, nothing of it is
done, or it is done all the same; and packets go on. So it is with namespaces
that are born, interfaces that come and go, and with the module's loading.
"""
import contextlib
import os
import subprocess

from lib import engine, flow
from lib.addr import FAMILIES, F4, F6, mac
from lib.engine import PE_KO
from lib.ktap import Fail, Suite, diag, expect, require
from lib.lab import Lab

WALK = os.path.join(os.environ["GENERATED"], "walk")
LONG = os.environ.get("TORTURE") == "long"
FAULTS = [f"/sys/kernel/debug/{name}" for name in
          ("failslab", "fail_page_alloc")]

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
nat = lab.server("nat", 4, mode="nat")
lab.tap("ids", 5)
pe = engine.Engine(lab)

# What there is first: every kind of device and of service, a pool, lists, owners.
FIRST = f"""
device ids {{ tap dev i5 lladdr {mac(5, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device one {{ inline dev i2 lladdr {mac(2, 0x21)}; }}
device via4 {{ inline outside dev i1 via {F4.host(1, 9)} \
inside dev i2 via {F4.host(2, 9)}; guard; }}
device via6 {{ inline outside dev i1 via {F6.host(1, 9)} \
inside dev i2 via {F6.host(2, 9)}; }}
device bridge {{ inline transparent outside dev i4 inside dev i5; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device alias {{ server dev i3 lladdr {mac(3, 2)} mode alias; \
address {F4.host(3, 2)}; guard; }}
device nat4 {{ server address {F4.host(4, 1)} mode nat; guard; }}
device nat6 {{ server address {F6.host(4, 1)} mode nat; guard; }}
device gone {{ tap dev dum0 lladdr {mac(6, 6)}; }}
device spare {{ tap dev i4 via {F6.host(4, 9)}; }}
service web4 {{ vip {F4.W1} udp port 80; sequence ids, fw, web; }}
service web6 {{ vip {F6.W1} udp port 80,443,1025-1125; \
sequence ids, fw, web; }}
service nat4 {{ vip {F4.W2} udp port 80; sequence fw, nat4 port 8080; }}
service nat6 {{ vip {F6.W2} udp port 80; sequence fw, nat6 port 8080; }}
service iif {{ vip {F4.W1} tcp port 8080 iif i0; sequence fw, nat4 port 81; }}
service bridge {{ vip {F4.W3} udp port 53; sequence bridge, one, alias; }}
service all4 {{ vip {F4.vip(20)}; sequence via4, web; }}
service all6 {{ vip {F6.vip(20)} udp port 53; sequence via6, one, bridge, nat6; }}
device s1 {{ server dev i3 lladdr {mac(3, 0x41)} mode loopback; owner alice; }}
device s2 {{ server dev i3 lladdr {mac(3, 0x42)} mode loopback; }}
pool farm {{ members s1, s2 weight 3; policy maglev; owner alice; }}
acl guests {{ owner alice; permit udp from {F4.vip(1)} port 53 count; \
deny tcp flags syn,!ack; default permit; }}
acl spare {{ deny; }}
service farm {{ vip {F4.vip(35)} udp port 53; sequence fw, farm; acl guests; \
owner alice; }}
service kept4 {{ vip {F4.vip(36)} udp port 80; sequence fw, nat4 port 8090; \
state; }}
service kept6 {{ vip {F6.vip(36)} tcp port 80; sequence web; state; }}
device timed {{ inline dev i2 lladdr {mac(2, 0x61)}; measure; }}
device t1 {{ server dev i3 lladdr {mac(3, 0x51)} mode loopback; measure; }}
pool kept {{ members t1, s2; policy maglev; detect packets 4; revive 1s; }}
pool away {{ members t1; policy failover; oneway; }}
service pinned4 {{ vip {F4.vip(38)} udp port 53; sequence timed, kept; \
limit packets 1000 flows 10; dscp 46; mark 7; state flows 100 timeout 60s; }}
service pinned6 {{ vip {F6.vip(38)}; sequence kept; priority 3; state; }}
service away {{ vip {F4.vip(39)} tcp port 80; sequence timed, away; }}
engine {{ limit packets 1000000; }}
"""

# Added, changed and deleted against that: devices of all kinds, sequences of
# other lengths, services at addresses that stay shared, ports, guards.
SECOND = f"""
device ids {{ tap dev i4 via {F4.host(4, 9)}; }}
device fw {{ inline outside dev i2 lladdr {mac(2, 1)} \
inside dev i1 lladdr {mac(1, 1)}; }}
device one {{ inline dev i2 via {F4.host(2, 0x21)}; guard; }}
device via4 {{ inline outside dev i1 via {F4.host(1, 99)} \
inside dev i2 via {F4.host(2, 99)}; guard; }}
device bridge {{ inline transparent outside dev i5 inside dev i4; }}
device web {{ server dev i3 lladdr {mac(3, 3)} mode alias; }}
device alias {{ server dev i3 lladdr {mac(3, 2)} mode alias; \
address {F4.host(3, 4)}; guard; }}
device nat4 {{ server address {F4.host(4, 2)} mode nat; }}
device nat6 {{ server address {F6.host(4, 2)} mode nat; guard; }}
device more {{ tap dev i0 lladdr {mac(0, 0x31)}; }}
device nat5 {{ server address {F4.host(4, 55)} mode nat; guard; }}
service web4 {{ vip {F4.W1} udp port 80; sequence fw, more, web; }}
service web6 {{ vip {F6.W1} udp port 80,443,1025-1126; \
sequence ids, fw, web; }}
service iif {{ vip {F4.W1} tcp port 8080 iif i1; sequence nat4 port 81; }}
service bridge {{ vip {F4.vip(21)} udp port 53; sequence bridge, one, alias; }}
service all4 {{ vip {F4.vip(20)}; sequence via4, web; }}
service one {{ vip {F4.vip(31)}; sequence one; }}
service nat5 {{ vip {F4.vip(32)}; sequence nat5; }}
service icmp {{ vip {F4.vip(33)} icmp; sequence one, nat4; }}
service port6 {{ vip {F6.vip(33)} tcp port 1; sequence nat6 port 81; }}
device s1 {{ server dev i3 lladdr {mac(3, 0x43)} mode loopback; owner bob; }}
device s2 {{ server dev i3 lladdr {mac(3, 0x42)} mode loopback; owner carol; }}
pool farm {{ members s2, s1; policy failover; owner alice; }}
pool more-of-it {{ members s1; policy maglev; key client; }}
acl guests {{ deny udp count; permit from {F6.vip(1)} iif i0; }}
acl farm2 {{ default permit; owner dave; }}
service farm {{ vip {F4.vip(35)} udp port 53; sequence fw, farm; owner bob; }}
service farm2 {{ vip {F6.vip(35)}; sequence more-of-it; acl guests; }}
service kept4 {{ vip {F4.vip(36)} udp port 80; sequence nat4 port 82; state; }}
service kept6 {{ vip {F6.vip(36)} tcp port 80; sequence alias port 81; state; }}
device timed {{ inline dev i2 lladdr {mac(2, 0x61)}; }}
device t1 {{ server dev i3 lladdr {mac(3, 0x52)} mode loopback; measure; }}
device t2 {{ server dev i3 lladdr {mac(3, 0x53)} mode loopback; measure; }}
pool kept {{ members t2, t1; policy failover; oneway; }}
service pinned4 {{ vip {F4.vip(38)} udp port 53; sequence kept; \
limit bytes 100000; dscp forward 3; state timeout 5s; }}
service pinned6 {{ vip {F6.vip(38)}; sequence timed, kept; }}
service begins {{ vip {F6.vip(39)} tcp port 80; sequence kept; state; }}
engine {{ limit flows 1000; }}
"""

# The address tables grow, and with them lists of many at one address.
MANY = FIRST + "".join(
    f"service m{n} {{ vip {F4.vip(40 + n % 30)} tcp port {1000 + n}; "
    f"sequence web; }}\nservice n{n} {{ vip {F6.vip(40 + n)} udp; "
    f"sequence web; }}\n" for n in range(30))

BATCH = f"""service del web4
device replace ids tap dev i5 lladdr {mac(5, 2)}
device add more {{ inline dev i2 lladdr {mac(2, 0x51)}; }}
service add more vip {F4.vip(77)} udp port 77 sequence more, web
service change all4 sequence via4, more, web
device del spare
"""

# As an owner.
OWNED = f"""acl insert guests position 1 deny udp count
pool replace farm members s2; policy failover
device del s1
device add s3 tap dev i5 lladdr {mac(5, 0x44)}
"""

FILES = {"OWNED": OWNED, "FIRST": FIRST, "SECOND": SECOND, "MANY": MANY, "BATCH": BATCH}

# What is there before, and what is done.
COMMANDS = (
    ("FIRST", "apply -f SECOND"),
    ("-", "apply -f FIRST"),
    ("FIRST", "-f BATCH"),
    ("FIRST", "flush"),
    ("FIRST", "--owner alice -f OWNED"),
    ("FIRST", f"device replace fw inline outside dev i1 lladdr {mac(1, 0x91)} "
              f"inside dev i2 via {F4.host(2, 91)}"),
    ("FIRST", "service change web4 sequence fw, web"),
    ("FIRST", "-s -d show"),
    ("FIRST", f"explain from {F6.U1} to {F6.vip(20)} udp port 53 iif i0"),
    ("FIRST", "-s stats"),
    ("FIRST", "flow flush service pinned4"),
)

# The rest, where there is time.
MORE = (
    ("SECOND", "apply -f FIRST"),
    ("FIRST", "apply -f MANY"),
    ("MANY", "apply -f FIRST"),
    ("-", "apply -f FIRST --check"),
    ("FIRST", f"service add new vip {F4.vip(99)} tcp port 99 "
              "sequence ids, fw, web"),
    ("FIRST", f"service add new vip {F6.vip(99)} iif i0 sequence via6, nat6"),
    ("FIRST", "service del web4"),
    ("FIRST", "service del pinned4"),
    ("FIRST", "service change pinned4 state off"),
    ("FIRST", "service change web6 state flows 7"),
    ("FIRST", "flow flush client 10.0.0.0/8"),
    ("FIRST", "-s device show timed"),
    ("FIRST", "--owner alice flush"),
    ("FIRST", "--owner alice device state s1 drain"),
    ("FIRST", f"service replace all6 vip {F6.vip(20)} udp port 53 sequence nat6"),
    ("FIRST", f"device add new inline outside dev i1 via {F4.host(1, 77)} "
              f"inside dev i2 via {F6.host(2, 77)} guard"),
    ("FIRST", f"device replace nat4 server address {F4.host(4, 9)} mode nat"),
    ("FIRST", "device change bridge inline transparent outside dev i5 "
              "inside dev i4"),
    ("FIRST", "device del spare"),
    ("FIRST", "-j -s -d device show fw"),
    ("FIRST", "-s service show web6"),
    ("FIRST", "diff -f SECOND"),
    ("FIRST", f"explain from {F4.U1} to {F4.W1} udp port 80 iif i0"),
)


class Walk:
    """The program that is made to fail, in the engine's namespace."""

    def __init__(self):
        self.files = {name: pe.file(text) for name, text in FILES.items()}
        self.proc = lab.eng.popen([WALK], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        suite.defer(self.close)

    def order(self, *words):
        line = " ".join(words)
        for name, path in self.files.items():
            line = line.replace(name, path)
        self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()
        while True:
            answer = self.proc.stdout.readline()
            if not answer:
                raise Fail(f"died of: {line}")
            if answer.startswith("#"):
                diag(answer[1:].strip())
            elif answer.strip() in ("good", "bad"):
                break
            else:
                diag(answer.rstrip())
        require(answer.strip() == "good", line)

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(30)


def put(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(value)


def text_of_the_module():
    with open("/sys/module/pe/sections/.text", encoding="ascii") as file:
        start = int(file.read(), 16)
    return start, start + os.path.getsize(PE_KO)


def text_of_the_kernel(function):
    """Where a function of the kernel lies."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        symbols = [line.split() for line in file if "[" not in line]
    start = next(int(symbol[0], 16) for symbol in symbols
                 if symbol[2] == function)
    return start, min(int(symbol[0], 16) for symbol in symbols
                      if int(symbol[0], 16) > start)


def faults_below(start, end):
    """Only what is allocated with such a function on the stack fails."""
    for path in FAULTS:
        for name, value in (("probability", "0"), ("times", "-1"),
                            ("verbose", "0"), ("task-filter", "Y"),
                            ("require-start", hex(start)),
                            ("require-end", hex(end))):
            put(f"{path}/{name}", value)
        for name in ("ignore-gfp-wait", "ignore-gfp-highmem", "cache-filter"):
            if os.path.exists(f"{path}/{name}"):
                put(f"{path}/{name}", "N")
        if os.path.exists(f"{path}/min-order"):
            put(f"{path}/min-order", "0")


def packets_pass():
    pe.apply(FIRST)
    for f in FAMILIES:
        flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80))
        flow.udp(f, u1, f.U1, flow.port(), (f.W2, 80), nat,
                 (f.host(4, 1), 8080))


@contextlib.contextmanager
def listener():
    """Somebody to whom events are told."""
    ear = lab.eng.popen([engine.PECTL, "monitor"], stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        ear.terminate()
        ear.wait(30)


walk = None


@suite.case(*COMMANDS, *(MORE if LONG else ()))
def each_allocation_fails(before, command):
    walk.order("walk", "nth", before, "pectl", command)
    packets_pass()


@suite.case(*((percent, *pair) for percent in (10, 30, 100)
              for pair in (COMMANDS + MORE if LONG else COMMANDS[:3])))
def some_allocations_fail(percent, before, command):
    times = 40 if LONG else 4
    walk.order("walk", f"{percent}:{times}", before, "pectl", command)
    packets_pass()


@suite.case("link del dum0", "link add dum0")
def while_an_interface(command):
    with listener():
        walk.order("walk", "nth", "FIRST", command)
    packets_pass()


@suite.case()
def works_fail_now_and_then():
    """What no command asked for: events, counters, neighbours."""
    pe.apply(FIRST)
    try:
        with listener():
            for path in FAULTS:
                put(f"{path}/task-filter", "N")
                put(f"{path}/probability", "30")
            for _ in range(60 if LONG else 15):
                lab.eng.ip("link del dum0", "link add dum0 type dummy",
                           "link set dum0 up", "neigh flush dev i1",
                           "neigh flush dev i2")
    finally:
        for path in FAULTS:
            put(f"{path}/probability", "0")
            put(f"{path}/task-filter", "Y")
    packets_pass()


@suite.case()
def while_a_namespace_is_born():
    walk.order("walk", "nth", "FIRST", "unshare")


@suite.case()
def nothing_is_missing():
    """No memory is in use that was not before all of this."""
    pe.pectl("flush")
    walk.order("memory", "same")
    packets_pass()


@suite.case()
def while_the_module_loads():
    """The kernel's own part of loading is not ours to try."""
    engine.unload()
    faults_below(*text_of_the_kernel("do_one_initcall"))
    try:
        walk.order("walk", "nth", "absent", f"insmod {PE_KO}")
    finally:
        engine.load()
        faults_below(*text_of_the_module())
    expect("configuration", pe.pectl("show"), "")
    packets_pass()


def setup():
    global walk
    engine.load()
    suite.defer(engine.unload)
    lab.up()
    lab.eng.ip("link add dum0 type dummy", "link set dum0 up")
    faults_below(*text_of_the_module())
    pe.apply(FIRST)
    packets_pass()
    walk = Walk()
    for text in (SECOND, MANY):
        pe.apply(text)
    pe.pectl("flush")
    walk.order("memory", "mark")


suite.run(setup)
