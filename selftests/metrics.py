#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What monitoring systems scrape is what is on the wires.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids
"""
import threading
from itertools import product

from lib import account, engine, flow, metrics, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture

WAYS = engine.WAYS
COUNTED = [f"pe_{what}_{unit}_total" for what in ("device", "service", "step")
           for unit in ("packets", "bytes")]
OTHERS = ["pe_dropped_packets_total", "pe_limited_packets_total",
          "pe_limited_bytes_total"]
THERE = ["pe_module_info", "pe_generation", "pe_devices", "pe_devices_limit",
         "pe_services", "pe_services_limit", "pe_addresses"]

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

DEVICES = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
"""
CONF = DEVICES + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence ids, fw, web; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


def more(count):
    """The configuration with that many services beside."""
    f = FAMILIES[0]
    return CONF + "".join(
        f"service s{n} {{ vip {f.W1} udp port {1000 + n}; sequence web; }}\n"
        for n in range(1, count + 1))


def counters(samples, name):
    """Counters of a service, as Engine.counters() has them."""
    out = {}
    for way in WAYS:
        direction = ("direction", way)
        out[way] = metrics.pair(samples, "service", ("service", name),
                                direction)
        for n, device in enumerate(("ids", "fw", "web")):
            out[n, way] = metrics.pair(
                samples, "step", ("service", name), ("step", str(n + 1)),
                ("device", device), direction)
    return out


@suite.case()
def families_and_their_form():
    text, samples = metrics.scrape(pe)
    metrics.judge(text)
    kinds = metrics.parse(text)[1]
    for name in COUNTED + OTHERS:
        expect(f"type of {name}", kinds[name], "counter")
    for name in THERE:
        expect(f"type of {name}", kinds[name], "gauge")
    expect("families", set(kinds), {*COUNTED, *THERE, *OTHERS})
    stats = pe.json("stats")
    expect("numbers", [samples[name,] for name in THERE[1:]],
           [stats[name.removeprefix("pe_").replace("limit", "max")]
            for name in THERE[1:]])
    expect("module", samples["pe_module_info", ("version", stats["module"])], 1)
    expect("services", samples["pe_services",], 4)


@suite.case()
def order_is_stable():
    """Of families as they are in the manual, of objects as in show."""
    pe.apply(more(11))
    text, samples = metrics.scrape(pe)
    metrics.judge(text)
    expect("scraped again", metrics.scrape(pe)[0], text)
    names = [key[1][1] for key in samples
             if key[0] == "pe_service_packets_total"][::2]
    expect("order", names,
           [s["name"] for s in pe.json("service", "show")["services"]])
    expect("number", len(names), 15)
    pe.apply(CONF)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def scraped_while_traffic_runs(f, proto):
    """Counters never go back, and are in the end what went over the wires."""
    name = f"{proto}{f.name}"
    first = last = metrics.scrape(pe)[1]
    trouble, enough = [], threading.Event()

    def traffic():
        try:
            while not enough.is_set():
                flow.talk(proto, f, u1, f.U1, flow.port(), (f.W1, 80), web,
                          (f.W1, 80), 10, 900)
        except Exception as error:
            trouble.append(error)

    key = ("pe_service_packets_total", ("service", name),
           ("direction", "forward"))
    moved = 0
    with Capture(lab) as capture:
        thread = threading.Thread(target=traffic)
        thread.start()
        try:
            while moved < 4 and not trouble:
                now = metrics.scrape(pe)[1]
                expect("series", list(now), list(last))
                require(all(now[k] >= last[k] for k in now),
                        "a counter went back")
                moved, last = moved + (now[key] > last[key]), now
        finally:
            enough.set()
            thread.join()
        rows = capture.stop()
    if trouble:
        raise trouble[0]
    text, last = metrics.scrape(pe)
    metrics.judge(text)
    wanted = {"forward": account.to(rows, "i0", "in", f.W1),
              "reverse": account.source(rows, "i0", "out", f.W1),
              (0, "forward"): account.to(rows, "i4", "out", f.W1),
              (0, "reverse"): account.source(rows, "i4", "out", f.W1),
              (1, "forward"): account.to(rows, "i1", "out", f.W1),
              (1, "reverse"): account.source(rows, "i2", "out", f.W1),
              (2, "forward"): account.to(rows, "i3", "out", f.W1),
              (2, "reverse"): account.source(rows, "i3", "in", f.W1)}
    seen = account.growth(counters(first, name), counters(last, name))
    expect("counters", seen, wanted)
    for n, device in enumerate(("ids", "fw", "web")):
        for way in WAYS:
            before, after = (metrics.pair(
                s, "device", ("device", device), ("direction", way))
                for s in (first, last))
            expect(f"{device} {way}", (after[0] - before[0],
                                       after[1] - before[1]), wanted[n, way])
    expect("as JSON has it", counters(last, name), pe.counters(name))


@suite.case(*FAMILIES)
def drops(f):
    before = metrics.scrape(pe)[1]
    with packet.Sender(web, 3, 1) as sender:
        sender.send(packet.udp((f.W1, 80), (f.U1, 9), ttl=1))
        sender.send(*[packet.udp((f.W1, 80), (f.U1, 9), ttl=9)] * 3)
    after = metrics.scrape(pe)[1]
    reasons = [k for k in after if k[0] == "pe_dropped_packets_total"]
    expect("dropped", {k[1][1]: after[k] - before[k] for k in reasons
                       if after[k] != before[k]}, {"ttl": 1})
    expect("reasons", {k[1][1] for k in reasons}, set(pe.drops()))


@suite.case()
def all_of_one_generation():
    """However often the configuration changes meanwhile."""
    files = [pe.file(more(count)) for count in (7, 2)]
    services = {}
    stop = threading.Event()

    def changes():
        while not stop.is_set():
            for file in files:
                lab.eng.run([engine.PECTL, "apply", "-f", file])

    thread = threading.Thread(target=changes)
    thread.start()
    try:
        for _ in range(60):
            samples = metrics.scrape(pe)[1]
            count = sum(k[0] == "pe_service_packets_total" for k in samples)
            expect("services", samples["pe_services",], count // 2)
            services[samples["pe_generation",]] = count // 2
    finally:
        stop.set()
        thread.join()
    require(len(services) > 3, "the configuration hardly changed")
    expect("one configuration each second generation",
           len({n for g, n in services.items() if g % 2}), 1)


suite.run(lambda: pe.start(CONF))
