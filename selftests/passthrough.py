#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is no service's passes through the router exactly as without the
module: the same packets are sent before it is loaded and after.

    u1 --- i0 [eng] i1 --- web
"""
from lib import engine, flow, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Fail, Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import ICMP, TCP, UDP, Capture, show

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1, mode="nat")
# Addresses beside the service's own that the router knows a way to.
for f in FAMILIES:
    lab.eng.batch.append(f"route add {f.vips} via {f.host(1, 1)}")
    web.batch.append(f"route add local {f.vips} dev lo")
pe = engine.Engine(lab)

CONF = f"device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}\n" + \
    "".join(f"device nat{f.name} {{ server address {f.host(1, 9)} mode nat; }}\n"
            f"service web{f.name} {{ vip {f.W1} tcp port 80; sequence web; }}\n"
            f"service nat{f.name} {{ vip {f.W2} udp port 80; "
            f"sequence nat{f.name}; }}\n" for f in FAMILIES)
seen = {}


def packets(f):
    """Of all sorts, none of them a service's, some of them nearly."""
    u, w, other = (f.U1, 7000), (f.W1, 81), (f.vip(99), 80)
    v6 = f.v6
    whole = packet.udp(u, other, b"a" * 24 + b"b" * 24)
    data = whole[f.header:]
    made = [
        packet.udp(u, w), packet.tcp(u, w), packet.udp(u, other),
        packet.udp(u, (f.W1, 80)),              # the port of TCP's service
        packet.tcp(u, (f.W2, 80)),              # the port of UDP's
        packet.udp(u, other, b""), packet.udp(u, other, b"x" * 1400),
        packet.udp(u, other, ttl=1), packet.udp(u, other, ttl=2),
        packet.udp(u, (f.host(1, 1), 80)),
        packet.ip(f.U1, f.W1, 47, b"\0" * 20),
        packet.ip(f.U1, other[0], 253, b"none"),
        packet.ip(f.U1, other[0], UDP, b"\0"),  # cut off
        packet.ip(f.U1, other[0], UDP, data[:32], ident=5,
                  frag=0x8000 if v6 else 0x2000),
        packet.ip(f.U1, other[0], UDP, data[32:], ident=5, frag=4),
        packet.udp(u, other, options=b"\x01\x04\0\0\0\0" if v6
                   else b"\x01\x01\x01\x00"),
        packet.icmp(f.U1, other[0], 128 if v6 else 8, 0, 0x10001, b"echo"),
        packet.unreachable(f.U1, other[0], packet.udp(other, u)),
        packet.unreachable(f.U1, f.W1, packet.udp((f.W1, 81), u)),
        packet.too_big(f.U1, other[0], packet.udp(other, u), 1300),
    ]
    if not v6:
        made += [packet.udp(u, other, frag=0x4000),
                 packet.ip(f.U1, "203.0.113.255", UDP, data)]
    return made


def send(f):
    """What the wires saw of it, without what differs each time."""
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        for made in packets(f):
            sender.send(made)
            capture.more(0.02)
        rows = capture.stop()
    return [(r.link, r.dir, r.smac, r.dmac, r.proto, r.saddr, r.sport,
             r.daddr, r.dport, r.ttl, r.flags, r.length, r.csum, r.frag,
             r.payload if r.proto in (TCP, UDP) else b"")
            for r in rows if r.proto != ICMP or r.dir == "out" or
            r.link == "i0"], rows


def setup():
    lab.up()
    if engine.loaded():
        raise Fail("the module is loaded already")
    for f in FAMILIES:
        seen[f], rows = send(f)
        require(len(rows) > 20, f"hardly anything passed:\n{show(rows)}")
    engine.load()
    suite.defer(engine.unload)


@suite.case(*FAMILIES)
def with_the_module_alone(f):
    expect("packets", send(f)[0], seen[f])


@suite.case(*FAMILIES)
def with_services(f):
    pe.apply(CONF)
    before = pe.drops()
    expect("packets", send(f)[0], seen[f])
    pe.check_drops(before)


@suite.case(*((how, f) for how in OFFLOADS for f in FAMILIES))
def real_traffic(how, f):
    lab.offloads(how)
    before = pe.drops()
    flow.tcp(f, u1, f.U1, flow.port(), (f.W1, 81), web, (f.W1, 81), 2, 50000)
    flow.udp(f, u1, f.U1, flow.port(), (f.W1, 81), web, (f.W1, 81))
    flow.echo(f, u1, f.U1, f.vip(99))
    pe.check_drops(before)


@suite.case(*FAMILIES)
def after_flush(f):
    pe.pectl("flush")
    lab.offloads("offloaded")
    expect("packets", send(f)[0], seen[f])


suite.run(setup)
