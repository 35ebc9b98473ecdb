#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""15: two engines with the same tables, and one address that is the master's.

    u1 --+-- i0 [eng]  i1 --+-- fw outside
         |             i2 --+-- fw inside, web
         +-- i0 [eng2] i1 --+   (the same links)
                       i2 --+

keepalived is on both, with the configuration and the script of
scripts/two-engines. One engine stops, the other claims the addresses, and every
connection goes on, because there is no state to lose.
"""
import os
import select
import struct
import time
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.keepalived import Keepalived
from lib.ktap import PATIENCE, Suite, diag, expect, poll, require
from lib.lab import Lab
from lib.link import Ear, claims

SAMPLE = f"{engine.TOP}/scripts/two-engines"
MASTER, SECOND = 12, 13                 # host numbers on every segment
LINKS = (0, 1, 2)
BOUND = 30                              # seconds; says nothing of how fast it is

suite = Suite(__doc__)
lab = Lab(suite)
lab.hop = MASTER
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
web = lab.server("web", 2, 2)
second = lab.node("eng2")
lab.forwards(second)
for link in LINKS:
    lab.attach(second, link, SECOND, f"i{link}")
pe = {"first": engine.Engine(lab)}
pe["second"] = engine.Engine(lab, second, pe["first"].zygote)
macs = {"first": mac(0, 14), "second": mac(0, SECOND)}
running, listeners, flows = {}, {}, []
conf = ear = traffic = None


def near(f):
    """A service address on the clients' own link."""
    return f.host(0, 100)


def where(f, vip):
    return near(f) if vip == "near" else f.W1


for family in FAMILIES:
    web.batch.append(f"route add local {near(family)}/{family.bits} dev lo")
    fw.batch.append(f"route add {near(family)}/{family.bits} "
                    f"via {family.host(2, MASTER)}")

services = [f"{vip}-{p}{f.name}" for vip, p, f in
            product(("near", "far"), ("tcp", "udp"), FAMILIES)]

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i2 lladdr {mac(2, 2)} mode loopback; }}
""" + "".join(f"""
service near-{p}{f.name} {{ vip {near(f)} {p} port 80 announce dev i0; \
sequence fw, web; }}
service far-{p}{f.name} {{ vip {f.W1} {p} port 80; sequence fw, web; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


def keepalived(name):
    """It and its script find what they need as on a router of its own."""
    env = {**os.environ, "PE_CONF": conf,
           "PATH": f"{SAMPLE}:{os.path.dirname(engine.PECTL)}:"
           + os.environ["PATH"]}
    running[name] = Keepalived(pe[name].node, lab.tmp,
                               f"{SAMPLE}/keepalived.conf", "--vrrp",
                               "--config-id", name, env=env)


class Flow:
    """Numbers to a server that sends them back, one after the other."""

    def __init__(self, f, kind, vip):
        listener = listeners[f, vip] if kind == flow.STREAM else \
            listeners[f, vip, "udp"]
        addr = where(f, vip)
        self.name = f"{'TCP' if kind == flow.STREAM else 'UDP'} to {addr}"
        self.kind = kind
        self.client = flow.bound(u1, f, kind, f.U1, flow.port())
        if kind == flow.STREAM:
            flow.take(f"connect to {addr}", self.client.connect, (addr, 80))
            self.server = flow.take("accept", listener.accept)[0]
        else:
            self.client.connect((addr, 80))
            self.server = listener
        for sock in (self.client, self.server):
            sock.setblocking(False)
        self.sent = self.heard = 0
        self.rest = b""
        self.last = time.monotonic()
        self.gap = 0

    def send(self):
        """A stream asks when it was answered, datagrams are sent anyway."""
        if self.kind == flow.DGRAM or self.heard == self.sent:
            self.sent += 1
            self.client.send(struct.pack("!I", self.sent))

    def take(self):
        data = self.rest + self.client.recv(4096)
        whole = len(data) // 4 * 4
        self.rest = data[whole:]
        for (number,) in struct.iter_unpack("!I", data[:whole]):
            if self.kind == flow.STREAM:
                expect(self.name, number, self.heard + 1)
            require(number > self.heard, f"{self.name}: {number} again")
            self.heard = number
        now = time.monotonic()
        self.gap, self.last = max(self.gap, now - self.last), now


class Traffic:
    """Every flow, driven from here."""

    def __init__(self, flows, ear):
        self.flows, self.ear = flows, ear
        self.poll = select.poll()
        self.todo = {}
        echoes = {one.server: one.kind for one in flows}
        for sock, kind in echoes.items():
            self.add(sock, lambda s=sock, k=kind: self.echo(s, k))
        for one in flows:
            self.add(one.client, one.take)
        self.add(ear.sock, lambda: ear.read(0))

    def add(self, sock, func):
        self.poll.register(sock, select.POLLIN)
        self.todo[sock.fileno()] = func

    @staticmethod
    def echo(sock, kind):
        if kind == flow.STREAM:
            data = sock.recv(4096)
            require(data, "a connection ended")
            sock.send(data)
        else:
            data, peer = sock.recvfrom(4096)
            sock.sendto(data, peer)

    def tick(self):
        for one in self.flows:
            one.send()
        end = time.monotonic() + 0.02
        while (left := end - time.monotonic()) > 0:
            for fd, _ in self.poll.poll(left * 1000):
                self.todo[fd]()

    def go_on(self, what):
        """Until each was answered ten times more."""
        for one in self.flows:
            one.gap, one.last = 0, time.monotonic()
        wanted = [one.sent + 10 for one in self.flows]
        end = time.monotonic() + BOUND * PATIENCE
        while any(one.heard < n for one, n in zip(self.flows, wanted)):
            require(time.monotonic() < end, f"{what}: no answers for " + ", ".
                    join(one.name for one, n in zip(self.flows, wanted)
                         if one.heard < n))
            self.tick()

    def claimed(self, name):
        """Whether the new master has told everybody of every address."""
        return all(
            claims(f, self.ear.words, near(f), macs[name]) and
            [w for w in self.ear.words if w.lladdr == macs[name] and
             w.target == f.host(0, MASTER)] for f in FAMILIES)


def moves(what, old, new, how):
    """The other engine takes over; how makes it do so."""
    before = {s: pe[new].counters(s)["forward"][0] for s in services}
    drops = pe[new].drops()
    traffic.go_on(f"before {what}")
    traffic.ear.words.clear()
    how()
    traffic.go_on(what)
    end = time.monotonic() + BOUND * PATIENCE
    while not traffic.claimed(new):
        require(time.monotonic() < end, f"{what}: not claimed: "
                f"{traffic.ear.words}")
        traffic.tick()
    for kind, name in ((flow.STREAM, "TCP"), (flow.DGRAM, "UDP")):
        gaps = sorted(o.gap for o in traffic.flows if o.kind == kind)
        diag(f"{what}: {name} interrupted for {gaps[0] * 1000:.0f} to "
             f"{gaps[-1] * 1000:.0f} ms")
    rest = {s: pe[old].counters(s)["forward"] for s in services} \
        if tables(pe[old]) else {}
    traffic.go_on(f"after {what}")
    for s in services:
        require(pe[new].counters(s)["forward"][0] >= before[s] + 10,
                f"{s} does not go by the {new}")
    for s, counter in rest.items():
        expect(f"{s} by the {old}", pe[old].counters(s)["forward"], counter)
    pe[new].check_drops(drops)


def tables(one):
    """Its services, without what they announce; and whether they do."""
    shown = one.json("service", "show")["services"]
    announce = {s.pop("announce", None) for s in shown}
    return shown and (shown, announce != {None})


def has_tables(name, announced):
    poll(f"tables of the {name}", lambda: tables(pe[name]) and
         tables(pe[name])[1] == announced, 30)


def same_tables(master, backup):
    has_tables(master, True)
    has_tables(backup, False)
    expect("tables", tables(pe[backup])[0], tables(pe[master])[0])


@suite.case()
def the_first_is_master():
    keepalived("first")
    has_tables("first", True)
    keepalived("second")
    has_tables("second", False)
    same_tables("first", "second")
    flows.extend(Flow(f, kind, vip) for f, kind, vip in product(
        FAMILIES, (flow.STREAM, flow.DGRAM), ("near", "far"))
        for _ in range(2))
    global traffic
    traffic = Traffic(flows, ear)
    traffic.go_on("the first")


@suite.case()
def it_dies():
    """Everything of it at once."""
    def die():
        running["first"].kill()
        lab.eng.ip(*(f"link set i{n} down" for n in LINKS))

    moves("the first dies", "first", "second", die)
    has_tables("second", True)


@suite.case()
def it_is_back():
    """Like a machine that has booted; it waits."""
    pe["first"].pectl("flush")
    lab.eng.ip(*(line for n in LINKS for line in (
        f"addr flush dev i{n}", f"link set i{n} up",
        *lab.addresses(n, 14, f"i{n}"))))
    traffic.ear.words.clear()
    keepalived("first")
    has_tables("first", False)
    traffic.go_on("the first is back")
    same_tables("second", "first")
    require(not [w for w in traffic.ear.words if macs["first"] == w.smac and
                 w.source in [near(f) for f in FAMILIES]],
            "the first claims what it doesn't have")


@suite.case()
def the_second_is_stopped():
    """It says so, and the first need not wait."""
    moves("the second is stopped", "second", "first", running["second"].stop)
    has_tables("second", False)
    keepalived("second")
    poll("backup", lambda: "BACKUP" in running["second"].said(), 30)
    same_tables("first", "second")


@suite.case()
def a_cable_is_pulled():
    """On the side of the devices."""
    same_tables("first", "second")
    moves("a cable is pulled", "first", "second",
          lambda: lab.eng.ip("link set i1 down"))
    has_tables("first", False)
    same_tables("second", "first")


def setup():
    global conf, ear

    pe["first"].start("")
    conf = pe["first"].file(CONF)
    for f, vip in product(FAMILIES, ("near", "far")):
        addr = where(f, vip)
        listeners[f, vip] = flow.bound(web, f, flow.STREAM, addr, 80)
        listeners[f, vip].listen(8)
        listeners[f, vip, "udp"] = flow.bound(web, f, flow.DGRAM, addr, 80)
    ear = Ear(u1)
    suite.defer(lambda: [(one.close(), one.show()) for one in running.values()])


suite.run(setup)
