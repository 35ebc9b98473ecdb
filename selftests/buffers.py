#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Buffers that are not the engine's alone, and those that hold many packets.

    u1 --- i0 [eng] i1 --- web
                    i4 --- ids

While somebody listens on the engine's own interfaces every buffer is a clone:
what they see must be the packet as it came, whatever is rewritten later.
"""
import socket
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

UDP_SEGMENT = 103
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1)
lab.tap("ids", 4)
# TCP makes packets as large as it may send in a millisecond: on a slow machine
# that would not be many segments.
for node in (u1, web):
    node.sysctl(**{"ipv4/tcp_min_tso_segs": 40})
pe = engine.Engine(lab)


def conf(mode):
    text = f"device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}\n"
    for f in FAMILIES:
        where = f"address {f.host(1, 1)}" if mode == "nat" else \
            f"dev i1 lladdr {mac(1, 1)}"
        text += f"device web{f.name} {{ server {where} mode {mode}; }}\n"
        for p in ("tcp", "udp"):
            text += f"service {p}{f.name} {{ vip {f.W1} {p} port 80; " \
                f"sequence ids, web{f.name} port 8080; }}\n"
    return text


def places(f, mode):
    return (f.U1, flow.port()), (f.W1, 80), \
        (f.host(1, 1) if mode == "nat" else f.W1, 8080)


@suite.case(*product(OFFLOADS, MODES, FAMILIES, ("tcp", "udp")))
def listened_to(how, mode, f, proto):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w, s = places(f, mode)
    own = [(f"own{n}", lab.eng, f"i{n}") for n in (0, 1, 4)]
    with Capture(lab, points=own) as capture:
        flow.talk(proto, f, u1, *u, w, web, s, 2, 1000)
        rows = capture.stop()
    check_walk([r for r in rows if r.link[0] == "i"],
               [got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
                put(1, 1, u, s, 63)],
               [got(1, 1, s, u, 64), put(4, 1, w, u, 63, copy=True),
                put(0, 1, w, u, 63)], csum=lab.csum)
    # The engine's own side of each wire saw the same: there "out" came in.
    for link, direction in product(("0", "1", "4"), ("in", "out")):
        there = [r[4:] for r in rows if r.link == f"i{link}" and
                 r.dir == direction]
        here = [r[4:] for r in rows if r.link == f"own{link}" and
                r.dir != direction]
        expect(f"packets {direction} at i{link}", here, there)


@suite.case(*product(MODES, FAMILIES))
def datagrams_sent_at_once(mode, f):
    """One buffer, many datagrams (UDP_SEGMENT)."""
    lab.offloads("offloaded")
    pe.apply(conf(mode))
    u, w, s = places(f, mode)
    name = f"udp{f.name}"
    before = pe.counters(name)
    data = b"".join(b"%04d" % n * 250 for n in range(7)) + b"tail"
    with flow.bound(web, f, flow.DGRAM, *s) as server, \
            flow.bound(u1, f, flow.DGRAM, *u) as client:
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        client.sendto(data, w)
        seen = [flow.take("datagram", server.recvfrom, 65536)
                for _ in range(8)]
        expect("sizes", [len(d) for d, _ in seen], [1000] * 7 + [4])
        expect("data", b"".join(d for d, _ in seen), data)
        server.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        server.sendto(data, seen[0][1])
        back = [flow.take("datagram", client.recvfrom, 65536)
                for _ in range(8)]
        expect("data", b"".join(d for d, _ in back), data)
        expect("from", {a[:2] for _, a in back}, {w})
    after = pe.counters(name)
    wanted = 8, len(data) + 8 * (f.header + 8)
    for key in ("forward", "reverse", (1, "forward"), (1, "reverse")):
        expect(f"counter {key}", (after[key][0] - before[key][0],
                                  after[key][1] - before[key][1]), wanted)


@suite.case(*product(MODES, FAMILIES))
def super_packets(mode, f):
    """Of TCP, larger than any wire takes, arrive as they were."""
    lab.offloads("offloaded")
    pe.apply(conf(mode))
    u, w, s = places(f, mode)
    with Capture(lab, [0, 1]) as capture:
        flow.tcp(f, u1, *u, w, web, s, 1, 200000)
        rows = capture.stop()
    for link in ("i0", "i1"):
        for direction in ("in", "out"):
            most = max(r.packets for r in rows if r.link == link and
                       r.dir == direction)
            require(most > 10, f"at most {most} packets in one at {link}")
    bad = [r for r in rows if r.csum != "partial"]
    expect("checksums that are not left to others", bad, [])


suite.run(lambda: pe.start(conf("loopback")))
