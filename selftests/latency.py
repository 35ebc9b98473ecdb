#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How long devices take, measured by the engine, is how long netem has them take.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- own (known by its own address)
                    i5 --- box, one-armed
"""
import threading
import time
from itertools import product

from lib import engine, flow, metrics
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab

# Nearly all of a bucket is left for a slow machine.
DELAY = 0.55
BELOW = 2 ** 30
# In its middle: what is thought begins before a delayed acknowledgment, by which
# it is measured.
THINK = 0.8
PACKETS = 12

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
web = lab.server("web", 3)
own = lab.server("own", 4, mode="nat")
box = lab.one_armed("box", 5)
pe = engine.Engine(lab)


def conf(measure="measure;", more=""):
    return f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; {measure} }}
device box {{ inline dev i5 lladdr {mac(5, 1)}; measure; }}
device quiet {{ inline dev i5 lladdr {mac(5, 2)}; measure; }}
device plain {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; measure; }}
""" + "".join(f"""
device own{f.name} {{ server address {f.host(4, 1)} mode nat; measure; }}
service fw{f.name} {{ vip {f.W1} udp port 70-80; sequence fw, plain; }}
service box{f.name} {{ vip {f.W2} udp port 80; sequence box, plain; }}
service quiet{f.name} {{ vip {f.W2} udp port 81; sequence quiet, plain; }}
service web{f.name} {{ vip {f.W1} tcp port 80; sequence fw, web; }}
service own{f.name} {{ vip {f.W2} tcp port 80; sequence own{f.name} port 8080; }}
""" for f in FAMILIES) + more


def latency(device, what):
    shown = pe.json("-s", "device", "show", device)["devices"][0]
    expect("not only measured, but also said to be", shown.get("measure"), True)
    return shown["latency"][what]


def numbers(device):
    seen = latency(device, "forward")
    return seen["samples"], seen["lost"], seen["waiting"]


def buckets(seen):
    return [b["samples"] for b in seen["buckets"]]


def growth(before, after):
    """Samples that came, by where their bucket ends."""
    return {b["below_ns"]: b["samples"] - a["samples"]
            for a, b in zip(before["buckets"], after["buckets"])
            if b["samples"] != a["samples"]}


def slow(node, *devs, delay=DELAY):
    """What leaves by these interfaces does so later."""
    for dev in devs:
        node.run(["tc", "qdisc", "replace", "dev", dev, "root", "netem",
                  "delay", f"{int(delay * 1000)}ms", "limit", "1000"])


def quick(node, *devs):
    for dev in devs:
        node.run(["tc", "qdisc", "del", "dev", dev, "root"])


def peak(what, grown, at_least):
    """Most of it is in the bucket of the delay, and nothing before it."""
    require(sum(grown.values()) >= at_least, f"{what}: too few samples: {grown}")
    require(min(grown) >= BELOW, f"{what}: faster than can be: {grown}")
    expect(f"{what}: bucket with most, of {grown}",
           max(grown, key=grown.get), BELOW)


def datagrams(f, vip, port=80, count=PACKETS):
    """One after the other on their way there, then on their way back."""
    with flow.bound(web, f, flow.DGRAM, vip, port) as s, \
            flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as c:
        c.connect((vip, port))
        for n in range(count):
            c.send(b"%d of some" % n)
            time.sleep(0.012)
        came = [flow.take("datagram", s.recvfrom, 100) for _ in range(count)]
        for data, peer in came:
            s.sendto(data + b" back", peer)
            time.sleep(0.012)
        for _ in came:
            flow.take("answer", c.recv, 100)


@suite.case(*FAMILIES)
def nothing_of_a_device_that_is_not_measured(f):
    flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80), 4)
    plain = pe.json("-s", "device", "show", "plain")["devices"][0]
    require("latency" not in plain and "measure" not in plain, f"{plain}")
    require(plain["forward"]["packets"], "nothing came")
    expect("of one that gets nothing", numbers("quiet"), (0, 0, 0))


@suite.case()
def what_does_not_come_back():
    """Waits for a while, and is lost then: see the last case."""
    for f in FAMILIES:
        with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as c:
            for n in range(2):
                c.sendto(b"gone %d" % n, (f.W2, 81))
                time.sleep(0.02)
    expect("of what gets lost", numbers("quiet"), (0, 0, 4))


@suite.case(*product(FAMILIES, ("forward", "reverse")))
def inline(f, way):
    dev = {"forward": "in0", "reverse": "out0"}[way]
    other = {"forward": "reverse", "reverse": "forward"}[way]
    slow(fw, dev)
    before, still = latency("fw", way), latency("fw", other)
    datagrams(f, f.W1)
    after = latency("fw", way)
    quick(fw, dev)
    # Where a processor is held up, two come in one tick.
    peak(way, growth(before, after), PACKETS // 2)
    grown = growth(still, latency("fw", other))
    require(sum(grown.values()) >= PACKETS // 2, f"{other}: {grown}")
    require(min(grown) < BELOW, f"{other}: as slow: {grown}")
    mean = (after["sum_ns"] - before["sum_ns"]) / \
        (after["samples"] - before["samples"])
    require(DELAY * 1e9 <= mean < BELOW, f"mean of {way}: {mean} ns")


@suite.case(*FAMILIES)
def one_armed(f):
    slow(box, "eth0")
    before = {w: latency("box", w) for w in engine.WAYS}
    datagrams(f, f.W2)
    quick(box, "eth0")
    for way in engine.WAYS:
        peak(way, growth(before[way], latency("box", way)), PACKETS // 2)


def asks(f, vip, node, local, device, think=0.0):
    """Connections one after the other; the server thinks before it answers.
    Gives back what was measured."""
    before = {w: latency(device, w) for w in ("connect", "answer")}
    with flow.bound(node, f, flow.STREAM, *local) as listener:
        listener.listen(8)
        for _ in range(3):
            with flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as c:
                flow.take("connect", c.connect, (vip, 80))
                s = flow.take("accept", listener.accept)[0]
                with s:
                    c.sendall(b"question")
                    flow.take("question", s.recv, 100)
                    time.sleep(think)
                    s.sendall(b"answer")
                    flow.take("answer", c.recv, 100)
    return {w: growth(before[w], latency(device, w))
            for w in ("connect", "answer")}


@suite.case(*product(FAMILIES, ("loopback", "nat")))
def server(f, mode):
    """SYN to SYN-ACK, behind a firewall and translated, port and all."""
    node, vip, local, device = {
        "loopback": (web, f.W1, (f.W1, 80), "web"),
        "nat": (own, f.W2, (f.host(4, 1), 8080), f"own{f.name}")}[mode]
    slow(node, "eth0")
    seen = asks(f, vip, node, local, device)
    quick(node, "eth0")
    peak("connect", seen["connect"], 3)
    expect("connections", sum(seen["connect"].values()), 3)
    seen = asks(f, vip, node, local, device, think=THINK)
    require(max(seen["connect"]) < BELOW, f"no delay, but {seen}")
    peak("answer", seen["answer"], 1)


@suite.case()
def kept_while_it_is_measured():
    """Whatever changes: services, the device itself; forgotten with measure."""
    before = latency("fw", "forward")
    require(before["samples"], "nothing measured so far")
    f = FAMILIES[0]
    pe.apply(conf(more=f"service more {{ vip {f.W3} udp port 80; "
                       f"sequence fw, plain; }}\n"))
    flow.udp(f, u1, f.U1, flow.port(), (f.W3, 80), web, (f.W3, 80))
    after = latency("fw", "forward")
    expect("another service", after["samples"], before["samples"] + 1)
    pe.apply(conf(f"address {f.host(1, 1)}; measure;"))
    expect("another version", buckets(latency("fw", "forward")), buckets(after))
    pe.apply(conf(""))
    shown = pe.json("-s", "device", "show", "fw")["devices"][0]
    require("latency" not in shown, f"{shown}")
    flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80))
    pe.pectl("device", "change", "fw", "measure")
    expect("anew", latency("fw", "forward")["samples"], 0)
    pe.apply(conf())


@suite.case()
def counted_on_every_processor():
    """While traffic of several goes on, sums never go back."""
    f = FAMILIES[0]
    threads = [threading.Thread(target=flow.udp, args=(
        f, u1, f.U1, flow.port(), (f.W1, port), web, (f.W1, port), 100))
        for port in (70, 71)]
    for thread in threads:
        thread.start()
    last = latency("fw", "forward")
    while any(thread.is_alive() for thread in threads):
        now = latency("fw", "forward")
        require(all(b >= a for a, b in zip(buckets(last), buckets(now))) and
                now["sum_ns"] >= last["sum_ns"], f"{last} then {now}")
        expect("samples", now["samples"], sum(buckets(now)))
        last = now
    for thread in threads:
        thread.join()


@suite.case()
def shown():
    text = pe.pectl("-s", "device", "show", "fw")
    seen = latency("fw", "forward")
    require(f"# forward {seen['samples']} samples" in text, text)
    require("####" in text and "median below" in text, text)
    pe.pectl("diff", "-f", pe.file(text + pe.pectl("show").replace(
        next(line + "\n" for line in pe.pectl("show").splitlines()
             if line.startswith("device fw ")), "")))
    oneline = pe.pectl("-s", "-o", "device", "show", "fw")
    expect("lines", oneline.count("\n"), 1)
    text, samples = metrics.scrape(pe)
    metrics.judge(text)
    label = (("device", "fw"), ("of", "forward"))
    name = "pe_device_latency_seconds"
    seen = latency("fw", "forward")
    expect("count", samples[f"{name}_count", *label], seen["samples"])
    expect("sum", samples[f"{name}_sum", *label], seen["sum_ns"] / 1e9)
    below = 0
    for bucket in seen["buckets"]:
        below += bucket["samples"]
        edge = ("le", f"{bucket['below_ns'] / 1e9:.10g}")
        expect(f"bucket {edge}", samples[f"{name}_bucket", *label, edge], below)
    expect("all", samples[f"{name}_bucket", *label, ("le", "+Inf")], below)


@suite.case()
def refused():
    status, _, err = pe.try_pectl("device", "add", "t", "tap", "dev", "i5",
                                  "lladdr", mac(5, 9), "measure")
    expect("exit", status, engine.REFUSED)
    require("tap t returns nothing whose time could be measured" in err, err)


@suite.case()
def lost_in_the_end():
    """Until then it was waited for."""
    poll("loss", lambda: numbers("quiet") == (0, 4, 0), 12, 0.5)
    f = FAMILIES[0]
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as c:
        for n in range(100):
            c.sendto(b"gone %d" % n, (f.W2, 81))
    samples, lost, waiting = numbers("quiet")
    require(not samples and lost == 4 and waiting, "lost for good, and more")


suite.run(lambda: pe.start(conf()))
