#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17G, 17H: a balancer in front of the engine, which picks service addresses.

    u1 --+-- i0 [lb] --- i1 [eng] i2 --- fw outside
    dns -+                        i3 --- fw inside
                                  i4 --+-- web1  W1
                                       +-- web2  W2
                                       +-- web3  W3

The service's name is the balancer's address. haproxy on its port 80 makes
connections of its own to W1, W2 or W3; IPVS on port 81 only translates. When
a service does not answer any more, haproxy goes on with the others.
"""
from itertools import product

from lib import balancer, engine, flow, names, share, told
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

NAME = "shop.example"
NUMBERS = {10: 1, 11: 2, 12: 3}         # service address: server
PORTS = {"haproxy": 80, "IPVS": 81}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
dns_node = lab.tap("dns", 0, 9)
lab.router("fw", 2, 3)
webs = share.webs(lab, 4, NUMBERS.values())
lb = share.upstream(lab, "lb", [1])
share.via(lb, 1, NUMBERS)
pe = engine.Engine(lab)
haproxy = dns = None


def conf(numbers):
    return f"""
device fw {{ inline outside dev i2 lladdr {mac(2, 1)} \
inside dev i3 lladdr {mac(3, 1)}; }}
""" + share.devices(4, NUMBERS.values()) + share.services(numbers, "fw, ")


HAPROXY = "".join(f"""
listen shop{f.name}
    bind {f.host(0, ENGINE)}:80
""" + "".join(f"    server w{n} {f.vip(n)}:80 check\n" for n in NUMBERS)
                  for f in FAMILIES)


def page(f, how):
    """Number of the service that a page came by, and its way."""
    sport = flow.port()
    with Capture(lab) as capture:
        text, addr = names.browse(u1, dns, f, f"{NAME}:{PORTS[how]}",
                                  "--local-port", str(sport))
        rows = capture.stop(0.05)
    server, client, vip = text.split()
    expect("the name's address", addr, f.host(0, ENGINE))
    number = {f.vip(n): n for n in NUMBERS}[vip]
    host = NUMBERS[number]
    w = (vip, 80)
    ends = share.asked(rows, "i1", w)
    expect("connections to the service", len(ends), 1)
    c = ends[0]
    expect("client", (server, client, c[0]),
           (f"web{host}", *[f.host(1, 1) if how == "haproxy" else f.U1] * 2))
    ttl = 64 if how == "haproxy" else 63
    rows = [r for r in share.of(rows, c, w) if r.link != "i0"]
    check_walk(rows,
               [got(1, 1, c, w, ttl), put(2, 1, c, w, ttl - 1),
                got(3, 1, c, w, ttl - 2), put(4, host, c, w, ttl - 3)],
               [got(4, host, w, c, 64), put(3, 1, w, c, 63),
                got(2, 1, w, c, 62), put(1, 1, w, c, 61)])
    told.check(pe, rows, "tcp", c, w, iif="i1")
    return number


@suite.case(*product(PORTS, FAMILIES))
def shared(how, f):
    expect("services", sorted(page(f, how) for _ in NUMBERS), list(NUMBERS))


@suite.case()
def service_fails():
    """And comes back."""
    pe.apply(conf({n: s for n, s in NUMBERS.items() if n != 11}))
    haproxy.wait("w11", "DOWN")
    for f in FAMILIES:
        expect("services", sorted(page(f, "haproxy") for _ in range(2)),
               [10, 12])
    pe.apply(conf(NUMBERS))
    haproxy.wait("w11", "UP")
    for f in FAMILIES:
        expect("services", sorted(page(f, "haproxy") for _ in NUMBERS),
               list(NUMBERS))


def setup():
    global haproxy, dns

    pe.start(conf(NUMBERS))
    running = share.serve(lab, webs)
    dns = names.Dns(dns_node, lab.tmp, FAMILIES[0].host(0, 9),
                    {NAME: [f.host(0, ENGINE) for f in FAMILIES]})
    suite.defer(dns.close)
    balancer.ipvs(lb, {(f.host(0, ENGINE), 81): [(f.vip(n), 80)
                                                 for n in NUMBERS]
                       for f in FAMILIES})
    share.ready(running)
    haproxy = balancer.Haproxy(lb, lab.tmp, HAPROXY)
    suite.defer(haproxy.close)
    for n in NUMBERS:
        haproxy.wait(f"w{n}", "UP")
    dns.ready(NAME, names.A, 1)


suite.run(setup)
