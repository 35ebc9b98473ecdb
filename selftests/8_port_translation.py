#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""8: the client uses port 20, the server listens on 2020.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids

Only the last leg carries 2020; detector and firewall see 20 both ways.
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)


def conf(mode):
    text = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
"""
    for f in FAMILIES:
        where = f"address {f.host(3, 1)}" if mode == "nat" else \
            f"dev i3 lladdr {mac(3, 1)}"
        text += f"device web{f.name} {{ server {where} mode {mode}; }}\n"
        for p in ("tcp", "udp"):
            text += f"service {p}{f.name} {{ vip {f.W1} {p} port 20; " \
                f"sequence ids, fw, web{f.name} port 2020; }}\n"
    return text


@suite.case(*product(OFFLOADS, ("loopback", "nat"), FAMILIES,
                     ("tcp", "udp")))
def steered(how, mode, f, proto):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w = (f.U1, flow.port()), (f.W1, 20)
    s = (f.host(3, 1) if mode == "nat" else f.W1, 2020)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, s)
        rows = capture.stop()
    check_walk(rows,
               [got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
                put(1, 1, u, w, 63), got(2, 1, u, w, 62), put(3, 1, u, s, 61)],
               [got(3, 1, s, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
                put(4, 1, w, u, 61, copy=True), put(0, 1, w, u, 61)],
               csum=lab.csum)
    told.check(pe, rows, proto, u, w)


suite.run(lambda: pe.start(conf("loopback")))
