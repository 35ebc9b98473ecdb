#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pectl watch tells the kernel which devices are dead, and which are back.

    u1 --- i0 [eng] i1 --+-- fw1 outside     (nftables)
                         +-- fw2 outside     (nftables)
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --- web               (nginx)
"""
import json
import os
import select
import time

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import PATIENCE, Fail, Suite, expect, poll, require
from lib.lab import Lab
from lib.monitor import ears
from lib.nginx import Nginx

RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy %s;
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fws = {n: lab.router(f"fw{n}", 1, 2, n, nft=RULES % "accept") for n in (1, 2)}
web = lab.server("web", 3)
pe = engine.Engine(lab)
F4 = FAMILIES[0]


def conf(revive):
    return "".join(
        f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
        f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + f"""
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
pool fws {{ members fw1, fw2; policy failover; {revive} }}
""" + "".join(f"service web-{f.name} {{ vip {f.W1} tcp port 80; "
              "sequence fws, web; }\n" for f in FAMILIES)


class Watch:
    """pectl watch, as it runs."""

    def __init__(self, *args):
        self.proc = lab.eng.popen(
            [engine.PECTL, "-j", "watch", "interval", "100ms", *args],
            stdout=-1, stderr=-1)
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.seen = []
        self.text = ""
        line = self.proc.stderr.readline()
        require("pectl: watching " in line, line)

    def read(self):
        try:
            return os.read(self.proc.stdout.fileno(), 65536).decode()
        except BlockingIOError:
            return ""

    def told(self, device, health, timeout=8):
        """Wait for a line that says so."""
        end = time.monotonic() + timeout * PATIENCE
        while True:
            self.text += self.read()
            *lines, self.text = self.text.split("\n")
            for line in lines:
                self.seen.append(json.loads(line))
            for number, line in enumerate(self.seen):
                if (line["device"], line["health"]) == (device, health):
                    del self.seen[:number + 1]
                    return line
            left = end - time.monotonic()
            if left < 0:
                raise Fail(f"{device} was not told to be {health}")
            select.select([self.proc.stdout], [], [], left)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.terminate()
        self.out, self.err = self.proc.communicate(timeout=10 * PATIENCE)
        self.status = self.proc.returncode


def state(device):
    shown = pe.device(device)
    return shown.get("state", "up"), shown.get("cause")


def firewall(number, policy):
    fws[number].run(["nft", "-f", "-"],
                    stdin="flush ruleset\n" + RULES % policy)


def page(f):
    host = f"[{f.W1}]" if f.v6 else f.W1
    return u1.run(["curl", "-s", "--max-time", "5", f"http://{host}/"])


def start():
    pe.start(conf(""))
    server = Nginx(web, lab.tmp, 80, "welcome")
    suite.defer(server.close)


@suite.case()
def down_and_back():
    """The pool uses the other firewall, and the first one again."""
    pe.apply(conf("revive"))
    with Watch("fall", "3", "rise", "2") as watch:
        firewall(1, "drop")
        told = watch.told("fw1", "down")
        require("did not come out by i2" in told["evidence"], told)
        expect("state", state("fw1"), ("down", "check"))
        expect("state", state("fw2")[0], "up")
        for f in FAMILIES:
            expect("page", page(f), "welcome\n")
        firewall(1, "accept")
        watch.told("fw1", "up")
        expect("state", state("fw1")[0], "up")
    expect("exit code", watch.status, 0)


@suite.case()
def dead_until_told():
    """Without revive a check does not bring it back, a command does."""
    pe.apply(conf(""))
    with Watch() as watch:
        firewall(1, "drop")
        watch.told("fw1", "down")
        firewall(1, "accept")
        watch.told("fw1", "up")
        expect("state", state("fw1"), ("down", "check"))
        pe.pectl("device", "state", "fw1", "up")
        expect("state", state("fw1"), ("up", "command"))
        firewall(1, "drop")
        watch.told("fw1", "down")
        expect("state", state("fw1"), ("down", "check"))
        firewall(1, "accept")
    require("was found dead" in watch.err, watch.err)
    pe.pectl("device", "state", "fw1", "up")


@suite.case()
def what_was_commanded_stays():
    pe.apply(conf("revive"))
    pe.pectl("device", "state", "fw2", "maintenance")
    with Watch() as watch:
        firewall(2, "drop")
        watch.told("fw2", "down")
        expect("state", state("fw2"), ("maintenance", "command"))
        firewall(2, "accept")
        watch.told("fw2", "up")
        expect("state", state("fw2"), ("maintenance", "command"))
    pe.pectl("device", "state", "fw2", "up")


@suite.case()
def configuration_and_interfaces_change():
    pe.apply(conf("revive"))
    with Watch("fall", "2") as watch:
        pe.batch(f"device dead {{ server dev i3 lladdr {mac(3, 9)} "
                 f"mode loopback; }}\nservice dead {{ vip {F4.W2} tcp "
                 "port 80; sequence dead; }\n")
        told = watch.told("dead", "down")
        require("no answer within 100 ms" in told["evidence"], told)
        expect("state", state("dead"), ("down", "check"))
        lab.eng.ip("link set i3 down")
        told = watch.told("web", "down")
        require("i3" in told["evidence"], told)
        lab.eng.ip("link set i3 up")
        pe.batch("service del dead\ndevice del dead\n")
        watch.told("web", "up")
    expect("exit code", watch.status, 0)
    pe.pectl("device", "state", "web", "up")


ONE_WAY = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname "in0" drop
    }
}
"""


@suite.case()
def one_way():
    """A long sentence is told to the kernel, too."""
    pe.apply(conf("revive"))
    with Watch("fall", "2") as watch:
        fws[1].run(["nft", "-f", "-"], stdin="flush ruleset\n" + ONE_WAY)
        told = watch.told("fw1", "down")
        require("an answer that went in by i2 did not" in told["evidence"], told)
        expect("state", state("fw1"), ("down", "check"))
        expect("evidence", pe.device("fw1")["evidence"], told["evidence"])
        firewall(1, "accept")
        watch.told("fw1", "up")
        expect("state", state("fw1")[0], "up")


@suite.case()
def while_others_change_everything():
    """Whatever changes all the time, what is dead is found."""
    pe.apply(conf("revive"))
    with Watch("fall", "3") as watch:
        firewall(1, "drop")
        end = time.monotonic() + 8 * PATIENCE
        while state("fw1") != ("down", "check"):
            require(time.monotonic() < end, "fw1 was not told to be down")
            pe.batch(f"service other {{ vip {F4.W2} tcp port 80; "
                     "sequence web; }\n")
            pe.batch("service del other\n")
            lab.eng.ip("link add gone type dummy", "link del gone")
        watch.told("fw1", "down")
        firewall(1, "accept")
        watch.told("fw1", "up")
    expect("exit code", watch.status, 0)


@suite.case()
def what_is_named_may_go_and_come():
    """The others are watched on."""
    dead = f"device dead {{ server dev i3 lladdr {mac(3, 9)} mode loopback; }}\n" \
           f"service dead {{ vip {F4.W2} tcp port 80; sequence dead; }}\n"
    pe.apply(conf("revive") + dead)
    with Watch("fall", "2", "device", "fw1", "dead") as watch:
        watch.told("dead", "down")
        pe.batch("service del dead\ndevice del dead\n")
        firewall(1, "drop")
        watch.told("fw1", "down")
        firewall(1, "accept")
        watch.told("fw1", "up")
        pe.apply(conf("revive").replace(str(mac(1, 1)), str(mac(1, 7))))
        watch.told("fw1", "down")
        pe.apply(conf("revive") + dead)
        watch.told("fw1", "up")
        watch.told("dead", "down")
        expect("state", state("dead"), ("down", "check"))
    expect("exit code", watch.status, 0)
    expect("told", watch.err.count("no device 'dead'"), 1)


@suite.case()
def a_neighbour_moves():
    """What is known by a network address is checked where that is now."""
    ends = [(f"i{i}", F4.host(i, 1), eth) for i, eth in ((1, "out0"), (2, "in0"))]
    by_address = conf("revive")
    for ifname, addr, _ in ends:
        by_address = by_address.replace(f"dev {ifname} lladdr {mac(int(ifname[1]), 1)}",
                                        f"dev {ifname} via {addr}")

    def move(number):
        for ifname, addr, eth in ends:
            to = mac(int(ifname[1]), number)
            fws[1].ip(f"link set {eth} address {to}")
            lab.eng.ip(f"neigh replace {addr} lladdr {to} dev {ifname} "
                       "nud reachable")

    pe.apply(by_address)
    with Watch("fall", "2") as watch:
        firewall(1, "drop")
        watch.told("fw1", "down")
        move(8)
        firewall(1, "accept")
        watch.told("fw1", "up")
        firewall(1, "drop")
        watch.told("fw1", "down")
        move(1)
        firewall(1, "accept")
        watch.told("fw1", "up")


@suite.case()
def a_neighbour_is_late():
    """That it is not known yet counts once, until somebody has looked again."""
    absent = F4.host(3, 9)
    pe.apply(conf("revive") + f"device late {{ server dev i3 via {absent} mode loopback; }}\n"
             f"service late {{ vip {F4.W2} tcp port 80; sequence late; }}\n")
    with Watch("fall", "10", "device", "late") as watch:
        begun = time.monotonic()
        told = watch.told("late", "down")
        require("is not known" in told["evidence"], told)
        require(time.monotonic() - begun > 1.5, "one look counted more than once")
        lab.eng.ip(f"neigh replace {absent} lladdr {mac(3, 1)} dev i3 nud reachable")
        told = watch.told("late", "up")


@suite.case()
def some_devices_only():
    with Watch("device", "fw2", "web") as watch:
        firewall(1, "drop")
        firewall(2, "drop")
        watch.told("fw2", "down")
        expect("others", [line for line in watch.seen
                          if line["device"] == "fw1"], [])
        firewall(1, "accept")
        firewall(2, "accept")


@suite.case()
def ends_with_the_module():
    """Another one would not be heard."""
    listening = {words: lab.eng.popen([engine.PECTL, *words], stdout=-1, stderr=-1)
                 for words in (("monitor",), ("trace",))}
    with Watch() as watch:
        listening["watch",] = watch.proc
        poll("listeners", lambda: len(ears(watch.proc)) == len(listening))
        engine.unload()
        for words, proc in listening.items():
            status = proc.wait(10 * PATIENCE)
            expect(f"{words[0]}'s exit status", status, engine.ABSENT)
            require("module pe was unloaded" in proc.stderr.read(),
                    f"{words[0]} does not say why")


suite.run(start)
