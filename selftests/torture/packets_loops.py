#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices looped back: on each other, on themselves. The hop limit ends it.

    a0 and b0, a1 and b1 are wires from the engine to itself; device a is at a0
    and a1, device b at b0 and b1.
"""
import socket
from itertools import product

from lib import packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, poll
from packets_lab import CLIENT, FW, INLINE, WEB, World

MACS = {"a0": mac(0x21, 1), "b0": mac(0x21, 2),
        "a1": mac(0x22, 1), "b1": mac(0x22, 2)}

suite = Suite(__doc__)
world = World(suite)
eng, far, pe = world.lab.eng, world.far, world.pe


def setup():
    world.up()
    eng.ip(*(f"link add a{n} address {MACS[f'a{n}']} type veth peer name b{n} "
             f"address {MACS[f'b{n}']}" for n in (0, 1)),
           *(f"link set {dev} up" for dev in MACS))
    pe.batch(f"""
device a {{ inline outside dev a0 lladdr {MACS['b0']} inside dev a1 lladdr {MACS['b1']}; }}
device b {{ inline outside dev b0 lladdr {MACS['a0']} inside dev b1 lladdr {MACS['a1']}; }}
device c {{ inline dev a0 lladdr {MACS['b0']}; }}
device t {{ tap dev a0 lladdr {MACS['b0']}; }}
""" + "".join(f"""
service ab{f.name} {{ vip {f.vip(30)}; sequence a, b, web; }}
service c{f.name} {{ vip {f.vip(31)}; sequence c, web; }}
service t{f.name} {{ vip {f.vip(32)}; sequence t, web; }}
""" for f in FAMILIES))


def settled(what, wanted):
    """The counters are what is wanted, and stay so."""
    poll(what, lambda: all(pe.drops()[k] - before[k] >= v
                           for k, v in wanted.items()), 20)
    expect(what, {k: v - before[k] for k, v in pe.drops().items()
                  if v != before[k]}, wanted)


before = {}


def send(port, *packets):
    before.clear()
    before.update(pe.drops())
    with packet.Sender(far, port, 1, f"o{port}") as sender:
        sender.send(*packets)


def forward(device):
    return pe.device_counters(device)["forward"][0]


@suite.case(*product(FAMILIES, (64, 255, 2, 1)))
def two_devices_on_each_other(f, ttl):
    """What goes to the first comes back as if from a client, again and
    again, until its time to live is over."""
    start = forward("a")
    send(CLIENT, *[packet.udp((f.U1, 7000), (f.vip(30), 80), ttl=ttl)] * 3)
    settled("drops", {"ttl": 3})
    expect("rounds", forward("a") - start, 3 * (ttl - 1))


@suite.case(*FAMILIES)
def their_insides(f):
    """What the server sends comes to where nothing of it can be."""
    send(WEB, packet.udp((f.vip(30), 80), (f.U1, 7000)))
    settled("drops", {"wrong-place": 1})


@suite.case(*FAMILIES)
def a_device_on_itself(f):
    """One-armed, and its wire ends at the engine."""
    start = forward("c")
    send(CLIENT, packet.udp((f.U1, 7000), (f.vip(31), 80)))
    settled("drops", {"ttl": 1})
    expect("rounds", forward("c") - start, 63)


@suite.case(*product(FAMILIES, (64, 8, 2)))
def a_tap_on_the_engine(f, ttl):
    """Its copies come back as a client's packets, and are copied."""
    start = forward("web")
    send(CLIENT, packet.udp((f.U1, 7000), (f.vip(32), 80), ttl=ttl))
    settled("drops", {"ttl": 1})
    expect("packets at the server", forward("web") - start, ttl - 1)


@suite.case(*FAMILIES)
def a_device_that_returns_everything(f):
    """By the side it took it in: it goes there again, until it may not."""
    with far.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((f"o{FW}", 0x86dd if f.v6 else 0x0800))
        sock.settimeout(3)
        before.clear()
        before.update(pe.drops())
        with packet.Sender(far, CLIENT, 1, f"o{CLIENT}") as sender:
            sender.send(packet.udp((f.U1, 7000), (f.vip(INLINE), 80)))
        rounds = 0
        try:
            while True:
                frame, addr = sock.recvfrom(2048)
                if addr[2] != socket.PACKET_OUTGOING and \
                        frame[:6].hex(":") == mac(FW, 1):
                    rounds += 1
                    sock.send(frame[6:12] + frame[:6] + frame[12:])
        except TimeoutError:
            pass
    settled("drops", {"ttl": 1})
    expect("rounds", rounds, 63)


suite.run(setup)
