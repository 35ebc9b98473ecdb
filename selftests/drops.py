#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every drop has a reason and is counted once, and only what must be dropped
is: see also wrong_place.py, guard.py and path_mtu.py.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids
"""
import struct
from itertools import product

from lib import engine, flow, packet
from lib.addr import FAMILIES, F4, F6, mac
from lib.ktap import Suite, expect, poll
from lib.lab import Lab
from lib.wire import TCP, UDP, Capture, check_walk, got, put, quoted

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
service udp{f.name} {{ vip {f.W1} udp port 80; sequence fw, web; }}
service tcp{f.name} {{ vip {f.W1} tcp port 80; sequence fw, web; }}
service tap{f.name} {{ vip {f.W2} udp port 80; sequence ids, web; }}
service all{f.name} {{ vip {f.W3}; sequence web; }}
service icmp{f.name} {{ vip {f.W1} {"icmpv6" if f.v6 else "icmp"}; sequence web; }}
""" for f in FAMILIES)


def sent(*packets, **how):
    """Rows of all links after the client sent this."""
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(*packets, **how)
        return capture.stop()


def dropped(reason, *packets, count=None, **how):
    before = pe.drops()
    rows = sent(*packets, **how)
    expect("links that saw it", {r.link for r in rows if r.proto in (6, 17)} -
           {"i0"}, set())
    pe.check_drops(before, **{reason: len(packets) if count is None else count})
    return rows


@suite.case(*product(FAMILIES, (1, 0)))
def ttl_ran_out(f, ttl):
    """The client is told, as by any router."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    rows = dropped("ttl", packet.udp(u, w, ttl=ttl))
    told = [r for r in rows if r.proto == f.icmp and r.dir == "out"]
    expect("told", [(r.link, r.daddr, r.flags) for r in told],
           [("i0", f.U1, "3/0" if f.v6 else "11/0")])
    expect("about", quoted(told[0])[:4], (*u, *w))


@suite.case(*FAMILIES)
def ttl_that_lasts_to_the_firewall(f):
    """One hop more and the firewall is the one who drops."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    rows = [r for r in sent(packet.udp(u, w, ttl=2)) if r.proto == UDP]
    check_walk(rows, [got(0, 1, u, w, 2), put(1, 1, u, w, 1)], count=1)
    pe.check_drops(before)


@suite.case(*FAMILIES)
def udp_header_cut_off(f):
    dropped("malformed",
            packet.ip(f.U1, f.W1, UDP, b""),
            packet.ip(f.U1, f.W1, UDP, b"\0\1\0"),
            packet.ip(f.U1, f.W1, TCP, b"\0\1\0"))


@suite.case()
def extension_headers_cut_off():
    dropped("malformed",
            packet.ip(F6.U1, F6.W1, 60, b"\x11"),
            packet.ip(F6.U1, F6.W1, 60, struct.pack("!BB6x", 17, 31)),
            packet.ip(F6.U1, F6.W1, 43, b""))


@suite.case(*FAMILIES)
def too_short_for_the_kernel(f):
    """Not ours to judge: IP's own checks come first."""
    whole = packet.udp((f.U1, 7000), (f.W1, 80))
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, f.W1, 80):
        for length in (1, 8, f.header - 1, f.header + 4):
            sender.send(whole[:length])
        sender.send(whole)
        capture.wait("what comes after them", lambda rows: [
            r for r in rows if (r.link, r.dir, r.sport) == ("i3", "out", 7000)])
    pe.check_drops(before)


@suite.case(*FAMILIES)
def options_and_extension_headers(f):
    """Are looked through, and left as they are."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    options = b"\x01\x04\0\0\0\0" if f.v6 else b"\x01\x01\x01\x00"
    made = packet.udp(u, w, options=options)
    with flow.bound(web, f, flow.DGRAM, *w):
        rows = sent(made)
    check_walk(rows, [got(0, 1, u, w, 64), put(1, 1, u, w, 63),
                      got(2, 1, u, w, 62), put(3, 1, u, w, 61)], count=1)
    expect("length", {r.length for r in rows}, {len(made)})


def fragments(u, w, ident=7):
    """The two halves of one datagram."""
    whole = packet.udp(u, w, b"a" * 24 + b"b" * 24)
    v6 = ":" in u[0]
    data = whole[40 if v6 else 20:]
    return [packet.ip(u[0], w[0], UDP, data[:32], ident=ident,
                      frag=0x8000 if v6 else 0x2000),
            packet.ip(u[0], w[0], UDP, data[32:], ident=ident, frag=4)]


@suite.case(*FAMILIES)
def fragments_where_no_port_is_needed(f):
    """A service of everything takes the later ones too."""
    u, w = (f.U1, flow.port()), (f.W3, 80)
    first, second = fragments(u, w)
    before = pe.drops()
    with flow.bound(web, f, flow.DGRAM, *w) as sock:
        sock.settimeout(flow.TIMEOUT)
        rows = sent(first, second)
        expect("datagram", flow.take("datagram", sock.recv, 100),
               b"a" * 24 + b"b" * 24)
    expect("fragments at the server",
           [(r.frag[1], r.ttl) for r in rows if r.link == "i3"],
           [(0, 63), (4, 63)])
    pe.check_drops(before)


@suite.case(*FAMILIES)
def fragments_where_a_port_is_needed(f):
    """Wait for each other: see fragments.py."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    first, second = fragments(u, w)
    before = pe.drops()
    expect("links that saw the first", {r.link for r in sent(first)}, {"i0"})
    with flow.bound(web, f, flow.DGRAM, *w) as sock:
        sock.settimeout(flow.TIMEOUT)
        sent(second)
        expect("datagram", flow.take("datagram", sock.recv, 100),
               b"a" * 24 + b"b" * 24)
    pe.check_drops(before)


@suite.case(*FAMILIES)
def fragments_that_cannot_be_put_together(f):
    u, w = (f.U1, flow.port()), (f.W1, 80)
    first, second = fragments(u, w, 8)
    inside = packet.ip(u[0], w[0], UDP, bytes(32), ident=8,
                       frag=2 | (0x8000 if f.v6 else 0x2000))
    dropped("fragment", first, inside, count=1)


@suite.case(*FAMILIES)
def errors_about_later_fragments(f):
    """Nobody knows whose it was."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    rows = sent(packet.unreachable(f.U1, f.W1, fragments(w, u)[1]))
    expect("links that saw it", {r.link for r in rows}, {"i0"})
    pe.check_drops(before, fragment=1)


def link(dev, state):
    lab.eng.ip(f"link set {dev} {state}")


@suite.case(*FAMILIES)
def interface_down(f):
    u, w = (f.U1, flow.port()), (f.W1, 80)
    link("i1", "down")
    try:
        dropped("interface_down", packet.udp(u, w), packet.udp(u, w))
    finally:
        link("i1", "up")
        restore()
    flow.udp(f, u1, *u, w, web, w)


def restore():
    """Routes and addresses that went with the interface."""
    lab.eng.ip(*(line.replace("addr add", "addr replace")
                 for line in lab.eng.addrs if line.endswith(" i1")))
    for g in FAMILIES:
        flow.reach(g, lab.eng, g.host(1, 14), g.host(1, 1))


@suite.case(*FAMILIES)
def other_end_down(f):
    """No carrier."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    fw = lab.nodes["fw"]
    fw.ip("link set out0 down")
    try:
        poll("loss of carrier", lambda: "NO-CARRIER" in lab.eng.run(
            ["ip", "link", "show", "dev", "i1"]))
        dropped("interface_down", packet.udp(u, w))
    finally:
        fw.ip("link set out0 up")
        fw.ip(*(line.replace("addr add", "addr replace")
                for line in fw.addrs if line.endswith(" out0")),
              *(f"route replace default via {g.host(1, 14)}" for g in FAMILIES))
        restore()
    flow.udp(f, u1, *u, w, web, w)


@suite.case(*FAMILIES)
def tap_that_cannot_be_reached(f):
    """The packet goes on without a copy, which is counted."""
    u, w = (f.U1, flow.port()), (f.W2, 80)
    link("i4", "down")
    before = pe.drops()
    try:
        flow.udp(f, u1, *u, w, web, w)
    finally:
        link("i4", "up")
    pe.check_drops(before, tap_copy=2)


@suite.case(F4, F6)
def errors_that_quote_too_little(f):
    """An ICMP error about a service whose quote ends too early."""
    about = packet.udp((f.W1, 80), (f.U1, 7000))[:f.header + 2]
    before = pe.drops()
    rows = sent(packet.unreachable(f.U1, f.W1, about))
    expect("links that saw it", {r.link for r in rows} - {"i0"} <= {"i3"}, True)
    after = pe.drops()
    expect("counted at most once",
           sum(after.values()) - sum(before.values()) <= 1, True)


suite.run(lambda: pe.start(CONF))
