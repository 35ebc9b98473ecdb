#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""5E: servers that own the service address as an alias that answers no ARP.

    u1 --- i0 [eng] i1 --+-- web1 (owns W1)
                         +-- web2 (owns W1 too)

On the wire the same as 5B. The MAC alone decides which server it is.
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
webs = [lab.server(f"web{n}", 1, n, mode="alias", vips=[10]) for n in (1, 2)]
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{n} {{ server dev i1 lladdr {mac(1, n)} mode alias; }}\n"
    for n in (1, 2)) + "".join(
    f"service {p}{f.name}-{n} {{ vip {f.W1} {p} port {80 + n}; "
    f"sequence web{n}; }}\n"
    for f, p, n in product(FAMILIES, ("tcp", "udp"), (1, 2)))


@suite.case(*product((1, 2), FAMILIES, ("tcp", "udp")))
def server(number, f, proto):
    u, w = (f.U1, flow.port()), (f.W1, 80 + number)
    web = webs[number - 1]
    with Capture(lab) as capture:
        peer = flow.talk(proto, f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows, [got(0, 1, u, w, 64), put(1, number, u, w, 63)],
               [got(1, number, w, u, 64), put(0, 1, w, u, 63)])
    told.check(pe, rows, proto, u, w)
    expect("the server's client", peer, u)


suite.run(lambda: pe.start(CONF))
