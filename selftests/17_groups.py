#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""17: groups of users, a service address and a server for each group.

    u1 --+-- i0 [eng] i1 --- fw outside
    u2 --+            i2 --- fw inside
    u3 --+            i3 --+-- web1  W1, the first group's
    dns -+                 +-- web2  W2
                           +-- web3  W3

The servers are alike. The groups know the service by different names, which
DNS resolves; the addresses are all the engine's.
"""
from itertools import product

from lib import engine, flow, names, share, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

GROUPS = (1, 2, 3)

suite = Suite(__doc__)
lab = Lab(suite)
clients = {n: lab.client(f"u{n}", 0, n) for n in GROUPS}
dns_node = lab.tap("dns", 0, 9)
lab.router("fw", 1, 2)
webs = share.webs(lab, 3, GROUPS)
pe = engine.Engine(lab)
dns = None

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
""" + share.devices(3, GROUPS) + \
    share.services({9 + n: n for n in GROUPS}, "fw, ")


@suite.case(*product(GROUPS, FAMILIES))
def server_of_the_group(n, f):
    u, w = (f.host(0, n), flow.port()), (f.vip(9 + n), 80)
    with Capture(lab) as capture:
        page, addr = names.browse(clients[n], dns, f, f"group{n}.example",
                                  "--local-port", str(u[1]))
        rows = share.of(capture.stop(), u)
    expect("page", (page, addr), (f"web{n} {u[0]} {w[0]}", w[0]))
    check_walk(rows,
               [got(0, n, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                put(3, n, u, w, 61)],
               [got(3, n, w, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
                put(0, n, w, u, 61)])
    told.check(pe, rows, "tcp", u, w)


def setup():
    global dns

    pe.start(CONF)
    running = share.serve(lab, webs)
    dns = names.Dns(dns_node, lab.tmp, FAMILIES[0].host(0, 9), {
        f"group{n}.example": [f.vip(9 + n) for f in FAMILIES]
        for n in GROUPS})
    suite.defer(dns.close)
    share.ready(running)
    dns.ready("group3.example", names.A, 1)


suite.run(setup)
