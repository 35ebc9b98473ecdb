#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17J: two engines in parallel, each with a set of servers of its own.

    u1 --- i0 [manager] --- i1 [eng]  i2 --+-- web1  W1
                      |                    +-- web2  W2
                      |                    +-- web3  W3
                      +---- i3 [eng2] i4 --+-- web4  W1
                                           +-- web5  W2
                                           +-- web6  W3

Both engines have the same service addresses. The manager (haproxy, a port
for each of them) reaches them by the first engine, and those that do not
answer there by the second.
"""
from lib import balancer, engine, flow, share, told
from lib.addr import ENGINE, FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

NUMBERS = (10, 11, 12)
SETS = {1: (1, 2, 3), 3: (4, 5, 6)}     # uplink: servers

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
eng2 = lab.router_of("eng2", 3, 4)
sets = {uplink: share.webs(lab, uplink + 1, SETS[uplink]) for uplink in SETS}
manager = share.upstream(lab, "manager", SETS)
share.via(manager, 1, NUMBERS)
share.via(manager, 3, NUMBERS, " table 7")
pe = {1: engine.Engine(lab)}
pe[3] = engine.Engine(lab, eng2, pe[1].zygote)
running = {}
haproxy = None


def conf(uplink, numbers=NUMBERS):
    servers = dict(zip(NUMBERS, SETS[uplink]))
    return share.devices(uplink + 1, SETS[uplink]) + \
        share.services({n: servers[n] for n in numbers})


def source(f, uplink):
    return f"[{f.host(uplink, 1)}]" if f.v6 else f.host(uplink, 1)


HAPROXY = "".join(f"""
listen w{n}-{f.name}
    bind {f.host(0, ENGINE)}:{n + 70}
    server first{n} {f.vip(n)}:80 source {source(f, 1)} check
    server second{n} {f.vip(n)}:80 source {source(f, 3)} check backup
""" for f in FAMILIES for n in NUMBERS)


def check_page(f, number, uplink):
    """A page comes from this engine's set of servers."""
    w = (f.vip(number), 80)
    host = SETS[uplink][NUMBERS.index(number)]
    with Capture(lab) as capture:
        text = share.fetch(f, u1, f.host(0, ENGINE), flow.port(), number + 70)
        rows = capture.stop(0.05)
    expect("page", text, f"web{host} {f.host(uplink, 1)} {w[0]}")
    c = share.asked(rows, f"i{uplink}", w)[0]
    rows = share.of(rows, c, w)
    check_walk(rows,
               [got(uplink, 1, c, w, 64), put(uplink + 1, host, c, w, 63)],
               [got(uplink + 1, host, w, c, 64), put(uplink, 1, w, c, 63)])
    told.check(pe[uplink], rows, "tcp", c, w, iif=f"i{uplink}")


@suite.case(*FAMILIES)
def first_set(f):
    for n in NUMBERS:
        check_page(f, n, 1)


@suite.case()
def one_server_fails():
    """Its service goes to the other engine, the rest stays."""
    running[2].close()
    haproxy.wait("first11", "DOWN")
    for f in FAMILIES:
        for n in NUMBERS:
            check_page(f, n, 3 if n == 11 else 1)


@suite.case()
def an_engine_has_no_services():
    pe[1].apply(conf(1, []))
    for n in NUMBERS:
        haproxy.wait(f"first{n}", "DOWN")
    for f in FAMILIES:
        for n in NUMBERS:
            check_page(f, n, 3)
    pe[1].apply(conf(1))
    haproxy.wait("first10", "UP")
    for f in FAMILIES:
        check_page(f, 10, 1)


def setup():
    global haproxy

    pe[1].start(conf(1))
    pe[3].apply(conf(3))
    for f in FAMILIES:                  # who speaks as host 1 there means it
        share.rule(f, manager, f.host(3, 1), 7)
    for nodes in sets.values():
        running.update(share.serve(lab, nodes))
    share.ready(running)
    haproxy = balancer.Haproxy(manager, lab.tmp, HAPROXY)
    suite.defer(haproxy.close)
    for n in NUMBERS:
        haproxy.wait(f"first{n}", "UP")
        haproxy.wait(f"second{n}", "UP")


suite.run(setup)
