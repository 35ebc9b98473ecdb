#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices told by the VLAN that they return packets in: a bridge, which keeps
tags, is visited twice.

    u1 --- i0 [eng] i4 --- br outside
                    i5 --- br inside
                    i6 --- ids
                    i3 --- web
"""
import struct
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, F4, FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import ICMP, ICMP6, Capture, Hop, check_walk, got, put

MTU = 1400
OUT, IN = mac(4, ENGINE), mac(5, ENGINE)

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
br = lab.bridge("br", 4, 5)
web = lab.server("web", 3)
lab.tap("ids", 6)
pe = engine.Engine(lab)

# A VLAN of the operator's own on the same wire.
OWN = {lab.eng: ("i4", "10.77.0.1"), br: ("br0", "10.77.0.2")}
for node, (dev, addr) in OWN.items():
    node.batch += [f"link add link {dev} name {dev}.7 type vlan id 7",
                   f"addr add {addr}/24 dev {dev}.7", f"link set {dev}.7 up"]

CONF = f"""
device ids {{ tap dev i6 lladdr {mac(6, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}
service nat{f.name} {{ vip {f.W1} udp port 81; track vlan 3000; \
sequence br, br, nat{f.name} port 2021; }}
service all{f.name} {{ vip {f.W2} udp port 90; track vlan; sequence br, br; }}
""" for f in FAMILIES) + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; track vlan; "
    f"sequence br, ids, br, web; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))


def there(u, w, ttl, vlan):
    return [Hop("i4", "out", OUT, IN, u, w, ttl, False, vlan),
            Hop("i5", "in", OUT, IN, u, w, ttl, False, vlan)]


def back(w, u, ttl, vlan):
    return [Hop("i5", "out", IN, OUT, w, u, ttl, False, vlan),
            Hop("i4", "in", IN, OUT, w, u, ttl, False, vlan)]


def forward(u, w):
    return [got(0, 1, u, w, 64), *there(u, w, 63, 1001),
            put(6, 1, u, w, 62, copy=True), *there(u, w, 62, 1003),
            put(3, 1, u, w, 61)]


def reverse(u, w):
    return [got(3, 1, w, u, 64), *back(w, u, 63, 1003),
            put(6, 1, w, u, 62, copy=True), *back(w, u, 62, 1001),
            put(0, 1, w, u, 61)]


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def visited_twice(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows, forward(u, w), reverse(u, w), csum=lab.csum)
    said = told.check(pe, rows, proto, u, w)
    expect("codes", [[hop.get("code") for hop in said[way]]
                     for way in told.WAYS],
           [[1001, 1003, None], [1003, 1001, None]])


@suite.case(*product(OFFLOADS, FAMILIES))
def super_packets(how, f):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.tcp(f, u1, *u, w, web, w, rounds=3, size=60000)
        rows = capture.stop()
    if how == "offloaded":      # many small ones may overtake each other
        check_walk(rows, forward(u, w), reverse(u, w), csum=lab.csum,
                   ordered=False)
    large = {row.vlan for row in rows if row.length > 1500}
    expect("super-packets in VLANs", {1001, 1003} <= large, how == "offloaded")


@suite.case(*FAMILIES)
def routed_at_the_end(f):
    """By the kernel, which gets it without a tag, and sends the answer."""
    lab.offloads("offloaded")
    u, w = (f.U1, flow.port()), (f.W2, 90)
    lab.eng.ip(f"route replace {w[0]} via {f.host(3, 1)}")
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64), *there(u, w, 63, 1001),
                *there(u, w, 62, 1002), put(3, 1, u, w, 61)],
               [got(3, 1, w, u, 64), *back(w, u, 63, 1002),
                *back(w, u, 62, 1001), put(0, 1, w, u, 61)])
    told.check(pe, rows, "udp", u, w, ways=("forward",))


@suite.case(*FAMILIES)
def translated_at_the_end(f):
    u, w, s = (f.U1, flow.port()), (f.W1, 81), (f.host(3, 1), 2021)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, s)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64), *there(u, w, 63, 3000),
                *there(u, w, 62, 3001), put(3, 1, u, s, 61)],
               [got(3, 1, s, u, 64), *back(w, u, 63, 3001),
                *back(w, u, 62, 3000), put(0, 1, w, u, 61)])
    told.check(pe, rows, "udp", u, w)


def sent_back(f, vlan, **drops):
    """What becomes of a packet as if from the bridge's inside."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    with Capture(lab) as capture, \
            packet.Sender(br, 5, 0, "in0") as sender:
        sender.send(packet.udp(u, w), src=OUT, vlan=vlan)
        rows = capture.stop()
    expect("frames", [(row.link, row.vlan) for row in rows], [("i5", vlan)])
    pe.check_drops(before, **drops)


@suite.case(*product(FAMILIES, (None, 1002, 3001)))
def another_code_is_in_the_wrong_place(f, vlan):
    """None at all, the tap's, another service's at the same address."""
    sent_back(f, vlan, wrong_place=1)


@suite.case(*product(FAMILIES, (7, 99, 1000, 4000)))
def other_vlans_are_left_alone(f, vlan):
    sent_back(f, vlan)


@suite.case()
def the_operator_s_own_vlan_works():
    before = pe.drops()
    flow.reach(F4, br, OWN[br][1], OWN[lab.eng][1])
    pe.check_drops(before)


def too_big(f, packet_out, mtu):
    """The client is told how much fits."""
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet_out)
        capture.wait("error", lambda rows: any(
            row.proto in (ICMP, ICMP6) for row in rows))
        errors = [row for row in capture.stop()
                  if row.proto in (ICMP, ICMP6)]
    expect("errors", [(row.link, row.dir, row.flags,
                       struct.unpack("!I", row.payload[:4])[0])
                      for row in errors],
           [("i0", "out", "2/0" if f.v6 else "3/4", mtu)])


@suite.case(*FAMILIES)
def a_tag_takes_no_room(f):
    """As everywhere in Linux: what fits without it fits with it."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    for size, fits in ((MTU, True), (MTU + 1, False)):
        lab.eng.ip(f"link set i4 mtu {MTU}", f"link set i5 mtu {MTU}")
        br.ip(f"link set out0 mtu {MTU}", f"link set in0 mtu {MTU}")
        data = b"x" * (size - f.header - 8)
        out = packet.udp(u, w, data, frag=0 if f.v6 else 0x4000)
        try:
            if fits:
                with flow.bound(web, f, flow.DGRAM, *w) as sock, \
                        packet.Sender(u1, 0, 1) as sender:
                    sender.send(out)
                    expect("payload", flow.take("data", sock.recv, 65536),
                           data)
            else:
                too_big(f, out, MTU)
        finally:
            br.ip("link set out0 mtu 1500", "link set in0 mtu 1500")
            lab.eng.ip("link set i4 mtu 1500", "link set i5 mtu 1500")


@suite.case()
def fragments_have_the_tag_each():
    f = F4
    u, w = (f.U1, flow.port()), (f.W1, 80)
    data = bytes(range(256)) * 5
    lab.eng.ip(f"link set i4 mtu {MTU // 2}")
    try:
        with flow.bound(web, f, flow.DGRAM, *w) as sock, \
                Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
            sender.send(packet.udp(u, w, data, ident=77))
            expect("payload", flow.take("data", sock.recv, 65536), data)
            rows = capture.stop()
    finally:
        lab.eng.ip("link set i4 mtu 1500")
    expect("VLANs of fragments", [row.vlan for row in rows
                                  if row.frag and row.link == "i4"],
           [1001, 1001, 1003, 1003])


@suite.case()
def an_interface_goes_and_comes_back():
    f = F4
    u, w = (f.U1, flow.port()), (f.W1, 80)
    lab.eng.ip("link set i5 down", "link set i5 name x5")
    before = pe.drops()
    with packet.Sender(br, 5, 0, "in0") as sender:
        lab.eng.ip("link set x5 up")
        sender.send(packet.udp(u, w), src=OUT, vlan=1002)
        lab.eng.ip("link set x5 down", "link set x5 name i5")
        lab.eng.ip("link set i5 up")
    pe.check_drops(before)
    flow.udp(f, u1, *u, w, web, w)


@suite.case()
def deaf_without_such_services():
    """The last service takes the hook with it, the first brings it."""
    f = F4
    tracked = [line for line in CONF.split("\n") if "track" in line]
    rest = "\n".join(line for line in CONF.split("\n") if "track" not in line)
    require(tracked, "no tracked services")
    pe.apply(rest)
    sent_back(f, 1002)
    pe.apply(CONF)
    sent_back(f, 1002, wrong_place=1)


suite.run(lambda: pe.start(CONF))
