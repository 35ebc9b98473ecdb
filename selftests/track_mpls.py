#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices told by the label that they return packets with: a router of MPLS,
visited twice, and a bridge between.

    u1 --- i0 [eng] i1 --- lsr (one-armed)
                    i4 --- br outside
                    i5 --- br inside
                    i6 --- ids
                    i3 --- web
"""
import struct
import subprocess
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, F4, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.wire import ICMP, ICMP6, Capture, Hop, check_walk, got, put

OUT, IN = mac(4, ENGINE), mac(5, ENGINE)

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lsr = lab.one_armed("lsr", 1)
lab.bridge("br", 4, 5)
web = lab.server("web", 3)
lab.tap("ids", 6)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i6 lladdr {mac(6, 1)}; }}
device lsr {{ inline dev i1 via {F4.host(1, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"service all{f.name} {{ vip {f.W2} udp port 90; track mpls 16; "
    f"sequence br, br; }}\n" for f in FAMILIES) + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; track mpls; "
    f"sequence lsr, ids, br, lsr, web; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))


def start():
    subprocess.run(["modprobe", "mpls_router"], check=False)
    pe.start(CONF)
    lsr.write_sysctls({"mpls/platform_labels": 1100,
                       "mpls/conf/eth0/input": 1})
    for label in (1001, 1004):
        lsr.run(["ip", "-f", "mpls", "route", "add", str(label), "as",
                 str(label), "via", "inet", F4.host(1, ENGINE)])


def router(u, w, ttl, label):
    """The label's time to live is the router's to count, not the packet's."""
    return [put(1, 1, u, w, ttl, label=label),
            got(1, 1, u, w, ttl, label=label)]


def bridge(u, w, ttl, label, back=False):
    links, macs = (("i5", "i4"), (IN, OUT)) if back else \
        (("i4", "i5"), (OUT, IN))
    return [Hop(links[0], "out", *macs, u, w, ttl, False, None, label),
            Hop(links[1], "in", *macs, u, w, ttl, False, None, label)]


def forward(u, w):
    return [got(0, 1, u, w, 64), *router(u, w, 63, 1001),
            put(6, 1, u, w, 62, copy=True), *bridge(u, w, 62, 1003),
            *router(u, w, 61, 1004), put(3, 1, u, w, 60)]


def reverse(u, w):
    return [got(3, 1, w, u, 64), *router(w, u, 63, 1004),
            *bridge(w, u, 62, 1003, True), put(6, 1, w, u, 61, copy=True),
            *router(w, u, 61, 1001), put(0, 1, w, u, 60)]


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
           [[1001, 1003, 1004, None], [1004, 1003, 1001, None]])


@suite.case(*product(OFFLOADS, FAMILIES))
def super_packets(how, f):
    """The label makes segments smaller, which both ends are told."""
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    flow.tcp(f, u1, *u, w, web, w, rounds=3, size=60000)
    after = pe.drops()
    expect("drops", {k for k in after if after[k] != before.get(k, 0)} -
           {"mtu"}, set())
    u = (f.U1, flow.port())
    with Capture(lab) as capture:
        flow.tcp(f, u1, *u, w, web, w, rounds=3, size=60000)
        rows = capture.stop()
    if how == "offloaded":      # many small ones may overtake each other
        check_walk(rows, forward(u, w), reverse(u, w), csum=lab.csum,
                   ordered=False)
    large = {row.label for row in rows if row.length > 1500}
    expect("super-packets with labels", {1001, 1003, 1004} <= large,
           how == "offloaded")


@suite.case(*FAMILIES)
def routed_at_the_end(f):
    lab.offloads("offloaded")
    u, w = (f.U1, flow.port()), (f.W2, 90)
    lab.eng.ip(f"route replace {w[0]} via {f.host(3, 1)}")
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64), *bridge(u, w, 63, 16),
                *bridge(u, w, 62, 17), put(3, 1, u, w, 61)],
               [got(3, 1, w, u, 64), *bridge(w, u, 63, 17, True),
                *bridge(w, u, 62, 16, True), put(0, 1, w, u, 61)])
    told.check(pe, rows, "udp", u, w, ways=("forward",))


def sent_back(f, label, **drops):
    """What becomes of a packet as if from the router."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(lsr, 1, 1) as sender:
        sender.send(packet.udp(u, w), label=label)
        rows = capture.stop()
    expect("frames", [(row.link, row.label) for row in rows],
           [("i1", label)])
    pe.check_drops(before, **drops)


@suite.case(*product(FAMILIES, (None, 1002, 1003)))
def another_code_is_in_the_wrong_place(f, label):
    """None at all, the tap's, the bridge's."""
    sent_back(f, label, wrong_place=1)


@suite.case(*product(FAMILIES, (15, 1000, 1005, 1048575)))
def other_labels_are_left_alone(f, label):
    sent_back(f, label)


@suite.case(*product(FAMILIES, (0, 1)))
def room_for_the_label(f, more):
    """What fits an interface without it does not fit with it."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    data = b"x" * (1496 + more - f.header - 8)
    out = packet.udp(u, w, data, frag=0 if f.v6 else 0x4000)
    with flow.bound(web, f, flow.DGRAM, *w) as sock, \
            Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(out)
        if not more:
            expect("payload", flow.take("data", sock.recv, 65536), data)
        else:
            capture.wait("error", lambda rows: any(
                row.proto in (ICMP, ICMP6) for row in rows))
        errors = [row for row in capture.stop() if row.proto in (ICMP, ICMP6)]
    expect("errors", [(row.link, row.dir, row.flags,
                       struct.unpack("!I", row.payload[:4])[0])
                      for row in errors],
           [("i0", "out", "2/0" if f.v6 else "3/4", 1496)] if more else [])


@suite.case()
def fragments_have_the_label_each():
    f = F4
    u, w = (f.U1, flow.port()), (f.W1, 80)
    data = bytes(range(250)) * 6
    with flow.bound(web, f, flow.DGRAM, *w) as sock, \
            Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp(u, w, data[:1472], ident=77))
        expect("payload", flow.take("data", sock.recv, 65536), data[:1472])
        rows = capture.stop()
    expect("labels of fragments", [row.label for row in rows
                                   if row.frag and row.link == "i1"
                                   and row.dir == "out"],
           [1001, 1001, 1004, 1004])


suite.run(start)
