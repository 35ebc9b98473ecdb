#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""23: an Internet provider; the client's address is the key.

    u1 (subscribers A) --- i0 [eng] i1 --+-- fw1 outside
    u2 (subscribers B) --- i8       |    +-- fw2 outside
                                    i2 --+-- fw1 inside
                                         +-- fw2 inside
                                    i3 --- ids
                                    i4 --+-- scana (one-armed)
                                         +-- scanb outside
                                    i5 --- scanb inside
                                    i6 --- p1 ---+
                                    i7 --- p2 ---+-- host

198.51.100.0/25 goes through the detector, both scanners and fw1, and leaves by
provider p1; 198.51.100.128/25 goes through fw2 and leaves by p2. The engine has
no route of its own to where they are going.
"""
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, F4, F6, FAMILIES, mac
from lib.ktap import Fail, Suite, expect, poll, require
from lib.lab import Lab
from lib.watching import Trace
from lib.wire import UDP, Capture, check_walk, got, put, show

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1", 0, 1)
u2 = lab.client("u2", 8, 1)
fw1 = lab.router("fw1", 1, 2, 1)
fw2 = lab.router("fw2", 1, 2, 2)
lab.tap("ids", 3)
lab.one_armed("scana", 4, 1)
scanb = lab.router("scanb", 4, 5, 2)
p1 = lab.gateway("p1", 6, 1, 9)
p2 = lab.gateway("p2", 7, 1, 10)
host = lab.node("host")
lab.attach(host, 9, 1, "eth0")
lab.attach(host, 10, 1, "eth1")
pe = engine.Engine(lab)

# Hosts of segment 0: everybody, and those that a longer prefix names.
PLAIN, PREMIUM, SHOPPER, NO_HOP, NO_ROUTE, EMPTY, LINE = 1, 3, 5, 6, 7, 8, 9


def prefix(f, segment):
    base, length = f.prefix(segment)
    return f"{base}/{length}"


def single(f, number):
    return f"{f.host(0, number)}/{f.bits}"


for one in FAMILIES:
    D = one.vip(20)                         # the Internet
    for n in (PREMIUM, SHOPPER, NO_HOP, NO_ROUTE, EMPTY, LINE):
        u1.addrs.append(f"addr add {one.host(0, n)}/{one.prefix(0)[1]} dev eth0")
    host.batch.append(f"addr add {D}/{one.bits} dev lo")
    for provider, segment, behind in ((p1, 0, 9), (p2, 8, 10)):
        provider.batch.append(f"route add {D} via {one.host(behind, 1)}")
        host.batch.append(f"route add {prefix(one, segment)} "
                          f"via {one.host(behind, ENGINE)}")
    for n in (PREMIUM, SHOPPER):            # those answer by the other provider
        host.batch.append(f"route add {single(one, n)} "
                          f"via {one.host(10, ENGINE)}")
    p1.batch.append(f"route add local {one.vip(30)} dev lo")
    lab.eng.batch.append(f"route add default via {one.host(7, 1)} table 100")
    # To the firewalls the other subscribers are at their inside.
    for node, segment, inside in ((fw1, 8, 2), (scanb, 8, 5), (fw2, 0, 2)):
        node.batch.append(f"route add {prefix(one, segment)} "
                          f"via {one.host(inside, ENGINE)}")
    for n in (PREMIUM, SHOPPER):
        fw2.batch.append(f"route add {single(one, n)} via {one.host(1, ENGINE)}")

CONF = f"""
device ids {{ tap dev i3 lladdr {mac(3, 1)}; }}
device scana {{ inline dev i4 lladdr {mac(4, 1)}; }}
device scanb {{ inline outside dev i4 lladdr {mac(4, 2)} \
inside dev i5 lladdr {mac(5, 2)}; }}
device fw1 {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device fw2 {{ inline outside dev i1 lladdr {mac(1, 2)} \
inside dev i2 lladdr {mac(2, 2)}; }}
""" + "".join(f"""
service a{f.name} {{ client {prefix(f, 0)}; sequence ids, scana, scanb, fw1; \
exit via {f.host(6, 1)}; }}
service b{f.name} {{ client {prefix(f, 8)}; sequence fw2; exit table 100; }}
service premium{f.name} {{ client {single(f, PREMIUM)}; sequence fw2; \
exit via {f.host(7, 1)} dev i7; }}
service shop{f.name} {{ client {f.host(0, 4)}/{f.bits - 2} tcp port 443; \
sequence fw2; exit table 100; }}
service no-hop{f.name} {{ client {single(f, NO_HOP)}; sequence fw1; \
exit via {f.host(6, 9)}; }}
service no-route{f.name} {{ client {single(f, NO_ROUTE)}; sequence fw1; \
exit via {"2001:db8:ffff::1" if f.v6 else "192.0.2.200"}; }}
service empty{f.name} {{ client {single(f, EMPTY)}; sequence fw1; \
exit table 101; }}
service line{f.name} {{ client {single(f, LINE)} udp port 99; sequence fw1; \
exit via {f.host(6, 1)}; }}
""" for f in FAMILIES)


def way_a(u, d):
    return [got(0, 1, u, d, 64), put(3, 1, u, d, 63, copy=True),
            put(4, 1, u, d, 63), got(4, 1, u, d, 62), put(4, 2, u, d, 61),
            got(5, 2, u, d, 60), put(1, 1, u, d, 59), got(2, 1, u, d, 58),
            put(6, 1, u, d, 57)]


def back_a(d, u):
    return [got(6, 1, d, u, 63), put(2, 1, d, u, 62), got(1, 1, d, u, 61),
            put(5, 2, d, u, 60), got(4, 2, d, u, 59), put(4, 1, d, u, 58),
            got(4, 1, d, u, 57), put(3, 1, d, u, 56, copy=True),
            put(0, 1, d, u, 56)]


def way_2(segment, u, d):
    """Through fw2 and by p2."""
    return [got(segment, 1, u, d, 64), put(1, 2, u, d, 63),
            got(2, 2, u, d, 62), put(7, 1, u, d, 61)]


def back_2(segment, d, u):
    return [got(7, 1, d, u, 63), put(2, 2, d, u, 62), got(1, 2, d, u, 61),
            put(segment, 1, d, u, 60)]


def check(f, node, number, proto, port, there, back, iif):
    u, d = (f.host(*number), flow.port()), (f.vip(20), port)
    with Capture(lab) as capture:
        flow.talk(proto, f, node, *u, d, host, d)
        rows = capture.stop()
    check_walk(rows, there(u, d), back(d, u))
    told.check(pe, rows, proto, u, d, iif)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def subscribers_a(f, proto):
    check(f, u1, (0, PLAIN), proto, 80, way_a, back_a, "i0")


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def subscribers_b(f, proto):
    check(f, u2, (8, 1), proto, 7, lambda u, d: way_2(8, u, d),
          lambda d, u: back_2(8, d, u), "i8")


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def longest_prefix_wins(f, proto):
    """One address has a service of its own within a longer prefix."""
    check(f, u1, (0, PREMIUM), proto, 80, lambda u, d: way_2(0, u, d),
          lambda d, u: back_2(0, d, u), "i0")


@suite.case(*FAMILIES)
def ports_of_the_far_end(f):
    """The longer prefix is for one port, all else is the shorter one's."""
    check(f, u1, (0, SHOPPER), "tcp", 443, lambda u, d: way_2(0, u, d),
          lambda d, u: back_2(0, d, u), "i0")
    u, d = (f.host(0, SHOPPER), flow.port()), (f.vip(20), 444)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"to another port", d)
        rows = [r for r in capture.stop() if r.proto == UDP]
    check_walk(rows, way_a(u, d), count=1)
    told.check(pe, rows, "udp", u, d, ways=("forward",))


@suite.case(*product(FAMILIES, ("b", "premium")))
def traced_to_the_exit(f, name):
    node, start, iif = (u2, (8, 1), "i8") if name == "b" else \
        (u1, (0, PREMIUM), "i0")
    u, d = (f.host(*start), flow.port()), (f.vip(20), 80)
    with Trace(pe, "service", f"{name}{f.name}") as trace:
        flow.udp(f, node, *u, d, host, d)
        sights = trace.end()
    expect("on the way there", [
        (s["iif"], s["action"], s.get("oif"), s.get("lladdr"))
        for s in sights if s["direction"] == "forward"],
        [(iif, "steer", "i1", mac(1, 2)), ("i2", "exit", "i7", mac(7, 1))])


@suite.case(*FAMILIES)
def echo(f):
    with Capture(lab) as capture:
        flow.echo(f, u1, f.host(0, PLAIN), f.vip(20))
        u, d = (f.host(0, PLAIN), 0), (f.vip(20), 0)
        check_walk(capture.stop(), way_a(u, d), back_a(d, u), count=1)


@suite.case(*FAMILIES)
def subscriber_to_subscriber(f):
    """Through the sender's service, and from there by the engine's route: not
    to the provider, who would send it back."""
    u, v = (f.host(0, PLAIN), flow.port()), (f.host(8, 1), 80)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, v, u2, v)
        rows = capture.stop()
    check_walk(rows, way_a(u, v)[:-1] + [put(8, 1, u, v, 57)],
               [got(8, 1, v, u, 64), put(1, 2, v, u, 63), got(2, 2, v, u, 62),
                put(0, 1, v, u, 61)])
    told.check(pe, rows, "udp", u, v, ways=("forward",))


@suite.case(*FAMILIES)
def turned_by_a_device(f):
    """A firewall that lets a packet out where it came in: no new beginning."""
    u, d = (f.host(0, PLAIN), flow.port()), (f.vip(20), 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(fw1, 1, 1, "out0") as sender:
        sender.send(packet.udp(u, d))
        check_walk(capture.stop(), [got(1, 1, u, d, 64)], count=1)
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def from_no_device(f):
    """By the interface of a firewall's inside, but from none."""
    u, d = (f.host(0, PLAIN), flow.port()), (f.vip(20), 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(fw1, 2, 9, "in0") as sender:
        sender.send(packet.udp(u, d))
        check_walk(capture.stop(), [got(2, 9, u, d, 64)], count=1)
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def not_a_subscriber(f):
    """Provider 2's own packet to provider 1: routed, and no device sees it."""
    u, d = (f.host(7, 1), flow.port()), (f.host(6, 1), 80)
    with Capture(lab) as capture, flow.bound(p2, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"routed", d)
        rows = [r for r in capture.stop() if r.proto == UDP]
    check_walk(rows, [got(7, 1, u, d, 64), put(6, 1, u, d, 63)], count=1)
    said = told.explain(pe, "udp", u, d, "i7")
    expect("actions", [h["action"] for h in said["forward"]], ["accept"])


@suite.case(*FAMILIES)
def with_the_engine_itself(f):
    """A subscriber and its router: no device sees it."""
    with Capture(lab) as capture:
        flow.echo(f, u1, f.host(0, PLAIN), f.host(0, ENGINE))
        links = {r.link for r in capture.stop()}
    expect("links", links, {"i0"})
    said = pe.json("explain", "from", f.host(0, PLAIN), "to",
                   f.host(0, ENGINE), "udp", "port", "53", "sport", "53",
                   "iif", "i0")
    expect("actions", [h["action"] for h in said["forward"]], ["accept"])


@suite.case(*product(FAMILIES, ((NO_HOP, "no-neighbour"),
                                (NO_ROUTE, "no-route"), (EMPTY, "no-route"))))
def exit_leads_nowhere(f, what):
    number, reason = what
    u, d = (f.host(0, number), flow.port()), (f.vip(20), 80)

    def lost():
        before = pe.drops().get(reason, 0)
        with flow.bound(u1, f, flow.DGRAM, *u) as sock:
            sock.sendto(b"lost", d)
        return poll("drop", lambda: pe.drops().get(reason, 0) > before, 0.5)

    def counted():
        try:
            return lost()
        except Fail:            # the one that waits for the neighbour
            return False

    poll(f"drop as {reason}", counted, 10)
    said = told.explain(pe, "udp", u, d)["forward"][-1]
    expect("explained", (said["action"], said["reason"]), ("drop", reason))


def icmp_of(f, rows, link="i0"):
    return [r for r in rows if r.proto == f.icmp and r.link == link and
            r.dir == "out"]


@suite.case(*FAMILIES)
def hops_run_out_at_the_exit(f):
    u, d = (f.host(0, LINE), flow.port()), (f.vip(20), 99)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp(u, d, ttl=3))
        rows = capture.stop()
    pe.check_drops(before, ttl=1)
    errors = icmp_of(f, rows)
    require(len(errors) == 1 and errors[0].flags == ("3/0" if f.v6 else "11/0"),
            f"one error about the time to live expected:\n{show(rows)}")
    expect("whom it tells", errors[0].daddr, u[0])


def put_together(node):
    """IPv4 datagrams that a node reassembled. One that forwards them cuts them
    again in place, where a capture may still have what came."""
    with node.net(), open("/proc/thread-self/net/snmp") as file:
        names, values = [line.split() for line in file
                         if line.startswith("Ip:")]
    return int(values[names.index("ReasmOKs")])


@suite.case(*FAMILIES)
def too_big_for_the_exit(f):
    """Answered; or cut, where the sender allows it."""
    u, d = (f.host(0, LINE), flow.port()), (f.vip(20), 99)
    lab.eng.ip("link set i6 mtu 1300")
    try:
        before = pe.drops()
        with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
            sender.send(packet.udp(u, d, b"x" * 1400, **(
                {} if f.v6 else {"frag": 0x4000})))
            rows = capture.stop()
        pe.check_drops(before, mtu=1)
        errors = icmp_of(f, rows)
        require(len(errors) == 1 and
                errors[0].flags == ("2/0" if f.v6 else "3/4"),
                f"one error about the size expected:\n{show(rows)}")
        if f is F6:
            return
        with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
            sender.send(packet.udp(u, d, b"x" * 1400))
            rows = capture.stop()
        cut = [r for r in rows if r.link == "i6" and r.dir == "out"]
        expect("fragments", [bool(r.frag) for r in cut], [True, True])
        require(all(r.length <= 1300 and r.dmac == mac(6, 1) for r in cut),
                f"p1 put {put_together(p1)} datagrams together:\n{show(rows)}")
    finally:
        lab.eng.ip("link set i6 mtu 1500")


@suite.case(*FAMILIES)
def error_of_the_internet(f):
    """Nobody listens: the error takes the way of an answer."""
    u, d = (f.host(0, PREMIUM), flow.port()), (f.vip(20), 4)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(d)
        sock.send(b"is anybody there?")
        sock.settimeout(flow.TIMEOUT)
        try:
            sock.recv(1)
            raise Fail("an answer")
        except ConnectionRefusedError:
            pass
        rows = [r for r in capture.stop() if r.proto == f.icmp]
    expect("links of the error", [(r.link, r.dir) for r in rows],
           [("i7", "in"), ("i2", "out"), ("i1", "in"), ("i0", "out")])


@suite.case(*FAMILIES)
def error_of_a_subscriber(f):
    """The subscriber's port is closed: the host hears of it through fw2."""
    u, d = (f.host(0, PREMIUM), flow.port()), (f.vip(20), 4)
    with Capture(lab) as capture, flow.bound(host, f, flow.DGRAM, *d) as sock:
        sock.connect(u)
        sock.send(b"are you there?")
        sock.settimeout(flow.TIMEOUT)
        try:
            sock.recv(1)
            raise Fail("an answer")
        except ConnectionRefusedError:
            pass
        rows = [r for r in capture.stop() if r.proto == f.icmp]
    expect("links of the error", [(r.link, r.dir) for r in rows],
           [("i0", "in"), ("i1", "out"), ("i2", "in"), ("i7", "out")])


@suite.case(*FAMILIES)
def counted(f):
    name = f"b{f.name}"
    before = pe.counters(name)
    u, d = (f.host(8, 1), flow.port()), (f.vip(20), 80)
    flow.udp(f, u2, *u, d, host, d, count=3)
    after = pe.counters(name)
    for way in ("forward", "reverse"):
        expect(way, after[way][0] - before[way][0], 3)


REFUSED = {
    "service x { client 198.51.100.0/25; sequence fw1; }":
        "services x and a4 have the same clients: give one of them another",
    "device s { server dev i3 lladdr 02:00:00:00:09:01 mode loopback; }\n"
    "service x { client 10.0.0.0/8; sequence s; }":
        "service x is for what clients send anywhere, but step 1 (s) is a "
        "server, where it would end",
    "device s { server dev i3 lladdr 02:00:00:00:09:01 mode loopback; }\n"
    "service x { vip 192.0.2.99; sequence s; exit table 7; }":
        "service x has an exit, but nothing leaves a sequence that step 1 (s), "
        "a server, ends",
    "service x { client 224.0.0.0/4; sequence fw1; }":
        "the client prefix of service x is not one of hosts",
    "service x { client 10.0.0.0/8; sequence fw1; exit table 255; }":
        "routing table 255 leads service x nowhere",
    "service x { client 10.0.0.0/8; sequence fw1; exit via fe80::1; }":
        "the address of the exit of service x is not one host's everywhere",
    "service x { client 10.0.0.0/8; sequence fw1; exit via 10.1.1.1 dev no0; }":
        "interface no0 of service x is not there",
}


@suite.case(*REFUSED)
def refused(text):
    """Bad input changes nothing."""
    before = pe.pectl("show"), pe.generation()
    status, _, err = pe.try_pectl("-f", pe.file(text))
    expect("status", status, engine.REFUSED)
    require(REFUSED[text] in err, err)
    expect("configuration", (pe.pectl("show"), pe.generation()), before)


@suite.case(*FAMILIES)
def vip_without_server(f):
    """An exit is for a service address, too."""
    w = (f.vip(30), 80)
    u = (f.host(7, 1), flow.port())
    pe.batch(f"service add out{f.name} vip {w[0]} udp port 80 sequence fw1 "
             f"exit via {f.host(6, 1)}\n")
    with Capture(lab) as capture, packet.Sender(p2, 7, 1) as sender:
        sender.send(packet.udp(u, w))
        rows = capture.stop()
    check_walk([r for r in rows if r.proto == UDP],
               [got(7, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                put(6, 1, u, w, 61)], count=1)
    pe.batch(f"service del out{f.name}\n")


@suite.case()
def read_back():
    shown = pe.pectl("show")
    pe.pectl("diff", "-f", pe.file(shown))
    pe.apply(shown)


@suite.case(*FAMILIES)
def gone(f):
    """Without client services nothing of it stays: routed as ever."""
    lab.eng.ip(f"route add {f.vip(20)} via {f.host(6, 1)}")
    pe.batch("".join(f"service del {s['name']}\n"
                     for s in pe.json("service", "show")["services"]
                     if s["name"].endswith(f.name)))
    u, d = (f.host(0, PLAIN), flow.port()), (f.vip(20), 80)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, d, host, d)
        check_walk(capture.stop(),
                   [got(0, 1, u, d, 64), put(6, 1, u, d, 63)],
                   [got(6, 1, d, u, 63), put(0, 1, d, u, 62)])
    if f is F4:
        expect("addresses", pe.json("stats")["addresses"] > 0, True)


suite.run(lambda: pe.start(CONF))
