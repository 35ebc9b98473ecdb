#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""16A: one service address, a server for each port or range of ports.

    u1 --- i0 [eng] i1 --+-- web1  W1:80 and W1:8000-8099
                         +-- web2  W1:81 and W1:8100
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

PORTS = {80: 1, 8000: 1, 8050: 1, 8099: 1, 81: 2, 8100: 2}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
webs = {n: lab.server(f"web{n}", 1, n) for n in (1, 2)}
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{n} {{ server dev i1 lladdr {mac(1, n)} mode loopback; }}\n"
    for n in (1, 2)) + "".join(
    f"service {p}{f.name}-{n} {{ vip {f.W1} {p} port {ports}; "
    f"sequence web{n}; }}\n"
    for f, p, (n, ports) in product(FAMILIES, ("tcp", "udp"),
                                    ((1, "80,8000-8099"), (2, "81,8100"))))


@suite.case(*product(PORTS, FAMILIES, ("tcp", "udp")))
def port(number, f, proto):
    web = PORTS[number]
    u, w = (f.U1, flow.port()), (f.W1, number)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, webs[web], w)
        rows = capture.stop(0.05)
    check_walk(rows, [got(0, 1, u, w, 64), put(1, web, u, w, 63)],
               [got(1, web, w, u, 64), put(0, 1, w, u, 63)])
    told.check(pe, rows, proto, u, w)


@suite.case(*product((79, 82, 7999, 8101), FAMILIES))
def port_beside(number, f):
    """The ports next to those of a service belong to none."""
    u, w = (f.U1, flow.port()), (f.W1, number)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"none", w)
        rows = [r for r in capture.stop(0.05) if r.proto == 17]
        check_walk(rows, [got(0, 1, u, w, 64)], count=1)
    told.check(pe, rows, "udp", u, w, ways=["forward"])


suite.run(lambda: pe.start(CONF))
