#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""16: the interface of arrival is part of the key.

    u1 --- i0 [eng] i1 --- fw outside       W1:P1 by i0: fw, web1
    u2 --- i8      i2 --- fw inside         W1:P1 by i8: box, web2
                   i3 --- web1              W1:P1 by any other: web3
                   i4 --- box (one-armed)
                   i5 --- web2
                   i6 --- web3
                   i7 --- u7
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
clients = {0: lab.client("u1", 0), 8: lab.client("u2", 8),
           7: lab.client("u7", 7)}
lab.router("fw", 1, 2)
lab.one_armed("box", 4)
webs = {n: lab.server(f"web{n}", s) for n, s in ((1, 3), (2, 5), (3, 6))}
pe = engine.Engine(lab)

DEVICES = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device box {{ inline dev i4 lladdr {mac(4, 1)}; }}
device web1 {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device web2 {{ server dev i5 lladdr {mac(5, 1)} mode loopback; }}
device web3 {{ server dev i6 lladdr {mac(6, 1)} mode loopback; }}
""" + "".join(f"device nat{n}-{f.name} {{ server address {f.host(s, 1)} "
              f"mode nat; }}\n" for f in FAMILIES
              for n, s in ((1, 3), (2, 5), (3, 6)))
SERVICES = "".join(f"""
service by0-{p}{f.name} {{ vip {f.W1} {p} port 80 iif i0; sequence fw, web1; }}
service by8-{p}{f.name} {{ vip {f.W1} {p} port 80 iif i8; sequence box, web2; }}
service any-{p}{f.name} {{ vip {f.W1} {p} port 80; sequence web3; }}
service nat0-{p}{f.name} {{ vip {f.W2} {p} port 80 iif i0; sequence fw, nat1-{f.name}; }}
service nat8-{p}{f.name} {{ vip {f.W2} {p} port 80 iif i8; sequence box, nat2-{f.name} port 81; }}
service nat-{p}{f.name} {{ vip {f.W2} {p} port 80; sequence nat3-{f.name}; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))
WEB = {0: 1, 8: 2, 7: 3}                # by the interface of arrival
NAME = {0: "0", 8: "8", 7: ""}
NAT_PORT = {0: 80, 8: 81, 7: 80}


def ways(segment, u, w, s):
    """s is what the server has, where it is in mode nat."""
    if segment == 0:
        return ([got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                 put(3, 1, u, s, 61)],
                [got(3, 1, s, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
                 put(0, 1, w, u, 61)])
    if segment == 8:
        return ([got(8, 1, u, w, 64), put(4, 1, u, w, 63), got(4, 1, u, w, 62),
                 put(5, 1, u, s, 61)],
                [got(5, 1, s, u, 64), put(4, 1, w, u, 63), got(4, 1, w, u, 62),
                 put(8, 1, w, u, 61)])
    return ([got(7, 1, u, w, 64), put(6, 1, u, s, 63)],
            [got(6, 1, s, u, 64), put(7, 1, w, u, 63)])


def check(f, proto, segment, w, s):
    u = f.host(segment, 1), flow.port()
    with Capture(lab) as capture:
        flow.talk(proto, f, clients[segment], *u, w, webs[WEB[segment]], s)
        rows = capture.stop()
        check_walk(rows, *ways(segment, u, w, s))
    told.check(pe, rows, proto, u, w, iif=f"i{segment}")


@suite.case(*product(WEB, FAMILIES, ("tcp", "udp")))
def arriving_by(segment, f, proto):
    """Each has its own devices; answers are told apart by their servers."""
    name = f"{'by' if segment != 7 else 'any'}{NAME[segment]}-{proto}{f.name}"
    before = pe.counters(name)["reverse"][0]
    check(f, proto, segment, (f.W1, 80), (f.W1, 80))
    require(pe.counters(name)["reverse"][0] > before,
            "another service was counted")


@suite.case(*product(WEB, FAMILIES, ("tcp", "udp")))
def arriving_by_for_nat(segment, f, proto):
    """Told apart by the servers' own addresses."""
    number = {0: 3, 8: 5, 7: 6}[segment]
    check(f, proto, segment, (f.W2, 80),
          (f.host(number, 1), NAT_PORT[segment]))


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def same_port_of_the_same_client(f, proto):
    """Two clients of the same address and port, by two interfaces: the
    client is no part of the key."""
    common = f.host(13, 1)
    for node in (clients[0], clients[8]):
        node.ip(f"addr add {common}/{f.bits} dev eth0")
    for segment in (0, 8):
        lab.eng.ip(f"route replace {common}/{f.bits} "
                   f"via {f.host(segment, 1)}")
        u, w = (common, 6000), (f.W1, 80)
        with Capture(lab) as capture:
            flow.talk(proto, f, clients[segment], *u, w, webs[WEB[segment]], w)
            check_walk(capture.stop(), *ways(segment, u, w, w))
    lab.eng.ip(f"route del {common}/{f.bits}")
    for node in (clients[0], clients[8]):
        node.ip(f"addr del {common}/{f.bits} dev eth0")


@suite.case(*FAMILIES)
def servers_that_cannot_be_told_apart(f):
    """Another sequence to the same server: answers would be either's."""
    before = pe.pectl("show")
    status, _, err = pe.try_pectl(
        "service", "add", "bad", "vip", f.W1, "tcp", "port", "80", "iif", "i7",
        "sequence", "box,", "web1")
    expect("status", status, engine.REFUSED)
    require("cannot be told apart" in err and "bad" in err, err)
    expect("configuration", pe.pectl("show"), before)


@suite.case(*FAMILIES)
def nat_servers_that_cannot_be_told_apart(f):
    status, _, err = pe.try_pectl(
        "service", "add", "bad", "vip", f.W2, "tcp", "port", "80", "iif", "i7",
        "sequence", "box,", f"nat1-{f.name}")
    expect("status", status, engine.REFUSED)
    require("be told apart" in err, err)     # servers or boxes


@suite.case(*FAMILIES)
def twice_by_one_interface(f):
    status, _, err = pe.try_pectl(
        "service", "add", "bad", "vip", f.W1, "tcp", "port", "80", "iif", "i8",
        "sequence", "box,", "web2")
    expect("status", status, engine.REFUSED)
    require("have the same address, protocol and port (80)" in err, err)


@suite.case(*FAMILIES)
def without_the_fallback(f):
    """What comes by another interface is no service's then."""
    pe.pectl("service", "del", f"any-udp{f.name}")
    before = pe.drops()
    with Capture(lab) as capture, \
            flow.bound(clients[7], f, flow.DGRAM, f.host(7, 1), 7000) as sock:
        sock.sendto(b"none", (f.W1, 80))
        rows = capture.stop()
    expect("links that saw the packet",
           [(r.link, r.dir) for r in rows if r.proto == 17], [("i7", "in")])
    pe.check_drops(before)
    for segment in (0, 8):
        check(f, "udp", segment, (f.W1, 80), (f.W1, 80))
    pe.apply(DEVICES + SERVICES)


suite.run(lambda: pe.start(DEVICES + SERVICES))
