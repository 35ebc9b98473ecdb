#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams in fragments, where only the first of them has the ports.

    u1 --- rc --- i0 [eng] i1 --- fw outside
                           i2 --- fw inside
                           i4 --- br outside
                           i5 --- br inside
                           i6 --- ids
                           i3 --- web

They are steered whole, and leave in fragments no larger than those that came.
"""
import itertools
import random
from itertools import product

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, F4, F6, mac
from lib.ktap import Fail, Suite, expect, poll
from lib.lab import Lab
from lib.wire import UDP, Capture, check_walk, got, put, show

suite = Suite(__doc__)
lab = Lab(suite)
rc = lab.gateway("rc", 0, 1, behind=9)
u1 = lab.client("u1", 9)
fw = lab.router("fw", 1, 2)
lab.bridge("br", 4, 5)
lab.tap("ids", 6)
web = lab.server("web", 3)
pe = engine.Engine(lab)

MODES = ("loopback", "nat")
PORT = {"loopback": 80, "nat": 8080}
IDENTS = itertools.count(100)
random.seed(4)
DATA = bytes(random.randrange(256) for _ in range(4000))

CONF = f"""
device ids {{ tap dev i6 lladdr {mac(6, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device loopback {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}
service loopback{f.name} {{ vip {f.W1} udp port 80; \
sequence fw, ids, br, loopback; }}
service nat{f.name} {{ vip {f.W2} udp port 80; \
sequence fw, ids, br, nat{f.name} port 8080; }}
service tcp{f.name} {{ vip {f.W2} tcp port 80; \
sequence fw, br, nat{f.name} port 8080; }}
service all{f.name} {{ vip {f.W3}; sequence fw, br, loopback; }}
service echo{f.name} {{ vip {f.W2} {"icmpv6" if f.v6 else "icmp"}; \
sequence fw, ids, br, nat{f.name}; }}
""" for f in FAMILIES)


def places(f, mode):
    """Client, service and server as the server has it."""
    u = (f.host(9, 1), flow.port())
    if mode == "nat":
        return u, (f.W2, 80), (f.host(3, 1), PORT[mode])
    return u, (f.W1, 80), (f.W1, 80)


def there(u, w, s):
    """The way to the server. A bridge keeps what the engine sent."""
    return [got(0, 1, u, w, 63), put(1, 1, u, w, 62), got(2, 1, u, w, 61),
            put(6, 1, u, w, 60, copy=True),
            put(4, 1, u, w, 60)._replace(dmac=mac(5, 14)),
            got(5, 1, u, w, 60)._replace(smac=mac(4, 14)),
            put(3, 1, u, s, 59)]


def back(u, w, s):
    return [got(3, 1, s, u, 64),
            put(5, 1, w, u, 63)._replace(dmac=mac(4, 14)),
            got(4, 1, w, u, 63)._replace(smac=mac(5, 14)),
            put(6, 1, w, u, 62, copy=True),
            put(2, 1, w, u, 62), got(1, 1, w, u, 61), put(0, 1, w, u, 60)]


class Client:
    """Sends fragments as if the gateway before the engine forwarded them."""

    def __enter__(self):
        self.sender = packet.Sender(rc, 0, 1)
        return self

    def __exit__(self, *_):
        self.sender.sock.close()

    def send(self, fragments):
        self.sender.send(*fragments)


def made(u, w, data=DATA, size=1000, **how):
    """The fragments of a datagram, as they are when they reach the engine."""
    return fragment.cut(packet.udp(u, w, data, ttl=63), size, next(IDENTS),
                        **how)


def in_order(parts):
    return parts


def in_reverse(parts):
    return parts[::-1]


def last_in_the_middle(parts):
    return [parts[1], parts[-1], *parts[2:-1], parts[0]]


def twice_each(parts):
    """But the last to come, which makes it whole: what came after that would
    be the start of another."""
    return [part for one in parts[:-1] for part in (one, one)] + parts[-1:]


ORDERS = (in_order, in_reverse, last_in_the_middle, twice_each)


@suite.case(*product(MODES, FAMILIES, [o.__name__ for o in ORDERS]))
def handed_on(mode, f, order):
    """As one datagram, by every device, cut as it came."""
    u, w, s = places(f, mode)
    parts = made(u, w)
    sent = globals()[order](parts)
    before = pe.drops()
    with Client() as client, flow.bound(web, f, flow.DGRAM, *s) as sock, \
            Capture(lab) as capture:
        client.send(sent)
        data, peer = flow.take("datagram", sock.recvfrom, 65536)
        expect("datagram", (data == DATA, peer[:2]), (True, u))
        rows = capture.stop()
    check_walk(fragment.whole([r for r in rows if r.proto == UDP]),
               there(u, w, s), count=1)
    largest = max(map(len, parts)) if not f.v6 else 1280
    for link in ("i1", "i6", "i4", "i3"):
        sizes = fragment.pieces(rows, link)
        if max(sizes) > largest or len(sizes) < 3:
            raise Fail(f"sizes at {link}: {sizes}, largest {largest}")
    # IPv4 counts copies as refused, IPv6 takes no notice.
    pe.check_drops(before, **({"fragment": len(sent) - len(parts)}
                              if len(sent) > len(parts) and not f.v6 else {}))


@suite.case(*product(MODES, FAMILIES))
def both_ways(mode, f):
    """Real sockets, more than fits any link, answers in fragments too."""
    lab.offloads("plain")
    u, w, s = places(f, mode)
    with Capture(lab) as capture:
        expect("client", flow.udp(f, u1, *u, w, web, s, 3, 9000), u)
        check_walk(fragment.whole([r for r in capture.stop()
                                   if r.proto == UDP]),
                   there(u, w, s), back(u, w, s), count=3)


@suite.case(*product(MODES, FAMILIES))
def flows_at_once(mode, f):
    """Fragments of many datagrams of two clients and ports, mixed."""
    _, w, s = places(f, mode)
    everybody = [((f.host(9, 1 + n % 2), flow.port()), bytes([n]) * 3000)
                 for n in range(12)]
    sent = [part for u, data in everybody for part in made(u, w, data)]
    random.shuffle(sent)
    with Client() as client, flow.bound(web, f, flow.DGRAM, *s) as sock:
        client.send(sent)
        seen = {}
        for _ in everybody:
            data, peer = flow.take("datagram", sock.recvfrom, 65536)
            seen[peer[:2]] = data
    expect("datagrams", seen == dict(everybody), True)


@suite.case(*product(MODES, FAMILIES))
def echo(mode, f):
    """No ports, but a checksum over what nat changes; in fragments there and
    back."""
    w = f.W2 if mode == "nat" else f.W3
    with flow.echo_socket(f, u1, f.host(9, 1)) as sock:
        sock.settimeout(flow.TIMEOUT)
        request = flow.echo_request(f, 0x99, 1, DATA)
        sock.sendto(request, (w, 0))
        flow.take(f"echo reply from {w}", flow.echo_reply, f, sock, w, request)


@suite.case(*FAMILIES)
def every_protocol(f):
    """Needs no ports: fragments pass as they come, one by one."""
    u, w = (f.host(9, 1), flow.port()), (f.W3, 80)
    parts = made(u, w)
    with Client() as client, flow.bound(web, f, flow.DGRAM, *w) as sock, \
            Capture(lab) as capture:
        client.send(parts[:1])
        capture.wait("first fragment at the server", lambda rows: [
            r for r in rows if r.link == "i3" and r.frag])
        client.send(parts[1:])
        expect("datagram", flow.take("datagram", sock.recv, 65536) == DATA,
               True)


class narrow:
    """Interfaces of the engine take less than others while this lasts."""

    def __init__(self, **mtus):
        self.mtus = mtus

    def __enter__(self):
        lab.eng.ip(*(f"link set {dev} mtu {mtu}"
                     for dev, mtu in self.mtus.items()))

    def __exit__(self, *_):
        lab.eng.ip(*(f"link set {dev} mtu 1500" for dev in self.mtus))


@suite.case(*MODES)
def mtu_differs_at_each_device(mode):
    """IPv4 without DF is cut again where it must, and never put together to
    more than what came."""
    f = F4
    u, w, s = places(f, mode)
    mtus = {"i1": 1320, "i4": 1400, "i6": 1300, "i3": 1280}
    with narrow(**mtus), Client() as client, \
            flow.bound(web, f, flow.DGRAM, *s) as sock, \
            Capture(lab) as capture:
        client.send(made(u, w, size=1480))
        expect("datagram", flow.take("datagram", sock.recv, 65536) == DATA,
               True)
        rows = capture.stop()
    check_walk(fragment.whole([r for r in rows if r.proto == UDP]),
               there(u, w, s), count=1)
    largest = {dev: max(fragment.pieces(rows, dev)) for dev in mtus}
    # None larger went into the firewall, so none leaves it.
    expect("sizes", {dev: size <= min(1320, mtus[dev])
                     for dev, size in largest.items()},
           dict.fromkeys(mtus, True))


@suite.case(*product(MODES, FAMILIES, (True, False)))
def whole_is_larger_than_any_link(mode, f, fits):
    """Which matters to nobody where the fragments fit; where they don't, and
    must not be cut, their sender is told."""
    u, w, s = places(f, mode)
    before = pe.drops()
    size = 1232 if fits else 1400
    with narrow(i4=1280), Client() as client, \
            flow.bound(web, f, flow.DGRAM, *s) as sock, \
            Capture(lab) as capture:
        client.send(made(u, w, size=size, **({} if f.v6 else {"df": True})))
        if fits:
            expect("datagram",
                   flow.take("datagram", sock.recv, 65536) == DATA, True)
        rows = capture.stop()
    told = [r for r in rows if r.proto == f.icmp and r.link == "i0"]
    pieces = [r for r in rows if r.link == "i4" and r.dir == "out"]
    if fits:
        expect("told", told, [])
        expect("DF", [r.df for r in pieces], [not f.v6] * len(pieces))
        pe.check_drops(before)
    else:
        expect("told", [(r.daddr, r.flags) for r in told],
               [(u[0], "2/0" if f.v6 else "3/4")])
        expect("on the narrow link", pieces, [])
        pe.check_drops(before, mtu=1)


@suite.case(*product(MODES, FAMILIES))
def path_mtu_is_found(mode, f):
    """The client's own kernel cuts to what it was told."""
    u, w, s = places(f, mode)
    with narrow(i4=1300), flow.bound(web, f, flow.DGRAM, *s) as server, \
            flow.bound(u1, f, flow.DGRAM, *u) as client:
        server.settimeout(0.3)

        def arrived():
            client.sendto(DATA, w)
            try:
                return server.recv(65536) == DATA
            except TimeoutError:
                return False
        try:
            poll("datagram", arrived)
        finally:
            u1.run(["ip", "-6", "route", "flush", "cache"])
            u1.write_sysctls({"ipv4/route/flush": 1})


@suite.case()
def tcp_fragmented_on_its_way():
    """A client that does not discover path MTUs behind a narrow link."""
    lab.offloads("plain")
    f = F4
    u, w, s = (f.host(9, 1), flow.port()), (f.W2, 80), (f.host(3, 1), 8080)
    u1.write_sysctls({"ipv4/ip_no_pmtu_disc": 1})
    rc.ip("link set eth0 mtu 1300")
    try:
        with narrow(i0=1300), Capture(lab, [0, 3]) as capture:
            flow.tcp(f, u1, *u, w, web, s, 3, 20000)
            rows = capture.stop()
    finally:
        rc.ip("link set eth0 mtu 1500")
        u1.write_sysctls({"ipv4/ip_no_pmtu_disc": 0})
    if not fragment.pieces(rows, "i0", "in"):
        raise Fail(f"nothing came in fragments:\n{show(rows[:20])}")
    if max(fragment.pieces(rows, "i3")) > 1300:
        raise Fail("larger ones went out than came")


def nothing_leaves(f, rows):
    out = [r for r in rows if r.proto == UDP and r.dir == "out"]
    if out:
        raise Fail(f"these should not be:\n{show(out)}")


@suite.case(*FAMILIES)
def overlapping(f):
    """Are never put together (RFC 5722 and, in Linux, IPv4 alike)."""
    u, w, _ = places(f, "loopback")
    parts = made(u, w)
    bad = packet.ip(u[0], w[0], UDP, bytes(1000), ttl=63,
                    ident=int.from_bytes(parts[0][44:48] if f.v6 else
                                         parts[0][4:6], "big"),
                    frag=120 | (fragment.MORE6 if f.v6 else fragment.MORE4))
    before = pe.drops()
    with Client() as client, Capture(lab) as capture:
        client.send([parts[0], bad, *parts[1:]])
        nothing_leaves(f, capture.stop())
    expect("counted", pe.drops().get("fragment", 0) >
           before.get("fragment", 0), True)


def timeouts(f):
    """What the engine's kernel has given up."""
    text = lab.eng.run(["cat", "/proc/net/snmp6" if f.v6 else "/proc/net/snmp"])
    if f.v6:
        return int(dict(line.split() for line in
                        text.splitlines())["Ip6ReasmTimeout"])
    names, values = [line.split() for line in text.splitlines()
                     if line.startswith("Ip:")]
    return int(dict(zip(names, values))["ReasmTimeout"])


@suite.case(*FAMILIES)
def one_is_missing(f):
    """The kernel waits for it as long as it is told, counts, and tells the
    sender."""
    u, w, _ = places(f, "loopback")
    knob = "netfilter/nf_conntrack_frag6_timeout" if f.v6 else \
        "ipv4/ipfrag_time"
    lab.eng.write_sysctls({knob: 1})
    before = timeouts(f)
    try:
        with Client() as client, Capture(lab) as capture:
            client.send(made(u, w)[:-1])
            poll("timeout", lambda: timeouts(f) > before, 10, 0.1)
            rows = capture.stop()
    finally:
        lab.eng.write_sysctls({knob: 30 if not f.v6 else 60})
    nothing_leaves(f, rows)
    expect("told", [(r.daddr, r.flags) for r in rows if r.proto == f.icmp and
                    r.dir == "out"], [(u[0], "3/1" if f.v6 else "11/1")])


@suite.case(*FAMILIES)
def from_two_places(f):
    """What comes from elsewhere is no part of it, and what is whole but comes
    from no device is dropped like any packet."""
    u, w, s = places(f, "loopback")
    parts = made(u, w)
    before = pe.drops()
    with Client() as client, packet.Sender(fw, 2, 1, "in0") as other, \
            Capture(lab) as capture:
        client.send(parts[:2])
        other.send(*parts[2:])
        nothing_leaves(f, capture.stop())
        pe.check_drops(before)
    parts = made(u, w)
    with packet.Sender(fw, 2, 1, "in0") as other, Capture(lab) as capture:
        other.send(*parts, src=mac(2, 9))
        nothing_leaves(f, capture.stop())
    pe.check_drops(before, wrong_place=1)


@suite.case()
def whole_in_one_fragment():
    """RFC 6946: is no fragment."""
    f = F6
    u, w, s = places(f, "nat")
    data = packet.udp(u, w)[40:]
    atom = packet.ip(u[0], w[0], UDP, data, ttl=63, ident=next(IDENTS))
    with Client() as client, flow.bound(web, f, flow.DGRAM, *s) as sock, \
            Capture(lab) as capture:
        client.send([atom])
        expect("data", flow.take("datagram", sock.recv, 100), b"payload")
        rows = capture.stop()
    check_walk(rows, there(u, w, s), count=1)
    expect("length", {r.length for r in rows}, {len(atom)})


@suite.case(*FAMILIES)
def servers_other_talk(f):
    """What a server in mode nat sends from another port is no answer, and goes
    where it is going."""
    u, s = (f.host(9, 1), flow.port()), (f.host(3, 1), 9999)
    with flow.bound(u1, f, flow.DGRAM, *u) as client, \
            flow.bound(web, f, flow.DGRAM, *s) as sock:
        sock.sendto(DATA, u)
        data, peer = flow.take("datagram", client.recvfrom, 65536)
    expect("datagram", (data == DATA, peer[:2]), (True, s))


@suite.case(*FAMILIES)
def time_to_live_runs_out(f):
    """The sender is told about its own packet."""
    u, w, _ = places(f, "loopback")
    whole = packet.udp(u, w, DATA, ttl=1)
    before = pe.drops()
    with Client() as client, Capture(lab) as capture:
        client.send(fragment.cut(whole, 1000, next(IDENTS)))
        rows = capture.stop()
    nothing_leaves(f, rows)
    expect("told", [(r.daddr, r.flags) for r in rows if r.proto == f.icmp and
                    r.dir == "out"], [(u[0], "3/0" if f.v6 else "11/0")])
    pe.check_drops(before, ttl=1)


suite.run(lambda: pe.start(CONF))
