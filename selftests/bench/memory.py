#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kernel memory of many services, in bytes for each.

    memory.py RESULT.json SIZES [WHAT...]

SIZES are numbers of services, with a comma between; WHAT is engine, nft, ipvs;
all of them, unless given. Slabs, pages of vmalloc and per-CPU memory are
counted, with counters on, when what was put off is done; what is not given
back when everything is deleted is told as "left".

Runs in a virtual machine; scripts/bench calls it.
"""
import os
import sys

import many
from icount import Bench, run
from lib import engine

KINDS = {"engine": many.Engine, "nft": many.Nft, "ipvs": many.Ipvs}


def measure(bench, name, size):
    what = KINDS[name](size)
    # Whatever is made once and kept is not the services'.
    first = KINDS[name](1)
    run(first.load)
    run(first.clear)
    before = many.memory()
    run(what.load)
    loaded = many.less(many.memory(), before)
    run(what.clear)
    left = many.less(many.memory(), before)
    os.unlink(what.file)
    total = sum(loaded.values())
    bench.put(f"memory/{name}@{size}", total / size,
              left=sum(left.values()) / size,
              **{part: n / size for part, n in loaded.items()})


def main():
    path, sizes, *wanted = sys.argv[1:]
    bench = Bench(path)
    many.ports()
    if not wanted or "engine" in wanted:
        engine.load()
    for name in wanted or KINDS:
        for size in many.sizes(name, map(int, sizes.split(","))):
            measure(bench, name, size)


main()
