#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""5B: one server in loopback mode.

    u1 --- i0 [eng] i1 --- web (any service address is local)

U1>W1:P1 enters i0 and leaves i1 unmodified but for TTL and MAC; the answer
W1:P1>U1 enters i1 and leaves i0 by the engine's own route.
"""
from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1)
pe = engine.Engine(lab)

CONF = f"device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}\n" + \
    "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence web; }}\n"
            for f in FAMILIES for p in ("tcp", "udp"))


def setup():
    engine.load()
    suite.defer(engine.unload)
    lab.up()
    pe.apply(CONF)


def walk(f):
    u, w = (f.U1, 5000), (f.W1, 80)
    return ([got(0, 1, u, w, 64), put(1, 1, u, w, 63)],
            [got(1, 1, w, u, 64), put(0, 1, w, u, 63)])


@suite.case(*FAMILIES)
def tcp(f):
    with Capture(lab) as capture:
        peer = flow.tcp(f, u1, f.U1, 5000, (f.W1, 80), web, (f.W1, 80))
        check_walk(capture.stop(), *walk(f))
    expect("the server's client", peer, (f.U1, 5000))


@suite.case(*FAMILIES)
def udp(f):
    with Capture(lab) as capture:
        peer = flow.udp(f, u1, f.U1, 5000, (f.W1, 80), web, (f.W1, 80), 3)
        check_walk(capture.stop(), *walk(f), count=3)
    expect("the server's client", peer, (f.U1, 5000))


suite.run(setup)
