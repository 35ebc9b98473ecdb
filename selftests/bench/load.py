#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to configure many services.

    load.py RESULT.json SIZES [WHAT...]

SIZES are numbers of services, with a comma between; WHAT is engine, nft, ipvs;
all of them, unless given. Figures are instructions, without what a command
takes that does nothing (start):

    load/apply, batch   a service loaded by apply -f, by -f; nft, ipvs likewise
    .../user, kernel    what of it is whose, by the kernel's tick, where there
                        were a hundred: good to a few percent, while the figure
                        itself is exact
    flush               a service deleted, with all
    apply-same          a service in a file that the kernel has already
    apply-one           likewise, where one of them differs
    apply-nothing       a service deleted, because the file is empty
    change-device       a service whose device is replaced
    change-one          changing one among so many: the command
    add-one, del-one    one more or less: the command, and without its start

Runs in a virtual machine of scripts/vm --icount; scripts/bench calls it.
"""
import os
import sys
import time

import many
from icount import Bench, Cost
from lib import engine

CALLS = 1000            # commands, where they come one at a time
LATER = 10              # seconds: what waits for RCU and is freed by works
SEEN = 400000000        # instructions: a hundred of the kernel's ticks
SAMPLE = 30000          # services that come and go in all, at least


def each(command):
    """A shell that runs the command CALLS times, $n is how often before."""
    return ["sh", "-c", f"n=0; while [ $n -lt {CALLS} ]; do "
            f"{command} || exit; n=$((n + 1)); done"]


class Load:
    def __init__(self, bench, sizes, wanted):
        self.bench, self.sizes, self.wanted = bench, sizes, wanted

    def put(self, name, size, runs, count=1):
        """Runs of the same, for so many services each."""
        self.bench.put(f"{name}@{size}", *(r.total / count for r in runs))
        total = sum(runs, Cost())
        if total.total < SEEN:
            return
        mean = total.of(len(runs) * count)
        self.bench.put(f"{name}/user@{size}", mean.user)
        self.bench.put(f"{name}/kernel@{size}", mean.total - mean.user)

    def cycle(self, name, size, what, start):
        """Loading and clearing, as often as gives a sample."""
        loads, clears = [], []
        for number in range(max(1, SAMPLE // size)):
            # At another moment between two ticks each time.
            time.sleep(number * 0.00031)
            loads.append(Cost.measure(what.load) - start)
            clears.append(Cost.measure(what.clear, later=LATER) - start)
        self.put(f"load/{name}", size, loads, size)
        return clears

    def engine(self):
        start = self.start([engine.PECTL, "-V"])
        self.bench.put("start", start.total)
        for size in self.sizes:
            what = many.Engine(size)
            clears = self.cycle("apply", size, what, start)
            self.put("flush", size, clears, size)
            batch = many.Engine(size)
            batch.load = [engine.PECTL, "-f", batch.file]
            self.cycle("batch", size, batch, start)
            self.among(size, what, start)

    def among(self, size, what, start):
        """One change, where there are many services."""
        def once(name, argv, count=1, stdin=None):
            cost = Cost.measure(argv, stdin) - start
            self.put(name, size, [cost], count)

        pectl = engine.PECTL
        Cost.measure(what.load)
        once("apply-same", what.load, size)
        self.put("change-one", size, [self.few(
            [pectl, "service", "change", "s1", "sequence", "web"]) -
            self.few([pectl, "-V"])])
        once("apply-one", what.load, size)
        once("change-device", [pectl, "device", "replace", "fw",
                               *many.ELSEWHERE.split()], size)
        if size in (self.sizes[0], self.sizes[-1]):
            self.single(size)
        once("apply-nothing", [pectl, "apply", "-f", "-"], size, "\n")

    def single(self, size):
        """Services that come and go one at a time."""
        pectl = engine.PECTL
        start = Cost.processes(each(f"{pectl} -V >/dev/null"))
        add = each(f"{pectl} service add x$n vip 10.200.$((n / 250)).$((n % 250)) "
                   "tcp port 80 sequence fw, web")
        for name, argv in (("add", add), ("del", each(f"{pectl} service del x$n"))):
            cost = Cost.processes(argv)
            self.put(f"{name}-one", size, [cost.of(CALLS)])
            self.put(f"{name}-one/started", size, [(cost - start).of(CALLS)])

    @staticmethod
    def start(argv):
        """A command that has nothing to do: what all of them begin with."""
        Cost.measure(argv)
        return sum((Cost.measure(argv) for _ in range(10)), Cost()).of(10)

    @staticmethod
    def few(argv):
        """A short command, its processes alone."""
        return sum((Cost.processes(argv) for _ in range(20)), Cost()).of(20)

    def peer(self, name, kind, idle):
        idle = self.start(idle)
        for size in many.sizes(name, self.sizes):
            self.cycle(name, size, kind(size), idle)

    def run(self):
        os.environ["LANG"] = "C"
        many.ports()
        if "engine" in self.wanted:
            engine.load()
            self.engine()
        if "nft" in self.wanted:
            self.peer("nft", many.Nft, ["nft", "-v"])
        if "ipvs" in self.wanted:
            self.peer("ipvs", many.Ipvs, ["ipvsadm", "-C"])


def main():
    path, sizes, *wanted = sys.argv[1:]
    sizes = sorted(int(n) for n in sizes.split(","))
    Load(Bench(path), sizes, wanted or ("engine", "nft", "ipvs")).run()


main()
