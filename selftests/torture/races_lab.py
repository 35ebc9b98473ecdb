# SPDX-License-Identifier: GPL-2.0-only
"""What the race programs share: the lab of packets_lab.py with the program
'receivers' at its far ends, and two configurations.

What each service may do is told to the receivers: from where to where it goes
in either configuration. A packet that meets the change on its way may have met
both; it must never be seen where neither sends it.
"""
import contextlib
import os
import time

from lib import packet
from lib.addr import ENGINE, F4, F6, FAMILIES, mac
from lib.ktap import PATIENCE, Fail, diag, expect, require
from packets_lab import (BR, BR_IN, CLIENT, FW, FW_IN, IDS, LONG, NAT, PORTS,
                         SEED, WEB, Far)

# Steps of each service, in either configuration.
SEQUENCES = {
    "direct": (["web"], ["fw", "web"]),
    "inline": (["fw", "web"], ["br", "web"]),
    "tap": (["ids", "web"], ["web"]),
    "chain": (["ids", "fw", "br", "web"], ["br", "ids", "web"]),
    "nat": (["nat"], ["fw", "nat"]),
    "ports": (["fw", "port"], ["br", "port"]),
    "same": (["ids", "fw", "br", "web"],) * 2,
}
# Devices that a service has by way of a pool in the second configuration, and
# how many flows of it are remembered in either: 0 for as many as there are.
POOLED = {"inline": {"web": "webs"}, "chain": {"web": "webs", "fw": "fws"},
          "direct": {"fw": "fws"}}
STATE = {"inline": (0, 20), "chain": (None, 0), "direct": (50, 50),
         "same": (0, None)}
NUMBERS = {name: number for number, name in enumerate(SEQUENCES)}
PLACES = {"fw": (FW, FW_IN), "br": (BR, BR_IN), "web": (WEB, WEB),
          "nat": (NAT, NAT), "port": (NAT, NAT), "ids": (IDS, IDS)}
NATTED = {"nat": (1, 80), "port": (2, 8080)}    # host at NAT, port


def vip(f, name):
    return f.vip(20 + NUMBERS[name])


def device_of(f, step):
    return step + f.name if step in NATTED else step


def pooled(f, name, which, step):
    """The name of a step: a device's, or a pool's."""
    return POOLED.get(name, {}).get(step, device_of(f, step)) if which else \
        device_of(f, step)


def state(name, which):
    flows = STATE.get(name, (None, None))[which]
    return "" if flows is None else " state;" if not flows else \
        f" state flows {flows};"


def devices(which):
    """In the second configuration the firewall has other addresses, which
    are to be asked for, and some are measured."""
    measure = "measure;" * which

    def port(segment, host):
        if which == 0:
            return f"lladdr {mac(segment, host)}"
        return f"via {(F4 if segment == FW else F6).host(segment, 2)}"

    return f"""
device web {{ server dev i1 lladdr {mac(WEB, 1)} mode loopback; {measure} }}
device fw {{ inline outside dev i2 {port(FW, 1)} inside dev i3 {port(FW_IN, 1)}; \
{measure} }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device ids {{ tap dev i6 lladdr {mac(IDS, 1)}; }}
pool webs {{ members web; policy maglev; revive 100ms; }}
pool fws {{ members fw; policy failover; revive 100ms; }}
""" + "".join(
        f"device {device_of(f, name)} {{ server address {f.host(NAT, host)} "
        f"mode nat; {'guard;' * which} }}\n"
        for f in FAMILIES for name, (host, _) in NATTED.items())


def conf(which):
    return devices(which) + "".join(
        f"service {name}{f.name} {{ vip {vip(f, name)} udp port 80; sequence " +
        ", ".join(pooled(f, name, which, step) +
                  (" port 8080" if step == "port" else "")
                  for step in steps[which]) + f";{state(name, which)} }}\n"
        for name, steps in SEQUENCES.items() for f in FAMILIES)


def edges(steps):
    """(word, direction, from, to) of a sequence, as receivers wants them."""
    for way, order in (("forward", steps), ("reverse", steps[::-1])):
        last = -1
        # A server at the end of the way back is where it begins.
        if way == "reverse":
            last, order = PLACES[order[0]][0], order[1:]
        for step in order:
            outside, inside = PLACES[step]
            if step == "ids":
                yield "copy", way, last, IDS
                continue
            if way == "reverse":
                outside, inside = inside, outside
            yield "edge", way, last, outside
            last = inside
        if way == "reverse":
            yield "edge", way, last, CLIENT


def restarts(before, after, kept=True):
    """What a device lets out that is no longer in the sequence, by an interface
    where no device of it lets anything out, begins as a client's would. So does
    what comes by an interface that is not the one it was, where none is kept."""
    outs = {frm for _, way, frm, _ in edges(after) if way == "forward" and kept}
    for _, way, left, _ in edges(before):
        if way == "forward" and left not in outs:
            for word, way, frm, to in edges(after):
                if way == "forward" and frm == -1:
                    yield word, way, left, to


# Packets that are received amid changes, at least, and seconds more in which a
# slow machine may come to what is enough.
ENOUGH = 500
MORE = 60 * PATIENCE


class Race(Far):
    """Traffic of every service, judged by whoever receives it."""

    def __init__(self, suite):
        super().__init__(suite, "receivers")
        self.parts = []
        self.lab.node("beside").nft = HOOKS
        self.lab.eng.nft = FIREWALL

    def settings(self, port):
        """Neighbours are found, not given."""
        return [line for line in super().settings(port)
                if not line.startswith("neigh")]

    def up(self, kept=True):
        """kept: interfaces stay what they are."""
        super().up()
        for port in PORTS:
            self.tell(f"port {port} o{port} " + " ".join(
                packet.raw_addr(f.host(port, 0)).hex() for f in FAMILIES))
        for line in (f"cross {FW} {FW_IN}", f"twin {BR} {BR_IN}",
                     f"turn {WEB}", f"turn {NAT}"):
            self.tell(line)
        for name, number in NUMBERS.items():
            self.tell(f"service {number} " + " ".join(
                packet.raw_addr(vip(f, name)).hex() for f in FAMILIES))
            for which in (0, 1):
                steps = SEQUENCES[name][which]
                for word, way, frm, to in (
                        *edges(steps),
                        *restarts(SEQUENCES[name][1 - which], steps, kept),
                        *restarts(steps, steps, kept)):
                    self.tell(f"{word} {number} {way} {frm} {to}")
        for name, service in (("nat", "nat"), ("port", "ports")):
            host, port = NATTED[name]
            self.tell(f"server {NUMBERS[service]} {NAT} " + " ".join(
                packet.raw_addr(f.host(NAT, host)).hex() for f in FAMILIES) +
                f" {port}")
        self.pe.apply(conf(0))
        self.lab.eng.ip("route add blackhole 192.0.2.0/25",
                        "route add blackhole 2001:db8:2::/64")

    def figures(self):
        self.tell("figures")
        return self.answer()

    def enough(self):
        """Have there been enough packets, while it lasts?"""
        self.parts.append(self.figures())
        return self.sum("received") > ENOUGH

    def goes_on(self, end, changed):
        """Until then at least, and until enough has changed under traffic."""
        now = time.monotonic()
        return now < end or now < end + MORE and not (changed and self.enough())

    def sum(self, name):
        return sum(part[name] for part in self.parts)

    @contextlib.contextmanager
    def traffic(self):
        """Nobody gets what is not his while it lasts."""
        self.figures()
        self.parts = []
        self.tell("go")
        try:
            yield
        finally:
            self.tell("stop")
            enough = self.enough()
            asked, answered = (sum(s[what] for part in self.parts
                                   for s in part["services"])
                               for what in ("asked", "answered"))
            diag(f"{asked} asked, {answered} answered, "
                 f"{self.sum('received')} received, "
                 f"{self.sum('resolved')} neighbours found, "
                 f"{self.sum('lost')} lost at receivers")
        expect("packets that were misdelivered or spoilt", self.sum("bad"), 0)
        require(enough, "there was hardly any traffic")

    def works(self):
        """Every service answers, and nothing is lost on a quiet engine."""
        self.figures()
        for port in PORTS:
            self.tell(f"engine {port} {ENGINE}")
        for _ in range(50):
            self.tell("go")
            self.pause(0.1)
            self.tell("stop")
            self.pause(0.05)
            out = self.figures()
            expect("misdelivered", out["bad"], 0)
            if all(s["answered"] for s in out["services"]):
                return
        raise Fail(f"services that do not answer: {out}\n{self.pe.drops()}\n" +
                   self.lab.eng.run(["ip", "addr"]) +
                   self.lab.eng.run(["ip", "neigh"]) + self.pe.pectl("show"))


# The kernel patches its code when the first hook comes and the last one goes;
# emulated processors do not survive that under traffic. A namespace beside
# keeps hooks of its own throughout.
HOOKS = """
table inet keep {
    chain prerouting { type filter hook prerouting priority 0; }
    chain forward { type filter hook forward priority 0; }
}
"""

# What is no service's goes nowhere: a service that is not there for a moment
# leaves its servers' answers to the kernel, which would route them.
FIREWALL = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state untracked accept
    }
}
"""


def second_cpu():
    """Where whoever changes things works, away from the clients."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
