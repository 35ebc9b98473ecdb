#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17I: two engines in parallel on common servers.

    u1 --- i0 [manager] --- i1 [eng]  i2 --+-- web1  W1 and W7
                      |                    +-- web2  W2 and W8
                      |                    +-- web3  W3 and W9
                      +---- i3 [eng2] i4 --+ (the same three)

The first engine has services W1 to W3, the second W7 to W9, alike. The
manager (haproxy) makes connections to W1, W2 and W3, and when those do not
answer because their engine has failed, to W7, W8 and W9.
"""
from lib import balancer, engine, flow, share, told
from lib.addr import ENGINE, FAMILIES
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

SERVERS = (1, 2, 3)
FIRST, SECOND = (10, 11, 12), (17, 18, 19)
UPLINK = {**dict.fromkeys(FIRST, 1), **dict.fromkeys(SECOND, 3)}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
eng2 = lab.router_of("eng2", 3, 4)
webs = share.webs(lab, 2, SERVERS)
for number, node in webs.items():       # a second interface for the second
    lab.attach(node, 4, number, "eth1")
    for family in FAMILIES:
        node.batch.append(f"route add default via {family.host(4, ENGINE)} "
                          "table 7")
manager = share.upstream(lab, "manager", [1, 3])
share.via(manager, 1, FIRST)
share.via(manager, 3, SECOND)
pe = {1: engine.Engine(lab)}
pe[3] = engine.Engine(lab, eng2, pe[1].zygote)
haproxy = None

HAPROXY = "".join(f"""
listen shop{f.name}
    bind {f.host(0, ENGINE)}:80
    option allbackups
""" + "".join(f"    server w{n} {f.vip(n)}:80 check"
              f"{' backup' if n in SECOND else ''}\n" for n in UPLINK)
                  for f in FAMILIES)


def page(f):
    """Number of the service that a page came by, and its way."""
    with Capture(lab) as capture:
        text = share.fetch(f, u1, f.host(0, ENGINE), flow.port())
        rows = capture.stop(0.05)
    server, client, vip = text.split()
    number = {f.vip(n): n for n in UPLINK}[vip]
    segment, w = UPLINK[number], (vip, 80)
    host = (*FIRST, *SECOND).index(number) % 3 + 1
    expect("page", (server, client), (f"web{host}", f.host(segment, 1)))
    c = share.asked(rows, f"i{segment}", w)[0]
    rows = share.of(rows, c, w)
    check_walk(rows, [got(segment, 1, c, w, 64),
                      put(segment + 1, host, c, w, 63)],
               [got(segment + 1, host, w, c, 64), put(segment, 1, w, c, 63)])
    told.check(pe[segment], rows, "tcp", c, w, iif=f"i{segment}")
    return number


def pages(f):
    return sorted(page(f) for _ in SERVERS)


@suite.case(*FAMILIES)
def first_engine(f):
    expect("services", pages(f), list(FIRST))


DEAD = """table netdev dead {
    chain ingress {
        type filter hook ingress device i1 priority 0; policy drop;
    }
}
"""


@suite.case()
def first_engine_fails():
    """Its servers are reached by the second, until it is back."""
    lab.eng.run(["nft", "-f", "-"], stdin=DEAD)
    for n in FIRST:
        haproxy.wait(f"w{n}", "DOWN")
    for f in FAMILIES:
        expect("services", pages(f), list(SECOND))
    lab.eng.run(["nft", "delete", "table", "netdev", "dead"])
    for n in FIRST:
        haproxy.wait(f"w{n}", "UP")
    for f in FAMILIES:
        require(page(f) in FIRST, "not by the first engine again")


def setup():
    global haproxy

    numbers = dict(zip(FIRST, SERVERS))
    pe[1].start(share.devices(2, SERVERS) + share.services(numbers))
    numbers = dict(zip(SECOND, SERVERS))
    pe[3].apply(share.devices(4, SERVERS) + share.services(numbers))
    for web in webs.values():
        for f in FAMILIES:
            share.rule(f, web, f"{f.vip(16)}/{f.bits - 3}", 7)
    share.ready(share.serve(lab, webs))
    haproxy = balancer.Haproxy(manager, lab.tmp, HAPROXY)
    suite.defer(haproxy.close)
    for n in UPLINK:
        haproxy.wait(f"w{n}", "UP")


suite.run(setup)
