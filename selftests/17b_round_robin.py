#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17B, 17C: one name, resolved to each of several service addresses in turn.

    u1 --+-- i0 [eng] i1 --+-- web1  W1
    u2 --+                 +-- web2  W2
    dns -+                 +-- web3  W3
                           +-- web4  W4, which comes later

dnsmasq gives the addresses in another order each time; who asks takes the
first one. A further server takes its share as soon as it has a service and the
name has its address.
"""
from lib import engine, flow, names, share, told
from lib.addr import FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

FIRST, ALL = (1, 2, 3), (1, 2, 3, 4)
NAME = "shop.example"

suite = Suite(__doc__)
lab = Lab(suite)
clients = {n: lab.client(f"u{n}", 0, n) for n in (1, 2)}
dns_node = lab.tap("dns", 0, 9)
webs = share.webs(lab, 1, ALL)
pe = engine.Engine(lab)
dns = None


def addresses(numbers):
    return {NAME: [f.vip(9 + n) for f in FAMILIES for n in numbers]}


def pages(f, numbers):
    """A round of pages and one more, by two clients; gives back which server
    each was from."""
    seen = []
    for turn in range(len(numbers) + 1):
        host = 1 + turn % 2
        u = (f.host(0, host), flow.port())
        with Capture(lab) as capture:
            page, addr = names.browse(clients[host], dns, f, NAME,
                                      "--local-port", str(u[1]))
            rows = share.of(capture.stop(0.05), u)
        n = int(page.split()[0].removeprefix("web"))
        w = (f.vip(9 + n), 80)
        expect("page", (page, addr), (f"web{n} {u[0]} {w[0]}", w[0]))
        check_walk(rows, [got(0, host, u, w, 64), put(1, n, u, w, 63)],
                   [got(1, n, w, u, 64), put(0, host, w, u, 63)])
        told.check(pe, rows, "tcp", u, w)
        seen.append(n)
    return seen


def check_turns(f, numbers):
    seen = pages(f, numbers)
    expect("a round", sorted(seen[:-1]), list(numbers))
    expect("where the next one begins", seen[-1], seen[0])


@suite.case(*FAMILIES)
def in_turn(f):
    check_turns(f, FIRST)


@suite.case()
def another_server_joins():
    pe.batch(share.devices(1, [4]) + share.services({13: 4}))
    dns.change(addresses(ALL))
    dns.ready(NAME, names.A, len(ALL))
    for f in FAMILIES:
        check_turns(f, ALL)


def setup():
    global dns

    pe.start(share.devices(1, FIRST) +
             share.services({9 + n: n for n in FIRST}))
    running = share.serve(lab, webs)
    dns = names.Dns(dns_node, lab.tmp, FAMILIES[0].host(0, 9),
                    addresses(FIRST))
    suite.defer(dns.close)
    share.ready(running)
    dns.ready(NAME, names.A, len(FIRST))


suite.run(setup)
