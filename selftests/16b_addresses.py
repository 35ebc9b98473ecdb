#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""16B: identical servers, a service address for each.

    u1 --- i0 [eng] i1 --+-- web1  W1
    u2 --/               +-- web2  W2
                         +-- web3  W3, every protocol and port
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
clients = {n: lab.client(f"u{n}", 0, n) for n in (1, 2)}
webs = {n: lab.server(f"web{n}", 1, n) for n in (1, 2, 3)}
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{n} {{ server dev i1 lladdr {mac(1, n)} mode loopback; }}\n"
    for n in webs) + "".join(
    f"service {p}{f.name}-{n} {{ vip {f.vip(9 + n)} {p} port 80; "
    f"sequence web{n}; }}\n"
    for f, p, n in product(FAMILIES, ("tcp", "udp"), (1, 2))) + "".join(
    f"service all{f.name} {{ vip {f.W3}; sequence web3; }}\n"
    for f in FAMILIES)


@suite.case(*product(clients, webs, FAMILIES, ("tcp", "udp")))
def client_to_server(c, s, f, proto):
    u, w = (f.host(0, c), flow.port()), (f.vip(9 + s), 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, clients[c], *u, w, webs[s], w)
        rows = capture.stop(0.05)
    check_walk(rows, [got(0, c, u, w, 64), put(1, s, u, w, 63)],
               [got(1, s, w, u, 64), put(0, c, w, u, 63)])
    told.check(pe, rows, proto, u, w)


suite.run(lambda: pe.start(CONF))
