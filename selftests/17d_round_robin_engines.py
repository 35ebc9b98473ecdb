#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17D, 17E: one name, resolved in turn to service addresses of three engines.

    u1 --+-- i0 [up] --- i1 [eng]  i2 --- web1  W1
    dns -+         +---- i3 [eng2] i4 --- web2  W2
                   +---- i5 [eng3] i6 --- web3  W3
"""
from lib import flow, names, share, told
from lib.addr import FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk

NAME = "shop.example"
NUMBERS = (10, 11, 12)
WHERE = {1: {10: 1}, 3: {11: 2}, 5: {12: 3}}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
dns_node = lab.tap("dns", 0, 9)
engines = share.Engines(lab, WHERE)
dns = None


@suite.case(*FAMILIES)
def engines_in_turn(f):
    seen = []
    for _ in NUMBERS:
        u = (f.U1, flow.port())
        with Capture(lab) as capture:
            page, addr = names.browse(u1, dns, f, NAME, "--local-port",
                                      str(u[1]))
            rows = share.of(capture.stop(0.05), u)
        number = {f.vip(n): n for n in NUMBERS}[addr]
        segment = engines.uplink(number)
        expect("page", page, f"web{number - 9} {u[0]} {addr}")
        check_walk(rows, *engines.walk(f, number, 1, u, (addr, 80)))
        told.check(engines.pe[segment], rows, "tcp", u, (addr, 80),
                   iif=f"i{segment}")
        seen.append(number)
    expect("a round", sorted(seen), list(NUMBERS))


def setup():
    global dns

    running = engines.start()
    dns = names.Dns(dns_node, lab.tmp, FAMILIES[0].host(0, 9), {
        NAME: [f.vip(n) for f in FAMILIES for n in NUMBERS]})
    suite.defer(dns.close)
    share.ready(running)
    dns.ready(NAME, names.A, len(NUMBERS))


suite.run(setup)
