#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Counters are equal to what was sent, to the packet and to the byte.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids

Compared with what a capture saw on the wires, where a super-packet is as many
packets as it stands for.
"""
from itertools import product

from lib import engine, flow, packet
from lib.account import growth, source, to
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture

WAYS = engine.WAYS

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
ids = lab.tap("ids", 4)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
    for f in FAMILIES) + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence ids, fw, web; }}
service {p}{f.name}-nat {{ vip {f.W2} {p} port 80; sequence fw, nat{f.name}; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def through_a_sequence(how, f, proto):
    lab.offloads(how)
    name = f"{proto}{f.name}"
    size, rounds = (40000, 3) if proto == "tcp" else (1200, 7)
    before = pe.counters(name)
    devices = {d: pe.device_counters(d) for d in ("ids", "fw", "web")}
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, f.U1, flow.port(), (f.W1, 80), web,
                  (f.W1, 80), rounds, size)
        rows = capture.stop()
    if how == "offloaded" and proto == "tcp":
        require(any(r.packets > 1 for r in rows), "no super-packet was sent")
    seen = growth(before, pe.counters(name))
    expect("packets enter", to(rows, "i0", "in", f.W1) > (0, 0), True)
    # A server's reverse is what it sent, a device's what it was handed.
    wanted = {"forward": to(rows, "i0", "in", f.W1),
              "reverse": source(rows, "i0", "out", f.W1),
              (0, "forward"): to(rows, "i4", "out", f.W1),
              (0, "reverse"): source(rows, "i4", "out", f.W1),
              (1, "forward"): to(rows, "i1", "out", f.W1),
              (1, "reverse"): source(rows, "i2", "out", f.W1),
              (2, "forward"): to(rows, "i3", "out", f.W1),
              (2, "reverse"): source(rows, "i3", "in", f.W1)}
    expect("counters of the service", seen, wanted)
    for number, device in enumerate(devices):
        expect(f"counters of {device}",
               growth(devices[device], pe.device_counters(device)),
               {way: wanted[number, way] for way in WAYS})


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def with_translation(how, f, proto):
    lab.offloads(how)
    name = f"{proto}{f.name}-nat"
    s = f.host(3, 1)
    size, rounds = (40000, 3) if proto == "tcp" else (1200, 7)
    before = pe.counters(name)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, f.U1, flow.port(), (f.W2, 80), web, (s, 80),
                  rounds, size)
        rows = capture.stop()
    seen = growth(before, pe.counters(name))
    expect("packets enter", to(rows, "i0", "in", f.W2) > (0, 0), True)
    expect("counters of the service", seen,
           {"forward": to(rows, "i0", "in", f.W2),
            "reverse": source(rows, "i0", "out", f.W2),
            (0, "forward"): to(rows, "i1", "out", f.W2),
            (0, "reverse"): source(rows, "i2", "out", f.W2),
            (1, "forward"): to(rows, "i3", "out", s),
            (1, "reverse"): source(rows, "i3", "in", s)})


@suite.case(*FAMILIES)
def only_the_service_itself(f):
    """Traffic of one service moves the counters of no other."""
    names = [f"{p}{g.name}{x}" for p in ("tcp", "udp") for g in FAMILIES
             for x in ("", "-nat")]
    mine = f"udp{f.name}"
    before = {n: pe.counters(n) for n in names}
    flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80), 2)
    moved = {n for n in names if pe.counters(n) != before[n]}
    expect("services counted", moved, {mine})


@suite.case(*FAMILIES)
def a_detector_s_own_packets(f):
    """Are forwarded and counted where they go, not as a client's."""
    name = f"udp{f.name}"
    before = pe.counters(name)
    with Capture(lab) as capture, packet.Sender(ids, 4, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, f.W1, 80):
        sender.send(packet.udp((f.U1, flow.port()), (f.W1, 80)))
        rows = capture.stop()
    wanted = {key: (0, 0) for key in before}
    wanted[1, "forward"] = to(rows, "i1", "out", f.W1)
    wanted[2, "forward"] = to(rows, "i3", "out", f.W1)
    expect("packets", wanted[2, "forward"][0], 1)
    expect("counters", growth(before, pe.counters(name)), wanted)


suite.run(lambda: pe.start(CONF))
