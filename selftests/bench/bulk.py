#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a megabyte of TCP costs through chains of routing appliances.

    u1 --- i0 [eng] i1/i2 --- fw1    i3/i4 --- fw2    i5/i6 --- fw3
                    i7 --- web

In instructions of the whole machine: both ends, the appliances and what is
between them. The same path twice: by the engine, and by policy routing. Writes
its result to the file given as JSON.
"""
import json
import subprocess
import sys

from icount import Bench, busy, run
from lib import engine
from lib.addr import F4, mac
from lib.ktap import Fail, poll
from lib.lab import Lab

# Two lengths, megabytes: what they differ by has no beginning and no end.
SHORT, LONG = 64, 1088
RUNS = 3


def make(bench, count):
    """A lab with that many appliances, which nothing leads through yet."""
    lab = Lab(bench)
    lab.client("u1")
    for n in range(1, count + 1):
        lab.router(f"fw{n}", 2 * n - 1, 2 * n)
    lab.server("web", 7)
    return lab


def by_engine(lab, count):
    pe = engine.Engine(lab)
    conf = "".join(
        f"device fw{n} {{ inline outside dev i{2 * n - 1} "
        f"lladdr {mac(2 * n - 1, 1)} inside dev i{2 * n} "
        f"lladdr {mac(2 * n, 1)}; }}\n" for n in range(1, count + 1))
    steps = "".join(f"fw{n}, " for n in range(1, count + 1))
    pe.apply(conf +
             f"device web {{ server dev i7 lladdr {mac(7, 1)} mode loopback; }}\n"
             f"service bulk {{ vip {F4.W1} tcp; sequence {steps}web; }}\n")


def by_policy(lab, count):
    """At each interface a packet comes in by, a table with its next hop."""
    hops = [("i0", "to", F4.host(1, 1) if count else None)]
    hops += [(f"i{2 * n}", "to", F4.host(2 * n + 1, 1))
             for n in range(1, count)]
    back = [(f"i{2 * n - 1}", "from", F4.host(2 * n - 2, 1))
            for n in range(2, count + 1)]
    lines = [f"route add {F4.vips} via {F4.host(7, 1)}"]
    if count:
        back.append(("i7", "from", F4.host(2 * count, 1)))
        for table, (iif, which, via) in enumerate(hops + back, 100):
            lines.append(f"route add default via {via} table {table}")
            lines.append(f"rule add iif {iif} {which} {F4.vips} lookup {table}")
    lab.eng.ip(*lines)


def transfer(lab, megabytes):
    """Instructions and size of one transfer, from the first process on."""
    u1, web = lab.nodes["u1"], lab.nodes["web"]
    server = web.popen(["iperf3", "-s", "-1", "-B", F4.W1],
                       stdout=subprocess.DEVNULL)
    poll("listener", lambda: "LISTEN" in web.run(
        ["ss", "-Hlnt", "sport", "=", "5201"], timeout=LONG), timeout=LONG)
    before = busy()
    out = u1.run(["iperf3", "-J", "-c", F4.W1, "-B", F4.U1,
                  "-n", f"{megabytes}M", "-l", "128K"], timeout=LONG)
    server.wait(LONG)
    spent = busy() - before
    end = json.loads(out)["end"]
    if end["sum_sent"]["retransmits"]:
        raise Fail(f"segments were lost: {end['sum_sent']}")
    return spent, end["sum_received"]["bytes"] / (1 << 20)


def megabyte(lab):
    """Instructions of a megabyte, in some runs."""
    for _ in range(RUNS):
        spent, size = transfer(lab, SHORT)
        more, larger = transfer(lab, LONG)
        yield (more - spent) / (larger - size)


def main():
    bench = Bench(sys.argv[1])
    # The clock leaps while the machine waits for the host to read a file, past
    # what anybody waits for: read them before.
    for argv in (["iperf3", "-v"], ["ss", "-V"], ["ip", "-V"],
                 [engine.PECTL, "-V"]):
        run(argv)
    engine.load()
    bench.defer(engine.unload)
    for count in (0, 1, 3):
        for how, lead in (("routing", by_policy), ("engine", by_engine)):
            with bench.apart():
                lab = make(bench, count)
                lab.up()
                lead(lab, count)
                bench.put(f"bulk/{count}/{how}", *megabyte(lab))


if __name__ == "__main__":
    main()
