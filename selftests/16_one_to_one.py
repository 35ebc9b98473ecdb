#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""16: one client, one server, by one port of one service address.

    u1 --- i0 [eng] i1 --+-- web1  W1:P1, arriving on i0
    u2 --- i8            +-- web2  W1:P1, arriving on i8

The interface of arrival is part of the key: W1:P1 are two services.
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
clients = {0: lab.client("u1", 0), 8: lab.client("u2", 8)}
webs = {n: lab.server(f"web{n}", 1, n) for n in (1, 2)}
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{n} {{ server dev i1 lladdr {mac(1, n)} mode loopback; }}\n"
    for n in (1, 2)) + "".join(
    f"service {p}{f.name}-i{i} {{ vip {f.W1} {p} port 80 iif i{i}; "
    f"sequence web{n}; }}\n"
    for f, p, (i, n) in product(FAMILIES, ("tcp", "udp"), ((0, 1), (8, 2)))) + \
    "".join(f"service only{f.name} {{ vip {f.W1} udp port 90 iif i0; "
            f"sequence web1; }}\n" for f in FAMILIES)


@suite.case(*product(((0, 1), (8, 2)), FAMILIES, ("tcp", "udp")))
def arriving_on(where, f, proto):
    segment, number = where
    u, w = (f.host(segment, 1), flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, clients[segment], *u, w, webs[number], w)
        rows = capture.stop()
    check_walk(rows, [got(segment, 1, u, w, 64), put(1, number, u, w, 63)],
               [got(1, number, w, u, 64), put(segment, 1, w, u, 63)])
    told.check(pe, rows, proto, u, w, iif=f"i{segment}")


@suite.case(*FAMILIES)
def not_arriving_there(f):
    """A service of i0 is none for what arrives on i8."""
    u, w = (f.host(8, 1), flow.port()), (f.W1, 90)
    with Capture(lab) as capture, \
            flow.bound(clients[8], f, flow.DGRAM, *u) as sock:
        sock.sendto(b"none", w)
        rows = capture.stop()
    told.check(pe, rows, "udp", u, w, iif="i8", ways=["forward"])
    expect("links that saw the packet",
           [(r.link, r.dir) for r in rows if r.proto == 17], [("i8", "in")])


suite.run(lambda: pe.start(CONF))
