#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Appliances that return packets where they came from, two on one wire with
the inside of a firewall.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --+-- fw inside
                         +-- box1
                         +-- box2
                    i3 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
boxes = [lab.one_armed(f"box{n}", 2, n + 1) for n in (1, 2)]
web = lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device box1 {{ inline dev i2 lladdr {mac(2, 2)}; }}
device box2 {{ inline dev i2 lladdr {mac(2, 3)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
service one-{p}{f.name} {{ vip {f.W1} {p} port 80; sequence box1, web; }}
service all-{p}{f.name} {{ vip {f.W1} {p} port 81; sequence fw, box1, box2, web; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def alone(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64),
                    put(2, 2, u, w, 63), got(2, 2, u, w, 62),
                    put(3, 1, u, w, 61)],
                   [got(3, 1, w, u, 64),
                    put(2, 2, w, u, 63), got(2, 2, w, u, 62),
                    put(0, 1, w, u, 61)],
                   csum=lab.csum)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def after_a_firewall(f, proto):
    u, w = (f.U1, flow.port()), (f.W1, 81)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64),
                    put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                    put(2, 2, u, w, 61), got(2, 2, u, w, 60),
                    put(2, 3, u, w, 59), got(2, 3, u, w, 58),
                    put(3, 1, u, w, 57)],
                   [got(3, 1, w, u, 64),
                    put(2, 3, w, u, 63), got(2, 3, w, u, 62),
                    put(2, 2, w, u, 61), got(2, 2, w, u, 60),
                    put(2, 1, w, u, 59), got(1, 1, w, u, 58),
                    put(0, 1, w, u, 57)])


suite.run(lambda: pe.start(CONF))
