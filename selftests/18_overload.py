#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""18: what is over a limit is dropped and counted, others keep their rate.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web

Each service has a limit or none. What was sent, what the engine counted and
what came to the wire before the server are compared to the packet.
"""
import os
import socket
import struct
import time

from lib import engine, flow, metrics, packet
from lib.addr import FAMILIES, mac
from lib.ktap import PATIENCE, Suite, expect, poll, require
from lib.lab import Lab
from lib.packet import SYN
from lib.wire import SCTP, TCP, UDP, Capture

ACK = 0x10
INIT, DATA = 1, 0
UDP_SEGMENT = 103
ONCE = 400                              # packets, as fast as they can be sent

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
lab.server("web", 3)
pe = engine.Engine(lab)

DEVICES = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
"""


def conf(limit):
    """A service with a limit, and one without, in both families."""
    return DEVICES + "".join(f"""
service one{f.name} {{ vip {f.W1}; sequence fw, web; {limit} }}
service two{f.name} {{ vip {f.W2} udp port 80; sequence fw, web; }}
""" for f in FAMILIES)


def datagram(f, dst, length=100):
    return packet.udp((f.U1, flow.port()), (dst, 80),
                      b"." * (length - f.header - 8))


def segment(f, dst, flags):
    return packet.tcp((f.U1, flow.port()), (dst, 80), flags=flags)


def chunk(f, dst, kind):
    return packet.ip(f.U1, dst, SCTP, struct.pack(
        "!HHIIBBH", flow.port(), 80, 0, 0, kind, 0, 4))


class Account:
    """What became of packets sent meanwhile, of one service; without wires,
    where a kernel cannot show them, by what the engine says alone."""

    def __init__(self, f, name="one", reason="limit", wires=True):
        self.f, self.name, self.reason = f, name + f.name, reason
        self.dst = {"one": f.W1, "two": f.W2, "sub": f.vip(20)}[name]
        self.before, self.drops = self.read(), pe.drops()
        self.wires = wires
        self.capture = Capture(lab, [3]) if wires else None
        self.start = time.monotonic()

    def read(self):
        shown = pe.service(self.name)
        if self.reason == "overload":
            shown["limited"] = pe.json("-s", "engine", "show")["engine"][0][
                "limited"]
        return {key: (shown[key]["packets"], shown[key]["bytes"])
                for key in ("forward", "limited") if key in shown}

    def grown(self):
        return {key: (value[0] - self.before[key][0],
                      value[1] - self.before[key][1])
                for key, value in self.read().items()}

    def stop(self, sent):
        """Seconds until the last packet that was sent had come, and what is in
        the counters."""
        poll("all packets", lambda: sent <= sum(
            packets for packets, _ in self.grown().values()))
        spent = time.monotonic() - self.start
        rows = self.capture.stop() if self.wires else []
        for key, value in self.grown().items():
            setattr(self, key, value)
        self.rows = [r for r in rows if r.dir == "out" and
                     r.daddr in (self.f.W1, self.f.W2, self.dst)]
        left = [r for r in self.rows if r.daddr == self.dst]
        if self.wires:
            expect("packets at the server", (sum(r.packets for r in left),
                                             sum(r.bytes for r in left)),
                   self.forward)
        pe.check_drops(self.drops, **({self.reason: self.limited[0]}
                                      if self.limited[0] else {}))
        return spent


def at_most(what, seen, rate, spent):
    """As many as the limit says can be let in."""
    most = spent * rate + max(rate / 8, 1) + 1
    require(seen <= most, f"{what}: {seen} in {spent:.3f} s, at most {most}")


@suite.case(*FAMILIES)
def packets(f):
    """One service is over its limit, and the other one loses nothing."""
    pe.apply(conf("limit packets 50;"))
    account, other = Account(f), pe.counters(f"two{f.name}")["forward"]
    with packet.Sender(u1, 0, 1) as sender:
        for _ in range(ONCE):
            sender.send(datagram(f, f.W1), datagram(f, f.W2))
    spent = account.stop(ONCE)
    passed, dropped = account.forward[0], account.limited[0]
    expect("sent", passed + dropped, ONCE)
    expect("bytes", account.forward[1] + account.limited[1], 100 * ONCE)
    require(passed >= 5, f"only {passed} were let in at once")
    at_most("packets", passed, 50, spent)
    expect("of the other", sum(r.packets for r in account.rows
                               if r.daddr == f.W2), ONCE)
    expect("counter of the other",
           pe.counters(f"two{f.name}")["forward"][0] - other[0], ONCE)


@suite.case(*FAMILIES)
def rate(f):
    """Over a while the limit is what gets through, and not less."""
    pe.apply(conf("limit packets 500;"))
    account = Account(f)
    sent, paused = 0, 0.0
    with packet.Sender(u1, 0, 1) as sender:
        last = time.monotonic()
        while last < account.start + 1.5:
            sender.send(*(datagram(f, f.W1) for _ in range(4)))
            sent += 4
            now = time.monotonic()
            # More than it can hold is lost to nobody's fault.
            paused += max(now - last - 0.05, 0)
            last = now
            time.sleep(0.002)
    spent = account.stop(sent)
    expect("sent", account.forward[0] + account.limited[0], sent)
    at_most("packets", account.forward[0], 500, spent)
    least = (1.5 - paused) * 500 - 500 / 8
    require(account.forward[0] >= min(least, sent * 0.9),
            f"{account.forward[0]} of {sent}, at least {least}")


@suite.case(*FAMILIES)
def octets(f):
    pe.apply(conf("limit bytes 20000;"))
    account = Account(f)
    with packet.Sender(u1, 0, 1) as sender:
        for length in (1000, 200) * (ONCE // 4):
            sender.send(datagram(f, f.W1, length))
    spent = account.stop(ONCE // 2)
    expect("bytes", account.forward[1] + account.limited[1], 600 * ONCE // 2)
    require(account.forward[1] >= 2000, f"only {account.forward[1]} bytes")
    most = spent * 20000 + 2500 + 1000
    require(account.forward[1] <= most, f"{account.forward[1]} of {most}")


@suite.case(*FAMILIES)
def flows(f):
    """What opens a connection, and nothing else."""
    pe.apply(conf("limit flows 20;"))
    account = Account(f)
    with packet.Sender(u1, 0, 1) as sender:
        for _ in range(ONCE // 4):
            sender.send(segment(f, f.W1, SYN), segment(f, f.W1, ACK),
                        segment(f, f.W1, SYN | ACK), datagram(f, f.W1),
                        chunk(f, f.W1, INIT), chunk(f, f.W1, DATA))
    spent = account.stop(6 * (ONCE // 4))
    seen = {}
    for row in account.rows:
        opens = row.flags == "S" if row.proto == TCP else None
        seen[row.proto, opens] = seen.get((row.proto, opens), 0) + row.packets
    expect("others", (seen.get((TCP, False)), seen.get((UDP, None))),
           (ONCE // 2, ONCE // 4))
    opened = seen.get((TCP, True), 0) + seen[SCTP, None] - ONCE // 4
    require(opened >= 2, f"only {opened} were let in")
    at_most("flows", opened, 20, spent)
    expect("dropped", account.limited[0], ONCE // 2 - opened)


@suite.case(*FAMILIES)
def super_packets(f):
    """Take what their segments would, and are never too large for a limit.
    Those of UDP have no form in which Linux 6.1 shows them to a capture."""
    pe.apply(conf("limit packets 10;"))
    account = Account(f, wires=False)
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
        sock.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 100)
        for _ in range(4):
            sock.sendto(b"." * 2000, (f.W1, 80))
    spent = account.stop(80)
    expect("sent", account.forward[0] + account.limited[0], 80)
    require(spent > 1 or account.forward[0] == 20,
            f"{account.forward[0]} were let in")


@suite.case(*FAMILIES)
def clients(f):
    """A service of what clients send anywhere has limits as well."""
    pe.apply(conf("") + f"service sub{f.name} {{ client {f.U1}/{f.bits}; "
             f"sequence fw; exit via {f.host(3, 1)} dev i3; "
             "limit packets 10; }\n")
    account = Account(f, "sub")
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(*(datagram(f, f.vip(20)) for _ in range(100)))
        # A service address comes first.
        sender.send(*(datagram(f, f.W1) for _ in range(100)))
    spent = account.stop(100)
    expect("sent", account.forward[0] + account.limited[0], 100)
    at_most("packets", account.forward[0], 10, spent)
    expect("of services", sum(r.packets for r in account.rows
                              if r.daddr == f.W1), 100)


@suite.case(*FAMILIES)
def what_is_left_stays(f):
    """Other changes of a service give it nothing; another limit counts at
    once, and what was dropped goes on being counted."""
    limit = "limit packets 1;"
    pe.apply(conf(limit))
    account = Account(f)
    with packet.Sender(u1, 0, 1) as sender:
        for change in ("sequence fw, web", "sequence web",
                       "sequence fw, web", "sequence web"):
            pe.pectl("service", "change", f"one{f.name}", *change.replace(
                ",", " ,").split())
            sender.send(*(datagram(f, f.W1) for _ in range(10)))
    spent = account.stop(40)
    expect("sent", account.forward[0] + account.limited[0], 40)
    at_most("packets", account.forward[0], 1, spent)
    pe.pectl("service", "change", f"one{f.name}", "limit", "packets",
             "1000000")
    account = Account(f)
    require(account.before["limited"][0], "the counter began again")
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(*(datagram(f, f.W1) for _ in range(100)))
    account.stop(100)
    expect("with another limit", (account.forward[0], account.limited[0]),
           (100, 0))
    pe.pectl("service", "change", f"one{f.name}", "limit", "packets", "10")
    account = Account(f)
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(*(datagram(f, f.W1) for _ in range(100)))
    spent = account.stop(100)
    # Each CPU may have one at hand of what it borrowed before.
    at_most("packets of a lower limit",
            account.forward[0] - os.cpu_count(), 10, spent)


@suite.case(*FAMILIES)
def engine_s_own(f):
    """All services together are limited; what the limit of one drops is not
    taken from the others."""
    pe.apply(conf("limit packets 20;") + "engine { limit packets 100; }\n")
    account, other = Account(f, "two", "overload"), Account(f)
    with packet.Sender(u1, 0, 1) as sender:
        for _ in range(ONCE):
            sender.send(datagram(f, f.W2))
    spent = account.stop(ONCE)
    expect("sent", account.forward[0] + account.limited[0], ONCE)
    require(account.forward[0] >= 10, f"only {account.forward[0]} came in")
    at_most("packets", account.forward[0], 100, spent)
    samples = metrics.scrape(pe)[1]
    expect("metrics", metrics.pair(samples, "engine_limited"),
           account.read()["limited"])
    other.capture.stop()
    # Its bucket is full again, and the other service's flood takes no more of
    # it than that service may have.
    time.sleep(0.2)
    other, account = Account(f), Account(f, "two", "overload")
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(*(datagram(f, f.W1) for _ in range(ONCE)))
        sender.send(*(datagram(f, f.W2) for _ in range(5)))
    other.stop(ONCE)
    account.capture.stop()
    now = account.read()
    expect("of the other service", now["forward"][0] -
           account.before["forward"][0], 5)
    expect("of the flood", other.forward[0] + other.limited[0], ONCE)


@suite.case()
def engine_told():
    """It is one object of the configuration among others."""
    text = "engine { limit packets 100 flows 5; }\n"
    pe.apply(conf("") + text)
    expect("shown", pe.pectl("engine", "show"), text)
    expect("json", pe.json("engine", "show")["engine"],
           [{"name": "engine", "limit": {"packets": 100, "flows": 5}}])
    status, out, _ = pe.try_pectl("diff", "-f", pe.file(pe.pectl("show")))
    expect("what was shown", (status, out), (0, ""))
    pe.pectl("engine", "change", "limit", "bytes", "5000000")
    expect("changed", pe.pectl("engine", "show"),
           "engine { limit bytes 5000000; }\n")
    status, _, err = pe.try_pectl("engine", "add", "limit", "flows", "1")
    expect("added again", (status, "exists already" in err), (2, True))
    pe.apply(conf(""))
    expect("taken away", pe.pectl("engine", "show"), "")
    status, _, err = pe.try_pectl("engine", "del")
    expect("deleted again", (status, "there is no engine" in err), (2, True))


@suite.case(*FAMILIES)
def without_engine_s_limit(f):
    """Set, and taken away while traffic runs: nothing is asked any more."""
    pe.apply(conf(""))
    pe.pectl("engine", "replace", "limit", "packets", "1")
    pe.pectl("engine", "del")
    account = Account(f, "two")
    account.limited = (0, 0)
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(*(datagram(f, f.W2) for _ in range(50)))
    account.stop(50)
    expect("came in", account.forward[0], 50)


@suite.case(*FAMILIES)
def flood_of_messages(f):
    """Whatever is asked of the engine meanwhile, packets do not wait for it
    and none is lost."""
    pe.apply(conf(""))
    script = pe.file("".join(
        f"service change two{f.name} sequence {steps}\n"
        for steps in ("fw, web", "fw, web") * 50))
    flood = [lab.eng.popen(
        ["sh", "-c", f"while :; do {what} >/dev/null; done"])
        for what in (f"{engine.PECTL} -f {script}",
                     f"{engine.PECTL} -s -j show",
                     f"{engine.PECTL} -j stats")]
    account = Account(f, "two")
    account.limited = (0, 0)
    generation = pe.generation()
    end = time.monotonic() + 30 * PATIENCE
    rounds = 0
    try:
        with packet.Sender(u1, 0, 1) as sender:
            while rounds < 100 or pe.generation() <= generation + 2:
                require(time.monotonic() < end, "there was no flood")
                sender.send(*(datagram(f, f.W2) for _ in range(10)))
                rounds += 1
                time.sleep(0.005)
    finally:
        for proc in flood:
            proc.kill()
            proc.wait()
    account.stop(10 * rounds)
    expect("came in", account.forward[0], 10 * rounds)


@suite.case(*FAMILIES)
def told(f):
    """Shown, read again, explained and measured."""
    limit = "limit packets 1000 bytes 1000000 flows 50"
    pe.apply(conf(f"{limit};"))
    shown = pe.pectl("show")
    expect("limits shown", shown.count(f"; {limit}; }}"), 2)
    status, out, _ = pe.try_pectl("diff", "-f", pe.file(shown))
    expect("what was shown", (status, out), (0, ""))
    wanted = {"packets": 1000, "bytes": 1000000, "flows": 50}
    expect("json", pe.service(f"one{f.name}")["limit"], wanted)
    walk = pe.json("explain", "from", f.U1, "to", f.W1, "udp", "port", "80",
                   "sport", "5", "iif", "i0")
    expect("explained", [hop.get("limit") for hop in walk["forward"]],
           [wanted, None])
    expect("of the engine", "engine_limit" in walk["forward"][0], False)
    pe.pectl("-f", pe.file("engine { limit packets 70000; }"))
    walk = pe.json("explain", "from", f.U1, "to", f.W1, "udp", "port", "80",
                   "sport", "5", "iif", "i0")
    expect("of the engine", [hop.get("engine_limit") for hop in walk["forward"]],
           [{"packets": 70000}, None])
    require(f'pe_limited_packets_total{{service="one{f.name}"}} ' in
            pe.pectl("stats", "--openmetrics"), "no metric")
    pe.apply(conf(""))
    require("limit" not in pe.service(f"one{f.name}"), "still limited")


suite.run(lambda: pe.start(conf("")))
