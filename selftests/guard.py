#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A guarded device's own address is unreachable except through services.

    u1 --- i0 [eng] i1 --+-- web   guarded
                         +-- open  not guarded
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1, 1, mode="nat")
lab.server("open", 1, 2, mode="nat")
pe = engine.Engine(lab)

CONF = "".join(f"""
device web{f.name} {{ server address {f.host(1, 1)} mode nat; guard; }}
device open{f.name} {{ server address {f.host(1, 2)} mode nat; }}
service one{f.name} {{ vip {f.W1} tcp port 80; sequence web{f.name}; }}
service two{f.name} {{ vip {f.W1} udp port 80; sequence web{f.name} port 8080; }}
service three{f.name} {{ vip {f.W1} udp port 90; sequence open{f.name}; }}
""" for f in FAMILIES)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def reachable_through_its_service(f, proto):
    s = (f.host(1, 1), 80 if proto == "tcp" else 8080)
    before = pe.drops()
    flow.talk(proto, f, u1, f.U1, flow.port(), (f.W1, 80), web, s)
    pe.check_drops(before)


@suite.case(*product(FAMILIES, (80, 8080, 22)))
def not_reachable_directly(f, port):
    u, s = (f.U1, flow.port()), (f.host(1, 1), port)
    before = pe.drops()
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"hello", s)
        check_walk(capture.stop(), [got(0, 1, u, s, 64)], count=1)
    pe.check_drops(before, guard=1)


@suite.case(*FAMILIES)
def not_even_by_ping(f):
    before = pe.drops()
    with Capture(lab) as capture, \
            flow.echo_socket(f, u1, f.U1) as sock:
        sock.sendto(flow.echo_request(f, 1, 1), (f.host(1, 1), 0))
        check_walk(capture.stop(),
                   [got(0, 1, (f.U1, 0), (f.host(1, 1), 0), 64)], count=1)
    pe.check_drops(before, guard=1)


@suite.case(*FAMILIES)
def the_engine_itself_may(f):
    flow.echo(f, lab.eng, f.host(1, 14), f.host(1, 1))


@suite.case(*FAMILIES)
def others_are_not_guarded(f):
    before = pe.drops()
    flow.echo(f, u1, f.U1, f.host(1, 2))
    u, s = (f.U1, flow.port()), (f.host(1, 2), 90)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"hello", s)
        rows = [r for r in capture.stop() if r.proto == 17]
        check_walk(rows, [got(0, 1, u, s, 64), put(1, 2, u, s, 63)], count=1)
    pe.check_drops(before)


@suite.case()
def shown_as_guarded():
    shown = pe.pectl("show")
    expect("devices with guard", shown.count("guard"), len(FAMILIES))


suite.run(lambda: pe.start(CONF))
