#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""6: one address, two servers on one interface, in any mix of modes.

    u1 --- i0 [eng] i1 --+-- web1  W1:P1
                         +-- web2  W1:P2 and W2:P1

The pair of address and port decides.
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

MODES = ("loopback", "alias", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
webs = {n: lab.server(f"web{n}", 1, n) for n in (1, 2)}
pe = engine.Engine(lab)


def device(f, number, mode):
    where = f"address {f.host(1, number)}" if mode == "nat" else \
        f"dev i1 lladdr {mac(1, number)}"
    return f"device web{number}-{f.name} {{ server {where} mode {mode}; }}\n"


def conf(mode1, mode2):
    return "".join(
        device(f, 1, mode1) + device(f, 2, mode2) +
        "".join(f"service {p}{f.name}-{n} {{ vip {vip} {p} port {port}; "
                f"sequence web{web}-{f.name}; }}\n"
                for p in ("tcp", "udp")
                for n, vip, port, web in ((1, f.W1, 80, 1), (2, f.W1, 81, 2),
                                          (3, f.W2, 80, 2)))
        for f in FAMILIES)


@suite.case(*product(MODES, MODES))
def modes(mode1, mode2):
    pe.apply(conf(mode1, mode2))
    for f, proto in product(FAMILIES, ("tcp", "udp")):
        for vip, port, number, mode in ((f.W1, 80, 1, mode1),
                                        (f.W1, 81, 2, mode2),
                                        (f.W2, 80, 2, mode2)):
            u, w = (f.U1, flow.port()), (vip, port)
            s = (f.host(1, number), port) if mode == "nat" else w
            with Capture(lab) as capture:
                flow.talk(proto, f, u1, *u, w, webs[number], s)
                rows = capture.stop(0.05)
            check_walk(rows,
                       [got(0, 1, u, w, 64), put(1, number, u, s, 63)],
                       [got(1, number, s, u, 64), put(0, 1, w, u, 63)])
            told.check(pe, rows, proto, u, w)


suite.run(lambda: pe.start(conf("loopback", "loopback")))
