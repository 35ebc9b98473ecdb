#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Two engines in two namespaces with the same addresses never meet.

    u1 --- i0 [eng] i1 --- web        and once more the same
"""
from itertools import product

from lib import engine, flow, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put, show

suite = Suite(__doc__)
labs, pes, clients, webs = [], [], [], []
for number in range(2):
    lab = Lab(suite)
    labs.append(lab)
    clients.append(lab.client("u1"))
    webs.append(lab.server("web", 1))
    pes.append(engine.Engine(lab))

# The same names and keys, another last leg.
PORTS = (8080, 9090)


def conf(number):
    return f"device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}\n" \
        + "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
                  f"sequence web port {PORTS[number]}; }}\n"
                  for f, p in product(FAMILIES, ("tcp", "udp")))


def setup():
    engine.load()
    suite.defer(engine.unload)
    for lab in labs:
        lab.up()
    for number, pe in enumerate(pes):
        pe.apply(conf(number))


def exchange(number, f, proto, port=None):
    u, w, s = (f.U1, port or flow.port()), (f.W1, 80), (f.W1, PORTS[number])
    flow.talk(proto, f, clients[number], *u, w, webs[number], s)
    return ([got(0, 1, u, w, 64), put(1, 1, u, s, 63)],
            [got(1, 1, s, u, 64), put(0, 1, w, u, 63)])


@suite.case(*product((0, 1), FAMILIES, ("tcp", "udp")))
def only_its_own(number, f, proto):
    mine, other = number, 1 - number
    before = pes[other].json("-s", "service", "show")
    with Capture(labs[mine]) as capture, Capture(labs[other]) as beyond:
        ways = exchange(mine, f, proto)
        check_walk(capture.stop(), *ways)
        expect("in the other namespace", show(beyond.stop()), "(nothing)")
    expect("counters of the other namespace",
           pes[other].json("-s", "service", "show"), before)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def both_at_once(f, proto):
    """The same addresses and ports on both sides, one after the other."""
    port = flow.port()
    for number in (0, 1):
        with Capture(labs[number]) as capture:
            ways = exchange(number, f, proto, port)
            check_walk(capture.stop(), *ways)


@suite.case()
def drops_are_counted_where_they_happen():
    f = FAMILIES[0]
    before = [pe.drops() for pe in pes]
    with packet.Sender(clients[0], 0, 1) as sender:
        sender.send(packet.udp((f.W1, 80), (f.host(0, 2), 7000)))
    pes[0].check_drops(before[0], wrong_place=1)
    pes[1].check_drops(before[1])


@suite.case()
def changes_stay_where_they_are_made():
    before = pes[1].pectl("show"), pes[1].generation()
    pes[0].pectl("service", "del", f"udp{FAMILIES[0].name}")
    pes[0].pectl("flush")
    expect("shown here", pes[0].json("service", "show")["services"], [])
    expect("in the other namespace",
           (pes[1].pectl("show"), pes[1].generation()), before)
    for f in FAMILIES:
        exchange(1, f, "udp")


suite.run(setup)
