#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices that return packets by the port that they were handed by. The time
to live ends it, the sender is told, and every round is counted.

    u1 --- i0 [eng] i1 --- fw outside, which has no way to its inside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids, which routes
"""
from lib import engine, packet
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
ids = lab.one_armed("ids", 4)
web = lab.server("web", 3)
pe = engine.Engine(lab)

for f in FAMILIES:                      # back to where it came from
    fw.batch.append(f"route replace {f.vips} via {f.host(1, ENGINE)}")
    fw.batch.append(f"route del default via {f.host(1, ENGINE)}")
    fw.batch.append(f"route add default via {f.host(2, ENGINE)}")

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
service there{f.name} {{ vip {f.W1} udp port 80; sequence fw, web; }}
service copy{f.name} {{ vip {f.W2} udp port 80; sequence ids, web; }}
""" for f in FAMILIES)


def send(f, vip, ttl):
    with packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp((f.U1, 7000), (vip, 80), ttl=ttl))


@suite.case(*FAMILIES)
def a_firewall_that_returns_what_it_gets(f):
    """It gets the packet again as if from a client, each time older by the
    engine's hop and its own."""
    ttl, before = 9, pe.drops()
    start = pe.device_counters("fw")["forward"][0]
    with Capture(lab) as capture:
        send(f, f.W1, ttl)
        poll("end of it", lambda: pe.drops()["ttl"] > before["ttl"])
        rows = capture.stop()
    seen = [(r.link, r.dir, r.ttl) for r in rows if r.proto == 17]
    wanted = [("i0", "in", ttl)]
    while ttl > 1:
        wanted += [("i1", "out", ttl - 1)]
        wanted += [("i1", "in", ttl - 2)] if ttl > 2 else []
        ttl -= 2
    expect("rounds", seen, wanted)
    expect("counted", pe.device_counters("fw")["forward"][0] - start, 4)
    pe.check_drops(before, ttl=1)
    told = [r for r in rows if r.flags == ("3/0" if f.v6 else "11/0") and
            (r.link, r.dir) == ("i0", "out")]
    expect("who is told", [r.daddr for r in told], [f.U1])


@suite.case(*FAMILIES)
def and_what_it_gets_on_the_way_back(f):
    """Its inside returns answers: they bear the service's address and come
    from where answers don't, so the first round is the last."""
    before, ends = pe.drops(), ((f.W1, 80), (f.U1, 7000))
    with Capture(lab) as capture, packet.Sender(web, 3, 1) as sender:
        sender.send(packet.udp(*ends))
        rows = [r for r in capture.stop() if r.proto == 17]
    check_walk(rows, [got(3, 1, *ends, 64), put(2, 1, *ends, 63),
                      got(2, 1, *ends, 62)], count=1)
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def a_tap_that_routes_what_it_gets(f):
    """Its copy goes on behind it, so the server has the packet twice, and
    not more often."""
    before, ends = pe.drops(), ((f.U1, 7000), (f.W2, 80))
    with Capture(lab) as capture:
        send(f, f.W2, 64)
        rows = [r for r in capture.stop(0.3) if r.proto == 17]
    expect("packets", sorted((r.link, r.dir, r.ttl) for r in rows), [
        ("i0", "in", 64), ("i3", "out", 61), ("i3", "out", 63),
        ("i4", "in", 62), ("i4", "out", 63)])
    require(all((r.saddr, r.sport) == ends[0] for r in rows), "another packet")
    pe.check_drops(before)


@suite.case(*FAMILIES)
def what_the_engine_sent_itself(f):
    """A port that mirrors: the frame is to the device, not to the engine."""
    before = pe.drops()
    with packet.Sender(fw, 1, 1, "out0") as sender, Capture(lab) as capture:
        sender.send(packet.udp((f.U1, 7000), (f.W1, 80)), src=mac(1, ENGINE),
                    dst=mac(1, 1))
        rows = [r for r in capture.stop() if r.proto == 17]
    expect("where it was seen", [(r.link, r.dir) for r in rows],
           [("i1", "in")])
    pe.check_drops(before)


@suite.case()
def a_device_that_is_the_engine():
    """By that address it would hand packets to itself."""
    status, _, err = pe.try_pectl("device", "add", "self", "inline", "dev",
                                  "i1", "lladdr", mac(1, ENGINE))
    expect("status", status, engine.REFUSED)
    require("interface i1's own" in err, err)


suite.run(lambda: pe.start(CONF))
