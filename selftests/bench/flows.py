#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to remember many flows, up to a million of them.

    flows.py RESULT.json SIZES

SIZES are numbers of flows, with a comma between; all are of one service with a
pool of two servers, and each is from another address. Figures are instructions,
or bytes, for each packet or each flow:

    flows/new           the first packet of a flow: it is remembered from then on,
                        and the table grows
    flows/answer        its first answer
    flows/packet        one packet more of each of them, in turn
    flows/over          a packet of one more, where there may be no more
    flows/full          a packet of each of those that are there meanwhile
    flows/memory        the kernel's memory; "left" when all are forgotten
    flows/idle          instructions a second while nothing happens
    flows/show          a flow shown by pectl flow show
    flows/flush         a flow forgotten by pectl flow flush
    flows/exit          a flow that goes with its namespace; "left" likewise

All of them go both ways before anything else is measured. What is counted is
held against what has to be: it ends with an error otherwise.

Runs in a virtual machine of scripts/vm --icount; scripts/bench calls it.
"""
import json
import sys

import many
from bed import Bed, run, settle, write
from icount import Bench, Cost, busy, slept
from lib import engine
from lib.addr import F4, mac
from rows import QUIET
from traffic import COUNT, Flow, received

VIP = "10.128.0.1"
CLIENTS = "10.96.0.0/12"
FIRST = "10.96.0.1"
BATCH = 100000          # flows that are made, and then answered
LATER = 10              # seconds: what waits for RCU, and tables that shrink
IDLE = 8                # seconds: the whole table is looked through twice
LISTED = "/tmp/flows"
CONF = "".join(f"device web{n} {{ server dev i1 lladdr {mac(1, n)} "
               "mode loopback; }\n" for n in (1, 2)) + f"""
pool web {{ members web1, web2; policy maglev; }}
service web {{ vip {VIP} udp port 9; sequence web; state; }}
"""


class Rest:
    """What the machine takes when nothing happens, in a second."""

    def __init__(self):
        self.idle = slept(IDLE) / IDLE

    def less(self, took, seconds):
        return took - self.idle * seconds

    def later(self, function, *args):
        """Instructions of that, and of what is left to be done later."""
        before = busy()
        function(*args)
        settle(LATER)
        return self.less(busy() - before, LATER)


def need(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, not {wanted}")


class Table:
    """A namespace that remembers flows."""

    def __init__(self, size):
        self.size = size
        self.bed = Bed(3)
        self.bed.ip(f"route add {CLIENTS} via {F4.host(0, 1)}")
        self.pectl("apply", "-f", "-", text=CONF)
        settle(QUIET)

    def pectl(self, *words, text=None):
        return run([engine.PECTL, "-n", self.bed.name, *words], text)

    def stats(self):
        return json.loads(self.pectl("-j", "stats"))

    def send(self, first, count, back=False):
        """A packet of each flow, all of which come out."""
        start = Flow(VIP, src=FIRST).nth("src", first)
        if back:
            flow = Flow(start, src=VIP, port=1, dst_span=count)
        else:
            flow = Flow(VIP, src=start, src_span=count)
        sink = "p0" if back else "p1"
        before = received(sink)
        took = flow.send(count)
        need(f"packets that came out at {sink}", received(sink) - before, count)
        return took

    def fill(self):
        """Instructions of the first packets, and of the first answers."""
        took = [0, 0]
        for first in range(0, self.size, BATCH):
            for back in (False, True):
                took[back] += self.send(first, min(BATCH, self.size - first),
                                        back)
        found = self.stats()
        need("flows", found["flows"], self.size)
        need("counted", {k: v for k, v in found["flow_counts"].items() if v},
             {"made": self.size})
        return took

    def again(self):
        """Each flow's next packet; few of them have several."""
        times = max(1, COUNT // self.size)
        return [sum(self.send(0, self.size) for _ in range(times)) /
                (times * self.size) for _ in range(3)]

    def over(self):
        """Instructions of packets that are of no flow, and of others then."""
        path = "/proc/sys/net/pe/max_flows"
        with self.bed.net(), open(path) as file:
            limit = file.read()
        with self.bed.net():
            write(path, str(self.size))
        over = [self.send(self.size, COUNT) / COUNT for _ in range(3)]
        full = self.again()
        found = self.stats()
        need("flows at the limit", found["flows"], self.size)
        need("packets over it", found["flow_counts"]["over"], 3 * COUNT)
        with self.bed.net():
            write(path, limit.strip())
        return over, full

    def show(self):
        cost = Cost.measure(["sh", "-c", f"{engine.PECTL} -n {self.bed.name} "
                             f"flow show >{LISTED}"])
        with open(LISTED) as file:
            clients = [line.split()[3] for line in file]
        need("flows shown", len(clients), self.size)
        need("of as many clients", len(set(clients)), self.size)
        return cost

    def flush(self):
        self.pectl("flow", "flush")
        need("flows", self.stats()["flows"], 0)


def used(bench, name, size, before, after, left):
    """Bytes of each flow, and those that do not come back."""
    loaded = many.less(after, before)
    bench.put(f"flows/{name}@{size}", sum(loaded.values()) / size,
              left=sum(many.less(left, before).values()),
              **{part: n / size for part, n in loaded.items()})


def measure(bench, size, start):
    """start: what pectl takes that does nothing."""
    def put(name, *runs, **more):
        bench.put(f"flows/{name}@{size}", *runs, **more)

    table = Table(size)
    rest = Rest()
    before = many.memory()
    new, answer = table.fill()
    put("new", new / size)
    put("answer", answer / size)
    put("packet", *table.again())
    put("idle", rest.less(slept(IDLE), IDLE) / IDLE)
    full = many.memory()
    over, others = table.over()
    put("over", *over)
    put("full", *others)
    shown = table.show() - start
    put("show", shown.total / size, user=shown.user / size)
    put("flush", (rest.later(table.flush) - start.total) / size)
    used(bench, "memory", size, before, full, many.memory())
    table.bed.close()


def leave(bench, size):
    """A namespace that goes with all its flows."""
    rest = Rest()
    empty = rest.later(Table(size).bed.close)
    before = many.memory()
    table = Table(size)
    table.fill()
    full = many.memory()
    bench.put(f"flows/exit@{size}",
              (rest.later(table.bed.close) - empty) / size)
    used(bench, "namespace", size, before, full, many.memory())


def main():
    path, sizes = sys.argv[1:]
    run(["modprobe", "-a", "pktgen", "veth", "cls_matchall", "act_gact",
         "act_mirred", "act_skbmod", "sch_ingress"])
    write("/proc/sys/net/core/netdev_max_backlog", "400000")
    for which in ("all", "default"):
        write(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "1")
    bench = Bench(path)
    engine.load()
    run([engine.PECTL, "-V"])
    start = Cost.measure([engine.PECTL, "-V"])
    sizes = sorted(int(n) for n in sizes.split(","))
    # Whatever is made once and kept is not theirs.
    table = Table(1000)
    table.fill()
    table.bed.close()
    for size in sizes:
        measure(bench, size, start)
    leave(bench, sizes[-1])


main()
