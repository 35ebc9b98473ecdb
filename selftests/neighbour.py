#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Next hops by address: resolved when needed, followed when they change.

    u1 --- i0 [eng] i1 --- fw outside   via its addresses
                    i2 --- fw inside
                    i3 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, F6, mac
from lib.ktap import Fail, Suite, expect, poll
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

NEW = {1: 0x21, 2: 0x22, 3: 0x23}       # hosts' numbers after the change

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
web = lab.server("web", 3)
for node in (fw, web):
    node.sysctls.update({"ipv4/conf/default/arp_notify": 1,
                         "ipv6/conf/default/ndisc_notify": 1})
pe = engine.Engine(lab)

CONF = "".join(f"""
device fw{f.name} {{ inline outside dev i1 via {f.host(1, 1)} \
inside dev i2 via {f.host(2, 1)}; }}
device web{f.name} {{ server dev i3 via {f.host(3, 1)} mode loopback; }}
""" for f in FAMILIES) + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
    f"sequence fw{f.name}, web{f.name}; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp"))) + f"""
service other {{ vip {F6.W2} udp port 80; sequence fw4, web4; }}
device nobody {{ server dev i3 via {FAMILIES[0].host(3, 13)} mode loopback; }}
service lost {{ vip {FAMILIES[0].W2} udp port 80; sequence nobody; }}
""" + "".join(f"""
device via{f.name} {{ server dev i3 via {f.host(3, 11)} mode loopback; }}
device nat{f.name} {{ server address {f.host(3, 12)} mode nat; }}
service via{f.name} {{ vip {f.vip(21)} udp port 80; sequence via{f.name}; }}
service nat{f.name} {{ vip {f.vip(22)} udp port 80; sequence nat{f.name}; }}
""" for f in FAMILIES)


def ways(u, w, out=1, inn=1, srv=1):
    """Numbers that the MACs of the firewall's sides and the server end in."""
    return ([got(0, 1, u, w, 64), put(1, out, u, w, 63),
             got(2, inn, u, w, 62), put(3, srv, u, w, 61)],
            [got(3, srv, w, u, 64), put(2, inn, w, u, 63),
             got(1, out, w, u, 62), put(0, 1, w, u, 61)])


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def resolved_when_needed(f, proto):
    """The first packet of all finds the engine's neighbour table empty."""
    lab.eng.ip(*(f"neigh flush dev i{n}" for n in (1, 2, 3)))
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(), *ways(u, w))


@suite.case()
def address_of_the_other_family():
    """IPv6 through a device that is known by its IPv4 address."""
    u, w = (F6.U1, flow.port()), (F6.W2, 80)
    with Capture(lab) as capture:
        flow.udp(F6, u1, *u, w, web, w)
        check_walk(capture.stop(), *ways(u, w))


def try_udp(f):
    try:
        flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80))
    except Fail:
        return False
    return True


@suite.case(*product(FAMILIES, ("new", "old")))
def traffic_follows(f, which):
    """All three change their MAC and say so; both directions follow."""
    number = NEW if which == "new" else {n: 1 for n in NEW}
    for node, dev, segment in ((fw, "out0", 1), (fw, "in0", 2),
                               (web, "eth0", 3)):
        node.ip(f"link set {dev} address {mac(segment, number[segment])}")
    flow.TIMEOUT = 0.5
    try:
        poll("answer after the change", lambda: try_udp(f), 10)
    finally:
        flow.TIMEOUT = 5
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, w)
        check_walk(capture.stop(), *ways(u, w, *number.values()))


@suite.case(*FAMILIES)
def shown_as_resolved(f):
    """pectl says what the address is now."""
    shown = pe.device(f"fw{f.name}")
    expect("resolved outside", shown["outside"]["resolved"], mac(1, 1))
    expect("resolved inside", shown["inside"]["resolved"], mac(2, 1))


@suite.case()
def nobody_there():
    """Nothing is sent anywhere, and it does not hurt others."""
    f = FAMILIES[0]
    u, w = (f.U1, flow.port()), (f.W2, 80)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        for _ in range(5):
            sock.sendto(b"lost", w)
        rows = [r for r in capture.stop() if r.proto == 17]
        check_walk(rows, [got(0, 1, u, w, 64)], count=5)
    if not try_udp(f):
        raise Fail("another service suffers")


@suite.case(*product(FAMILIES, (("via", 21, 11), ("nat", 22, 12))))
def what_waits_for_nobody_is_counted(f, where):
    """The kernel keeps some packets for a neighbour that it asks for. What it has
    no room for is dropped with a reason, and so is all that is for a port of which
    it is known that it was asked for in vain."""
    kind, vip, host = where
    lab.eng.run(["ip", "neigh", "flush", "dev", "i3"])
    before = pe.drops()
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
        def send(count):
            for _ in range(count):
                sock.sendto(bytes(100), (f.vip(vip), 80))

        send(1000)
        poll("what there was no room for",
             lambda: pe.drops().get("no-neighbour", 0) >
             before.get("no-neighbour", 0))
        if kind == "nat":
            return
        poll("failure", lambda: "FAILED" in lab.eng.run(
            ["ip", "neigh", "show", f.host(3, host), "dev", "i3"]), 10)

        def all_of_it():
            before = pe.drops()["no-neighbour"]
            send(10)
            return pe.drops()["no-neighbour"] == before + 10

        poll("drops of all that is sent", all_of_it, step=0.2)


suite.run(lambda: pe.start(CONF))
