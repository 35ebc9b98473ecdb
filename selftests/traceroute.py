#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""traceroute through a service, from either end.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i4 --- br outside
                    i5 --- br inside
                    i3 --- rs --- web

Every hand-over costs a hop: the engine answers with an address of its own,
routers and the other end for themselves, and nobody learns what nat hides.
"""
import re
from itertools import product

from lib import engine
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
lab.bridge("br", 4, 5)
rs = lab.gateway("rs", 3, 1, behind=10)
web = lab.server("web", 10)
for family in FAMILIES:
    rs.batch.append(f"route add {family.vips} via {family.host(10, 1)}")
    web.batch.append(f"addr add {family.W1}/{family.bits} dev lo")
pe = engine.Engine(lab)

MODES = ("loopback", "nat")
HOW = {"udp": ["-U", "-p", "80"], "icmp": ["-I"], "tcp": ["-T", "-p", "80"]}

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device loopback {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(10, 1)} mode nat; }}
""" + "".join(f"""
service {mode}-udp{f.name} {{ vip {vip} udp port 80; sequence fw, br, {server}; }}
service {mode}-tcp{f.name} {{ vip {vip} tcp port 80; sequence fw, br, {server}; }}
service {mode}-icmp{f.name} {{ vip {vip} {"icmpv6" if f.v6 else "icmp"}; \
sequence fw, br, {server}; }}
""" for mode, vip, server in (("loopback", f.W1, "loopback"),
                              ("nat", f.W2, f"nat{f.name}")))
    for f in FAMILIES)


def trace(f, node, to, *how):
    """The address that answers for each hop."""
    out = node.run(["traceroute", f"-{f.name}", "-n", "-q", "1", "-w", "5",
                    "-m", "10", *how, to])
    return re.findall(r"^ *\d+  (\S+)", out, re.M)


def engines(f):
    """Its addresses, any of which may answer."""
    return {f.host(segment, ENGINE) for segment in (0, 1, 2, 3)}


def named(f, hops):
    return ["eng" if hop in engines(f) else hop for hop in hops]


@suite.case(*product(MODES, FAMILIES, HOW))
def from_the_client(mode, f, how):
    w = f.W2 if mode == "nat" else f.W1
    expect("hops", named(f, trace(f, u1, w, *HOW[how])),
           ["eng", f.host(1, 1), "eng", "eng", f.host(3, 1), w])


@suite.case(*product(FAMILIES, ("udp", "icmp")))
def from_the_server(f, how):
    """Of the service's address, to a client."""
    probe = ["-I"] if how == "icmp" else ["-U", "-p", "5099", "--sport=80"]
    expect("hops", named(f, trace(f, web, f.U1, "-s", f.W1, *probe)),
           [f.host(10, ENGINE), "eng", "eng", f.host(2, 1), "eng", f.U1])


@suite.case(*product(FAMILIES, ("udp", "icmp")))
def from_a_server_in_mode_nat(f, how):
    """Of its own address, which is told of by none of them."""
    probe = ["-I"] if how == "icmp" else ["-U", "-p", "5099", "--sport=80"]
    expect("hops", named(f, trace(f, web, f.U1, *probe)),
           [f.host(10, ENGINE), "eng", "eng", f.host(2, 1), "eng", f.U1])


@suite.case(*FAMILIES)
def each_is_counted(f):
    """What ran out at the engine, by its reason, and nothing else."""
    before = pe.drops()
    trace(f, u1, f.W1, "-U", "-p", "80", "-N", "1")
    pe.check_drops(before, ttl=3)


suite.run(lambda: pe.start(CONF))
