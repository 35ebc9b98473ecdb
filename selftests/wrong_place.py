#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What claims a place in a sequence must come from there.

    u1 --- i0 [eng] i1 --+-- fw outside (and a stranger on its wire)
                    i2 --+-- fw inside (and a stranger)
                    i3 --+-- web (and a stranger)
                    i4 --- ids
"""
import socket
from itertools import product

from lib import engine, flow, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

STRANGER = 9

suite = Suite(__doc__)
lab = Lab(suite)
nodes = {0: lab.client("u1")}
lab.router("fw", 1, 2)
web = lab.server("web", 3)
for segment in (1, 2, 3):
    nodes[segment] = lab.tap(f"stranger{segment}", segment, STRANGER)
nodes[4] = lab.tap("ids", 4)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence ids, fw, web; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))


def made(proto, src, dst):
    return packet.udp(src, dst) if proto == "udp" else packet.tcp(src, dst)


def dropped(segment, number, *packets, **how):
    """Only the wire it was sent on sees it, and it is counted."""
    before = pe.drops()
    with Capture(lab) as capture, \
            packet.Sender(nodes[segment], segment, number) as sender:
        sender.send(*packets, **how)
        rows = capture.stop()
    expect("where it was seen", {(r.link, r.dir) for r in rows},
           {(f"i{segment}", "in")})
    pe.check_drops(before, wrong_place=len(packets))


@suite.case(*product((1, 2, 3), FAMILIES, ("udp", "tcp")))
def answer_of_a_stranger_on_wire(segment, f, proto):
    """Source is the service, the MAC is nobody's in the sequence."""
    dropped(segment, STRANGER, made(proto, (f.W1, 80), (f.U1, 7000)))


@suite.case(*product(FAMILIES, ("udp", "tcp")))
def answer_from_a_client(f, proto):
    dropped(0, 1, made(proto, (f.W1, 80), (f.host(0, 2), 7000)))


@suite.case(*product(FAMILIES, ("udp", "tcp")))
def request_of_a_stranger_behind_the_firewall(f, proto):
    """On the firewall's inside requests come from the firewall alone."""
    dropped(2, STRANGER, made(proto, (f.U1, 7000), (f.W1, 80)))


@suite.case(*product(FAMILIES, ("udp", "tcp")))
def answer_of_the_server_with_another_interface(f, proto):
    """The server's MAC on the firewall's wire."""
    dropped(1, STRANGER, made(proto, (f.W1, 80), (f.U1, 7000)),
            src=mac(3, 1))


@suite.case(*FAMILIES)
def what_the_detector_sends_goes_on(f):
    """A tap is a place: its packets take the direction they claim."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture, packet.Sender(nodes[4], 4, 1) as sender:
        sender.send(packet.udp(u, w), packet.udp(w, u))
        rows = [r for r in capture.stop() if r.proto == 17]
    check_walk(rows,
               [got(4, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
                put(3, 1, u, w, 61)],
               [got(4, 1, w, u, 64), put(0, 1, w, u, 63)], count=1)


@suite.case(*FAMILIES)
def no_service_is_left_alone(f):
    """The same strangers may talk to each other as through any router."""
    a, b = (f.host(3, STRANGER), 7000), (f.host(1, STRANGER), 7001)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(nodes[3], 3, STRANGER) as sender:
        sender.send(packet.udp(a, b))
        rows = [r for r in capture.stop() if r.proto == socket.IPPROTO_UDP]
        check_walk(rows, [got(3, STRANGER, a, b, 64),
                          put(1, STRANGER, a, b, 63)], count=1)
    pe.check_drops(before)


suite.run(lambda: pe.start(CONF))
