#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Protocols beside TCP and UDP, with ports and without.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
"""
import struct
from itertools import product

from lib import engine, flow, packet
from lib.addr import F4, F6, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

TESTING, GRE, NOTHING = 253, 47, 59
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
# In nat mode an address of the server's for each service address: an answer
# must tell which of them was meant.
OWN = {"W1": 1, "W2": 2, "W3": 3}
for number in (2, 3):
    web.addrs += lab.addresses(3, number, "eth0")
pe = engine.Engine(lab)


def conf(mode):
    """W1: every protocol and port; W2: each of them by name; W3: ports
    translated."""
    text = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
"""
    for f in FAMILIES:
        for vip, number in OWN.items():
            where = f"address {f.host(3, number)}" if mode == "nat" else \
                f"dev i3 lladdr {mac(3, 1)}"
            text += f"device {vip}{f.name} {{ server {where} mode {mode}; }}\n"
        for name, key, step in (
                ("all", f.W1, "W1"),
                ("sctp", f"{f.W2} sctp port 80", "W2"),
                ("echo", f"{f.W2} {'icmpv6' if f.v6 else 'icmp'}", "W2"),
                ("testing", f"{f.W2} proto {TESTING}", "W2"),
                ("port", f"{f.W3} sctp port 20", "W3")):
            text += f"service {name}{f.name} {{ vip {key}; " \
                f"sequence fw, {step}{f.name}" \
                f"{' port 2020' if name == 'port' else ''}; }}\n"
    return text


def ways(f, mode, u, w, s):
    return ([got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
             put(3, 1, u, s, 61)],
            [got(3, 1, s, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
             put(0, 1, w, u, 61)])


def server_of(f, mode, vip):
    return f.host(3, OWN[vip]) if mode == "nat" else getattr(f, vip)


@suite.case(*product(OFFLOADS, MODES, FAMILIES, ("W1", "W2")))
def sctp(how, mode, f, vip):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w = (f.U1, flow.port()), (getattr(f, vip), 80)
    s = (server_of(f, mode, vip), 80)
    with Capture(lab) as capture:
        flow.sctp(f, u1, *u, w, web, s)
        check_walk(capture.stop(), *ways(f, mode, u, w, s), csum=lab.csum)


@suite.case(*product(OFFLOADS, MODES, FAMILIES))
def sctp_with_port_translation(how, mode, f):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w = (f.U1, flow.port()), (f.W3, 20)
    s = (server_of(f, mode, "W3"), 2020)
    with Capture(lab) as capture:
        flow.sctp(f, u1, *u, w, web, s)
        check_walk(capture.stop(), *ways(f, mode, u, w, s))


@suite.case(*product(MODES, FAMILIES, ("W1", "W2")))
def echo(mode, f, vip):
    pe.apply(conf(mode))
    w = getattr(f, vip)
    with Capture(lab) as capture:
        flow.echo(f, u1, f.U1, w, count=2)
        check_walk(capture.stop(),
                   *ways(f, mode, (f.U1, 0), (w, 0),
                         (server_of(f, mode, vip), 0)), count=2, csum="ok")


@suite.case(*product(MODES, FAMILIES, ("W1", "W2")))
def no_ports(mode, f, vip):
    pe.apply(conf(mode))
    w = getattr(f, vip)
    s = server_of(f, mode, vip)
    with Capture(lab) as capture:
        flow.raw(f, TESTING, u1, f.U1, w, web, s)
        check_walk(capture.stop(),
                   *ways(f, mode, (f.U1, 0), (w, 0), (s, 0)), count=1)


@suite.case(*FAMILIES)
def gre(f):
    """Belongs to the service of everything, not to those named."""
    pe.apply(conf("loopback"))
    with Capture(lab) as capture:
        flow.raw(f, GRE, u1, f.U1, f.W1, web, f.W1)
        check_walk(capture.stop(),
                   *ways(f, "loopback", (f.U1, 0), (f.W1, 0), (f.W1, 0)))
    with Capture(lab) as capture, \
            u1.socket(f.af, flow.RAW, GRE) as sock:
        sock.sendto(b"none", (f.W2, 0))
        check_walk([r for r in capture.stop() if r.proto == GRE],
                   [got(0, 1, (f.U1, 0), (f.W2, 0), 64)], count=1)


def there(f, mode, u, w, s):
    """The way to the server, ports and all."""
    return ways(f, mode, u, w, s)[0]


def crossed(f, mode, vip, *packets, u=0, w=0, s=0, csum=None):
    """The client sends packets that the server gets, whoever answers."""
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(*packets)
        rows = [r for r in capture.stop() if r.proto != f.icmp]
    check_walk(rows, there(f, mode, (f.U1, u), (getattr(f, vip), w),
                           (server_of(f, mode, vip), s)),
               count=len(packets), csum=csum)


@suite.case(*MODES)
def nothing_follows(mode):
    """IPv6's next header 59 is a packet like any: RFC 8200, section 4.7."""
    pe.apply(conf(mode))
    before = pe.drops()
    crossed(F6, mode, "W1", packet.ip(F6.U1, F6.W1, NOTHING, b"padding"),
            packet.ip(F6.U1, F6.W1, NOTHING, b""),
            packet.ip(F6.U1, F6.W1, 60, bytes([NOTHING, 0, 1, 4, 0, 0, 0, 0])))
    pe.check_drops(before)


TALK = {255: (133, 134, 135, 136, 137), 1: (130, 131, 132, 143)}


@suite.case()
def neighbours_talk_is_told_by_its_hop_limit():
    """From the service's address, where none of its devices is."""
    f = F6
    pe.apply(conf("loopback"))

    def talk(kind, hops):
        return packet.icmp(f.W1, f.U2, kind, 0, 0, bytes(16), ttl=hops)

    for right, kinds in TALK.items():
        before = pe.drops()
        with packet.Sender(u1, 0, 1) as sender:
            for kind in kinds:
                sender.send(talk(kind, right))
        pe.check_drops(before)
        with packet.Sender(u1, 0, 1) as sender:
            for kind in kinds:
                for hops in {64, 254, 2, 255, 1} - {right}:
                    sender.send(talk(kind, hops))
        pe.check_drops(before, wrong_place=4 * len(kinds))


@suite.case(*MODES)
def neighbours_talk_from_afar_is_steered(mode):
    f = F6
    pe.apply(conf(mode))
    before = pe.counters("all6")
    with packet.Sender(u1, 0, 1) as sender:
        for kind in (*TALK[255], *TALK[1]):
            sender.send(packet.icmp(f.U1, f.W1, kind, 0, 0, bytes(16)))
        with Capture(lab) as capture:
            capture.stop()
    after = pe.counters("all6")
    for key in ((0, "forward"), (1, "forward")):
        expect(f"packets to step {key[0]}", after[key][0] - before[key][0], 9)


def extended(src, dst, *headers):
    """UDP behind extension headers, (number, rest) each."""
    whole = packet.udp(src, dst)
    follow, data = whole[6], whole[40:]
    for number, rest in reversed(headers):
        units = len(rest) // 4 - 1 if number == 51 else (len(rest) + 2) // 8 - 1
        data = struct.pack("!BB", follow, units) + rest + data
        follow = number
    return packet.ip(src[0], dst[0], follow, data)


OPTIONS = b"\x01\x04\0\0\0\0"
ROUTING = b"\0\0\0\0\0\0"          # no segments left
AUTH = b"\0\0" + b"\0\0\1\0" + b"\0\0\0\1" + bytes(12)
CHAINS = {"hop-by-hop": [(0, OPTIONS)],
          "destination options": [(60, OPTIONS)],
          "routing": [(43, ROUTING)],
          "all of them": [(0, OPTIONS), (60, OPTIONS), (43, ROUTING),
                          (60, OPTIONS)],
          "authentication": [(51, AUTH)]}


@suite.case(*product(MODES, CHAINS))
def extension_headers(mode, name):
    pe.apply(conf(mode))
    u = flow.port()
    crossed(F6, mode, "W1", extended((F6.U1, u), (F6.W1, 80), *CHAINS[name]),
            u=u, w=80, s=80, csum="ok")


@suite.case(*product(MODES, ("padding", "router alert", "record route")))
def ipv4_options(mode, name):
    """What routers on the way may write in, they do."""
    pe.apply(conf(mode))
    u = flow.port()
    options = {"padding": b"\1\1\1\0", "router alert": b"\x94\4\0\0",
               "record route": b"\7\x1b\4" + bytes(25)}[name]
    crossed(F4, mode, "W1", packet.udp((F4.U1, u), (F4.W1, 80),
                                       options=options),
            u=u, w=80, s=80, csum="ok")


@suite.case(*product(MODES, FAMILIES))
def udp_without_checksum(mode, f):
    """IPv4's stays without; IPv6 has none, and nobody mends that."""
    pe.apply(conf(mode))
    u = flow.port()
    whole = bytearray(packet.udp((f.U1, u), (f.W1, 80)))
    whole[f.header + 6:f.header + 8] = bytes(2)
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(bytes(whole))
        rows = [r for r in capture.stop() if r.proto == 17 and
                r.link == "i3" and r.dir == "out"]
    sums = [r.csum if not f.v6 else r.csum.split()[0] for r in rows]
    expect("checksum at the server", sums, ["bad" if f.v6 else "none"])


suite.run(lambda: pe.start(conf("loopback")))
