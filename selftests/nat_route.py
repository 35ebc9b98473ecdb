#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A server in mode nat is where the kernel's route to its address says, from
the next packet on when that changes, and by the kernel's own forwarding where
the address alone does not tell.

    u1 --- i0 [eng] i1 --- web (S on lo)
                    i2 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

SEGMENT = 9     # of S, which is on no wire
RULES = """
table inet seen {
    counter forwarded { }
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname i0 meta l4proto { tcp, udp } counter name forwarded
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1, mode="nat")
lab.attach(web, 2, 1, "eth1")
web.batch += [f"addr add {f.host(SEGMENT, 1)}/{f.bits} dev lo"
              for f in FAMILIES]
lab.eng.nft = RULES
lab.eng.batch += [f"route add {f.host(SEGMENT, 1)} via {f.host(1, 1)}"
                  for f in FAMILIES]
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{f.name} {{ server address {f.host(SEGMENT, 1)} mode nat; }}\n"
    f"device own{f.name} {{ server address {f.host(1, 14)} mode nat; }}\n" +
    "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
            f"sequence web{f.name}; }}\n" for p in ("tcp", "udp")) +
    f"service own{f.name} {{ vip {f.W2} udp port 80; "
    f"sequence own{f.name}; }}\n"
    for f in FAMILIES)


def forwarded():
    words = lab.eng.run(["nft", "list", "counter", "inet", "seen",
                         "forwarded"]).split()
    return int(words[words.index("packets") + 1])


def talk(f, proto, link):
    """By this link there, and by the first, which is the server's default,
    back. Gives back whether the kernel forwarded it there."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    s = (f.host(SEGMENT, 1), 80)
    before = forwarded()
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, s)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64), put(link, 1, u, s, 63)],
                   [got(1, 1, s, u, 64), put(0, 1, w, u, 63)])
    return forwarded() > before


def route(f, verb, *hops):
    via = " ".join(f"nexthop via {f.host(h, 1)}" for h in hops) \
        if len(hops) > 1 else " ".join(f"via {f.host(h, 1)}" for h in hops)
    lab.eng.ip(f"route {verb} {f.host(SEGMENT, 1)} {via}")


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def changes(f, proto):
    expect("forwarded by the kernel", talk(f, proto, 1), False)
    route(f, "replace", 2)
    expect("forwarded by the kernel", talk(f, proto, 2), False)
    route(f, "replace", 1)
    expect("forwarded by the kernel", talk(f, proto, 1), False)


@suite.case(*FAMILIES)
def several_next_hops(f):
    """Which one, the kernel decides."""
    route(f, "del")
    route(f, "add", 1, 2)
    before = forwarded()
    flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web,
             (f.host(SEGMENT, 1), 80))
    expect("forwarded by the kernel", forwarded() - before, 1)
    lab.eng.ip(f"route del {f.host(SEGMENT, 1)}")
    route(f, "add", 1)
    talk(f, "udp", 1)


@suite.case(*FAMILIES)
def the_engine_itself(f):
    """What is there gets the packets; what it answers passes no hook."""
    s = (f.host(1, 14), 80)
    with flow.bound(lab.eng, f, flow.DGRAM, *s) as sock, \
            flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as c:
        c.sendto(b"for the engine", (f.W2, 80))
        expect("data", flow.take("datagram", sock.recv, 100),
               b"for the engine")


@suite.case(*FAMILIES)
def no_route(f):
    """The kernel says so; the way is found again when there is one."""
    lab.eng.ip(f"route add unreachable {f.host(SEGMENT, 1)} metric 1",
               f"route del {f.host(SEGMENT, 1)} via {f.host(1, 1)}")
    with flow.bound(web, f, flow.DGRAM, f.host(SEGMENT, 1), 80) as s, \
            flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as c:
        c.sendto(b"is there a way?", (f.W1, 80))
        flow.nothing(s, "datagram without a route")
    lab.eng.ip(f"route del unreachable {f.host(SEGMENT, 1)} metric 1")
    route(f, "add", 1)
    talk(f, "udp", 1)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def rules(f, proto):
    """Where rules were once, the kernel never trusts in the address alone."""
    family = "-6" if f.v6 else "-4"
    rule = ["from", f.U1, "lookup", "77", "pref", "100"]
    lab.eng.ip(f"route add {f.host(SEGMENT, 1)} via {f.host(2, 1)} table 77")
    lab.eng.run(["ip", family, "rule", "add", *rule])
    expect("forwarded by the kernel", talk(f, proto, 2), True)
    lab.eng.run(["ip", family, "rule", "del", *rule])
    lab.eng.ip(f"route del {f.host(SEGMENT, 1)} via {f.host(2, 1)} table 77")
    expect("forwarded by the kernel", talk(f, proto, 1), True)


suite.run(lambda: pe.start(CONF))
