#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Clients and appliances behind VLANs; tags in the packet and beside it.

    u1 --- i0.7 [eng] i1.5 --- fw outside
                      i1.6 --- fw inside     (one trunk)
                      i2   --- web
"""
from itertools import product

from lib import engine, flow, packet
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.node("u1")
fw = lab.node("fw")
web = lab.server("web", 2)
for name in ("u1", "fw"):
    lab.attach(lab.nodes[name], {"u1": 0, "fw": 1}[name], 1, address=False)
lab.forwards(fw)
pe = engine.Engine(lab)


def tagged(node, dev, vlan, segment, number):
    """A VLAN interface with the addresses of a segment."""
    node.batch += [f"link add link {dev} name {dev}.{vlan} type vlan id {vlan}",
                   f"link set {dev}.{vlan} up",
                   *lab.addresses(segment, number, f"{dev}.{vlan}")]


for eng_dev, host, tag, net in (("i0", u1, 7, 0), ("i1", fw, 5, 5),
                                ("i1", fw, 6, 6)):
    tagged(lab.eng, eng_dev, tag, net, ENGINE)
    tagged(host, "eth0", tag, net, 1)
lab.via_engine(u1, 0)
lab.via_engine(fw, 5)
lab.via_engine(fw, 6, "vips")

CONF = f"""
device fw {{ inline outside dev i1.5 lladdr {mac(1, 1)} \
inside dev i1.6 lladdr {mac(1, 1)}; }}
device web {{ server dev i2 lladdr {mac(2, 1)} mode loopback; }}
""" + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence fw, web; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp"))) + "".join(
    f"service in{f.name} {{ vip {f.W2} udp port 80 iif i0.7; sequence web; }}\n"
    for f in FAMILIES)


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64, vlan=7), put(1, 1, u, w, 63, vlan=5),
                    got(1, 1, u, w, 62, vlan=6), put(2, 1, u, w, 61)],
                   [got(2, 1, w, u, 64), put(1, 1, w, u, 63, vlan=6),
                    got(1, 1, w, u, 62, vlan=5), put(0, 1, w, u, 61, vlan=7)],
                   csum=lab.csum)


@suite.case(*FAMILIES)
def interface_of_arrival_is_the_vlan(f):
    u, w = (f.U1, flow.port()), (f.W2, 80)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64, vlan=7), put(2, 1, u, w, 63)],
                   [got(2, 1, w, u, 64), put(0, 1, w, u, 63, vlan=7)])


@suite.case(*FAMILIES)
def a_tag_nobody_listens_to(f):
    """Not for this router at all, and not counted as anything."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp(u, w), vlan=99)
        check_walk(capture.stop(), [got(0, 1, u, w, 64, vlan=99)], count=1)
    pe.check_drops(before)


@suite.case(*FAMILIES)
def a_tag_that_only_has_a_priority(f):
    """Is as good as none: the packet came in on i0 itself."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, *w):
        sender.send(packet.udp(u, w), vlan=3 << 13)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64, vlan=0), put(1, 1, u, w, 63, vlan=5),
                    got(1, 1, u, w, 62, vlan=6), put(2, 1, u, w, 61)],
                   count=1)


suite.run(lambda: pe.start(CONF))
