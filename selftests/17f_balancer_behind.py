#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17F: a balancer is the last device of the sequence, servers are behind it.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- balancer (loopback) i4 --+-- web1
                                                    +-- web2
                                                    +-- web3
    W1  haproxy: connections of its own to the servers
    W2  IPVS: what comes is translated, clients are seen by the servers

To the engine the balancer is a server like any other.
"""
from itertools import product

from lib import balancer, engine, flow, share, told
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

NUMBERS = (1, 2, 3)
BALANCERS = {"haproxy": 10, "IPVS": 11}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
lb = lab.server("lb", 3)
lab.forwards(lb)
lab.owners[4] = lb
webs = share.webs(lab, 4, NUMBERS)
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device balancer {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"service w{f.name}-{n} {{ vip {f.vip(n)} tcp port 80; "
    f"sequence fw, balancer; }}\n"
    for f, n in product(FAMILIES, BALANCERS.values()))

HAPROXY = "".join(f"""
listen web{f.name}
    bind {"[::]" if f.v6 else "0.0.0.0"}:80{" v6only" if f.v6 else ""}
""" + "".join(f"    server web{n} {f.host(4, n)}:80 check\n" for n in NUMBERS)
                  for f in FAMILIES)
running = {}
haproxy = None


def page(f, number):
    """(server, the client it saw), with the way through the engine."""
    u, w = (f.U1, flow.port()), (f.vip(number), 80)
    with Capture(lab, segments=[0, 1, 2, 3]) as capture:
        text = share.fetch(f, u1, w[0], u[1])
        rows = share.of(capture.stop(0.05), u)
    check_walk(rows,
               [got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                put(3, 1, u, w, 61)],
               [got(3, 1, w, u, 64 if number == 10 else 63),
                put(2, 1, w, u, 63 if number == 10 else 62),
                got(1, 1, w, u, 62 if number == 10 else 61),
                put(0, 1, w, u, 61 if number == 10 else 60)])
    told.check(pe, rows, "tcp", u, w)
    return text.split()[:2]


@suite.case(*product(BALANCERS, FAMILIES))
def shared(how, f):
    pages = [page(f, BALANCERS[how]) for _ in NUMBERS]
    expect("servers", sorted(server for server, _ in pages),
           [f"web{n}" for n in NUMBERS])
    expect("the servers' client", {client for _, client in pages},
           {f.host(4, ENGINE) if how == "haproxy" else f.U1})


@suite.case()
def server_fails():
    """The balancer notices; the engine has nothing to do with it."""
    running[2].close()
    haproxy.wait("web2", "DOWN")
    for f in FAMILIES:
        pages = [page(f, BALANCERS["haproxy"]) for _ in range(2)]
        expect("servers", sorted(server for server, _ in pages),
               ["web1", "web3"])


def setup():
    global haproxy

    pe.start(CONF)
    running.update(share.serve(lab, webs))
    balancer.ipvs(lb, {(f.W2, 80): [(f.host(4, n), 80) for n in NUMBERS]
                       for f in FAMILIES})
    share.ready(running)
    haproxy = balancer.Haproxy(lb, lab.tmp, HAPROXY)
    suite.defer(haproxy.close)
    for n in NUMBERS:
        haproxy.wait(f"web{n}", "UP")


suite.run(setup)
