#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""22: W1 is cut over to another device in one commit, and back, under traffic.

    u1 --- i0 [eng] i1 --+-- fw1 outside
                         +-- fw2 outside
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --+-- web1
                         +-- web2

Nothing is lost but what is inside the old device, nothing arrives twice; a
change that nobody confirms is cut back by itself.
"""
import tempfile
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.echo import Echo, Loop
from lib.ktap import Suite, diag, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

ROUNDS = 3

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
webs = {n: lab.server(f"web{n}", 3, n) for n in (1, 2)}
pe = engine.Engine(lab)
STATE = ("--state", tempfile.mkdtemp(dir=lab.tmp))


def conf(number):
    """By one firewall to one server, or by the other to the other."""
    return "".join(
        f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
        f"inside dev i2 lladdr {mac(2, n)}; }}\n"
        f"device web{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}\n"
        for n in (1, 2)) + "".join(
            f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
            f"sequence fw{number}, web{number}; }}\n"
            for f, p in product(FAMILIES, ("tcp", "udp")))


def walk(u, w, n):
    return ([got(0, 1, u, w, 64), put(1, n, u, w, 63), got(2, n, u, w, 62),
             put(3, n, u, w, 61)],
            [got(3, n, w, u, 64), put(2, n, w, u, 63), got(1, n, w, u, 62),
             put(0, 1, w, u, 61)])


def check_wire(f, proto, n):
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, webs[n], w)
        rows = capture.stop()
    check_walk(rows, *walk(u, w, n))
    told.check(pe, rows, proto, u, w)


def in_force():
    steps = pe.json("service", "show", f"udp{FAMILIES[0].name}")["services"][0]
    return int(steps["sequence"][0]["device"][-1])


def cut_over(*more):
    pe.pectl("apply", "-f", pe.file(conf(2)), *STATE, *more)


def cut_back():
    pe.pectl("rollback", *STATE)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def there_and_back(f, proto):
    check_wire(f, proto, 1)
    cut_over()
    check_wire(f, proto, 2)
    cut_back()
    check_wire(f, proto, 1)


@suite.case()
def undone_unless_confirmed():
    for f in FAMILIES:
        cut_over("--confirm", "2s")
        expect("at first", in_force(), 2)
        poll("cutting back", lambda: in_force() == 1)
        check_wire(f, "udp", 1)
    cut_over("--confirm", "60s")
    pe.pectl("confirm", *STATE)
    check_wire(FAMILIES[0], "tcp", 2)
    cut_back()


@suite.case()
def under_traffic():
    """Every request is answered once, by the one server or the other, but for
    what was inside a firewall that left the sequence: that is counted."""
    flows = [Echo(f, u1, webs.values(), (f.W1, 80)) for f in FAMILIES]
    loop = Loop(flows)

    def run(count):
        """Until that many more are answered, or nothing comes any more."""
        until = sum(len(one.back) for one in flows) + count
        while sum(len(one.back) for one in flows) < until:
            for one in flows:
                if one.waits() < 32:
                    one.send()
            loop.turn()

    drops = pe.drops()
    for _ in range(ROUNDS):
        for change in (cut_over, cut_back):
            run(500)
            change()
    run(500)
    while loop.turn(300):
        pass
    lost = 0
    for one in flows:
        expect("answers once each", len(set(one.back)), len(one.back))
        expect("servers", set(one.by), {0, 1})
        lost += one.waits()
    diag(f"{lost} of {sum(one.sent for one in flows)} were inside")
    pe.check_drops(drops, **({"wrong_place": lost} if lost else {}))
    for one in flows:
        one.close()
    require(in_force() == 1, "not cut back")


suite.run(lambda: pe.start(conf(1)))
