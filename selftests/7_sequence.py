#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""7 (without its VPN): intrusion detectors, a firewall of nftables, a server.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- nginx (loopback)
                    i4 --+-- ids1, sees what the firewall has not seen yet
                         +-- ids2, sees what the firewall let pass
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.nginx import Nginx
from lib.wire import Capture, check_walk, got, put

RULES = """
table inet fw {
    counter denied { }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        tcp dport 80 ct state new accept
        udp dport 80 accept
        counter name denied drop
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2, nft=RULES)
web = lab.server("web", 3)
lab.tap("ids1", 4, 1)
lab.tap("ids2", 4, 2)
pe = engine.Engine(lab)

CONF = f"""
device ids1 {{ tap dev i4 lladdr {mac(4, 1)}; }}
device ids2 {{ tap dev i4 lladdr {mac(4, 2)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence ids1, fw, ids2, web; }}
service {p}{f.name}-denied {{ vip {f.W1} {p} port 81; sequence ids1, fw, web; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


def forward(u, w):
    return [got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
            put(1, 1, u, w, 63), got(2, 1, u, w, 62),
            put(4, 2, u, w, 61, copy=True), put(3, 1, u, w, 61)]


def reverse(u, w):
    return [got(3, 1, w, u, 64), put(4, 2, w, u, 63, copy=True),
            put(2, 1, w, u, 63), got(1, 1, w, u, 62),
            put(4, 1, w, u, 61, copy=True), put(0, 1, w, u, 61)]


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        peer = flow.talk(proto, f, u1, *u, w, web, w)
        rows = capture.stop()
    check_walk(rows, forward(u, w), reverse(u, w), csum=lab.csum)
    told.check(pe, rows, proto, u, w)
    expect("the server's client", peer, u)


@suite.case(*FAMILIES)
def firewall_denies(f):
    """What the firewall drops goes no further; the detector saw it."""
    u, w = (f.U1, flow.port()), (f.W1, 81)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"let me in", w)
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
                    put(1, 1, u, w, 63)], count=1)


@suite.case()
def firewall_counted_what_it_denied():
    out = fw.run(["nft", "list", "counter", "inet", "fw", "denied"])
    expect("packets denied", f"packets {len(FAMILIES)} " in out, True)


@suite.case(*FAMILIES)
def page_from_nginx(f):
    host = f"[{f.W1}]" if f.v6 else f.W1
    with Nginx(web, lab.tmp, 80, "$remote_addr to $server_addr"):
        u, w = (f.U1, flow.port()), (f.W1, 80)
        with Capture(lab) as capture:
            page = u1.run(["curl", "-s", "--max-time", "5", "--local-port",
                           str(u[1]), f"http://{host}/"])
            rows = capture.stop()
    check_walk(rows, forward(u, w), reverse(u, w))
    told.check(pe, rows, "tcp", u, w)
    expect("page", page, f"{f.U1} to {f.W1}\n")


suite.run(lambda: pe.start(CONF))
