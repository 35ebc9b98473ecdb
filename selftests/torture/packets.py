#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets that end too early, contradict themselves or are merely unusual.

packets_lab.py has the picture. Of each set of frames: nothing comes out that
is no packet of a service where it is, what was right stays right, and every
frame is delivered or counted once, by the engine or by IP.
"""
import collections
import itertools
import random

from lib import packet
from lib.addr import FAMILIES, F4, F6
from lib.ktap import Suite, diag, expect, require
from packets_lab import (CLIENT, DIRECT, LONG, SEED, TCP, UDP, WEB, World, chained,
                         header_mended, places, sample, sorts, total_mended)

suite = Suite(__doc__)
world = World(suite)
MOST = 1000             # frames of a case in the short form
KINDS = ("steer", "copy", "deliver", "nat", "back", "plain", "own")


def shoot(frames, most=MOST):
    frames = sample(frames, most) if most else list(frames)
    world.load(world.frame(*frame) for frame in frames)
    out = world.shoot()
    diag(f"{out['fired']} frames: " + ", ".join(
        f"{out[k]} {k}" for k in KINDS if out[k]) +
        f"; dropped {out['drops']}")
    return out


@suite.case(*FAMILIES)
def whole(f):
    """Every kind of place lets the plainest packets pass, as it should."""
    wanted = collections.Counter()
    frames = []
    for port, src, dst, kind in places(f):
        frames += [(port, packet.udp(src, dst)), (port, packet.tcp(src, dst))]
        wanted[kind] += 2
    out = shoot(frames)
    wanted["steer"] += out["fired"] - len(frames)       # markers
    expect("ways", {kind: out[kind] for kind in wanted}, dict(wanted))
    expect("drops", out["drops"], {})


@suite.case(*FAMILIES)
def every_sort(f):
    """Of packets, at every place."""
    out = shoot((port, data) for port, src, dst, _ in places(f)
                for data in sorts(f, src, dst))
    require(out["steer"] and out["deliver"] and out["nat"] and out["back"],
            f"{out}")


@suite.case(*FAMILIES)
def cut_off(f):
    """At every byte, and the length says so or does not."""
    cuts = [(port, data, length) for port, src, dst, _ in places(f)
            for data in sorts(f, src, dst) for length in range(1, len(data))]

    def frames():
        for port, data, length in sample(cuts, 2 * MOST):
            yield port, data[:length]
            if length >= f.header:
                yield port, total_mended(data[:length])

    out = shoot(frames(), None)
    require(out["drops"].get("malformed"), f"none was malformed: {out}")


@suite.case()
def header_lengths_and_versions():
    """0 to 15 of either, whatever there is of header."""
    def frames():
        for port, src, dst, _ in places(F4):
            for words in range(11):
                data = packet.udp(src, dst, options=b"\x01" * 4 * words)
                for first in (*range(0x40, 0x50), *range(0, 0x100, 0x10)):
                    yield port, header_mended(bytes([first]) + data[1:])

    shoot(frames())


@suite.case()
def ipv4_options():
    """All types, all lengths, ending early and late; routers' own too."""
    dice = random.Random(SEED)
    fill = dice.randbytes(40)

    def frames():
        for kind, length in sample(itertools.product(range(256), range(41)),
                                   MOST):
            port, src, dst, _ = dice.choice(places(F4))
            option = (bytes([kind, length]) + fill)[:40]
            yield port, packet.udp(src, dst, options=option)
            words = -(-max(length, 2) // 4)
            yield port, packet.udp(src, dst, options=option[:words * 4])

    shoot(frames(), None)


@suite.case()
def ipv6_extension_headers():
    """Chains of all of them, as many and as long as they go, with lengths that
    run past the end."""
    dice = random.Random(SEED)

    def frames():
        for number in range((20 if LONG else 1) * MOST):
            port, src, dst, _ = dice.choice(places(F6))
            headers = [dice.choice((0, 43, 44, 51, 60))
                       for _ in range(dice.choice((1, 2, 3, 5, 9, 100)))]
            size = dice.choice((0, 0, 1, 5, 30))
            while 30 + len(headers) * 8 * (size + 2) > 1400:
                headers.pop()
            data = bytearray(chained(src, dst, headers, size))
            if number % 2:
                at = 40
                for header in headers[:dice.randrange(len(headers))]:
                    at += 8 if header == 44 else \
                        (data[at + 1] + 2) * 4 if header == 51 else \
                        (data[at + 1] + 1) * 8
                data[at + dice.randrange(2)] = dice.randrange(256)
            yield port, bytes(data)

    out = shoot(frames())
    require(out["drops"].get("malformed"), f"none was malformed: {out}")


@suite.case(*FAMILIES)
def fragments(f):
    """Overlapping, out of order, tiny, beyond the end, of every place."""
    dice = random.Random(SEED)
    more = 0x8000 if f.v6 else 0x2000

    def piece(src, dst, proto, data, offset, last, ident):
        frag = offset | (0 if last else more)
        return packet.ip(src[0], dst[0], proto, data, ident=ident, frag=frag)

    def frames():
        for ident in range(1, (20 if LONG else 1) * MOST // 4):
            port, src, dst, _ = dice.choice(places(f))
            make, proto = dice.choice(((packet.udp, UDP), (packet.tcp, TCP)))
            whole = make(src, dst, payload=dice.randbytes(80))[f.header:]
            pieces = []
            offset = 0
            while offset * 8 < len(whole):
                size = dice.randrange(1, 5)
                pieces.append((offset, whole[offset * 8:(offset + size) * 8]))
                offset += dice.choice((size, size, max(1, size - 1)))
            first = dice.randrange(9)
            pieces += [(0, whole[:first]), (8191, whole[:64]),
                       (dice.randrange(8192), whole[:16])]
            dice.shuffle(pieces)
            for offset, data in pieces:
                yield port, piece(src, dst, proto, data, offset,
                                  dice.random() < 0.3, ident)

    out = shoot(frames())
    require(out["drops"].get("fragment"), f"none lacked its port: {out}")


@suite.case(*FAMILIES)
def errors_that_quote_anything(f):
    """Of every kind, cut at every byte, about themselves, about nobody."""
    dice = random.Random(SEED)
    kinds = (1, 2, 3, 4, 100, 127) if f.v6 else (3, 4, 5, 11, 12)

    def frames():
        for port, src, dst, _ in places(f):
            for quoted in sorts(f, dst, src):
                cut = quoted[:dice.randrange(len(quoted) + 1)]
                for about in (cut, cut[:f.header + 8], quoted + cut):
                    yield port, packet.icmp(src[0], dst[0], dice.choice(kinds),
                                            dice.randrange(16),
                                            dice.randrange(1 << 32), about)
                # From a router that nobody knows, about the service.
                yield port, packet.icmp(f.host(port, 5), dst[0],
                                        dice.choice(kinds), 0, 0, cut)
                yield port, packet.icmp(f.host(port, 5), f.U1,
                                        dice.choice(kinds), 0, 0, quoted)

    shoot(frames())


@suite.case(*FAMILIES)
def vlan_tags(f):
    """Priority tags are looked through; others belong to no interface."""
    def frames(tags):
        for port, src, dst, _ in places(f):
            _, frame = world.frame(port, packet.udp(src, dst))
            yield port, frame[:12] + tags + frame[12:]

    for tags, pass_ in ((b"\x81\0\xe0\0", True), (b"\x81\0\0\5", False),
                        (b"\x88\xa8\0\7\x81\0\0\0", False),
                        (b"\x81\0\0\0\x81\0\0\5", False)):
        world.load(frames(tags))
        out = world.shoot()
        expect(f"handed on with {tags.hex()}",
               out["steer"] > 10 if pass_ else out["nat"] + out["deliver"],
               pass_ or 0)
        expect("drops", out["drops"], {})


@suite.case(*FAMILIES)
def narrow_interfaces(f):
    """Narrower than the protocol allows: whatever fits passes, the sender is
    told of the rest, and that ends it."""
    for mtu in (68, 69, 576, 1279, 1280):
        world.lab.eng.ip(f"link set i{WEB} mtu {mtu}")
        frames = [(CLIENT, packet.udp((f.U1, 7000), (f.vip(DIRECT), 80),
                                      b"m" * size, **({} if f.v6 else
                                                      {"frag": 0x4000})))
                  for size in (0, 20, 40, 41, 548, 549, 1231, 1232, 1251, 1252,
                               1253, 1400)]
        fit = sum(len(data) <= mtu for _, data in frames)
        world.load(world.frame(*frame) for frame in frames)
        try:
            out = world.shoot()
        finally:
            world.lab.eng.ip(f"link set i{WEB} mtu 1500",
                             f"link set i{WEB} up")
            world.lab.eng.run(["ip", "-force", "-batch", "-"], check=False,
                              stdin="\n".join(world.settings(WEB)) + "\n")
        expect(f"through {mtu}", out["steer"] - (out["fired"] - len(frames)), fit)
        expect("drops", out["drops"], {"mtu": len(frames) - fit}
               if fit < len(frames) else {})


@suite.case(*FAMILIES)
def twice(f):
    """A device that returns everything, twice: nothing multiplies beyond."""
    frames = [(port, packet.udp(src, dst)) for port, src, dst, _ in places(f)]
    world.load(world.frame(*frame) for frame in frames for _ in range(2))
    out = world.shoot()
    expect("drops", out["drops"], {})
    expect("packets", sum(out[k] for k in ("steer", "deliver", "nat", "back")),
           out["fired"])


suite.run(world.up)
