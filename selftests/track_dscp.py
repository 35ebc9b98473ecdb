#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices told by the DSCP of what they return: one is visited twice.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --+-- fw inside
                         +-- box (one-armed)
                    i3 --- web
                    i4 --- ids
"""
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
lab.one_armed("box", 2, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

DEVICES = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device box {{ inline dev i2 lladdr {mac(2, 2)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
    for f in FAMILIES)
CONF = DEVICES + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; track dscp; \
sequence fw, ids, fw, box, web; }}
service own{p}{f.name} {{ vip {f.W1} {p} port 81; track dscp 20; dscp 46; \
sequence fw, fw, nat{f.name} port 2021; }}
""" for f, p in product(FAMILIES, ("tcp", "udp"))) + "".join(
    f"service all{f.name} {{ vip {f.W2} udp port 90; track dscp 60; "
    f"sequence box, fw; }}\n" for f in FAMILIES)


def forward(u, w):
    return [got(0, 1, u, w, 64, dscp=0), put(1, 1, u, w, 63, dscp=1),
            got(2, 1, u, w, 62, dscp=1),
            put(4, 1, u, w, 61, dscp=0, copy=True),
            put(1, 1, u, w, 61, dscp=3), got(2, 1, u, w, 60, dscp=3),
            put(2, 2, u, w, 59, dscp=4), got(2, 2, u, w, 58, dscp=4),
            put(3, 1, u, w, 57, dscp=0)]


def reverse(u, w):
    return [got(3, 1, w, u, 64, dscp=0), put(2, 2, w, u, 63, dscp=4),
            got(2, 2, w, u, 62, dscp=4), put(2, 1, w, u, 61, dscp=3),
            got(1, 1, w, u, 60, dscp=3),
            put(4, 1, w, u, 59, dscp=0, copy=True),
            put(2, 1, w, u, 59, dscp=1), got(1, 1, w, u, 58, dscp=1),
            put(0, 1, w, u, 57, dscp=0)]


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
                     for way in told.WAYS], [[1, 3, 4, None], [4, 3, 1, None]])


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def leaves_with_the_service_s_own(f, proto):
    """To the server, translated as well, and to the client."""
    u, w, s = (f.U1, flow.port()), (f.W1, 81), (f.host(3, 1), 2021)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, s)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64, dscp=0), put(1, 1, u, w, 63, dscp=20),
                got(2, 1, u, w, 62, dscp=20), put(1, 1, u, w, 61, dscp=21),
                got(2, 1, u, w, 60, dscp=21), put(3, 1, u, s, 59, dscp=46)],
               [got(3, 1, s, u, 64, dscp=0), put(2, 1, w, u, 63, dscp=21),
                got(1, 1, w, u, 62, dscp=21), put(2, 1, w, u, 61, dscp=20),
                got(1, 1, w, u, 60, dscp=20), put(0, 1, w, u, 59, dscp=46)])
    told.check(pe, rows, proto, u, w)


@suite.case(*FAMILIES)
def the_client_s_is_lost_but_ecn_stays(f):
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, *w):
        sender.send(packet.udp(u, w, tos=34 << 2 | 1))
        rows = capture.stop()
    way = forward(u, w)
    way[0] = way[0]._replace(dscp=34)
    check_walk(rows, way, count=1)
    expect("ECN", {row.tos & 3 for row in rows}, {1})


@suite.case(*product(FAMILIES, (0, 2, 5, 63)))
def another_code_is_in_the_wrong_place(f, code):
    """From the firewall's inside; 2 is a step, but the tap's."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    with Capture(lab) as capture, \
            packet.Sender(fw, 2, 1, "in0") as sender:
        sender.send(packet.udp(u, w, tos=code << 2))
        check_walk(capture.stop(), [got(2, 1, u, w, 64, dscp=code)], count=1)
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def routed_at_the_end(f):
    """Without a server the kernel routes what comes out, without a code."""
    u, w = (f.U1, flow.port()), (f.W2, 90)
    pe.node.ip(f"route replace {w[0]} via {f.host(3, 1)}")
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64), put(2, 2, u, w, 63, dscp=60),
                got(2, 2, u, w, 62, dscp=60), put(1, 1, u, w, 61, dscp=61),
                got(2, 1, u, w, 60, dscp=61), put(3, 1, u, w, 59, dscp=0)],
               [got(3, 1, w, u, 64), put(2, 1, w, u, 63, dscp=61),
                got(1, 1, w, u, 62, dscp=61), put(2, 2, w, u, 61, dscp=60),
                got(2, 2, w, u, 60, dscp=60), put(0, 1, w, u, 59, dscp=0)])
    told.check(pe, rows, "udp", u, w, ways=("forward",))


@suite.case()
def shown_as_it_is_read():
    shown = pe.pectl("show")
    for line in ("; track dscp; sequence fw, ids, fw, box, web; }",
                 "; track dscp 20; dscp 46; sequence fw, fw, nat4"):
        require(line in shown, f"'{line}' is not in\n{shown}")
    expect("differences", pe.try_pectl("diff", "-f", pe.file(CONF))[0],
           engine.OK)


@suite.case(
    ("track link; sequence fw, fw, web", "cannot be told apart"),
    ("track dscp; sequence ids, web", "has no inline device"),
    ("track dscp 62; sequence fw, ids, fw, web", "have no codes from 62 on"),
    ("sequence fw, box emits tcp port 80, web; track dscp",
     "emits packets of its own"))
def refused(words, why):
    status, _, err = pe.try_pectl("service", "add", "x", "vip", "192.0.2.99",
                                  *words.replace(";", " ").replace(
                                      ",", " , ").split())
    expect("exit status", status, engine.REFUSED)
    require(why in err, err)


suite.run(lambda: pe.start(CONF))
