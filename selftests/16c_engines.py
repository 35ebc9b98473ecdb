#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""16C: service addresses on different engines.

    u1 --- i0 [up] --- i1 [eng]  i2 --+-- web1  W1
                 |                    +-- web2  W2
                 |
                 +---- i3 [eng2] i4 ----- web3  W3

The router knows which engine an address is at; no engine knows another's.
"""
from itertools import product

from lib import flow, share, told
from lib.addr import FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got

WHERE = {1: {10: 1, 11: 2}, 3: {12: 3}}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
engines = share.Engines(lab, WHERE)


@suite.case(*product((10, 11, 12), FAMILIES))
def engine_of_the_address(number, f):
    u, w = (f.U1, flow.port()), (f.vip(number), 80)
    segment = engines.uplink(number)
    with Capture(lab) as capture:
        page = share.fetch(f, u1, w[0], u[1])
        rows = capture.stop()
    expect("page", page, f"web{WHERE[segment][number]} {u[0]} {w[0]}")
    check_walk(rows, *engines.walk(f, number, 1, u, w))
    told.check(engines.pe[segment], rows, "tcp", u, w, iif=f"i{segment}")


@suite.case(*product((10, 12), FAMILIES))
def no_service_of_the_other_engine(number, f):
    """What comes to the wrong engine is no service's there."""
    wrong = 3 if engines.uplink(number) == 1 else 1
    u, w = (f.host(wrong, 1), flow.port()), (f.vip(number), 80)
    with Capture(lab, segments=[wrong, wrong + 1]) as capture, \
            flow.bound(engines.up, f, flow.DGRAM, *u) as sock:
        engines.up.ip(f"route replace {w[0]}/{f.bits} "
                      f"via {f.host(wrong, 14)}")
        sock.sendto(b"lost", w)
        capture.wait("packet", lambda rows: rows)
        engines.up.ip(f"route replace {w[0]}/{f.bits} "
                      f"via {f.host(engines.uplink(number), 14)}")
        rows = share.of(capture.stop(), u, w)
    check_walk(rows[:1], [got(wrong, 1, u, w, 64)], count=1)
    expect("links", {r.link for r in rows}, {f"i{wrong}"})
    told.check(engines.pe[wrong], rows[:1], "udp", u, w, iif=f"i{wrong}",
               ways=["forward"])


suite.run(lambda: share.ready(engines.start()))
