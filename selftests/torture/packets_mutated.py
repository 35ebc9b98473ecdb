#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Mutated frames, tens of thousands of them, or a million in the long form.

Bits flipped, ends cut, halves exchanged, headers put in, ports changed: see
packets_fire.c. What must hold is what packets.py says.
"""
import time

from lib.addr import FAMILIES
from lib.ktap import Suite, diag, require
from packets_lab import LONG, SEED, World, places, sorts

ROUNDS, FRAMES = (60, 20000) if LONG else (5, 4000)

suite = Suite(__doc__)
world = World(suite)


def setup():
    world.up()
    world.load(world.frame(port, data) for f in FAMILIES
               for port, src, dst, _ in places(f)
               for data in sorts(f, src, dst))


@suite.case(*(SEED * 1000 + number for number in range(ROUNDS)))
def seed(number):
    start = time.monotonic()
    out = world.shoot(f"mutate {FRAMES} {number}")
    spent = time.monotonic() - start
    passed = {k: out[k] for k in ("steer", "copy", "deliver", "nat", "back",
                                  "plain", "own")}
    diag(f"{out['fired'] / spent:.0f} frames a second; {passed}; "
         f"refused {out['refused']}; dropped {out['drops']}")
    require(min(passed.values()) and out["drops"].get("malformed") and
            out["drops"].get("wrong-place"), "these frames try too little")


suite.run(setup)
