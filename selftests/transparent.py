#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A firewall that is a bridge: it has no address and keeps the MACs.

    u1 --- i0 [eng] i5 --- fw outside
                    i6 --- fw inside
                    i3 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, Hop, check_walk, got, put

RULES = """
table bridge fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        tcp dport 80 accept
        tcp sport 80 accept
        udp dport 80 accept
        udp sport 80 accept
    }
}
"""
OUT, IN = mac(5, ENGINE), mac(6, ENGINE)

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.bridge("fw", 5, 6, nft=RULES)
web = lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline transparent outside dev i5 inside dev i6; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"service {p}{f.name}-{port} {{ vip {f.W1} {p} port {port}; "
    f"sequence fw, web; }}\n"
    for f, p, port in product(FAMILIES, ("tcp", "udp"), (80, 81)))


def leg(link, way, src_mac, dst_mac, src, dst, ttl):
    return Hop(link, way, src_mac, dst_mac, src, dst, ttl, False, None)


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64),
                    leg("i5", "out", OUT, IN, u, w, 63),
                    leg("i6", "in", OUT, IN, u, w, 63),
                    put(3, 1, u, w, 62)],
                   [got(3, 1, w, u, 64),
                    leg("i6", "out", IN, OUT, w, u, 63),
                    leg("i5", "in", IN, OUT, w, u, 63),
                    put(0, 1, w, u, 62)],
                   csum=lab.csum)


@suite.case(*FAMILIES)
def firewall_denies(f):
    u, w = (f.U1, flow.port()), (f.W1, 81)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"let me in", w)
        check_walk(capture.stop(), [got(0, 1, u, w, 64),
                                    leg("i5", "out", OUT, IN, u, w, 63)],
                   count=1)


suite.run(lambda: pe.start(CONF))
