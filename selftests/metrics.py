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
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture

WAYS = engine.WAYS
COUNTED = [f"pe_{what}_{unit}_total" for what in ("device", "service", "step")
           for unit in ("packets", "bytes")]
OTHERS = ["pe_dropped_packets_total", "pe_limited_packets_total",
          "pe_limited_bytes_total", "pe_engine_limited_packets_total",
          "pe_engine_limited_bytes_total", "pe_step_skipped_packets_total",
          "pe_step_skipped_bytes_total"]
THERE = ["pe_module_info", "pe_generation", "pe_devices", "pe_devices_limit",
         "pe_services", "pe_services_limit", "pe_addresses",
         "pe_pools", "pe_pools_limit", "pe_acls", "pe_acls_limit"]
OF_ACLS = [f"pe_acl_{what}_{unit}_total"
           for what in ("rule", "unmatched", "client", "other_clients")
           for unit in ("packets", "bytes")]
OF_FLOWS = [f"pe_{what}_total" for what in (
    "flows_made", "flows_evicted", "flows_over_packets",
    "flows_failed_packets", "service_flows_made",
    "service_flows_over_packets")]

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
    others = [*OTHERS, *OF_ACLS, *OF_FLOWS, "pe_device_latency_lost_total"]
    gauges = [*THERE, "pe_device_state", "pe_pool_member_slots", "pe_flows",
              "pe_flows_limit", "pe_service_flows"]
    for name in COUNTED + others:
        expect(f"type of {name}", kinds[name], "counter")
    for name in gauges:
        expect(f"type of {name}", kinds[name], "gauge")
    expect("families", set(kinds), {*COUNTED, *gauges, *others,
                                    "pe_device_latency_seconds"})
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
    before, counted = metrics.scrape(pe)[1], pe.drops()
    with packet.Sender(web, 3, 1) as sender:
        sender.send(packet.udp((f.W1, 80), (f.U1, 9), ttl=1))
        sender.send(*[packet.udp((f.W1, 80), (f.U1, 9), ttl=9)] * 3)
    pe.check_drops(counted, ttl=1)
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


@suite.case()
def pools_states_and_access_lists():
    """As show has them, and clients' accounts as the wires have them."""
    f = FAMILIES[0]
    pe.apply(CONF + f"""
device web2 {{ server dev i3 lladdr {mac(3, 9)} mode loopback; measure; }}
pool webs {{ members web, web2 weight 3; policy maglev; }}
acl some {{ permit udp from {f.U1} port 82 count; permit udp port 83 count; \
permit tcp; default deny; }}
service listed {{ vip {f.W2} udp; acl some; sequence webs; }}
""")
    pe.pectl("device", "state", "web2", "maintenance")
    with Capture(lab) as capture:
        with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
            for port in (82, 82, 83, 84):
                sock.sendto(b"counted", (f.W2, port))
        poll("packets", lambda: pe.drops()["denied"])
        rows = [r for r in capture.stop() if r.link == "i0" and r.dir == "in"
                and r.daddr == f.W2]
    text, samples = metrics.scrape(pe)
    metrics.judge(text)
    size = rows[0].bytes
    acl = ("acl", "some")

    def counted(what, *labels):
        return metrics.pair(samples, f"acl_{what}", acl, *labels)

    expect("rule 1", counted("rule", ("rule", "1")), (2, 2 * size))
    expect("rule 2", counted("rule", ("rule", "2")), (1, size))
    require(("pe_acl_rule_packets_total", acl, ("rule", "3")) not in samples,
            "a rule without count")
    expect("unmatched", counted("unmatched"), (1, size))
    expect("client", counted("client", ("client", f.U1)), (3, 3 * size))
    expect("other clients", counted("other_clients"), (0, 0))
    states = {k[2][1]: v for k, v in samples.items()
              if k[:2] == ("pe_device_state", ("device", "web2"))}
    expect("state", states,
           {"up": 0, "down": 0, "drain": 0, "maintenance": 1})
    slots = {k[2][1]: v for k, v in samples.items()
             if k[0] == "pe_pool_member_slots"}
    expect("slots", slots, {m["device"]: m["slots"] for m in pe.json(
        "-s", "pool", "show", "webs")["pools"][0]["members"]})
    expect("of who is in maintenance", slots["web2"], 0)
    expect("pools, acls", (samples["pe_pools",], samples["pe_acls",]), (1, 1))
    expect("samples", samples["pe_device_latency_seconds_count",
                              ("device", "web2"), ("of", "connect")], 0)
    pe.apply(CONF)


suite.run(lambda: pe.start(CONF))
