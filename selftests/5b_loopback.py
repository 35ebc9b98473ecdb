#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""5B: one server in loopback mode.

    u1 --- i0 [eng] i1 --- web (any service address is local)

U1>W1:P1 enters i0 and leaves i1 unmodified but for TTL and MAC; the answer
W1:P1>U1 enters i1 and leaves i0 by the engine's own route.
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1)
pe = engine.Engine(lab)

CONF = f"device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}\n" + \
    "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence web; }}\n"
            for f, p in product(FAMILIES, ("tcp", "udp")))


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        peer = flow.talk(proto, f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows, [got(0, 1, u, w, 64), put(1, 1, u, w, 63)],
               [got(1, 1, w, u, 64), put(0, 1, w, u, 63)], csum=lab.csum)
    told.check(pe, rows, proto, u, w)
    expect("the server's client", peer, u)


@suite.case(*FAMILIES)
def another_port_is_no_service(f):
    """Without a route to the service's address the engine's kernel says so."""
    u, w = (f.U1, flow.port()), (f.W1, 81)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"none", w)
        rows = capture.stop()
    told.check(pe, rows, "udp", u, w, ways=["forward"])
    expect("links that saw the packet",
           [(r.link, r.dir) for r in rows if r.proto == 17], [("i0", "in")])


suite.run(lambda: pe.start(CONF))
