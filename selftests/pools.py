#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pools: any member can take a packet, the same one does both ways, and what
becomes of packets when members go.

    u1 --- i0 [eng] i1 --+-- fw1..fw3 outside
                    i2 --+-- fw1..fw3 inside
                    i3 --+-- web1, web2 (loopback), nat1, nat2 are the same hosts
                    i4 --+-- ids1, ids2
"""
from collections import Counter
from itertools import product

from lib import engine, flow, metrics, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

FLOWS = 18
FIREWALLS = (1, 2, 3)

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in FIREWALLS:
    lab.router(f"fw{n}", 1, 2, n)
webs = {n: lab.server(f"web{n}", 3, n) for n in (1, 2)}
for n in (1, 2):
    lab.tap(f"ids{n}", 4, n)
pe = engine.Engine(lab)

CONF = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in FIREWALLS) + "".join(
    f"device web{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}\n"
    f"device ids{n} {{ tap dev i4 lladdr {mac(4, n)}; }}\n" +
    "".join(f"device nat{n}-{f.name} {{ server address {f.host(3, n)} "
            f"mode nat; }}\n" for f in FAMILIES) for n in (1, 2)) + """
pool ordered { members fw1, fw2, fw3; policy failover; detect off; }
pool spread { members fw1, fw2, fw3; policy maglev; detect off; }
pool client { members fw1, fw2, fw3; policy maglev; key client; detect off; }
pool heavy { members fw1 weight 3, fw2, fw3 weight 0; policy maglev; detect off; }
pool webs { members web1, web2; policy maglev; detect off; }
pool ids { members ids1, ids2; policy maglev; }
""" + "".join(
    f"pool nats{f.name} {{ members nat1-{f.name}, nat2-{f.name}; "
    f"policy maglev; detect off; }}\n" for f in FAMILIES) + "".join(f"""
service ordered{p}{f.name} {{ vip {f.W1} {p} port 80; sequence ordered, web1; }}
service spread{p}{f.name} {{ vip {f.W1} {p} port 81; sequence spread, web1; }}
service client{p}{f.name} {{ vip {f.W1} {p} port 82; sequence client, web1; }}
service webs{p}{f.name} {{ vip {f.W1} {p} port 83; sequence fw1, webs; }}
service nats{p}{f.name} {{ vip {f.W2} {p} port 80; sequence fw1, nats{f.name} port 8080; }}
service open{p}{f.name} {{ vip {f.W1} {p} port 84; sequence ids1, ordered fail open, ids2, web1; }}
service alone{p}{f.name} {{ vip {f.W1} {p} port 85; sequence fw3, web1; }}
service heavy{p}{f.name} {{ vip {f.W1} {p} port 86; sequence heavy, web1; }}
service ids{p}{f.name} {{ vip {f.W1} {p} port 87; sequence ids, fw1, web1; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))

BOTH = tuple(product(FAMILIES, ("tcp", "udp")))


def state(device, what):
    pe.pectl("device", "state", device, what)


def walk(n, u, w):
    """There and back through firewall n."""
    return ([got(0, 1, u, w, 64), put(1, n, u, w, 63), got(2, n, u, w, 62),
             put(3, 1, u, w, 61)],
            [got(3, 1, w, u, 64), put(2, n, w, u, 63), got(1, n, w, u, 62),
             put(0, 1, w, u, 61)])


def through(f, proto, port, web=webs[1], u=None):
    """The firewall that a flow took, both ways, and no other."""
    u, w = u or (f.U1, flow.port()), (f.W1, port)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        rows = capture.stop(0.05)
    taken = {r.dmac for r in rows if r.link == "i1" and r.dir == "out"}
    require(len(taken) == 1, f"{len(taken)} firewalls were handed packets")
    n = next(n for n in FIREWALLS if mac(1, n) in taken)
    check_walk(rows, *walk(n, u, w))
    told.check(pe, rows, proto, u, w)
    return n


@suite.case(*BOTH)
def failover_takes_the_first_that_is_up(f, proto):
    seen = [through(f, proto, 80)]
    state("fw1", "down")
    seen.append(through(f, proto, 80))
    state("fw2", "maintenance")
    seen.append(through(f, proto, 80))
    state("fw1", "up")
    seen.append(through(f, proto, 80))
    state("fw2", "up")
    expect("firewalls", seen, [1, 2, 3, 1])


@suite.case(*BOTH)
def without_a_member_packets_are_dropped(f, proto):
    """And counted as what they are; explain says the same."""
    for n in FIREWALLS:
        state(f"fw{n}", "down")
    before, counted = pe.drops(), pe.counters(f"ordered{proto}{f.name}")
    u, w = (f.U1, flow.port()), (f.W1, 80)
    kind = flow.DGRAM if proto == "udp" else flow.STREAM
    with Capture(lab) as capture, flow.bound(u1, f, kind, *u) as sock:
        sock.setblocking(False)
        sock.connect_ex(w)
        if proto == "udp":
            sock.send(b"lost")
        rows = capture.wait("packet", lambda rows: rows)
        expect("where it was seen", {r.link for r in rows}, {"i0"})
        lost = sum(r.packets for r in capture.stop())
    pe.check_drops(before, no_device=lost)
    expect("counters", pe.counters(f"ordered{proto}{f.name}"), counted)
    hop = told.explain(pe, proto, u, w)["forward"][0]
    expect("explained", (hop["action"], hop["reason"]), ("drop", "no-device"))
    for n in FIREWALLS:
        state(f"fw{n}", "up")


@suite.case(*BOTH)
def maglev_spreads_and_moves_only_what_it_must(f, proto):
    ports = [flow.port() for _ in range(FLOWS)]

    def picks():
        found = {}
        for port in ports:
            hops = told.explain(pe, proto, (f.U1, port), (f.W1, 81))
            there = hops["forward"][0]["device"]
            back = [h["device"] for h in hops["reverse"] if "device" in h]
            expect("way back", back[0], there)
            found[port] = there
        return found

    first = picks()
    require(len(set(first.values())) == 3, f"flows went to {Counter(first.values())}")
    for port in ports[:2]:
        n = through(f, proto, 81, u=(f.U1, port))
        expect("as explained", f"fw{n}", first[port])
    state("fw2", "down")
    second = picks()
    for port in ports:
        if first[port] != "fw2":
            expect(f"flow of port {port}", second[port], first[port])
    require("fw2" not in second.values(), "a flow went to what is down")
    state("fw2", "up")
    expect("with all members again", picks(), first)


@suite.case(*BOTH)
def key_client_keeps_flows_together(f, proto):
    seen = {through(f, proto, 82) for _ in range(3)}
    expect("firewalls of one client", len(seen), 1)


@suite.case(*BOTH)
def weights(f, proto):
    shown = pe.json("-s", "pool", "show", "heavy")["pools"][0]["members"]
    slots = {m["device"]: m["slots"] for m in shown}
    share = slots["fw1"] / sum(slots.values())
    require(0.74 < share < 0.76, f"fw1 has {share:.3f} of the slots: {slots}")
    expect("slots of weight 0", slots["fw3"], 0)
    require(through(f, proto, 86) in (1, 2), "a flow went to weight 0")
    for n in (1, 2):
        state(f"fw{n}", "down")
    expect("weight 0, when no other is up", through(f, proto, 86), 3)
    for n in (1, 2):
        state(f"fw{n}", "up")


@suite.case()
def drain_is_for_when_no_other_is_up():
    state("fw1", "drain")
    f = FAMILIES[0]
    expect("one that drains", through(f, "tcp", 80), 2)
    for n in (2, 3):
        state(f"fw{n}", "maintenance")
    expect("one that drains, when no other is up", through(f, "tcp", 80), 1)
    for n in FIREWALLS:
        state(f"fw{n}", "up")


def to_server(f, proto, w, local):
    """Talk over flows that explain says go to either server, two of each."""
    seen = Counter()
    while len(seen) < 2 or min(seen.values()) < 2:
        u = (f.U1, flow.port())
        way = told.explain(pe, proto, u, w)["forward"]
        name = [h["device"] for h in way if "device" in h][-1]
        n = int(name.split("-")[0][-1])
        require(sum(seen.values()) < 40, f"flows went to {seen}")
        if seen[n] == 2:
            continue
        with Capture(lab) as capture:
            flow.talk(proto, f, u1, *u, w, webs[n], local(n))
            rows = capture.stop(0.05)
        told.check(pe, rows, proto, u, w)
        expect("server's MAC", {r.dmac for r in rows if r.link == "i3" and
                                r.dir == "out"}, {mac(3, n)})
        seen[n] += 1
    return seen


@suite.case(*BOTH)
def servers(f, proto):
    seen = to_server(f, proto, (f.W1, 83), lambda n: (f.W1, 83))
    expect("servers used", sorted(seen), [1, 2])


@suite.case(*BOTH)
def servers_with_translation(f, proto):
    before = {n: pe.device_counters(f"nat{n}-{f.name}") for n in (1, 2)}
    seen = to_server(f, proto, (f.W2, 80), lambda n: (f.host(3, n), 8080))
    expect("servers used", sorted(seen), [1, 2])
    for n in (1, 2):
        after = pe.device_counters(f"nat{n}-{f.name}")
        for way in engine.WAYS:
            require(after[way] > before[n][way],
                    f"server {n} counted nothing {way}")


def failing_open(u, w, n):
    """Through firewall n, or past it."""
    fw = [put(1, n, u, w, 63), got(2, n, u, w, 62)] if n else []
    back = [put(2, n, w, u, 63), got(1, n, w, u, 62)] if n else []
    left = 61 if n else 63
    return ([got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True), *fw,
             put(4, 2, u, w, left, copy=True), put(3, 1, u, w, left)],
            [got(3, 1, w, u, 64), put(4, 2, w, u, 63, copy=True), *back,
             put(4, 1, w, u, left, copy=True), put(0, 1, w, u, left)])


@suite.case(*BOTH)
def fail_open_leaves_the_step_out(f, proto):
    """The detectors on either side of it go on; counters tell what went past."""
    name = f"open{proto}{f.name}"

    def talk(n):
        u, w = (f.U1, flow.port()), (f.W1, 84)
        with Capture(lab) as capture:
            flow.talk(proto, f, u1, *u, w, webs[1], w)
            rows = capture.stop()
        check_walk(rows, *failing_open(u, w, n), ordered=False)
        told.check(pe, rows, proto, u, w)
        return sum(r.packets for r in rows
                   if r.link == "i0" and r.dir == "in"), \
            sum(r.packets for r in rows if r.link == "i0" and r.dir == "out")

    before = pe.service(name)
    with_it = talk(1)
    for n in FIREWALLS:
        state(f"fw{n}", "down")
    without = talk(None)
    for n in FIREWALLS:
        state(f"fw{n}", "up")
    after = pe.service(name)

    def grown(*path):
        a, b = before, after
        for key in path:
            a, b = a[key], b[key]
        return b["packets"] - a["packets"]

    both = [a + b for a, b in zip(with_it, without)]
    for way, sent, all_of_it in zip(engine.WAYS, with_it, both):
        expect(f"service {way}", grown(way), all_of_it)
        expect(f"firewall {way}", grown("sequence", 1, way), sent)
        expect(f"detector behind it {way}", grown("sequence", 2, way), all_of_it)
        expect(f"server {way}", grown("sequence", 3, way), all_of_it)
    expect("skipped", grown("sequence", 1, "skipped"), sum(without))
    skipped = after["sequence"][1]["skipped"]
    expect("skipped, as a metric", metrics.pair(
        metrics.scrape(pe)[1], "step_skipped", ("service", name), ("step", "2"),
        ("device", after["sequence"][1]["device"])),
        (skipped["packets"], skipped["bytes"]))


@suite.case(*BOTH)
def a_device_without_a_pool(f, proto):
    expect("while it is up", through(f, proto, 85), 3)
    state("fw3", "maintenance")
    before = pe.drops()
    with flow.bound(u1, f, flow.DGRAM if proto == "udp" else flow.STREAM,
                    f.U1, flow.port()) as sock, Capture(lab) as capture:
        sock.setblocking(False)
        sock.connect_ex((f.W1, 85))
        if proto == "udp":
            sock.send(b"lost")
        capture.wait("packet", lambda rows: rows)
        lost = sum(r.packets for r in capture.stop())
    pe.check_drops(before, no_device=lost)
    state("fw3", "up")
    expect("when it is up again", through(f, proto, 85), 3)


@suite.case(*BOTH)
def detectors(f, proto):
    """Each flow is copied to one, and flows to either."""
    seen = Counter()
    for _ in range(40):
        u, w = (f.U1, flow.port()), (f.W1, 87)
        if told.explain(pe, proto, u, w)["forward"][0]["taps"][0] in seen:
            continue
        with Capture(lab) as capture:
            flow.talk(proto, f, u1, *u, w, webs[1], w)
            rows = capture.stop(0.05)
        told.check(pe, rows, proto, u, w)
        macs = {r.dmac for r in rows if r.link == "i4" and r.dir == "out"}
        expect("detectors of a flow", len(macs), 1)
        n = next(n for n in (1, 2) if mac(4, n) in macs)
        seen[f"ids{n}"] += 1
    require(len(seen) == 2, f"copies went to {seen}")


@suite.case()
def state_is_shown_and_outlives_a_change():
    state("fw2", "maintenance")
    shown = pe.device("fw2")
    expect("state", (shown["state"], shown["cause"]), ("maintenance", "command"))
    pe.pectl("device", "change", "fw2", "address", FAMILIES[0].host(1, 2))
    expect("after a change", pe.device("fw2")["state"], "maintenance")
    expect("through", through(FAMILIES[0], "udp", 80), 1)
    state("fw2", "up")


@suite.case(
    ("pool x { members fw1; policy maglev; }",
     "pool fw1 { members fw1, nope; policy maglev; }", "nope"),
    ("", "pool x { members fw1, web1; policy failover; }", "fw1 and web1"),
    ("", "pool x { members fw1, fw1; policy failover; }", "twice"),
    ("", "pool fw1 { members fw2; policy failover; }", "name of a device"),
    ("", "pool x { members web1, nat1-4; policy failover; }", "web1 and nat1-4"),
    ("", "pool x { members fw1; policy failover; key client; }", "key"),
    ("", "pool x { members fw1; policy failover; }\n"
     "service x { vip 192.0.2.99; sequence x, fw1; }", "cannot be told apart"),
    ("", "device spread { tap dev i4 lladdr 02:00:00:00:04:09; }",
     "name of a pool"),
    ("", f"device x {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}\n"
     "pool x2 { members web1, x; policy failover; }", "same interface"),
    ("", "service x { vip 192.0.2.99; sequence fw1, web1 fail open; }",
     "left out"))
def refused(there, text, words):
    generation = pe.generation()
    status, _, err = pe.try_pectl("-f", pe.file(there + "\n" + text))
    expect("exit status", status, engine.REFUSED)
    require(words in err, f"'{words}' is not in: {err}")
    expect("generation", pe.generation(), generation)


@suite.case()
def who_does_not_fit_is_blamed():
    """Of three members that change at once, that which clashes."""
    text = CONF
    for n, to in ((1, 9), (3, 2)):
        for net in (1, 2):
            text = text.replace(mac(net, n), mac(net, to))
    status, _, err = pe.try_pectl("apply", "-f", pe.file(text))
    expect("exit status", status, engine.REFUSED)
    require("devices fw2 and fw3" in err, err)
    require(err.split("\n")[1].lstrip().startswith("device fw3 "), err)


@suite.case()
def in_use():
    for args, words in ((("pool", "del", "spread"), "in use"),
                        (("device", "del", "fw2"), "in use as a member")):
        status, _, err = pe.try_pectl(*args)
        expect("exit status", status, engine.REFUSED)
        require(words in err, f"'{words}' is not in: {err}")


@suite.case()
def shown_as_it_is_read():
    text = pe.pectl("show")
    expect("apply", pe.apply(text).split(",")[0], "0 added")
    expect("difference", pe.try_pectl("diff", "-f", pe.file(text))[0], 0)


suite.run(lambda: pe.start(CONF))
