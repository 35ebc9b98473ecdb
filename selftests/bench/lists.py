#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to configure long access lists.

    lists.py RESULT.json SIZES

SIZES are numbers of rules, with a comma between, in lists of 100,000 at most:
as many of rules with a prefix and a port as of those of a firewall. Figures are
instructions, or bytes, for each rule, without what a command takes that does
nothing:

    lists/apply         a rule loaded by apply -f
    lists/apply-same    a rule in a file that the kernel has already
    lists/memory        the kernel's memory; "left" when all of it is deleted
    lists/flush         a rule deleted, with all
    lists/insert        one rule more in the first list: the command
    lists/nft           a rule loaded by nft -f, up to a thousand of them

Runs in a virtual machine of scripts/vm --icount; scripts/bench calls it.
"""
import sys

import many
import rules
from icount import Bench, Cost, run
from lib import engine

LONGEST = 100000
LATER = 10              # seconds: what waits for RCU and is freed by works
FILE = "/tmp/lists.conf"


def shapes(size):
    """(shape, number of rules) of lists that have so many in all."""
    lists = max(2, size // LONGEST)
    for number in range(lists):
        yield ("mixed", "ports")[number % 2], size // lists


def write(size):
    with open(FILE, "w") as file:
        for number, (shape, count) in enumerate(shapes(size)):
            file.writelines(rules.acl(f"l{number}", shape, count, seed=number))


def measure(bench, size, start):
    def put(name, cost, count, **more):
        bench.put(f"lists/{name}@{size}", (cost - start).total / count, **more)

    write(size)
    apply = [engine.PECTL, "apply", "-f", FILE]
    before = many.memory()
    cost = Cost.measure(apply)
    put("apply", cost, size, user=(cost - start).user / size)
    loaded = many.less(many.memory(), before)
    put("insert", Cost.measure([engine.PECTL, "acl", "insert", "l0", "position",
                                "1", "deny", "from", "192.0.2.1"]), 1)
    run(apply)
    put("apply-same", Cost.measure(apply), size)
    put("flush", Cost.measure([engine.PECTL, "flush"], later=LATER), size)
    left = many.less(many.memory(), before)
    bench.put(f"lists/memory@{size}", sum(loaded.values()) / size,
              left=sum(left.values()) / size,
              **{part: n / size for part, n in loaded.items()})


def nft(bench, size):
    text = "".join(rules.nft("ip", "mixed", size))
    idle = Cost.measure(["nft", "-v"])
    cost = Cost.measure(["nft", "-f", "-"], text)
    bench.put(f"lists/nft@{size}", (cost - idle).total / size)
    run(["nft", "flush", "ruleset"])


def main():
    path, sizes = sys.argv[1:]
    bench = Bench(path)
    engine.load()
    run([engine.PECTL, "-V"])
    start = Cost.measure([engine.PECTL, "-V"])
    for size in sorted(int(n) for n in sizes.split(",")):
        measure(bench, size, start)
    nft(bench, 1000)


main()
