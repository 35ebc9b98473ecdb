#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs, in instructions, generator and sink included.

Runs in a virtual machine whose clock counts instructions (scripts/vm --icount;
scripts/bench calls it): pktgen's own time is then the cost of everything that
happened while it ran. Every row has a namespace of its own, the bed, which is
gone before the next one is made. Only what needs many services shares one.

    cost.py RESULT.json SERVICES ROW...     measure
    cost.py conf NUMBER                     print a configuration of so many
    cost.py rows                            print what can be measured

With PROFILE set in the environment marks are made for the plugin of profile.c
around one more run of a row, and the symbols are left in the directory it says.

SERVICES is how many there are, with a comma between the numbers; their
configurations are in services-NUMBER.conf in the directory above the result's.
"""
import json
import os
import sys
from functools import partial

from bed import Bed, run, settle, write
from lib import engine
from rows import (DEVICES, ENGINE_ROWS, PLAIN, PORTS, QUIET, ROWS, SPAN,
                  configuration, generator, vip)
from traffic import Flow, Lost, Result


def apply(bed, path, text=None):
    run([engine.PECTL, "-n", bed.name, "apply", "-f", path], text)


# --- all of it ---------------------------------------------------------------

class Bench:
    def __init__(self, path, numbers, names):
        self.path, self.numbers = path, numbers
        self.dir = os.path.dirname(os.path.dirname(path))
        self.names = names
        self.figures = {}

    def keep(self, name, measure, less=0):
        """Write it down at once: the machine may not live."""
        try:
            runs = [round(run - less, 1) for run in measure().runs]
        except Lost as lost:
            sys.exit(f"{name}: {lost}")
        self.figures[name] = {"least": min(runs), "runs": runs}
        with open(self.path, "w") as file:
            json.dump(self.figures, file)
        print(f"{os.uname().release.split('-')[0]:>8} {name:24}"
              f"{min(runs):9.1f}  +{max(runs) - min(runs):.1f}",
              file=sys.stderr, flush=True)

    def floor(self, name):
        self.keep(name, next(r for r in PLAIN if r.name == "floor").measure)

    def wanted(self, rows):
        return [row for row in rows if row.name in self.names]

    def single(self):
        for row in self.wanted(ENGINE_ROWS):
            bed = Bed(PORTS)
            apply(bed, "-", "".join([DEVICES, *row.lists(),
                                     *row.services(1)]))
            settle(QUIET)
            self.keep(f"{row.name}@1", partial(row.measure, bed))
            bed.close()

    @staticmethod
    def walking():
        """What pktgen takes to go from address to address."""
        bed = Bed(2)
        generator(bed)
        settle(QUIET)
        one, several = (Result(Flow(vip(0), span=span), {"i0": 1}, bed).least()
                        for span in (1, SPAN))
        bed.close()
        return several - one

    def several(self, number, less):
        bed = Bed(PORTS)
        apply(bed, f"{self.dir}/services-{number}.conf")
        settle(QUIET)
        for row in self.wanted(ENGINE_ROWS):
            if row.alone:
                continue
            flow = row.flow(SPAN)
            self.keep(f"{row.name}@{number}", partial(Result, flow, row.sinks),
                      0 if row.family.v6 else less)
        bed.close()

    def engine(self):
        engine.load()
        if 1 in self.numbers:
            self.single()
        many = [n for n in self.numbers if n > 1]
        less = self.walking() if many else 0
        for number in many:
            self.several(number, less)

    def run(self):
        """All of it, between two looks at the floor."""
        profile = "PROFILE" in os.environ
        if not profile:
            self.floor("floor")
        for row in self.wanted(PLAIN):
            if row.name not in self.figures:
                self.keep(row.name, row.measure)
        if self.wanted(ENGINE_ROWS):
            self.engine()
        if not profile:
            self.floor("floor again")


def main():
    path, *names = sys.argv[1:]
    if path == "rows":
        json.dump({row.name: row.text for row in ROWS}, sys.stdout)
        return
    numbers, *names = names
    if path == "conf":
        sys.stdout.writelines(configuration(int(numbers)))
        return
    run(["modprobe", "-a", "pktgen", "veth", "cls_matchall", "act_gact",
         "act_mirred", "act_skbmod", "sch_ingress", "cls_flower"])
    write("/proc/sys/net/core/netdev_max_backlog", "400000")
    for which in ("all", "default"):
        write(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "1")
    Bench(path, [int(n) for n in numbers.split(",")], names).run()


if __name__ == "__main__":
    main()
