#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Packets that end too early, contradict themselves or are merely unusual.

packets_lab.py has the picture. Of each set of frames: nothing comes out that
is no packet of a service where it is, what was right stays right, and every
frame is delivered or counted once, by the engine or by IP.
"""
import collections
import random
import struct

import packets_lab
from lib import packet
from lib.addr import FAMILIES, F4, F6
from lib.ktap import Suite, diag, expect, require
from packets_lab import (CLIENT, DIRECT, INLINE, NATTED, PORTED, TRANSLATED,
                         UDP, World, chained, header_mended, places, sample,
                         sorts, total_mended)

suite = Suite(__doc__)
world = World(suite)
MOST = 3000             # frames of a case in the short form


def shoot(frames, most=MOST):
    frames = sample(frames, most)
    world.load(world.frame(*frame) for frame in frames)
    out = world.shoot()
    diag(f"{out['fired']} frames: " + ", ".join(
        f"{out[k]} {k}" for k in packets_lab_kinds if out[k]) +
        f"; dropped {out['drops']}")
    return out


packets_lab_kinds = ("steer", "copy", "deliver", "nat", "back", "plain", "own")


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
    def frames():
        for port, src, dst, _ in places(f):
            for data in sorts(f, src, dst):
                for length in range(1, len(data)):
                    cut = data[:length]
                    yield port, cut
                    if length >= f.header:
                        yield port, total_mended(cut)

    out = shoot(frames(), 2 * MOST)
    require(out["drops"].get("malformed"), f"none was malformed: {out}")


suite.run(world.up)
