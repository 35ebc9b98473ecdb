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
import time

import many
from icount import Bench, run
from lib import engine

KINDS = {"engine": many.Engine, "nft": many.Nft, "ipvs": many.Ipvs}
PARTS = ("Slab", "VmallocUsed", "Percpu")
SETTLE = 10             # seconds: RCU, its works, and tables that shrink


def used():
    """Bytes of kernel memory by kind, without what can be had back."""
    time.sleep(SETTLE)
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3\n")
    time.sleep(1)
    with open("/proc/meminfo") as file:
        found = dict(line.split(":") for line in file)
    return {part: int(found[part].split()[0]) * 1024 for part in PARTS}


def less(a, b):
    return {part.lower(): a[part] - b[part] for part in PARTS}


def measure(bench, name, size):
    what = KINDS[name](size)
    # Whatever is made once and kept is not the services'.
    first = KINDS[name](1)
    run(first.load)
    run(first.clear)
    before = used()
    run(what.load)
    loaded = less(used(), before)
    run(what.clear)
    left = less(used(), before)
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
