#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Buffers in pieces, without room in front, from a device that makes them so.

A tap device of the engine's gives the kernel each frame in pieces (fragments of
pages), cut where we say; what comes out must be the whole packet, with right
checksums. The same through a device that needs much room before the frame, to
which frames come that have little, and past the queues of the sender.
"""
import fcntl
import os
import random
import socket
import struct
import subprocess
from itertools import product

from lib import packet
from lib.addr import ENGINE, F4, FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.wire import Capture, parse
from packets_lab import (CHAIN, CLIENT, DIRECT, FW, INLINE, LONG, NAT, NATTED,
                         SEED, TAP, TRANSLATED, WEB, World, echo, sctp)

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_PI = 2, 0x10, 0x20, 0x1000
SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
TUN_MAC = "02:00:00:00:99:01"
# Where the packets of a service come out first, addressed to whom.
FIRST = {DIRECT: WEB, INLINE: FW, TAP: WEB, NATTED: NAT, TRANSLATED: NAT,
         CHAIN: FW}

suite = Suite(__doc__)
world = World(suite)
lab, eng, far = world.lab, world.lab.eng, world.far
tap = -1


def setup():
    global tap
    world.up()
    if not os.path.exists("/dev/net/tun"):
        subprocess.run(["modprobe", "tun"], check=False)    # or it is built in
    with eng.net():
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack(
            "16sH22x", b"t0",
            IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS))
    suite.defer(os.close, tap)
    eng.ip(f"link set t0 address {TUN_MAC} up")


def packets(f, number):
    u, w = (f.U1, 7000), (f.vip(number), 80)
    about = packet.udp(w, u, b"about" * 5)
    yield packet.udp(u, w, b"in pieces" * 3)
    yield packet.tcp(u, w, payload=b"in pieces" * 2)
    yield sctp(u, w, b"\x0b\0\0\x0cinpieces")
    if number != TRANSLATED:
        yield packet.unreachable(f.U1, f.vip(number), about)
        yield echo(u, w)
    if f.v6:
        yield packet.udp(u, w, b"options", options=b"\x01\x04\0\0\0\0")
    else:
        yield packet.udp(u, w, b"options", options=b"\x94\x04\0\0")


def cut(frame, at):
    edges = [0, *sorted(set(at)), len(frame)]
    return [frame[a:b] for a, b in zip(edges, edges[1:])]


def seen_whole(f, number, data, rows, count):
    """As many packets as were sent came out first where they should, right."""
    first = [r for r in rows if r.link == f"i{FIRST[number]}" and
             r.dir == "out" and r.proto == sent_row(data).proto]
    expect("packets", len(first), count)
    expect("checksums", {r.csum for r in first}, {"ok"})
    expect("length", {r.length for r in first}, {sent_row(data).length})
    expect("time to live", {r.ttl for r in first}, {63})
    if first[0].flags[:2] not in ("1/", "3/"):      # no error with a quote
        expect("payload", {r.payload for r in first}, {sent_row(data).payload})


def sent_row(data):
    return parse(packet.ether(mac(0, 1), TUN_MAC, data))


@suite.case(*product(FAMILIES, sorted(FIRST)))
def in_pieces(f, number):
    """Two, cut at every byte; many, cut anywhere."""
    dice = random.Random(SEED)
    for data in packets(f, number):
        frame = packet.ether(mac(0, 1), TUN_MAC, data)
        # The head must hold the link-layer header and some of the rest.
        places = [[at] for at in range(15, len(frame))]
        places += [dice.sample(range(15, len(frame)), dice.randrange(3, 9))
                   for _ in range(20)]
        if not LONG:
            places = dice.sample(places, 25)
        with Capture(lab) as capture:
            for at in places:
                os.writev(tap, cut(frame, at))
            rows = capture.stop()
        seen_whole(f, number, data, rows, len(places))


@suite.case(*FAMILIES)
def too_short_in_pieces(f):
    """Cut off, and what is left in pieces: nobody reads what is not there."""
    before = world.pe.drops()
    sent = 0
    dice = random.Random(SEED)
    for number in sorted(FIRST):
        for data in packets(f, number):
            for end in range(f.header, len(data)):
                short = bytearray(data[:end])
                if f.v6:
                    short[4:6] = struct.pack("!H", end - 40)
                else:
                    short[2:4] = struct.pack("!H", end)
                    short[10:12] = bytes(2)
                    size = (short[0] & 15) * 4
                    if size > end:
                        continue
                    short[10:12] = struct.pack("!H", 0xffff - packet.inet_sum(
                        bytes(short[:size])))
                frame = packet.ether(mac(0, 1), TUN_MAC, bytes(short))
                if len(frame) < 16:
                    continue
                os.writev(tap, cut(frame, [dice.randrange(15, len(frame))]))
                sent += 1
    grown = {k: v - before.get(k, 0) for k, v in world.pe.drops().items()}
    require(grown["malformed"] > 20, f"of {sent} packets: {grown}")


@suite.case(*FAMILIES)
def through_a_device_that_wants_room(f):
    """A tunnel's headers go before what came with hardly any room."""
    eng.ip(f"link add gt0 type gretap local {F4.host(WEB, ENGINE)} "
           f"remote {F4.host(WEB, 3)}", "link set gt0 up mtu 1400")
    try:
        world.pe.batch(
            f"device far {{ server dev gt0 lladdr {mac(9, 1)} mode loopback; }}\n"
            f"service far {{ vip {f.vip(40)}; sequence far; }}\n")
        datas = [packet.udp((f.U1, 7000), (f.vip(40), 80), b"r" * size)
                 for size in range(0, 1300, 13)]
        with Capture(lab, [WEB]) as capture, \
                packet.Sender(far, CLIENT, 1, f"o{CLIENT}") as sender:
            sender.send(*datas)
            for data in datas[:20]:
                frame = packet.ether(mac(0, 1), TUN_MAC, data)
                os.writev(tap, cut(frame, [15]))
            rows = [r for r in capture.stop() if r.proto == 47]
        inner = [parse(r.payload[4:]) for r in rows]
        inner = [r for r in inner if r and r.proto == 17]
        expect("packets", len(inner), len(datas) + 20)
        expect("checksums", {r.csum for r in inner}, {"ok"})
        expect("payloads", [r.length for r in inner],
               [len(d) for d in datas + datas[:20]])
        expect("time to live", {r.ttl for r in inner}, {63})
        for kind in ("service", "device"):
            world.pe.pectl(kind, "del", "far")
    finally:
        eng.ip("link del gt0")


@suite.case(*product(FAMILIES, (INLINE, NATTED)))
def past_the_queues(f, number):
    """The sender's buffers go straight to the device."""
    data = packet.udp((f.U1, 7000), (f.vip(number), 80), b"bypass")
    with Capture(lab) as capture, \
            packet.Sender(far, CLIENT, 1, f"o{CLIENT}") as sender:
        sender.sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        sender.send(*[data] * 50)
        rows = capture.stop()
    seen_whole(f, number, data, rows, 50)


suite.run(setup)
