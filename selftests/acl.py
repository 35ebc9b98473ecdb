#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Access lists meet every kind of packet: errors, fragments, extension headers,
super-packets; and every kind of service: with a pool, of a client.

    u1, u2 --- i0 [eng] i1 --- fw1, fw2 outside
                        i2 --- fw1, fw2 inside
                        i3 --- web
                        i4 --- box (one-armed)
"""
import socket
import struct
from itertools import product

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, F4, F6, mac
from lib.ktap import Suite, expect, poll
from lib.lab import Lab
from lib.wire import Capture

UDP_SEGMENT = 103
IPV6_TCLASS = 67
# Clients that are counted apart, of a list on one CPU.
PLACES = 1024

suite = Suite(__doc__)
lab = Lab(suite)
# What a CPU found in a list, it finds again.
lab.one_cpu()
u1, u2 = lab.client("u1"), lab.client("u2", 0, 2)
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
web = lab.server("web", 3)
box = lab.one_armed("box", 4, 1)
pe = engine.Engine(lab)

DEVICES = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + f"""
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device box {{ inline dev i4 lladdr {mac(4, 1)}; }}
pool fws {{ members fw1, fw2; policy maglev; detect off; }}
""" + "".join(f"""
service udp{f.name} {{ vip {f.W1} udp port 80; sequence fw1, web; }}
service tcp{f.name} {{ vip {f.W1} tcp port 80; sequence fw1, web; }}
service all{f.name} {{ vip {f.W2}; sequence fw1, web; }}
service pool{f.name} {{ vip {f.W3} udp port 80; sequence fws, web; }}
service isp{f.name} {{ client {f.U2}/{f.bits}; sequence box; acl out; }}
""" for f in FAMILIES)


def apply(*lists):
    pe.apply(DEVICES + "acl out { default permit; }\n" * (
        not any(text.startswith("acl out") for text in lists)) +
        "\n".join(lists))


def acl(name):
    return pe.json("-s", "acl", "show", name)["acls"][0]


def rule(shown, number):
    found = shown["rules"][number]
    return found["packets"], found["bytes"]


def sent(*packets):
    """What of packets from u1's segment left to a firewall."""
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(*packets)
        rows = capture.stop()
    return leaving(rows)


def leaving(rows):
    return [r for r in rows if r.link == "i1" and r.dir == "out"]


def check_sent(what, packets, left, **drops):
    """So many of them leave, and the others are dropped for that."""
    before = pe.drops()
    expect(what, len(sent(*packets)), left)
    pe.check_drops(before, **drops)


@suite.case(*FAMILIES)
def more_clients_than_places(f):
    """Those without a place are counted together, and none is forgotten."""
    apply(f"acl udp{f.name} {{ permit udp count; }}")
    base = "2001:db8:77::%x" if f.v6 else "198.18.%d.%d"
    sources = [base % n if f.v6 else base % divmod(n, 256)
               for n in range(1, 3 * PLACES)]
    with packet.Sender(u1, 0, 1) as sender:
        for source in sources:
            sender.send(packet.udp((source, 7), (f.W1, 80)))
    poll("all of them", lambda: acl(f"udp{f.name}")["rules"][0]["packets"] ==
         len(sources))
    shown = acl(f"udp{f.name}")
    length = f.header + 8 + len(b"payload")
    clients, others = shown["clients"], shown["other_clients"]
    expect("each once", {(c["packets"], c["bytes"]) for c in clients},
           {(1, length)})
    expect("whose they are", {c["address"] for c in clients} - set(sources),
           set())
    expect("the rest", (others["packets"], others["bytes"]),
           (len(sources) - len(clients),
            (len(sources) - len(clients)) * length))
    expect("some have no place", others["packets"] > 0, True)
    expect("most places are used", len(clients) > PLACES * 3 // 4, True)


@suite.case(*FAMILIES)
def errors_about_flows(f):
    """An error is let in where the flow is that it is about."""
    apply(f"acl udp{f.name} {{ permit udp from {f.U1} port 80 count; }}")

    def error(client, port):
        about = packet.udp((f.W1, 80), (client, port), ttl=60)
        return packet.unreachable(client, f.W1, about)
    length = len(error(f.U1, 5000))
    check_sent("about what is permitted", [error(f.U1, 5000)], 1)
    check_sent("about what is denied", [error(f.U2, 5000)], 0, denied=1)
    expect("counted", rule(acl(f"udp{f.name}"), 0), (1, length))
    apply(f"acl udp{f.name} {{ deny udp from {f.U1} sport 5000; permit; }}")
    check_sent("by the client's port", [error(f.U1, 5000), error(f.U1, 5001)],
               1, denied=1)
    apply(f"acl udp{f.name} {{ deny {'icmpv6' if f.v6 else 'icmp'}; "
          "permit; }")
    check_sent("not by its own type", [error(f.U1, 5000)], 1)


@suite.case(*FAMILIES)
def router_complains(f):
    """An error from somewhere on the way has the client in what it quotes."""
    apply(f"acl udp{f.name} {{ deny udp from {f.U2}; permit; }}")

    def error(client):
        about = packet.udp((f.W1, 80), (client, 7), ttl=60)
        return packet.too_big(f.host(0, 9), f.W1, about, 1280)
    check_sent("of u1", [error(f.U1)], 1)
    check_sent("of u2", [error(f.U2)], 0, denied=1)


@suite.case(*FAMILIES)
def by_dscp(f):
    apply(f"acl udp{f.name} {{ deny dscp 46 count; permit; }}")
    packets = [packet.udp((f.U1, 7), (f.W1, 80), tos=tos)
               for tos in (46 << 2, 46 << 2 | 3, 45 << 2, 0)]
    check_sent("what left", packets, 2, denied=2)
    expect("counted", acl(f"udp{f.name}")["rules"][0]["packets"], 2)
    apply(f"acl all{f.name} {{ permit udp dscp 0; }}")
    packets = [packet.udp((f.U1, 7), (f.W2, 80), tos=tos) for tos in (0, 4)]
    check_sent("and the other way", packets, 1, denied=1)


# What a rule asks for, and a packet that differs in that from what it is sent
# between.
LIKE_BUT = {
    "from": lambda f: (f"from {f.U2}", packet.udp((f.U2, 7), (f.W2, 80))),
    "to": lambda f: (f"to {f.W1}", packet.udp((f.U1, 7), (f.W1, 80))),
    "sport": lambda f: ("udp sport 8", packet.udp((f.U1, 8), (f.W2, 80))),
    "port": lambda f: ("udp port 81", packet.udp((f.U1, 7), (f.W2, 81))),
    "proto": lambda f: ("tcp", packet.tcp((f.U1, 7), (f.W2, 80))),
    "dscp": lambda f: ("dscp 1", packet.udp((f.U1, 7), (f.W2, 80), tos=4)),
}


def long(f):
    """Rules that nothing here matches, such that no look-up is a short one."""
    return "".join(
        f"deny udp from {f.host(5, n)} sport {n}-{9 * n} port {1000 + n}; "
        f"deny tcp to {f.host(6, n)} sport {5 * n}-{6 * n} flags fin,syn; "
        f"deny proto {100 + n} to {f.host(6, 3 * n)} dscp {n + 2}; "
        for n in range(10, 20))


def apply_both(f, rules, default):
    """One list for all services."""
    pe.apply(DEVICES.replace("fw1, web; }", "fw1, web; acl both; }") +
             "acl out { default permit; }\n"
             f"acl both {{ {rules}; {long(f)}default {default}; }}")


@suite.case(*FAMILIES)
def nothing_is_taken_for_another(f):
    """What one packet was found to match is its like's only."""
    usual = packet.udp((f.U1, 7), (f.W2, 80))
    half = 0
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        for of in LIKE_BUT.values():
            asked, other = of(f)
            for verdict, default in ("deny", "permit"), ("permit", "deny"):
                apply_both(f, f"{verdict} {asked}", default)
                before = pe.drops()
                sender.send(usual, usual, other, usual, other, other)
                half += 3
                capture.wait("half of them that leave", lambda rows, half=half:
                             len(leaving(rows)) >= half)
                pe.check_drops(before, denied=3)
        rows = capture.stop()
    expect("half of all left", len(leaving(rows)), half)
    expect("a look-up is not short",
           pe.json("-d", "acl", "show", "both")["acls"][0]["cost"] > 100, True)


@suite.case(*FAMILIES)
def nothing_is_taken_for_another_version(f):
    """Rules move, and verdicts go with them: first permits, then denies, stand
    where the others stood, of this list and of another."""
    usual = packet.udp((f.U1, 7), (f.W2, 80))
    deny, permit = f"deny from {f.U2}", "permit udp port 80"
    left = 0
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        for rules, drops in ((permit, 0), (f"{deny}; {permit}", 0),
                             (f"{permit}; {deny}", 0),
                             (f"{deny}; deny udp port 80", 3),
                             (f"{permit}; {deny}; {deny} port 9", 0)):
            rules = rules.replace(f"{deny} port", f"deny udp from {f.U2} port")
            apply_both(f, rules, "deny")
            before = pe.drops()
            sender.send(usual, usual, usual)
            left += 3 - drops
            capture.wait("all that leave", lambda rows, left=left:
                         len(leaving(rows)) == left)
            pe.check_drops(before, **({"denied": drops} if drops else {}))


@suite.case(*FAMILIES)
def flags_are_each_packets_own(f):
    apply_both(f, "deny tcp flags syn,!ack", "permit")
    packets = [packet.tcp((f.U1, 7), (f.W2, 80), flags=flags)
               for flags in (16, 2, 16, 2, 18, 24, 2)]
    check_sent("what left", packets, 4, denied=3)


@suite.case(*FAMILIES)
def flags_are_not_there(f):
    """TCP that ends before them gets past no list."""
    apply(f"acl all{f.name} {{ deny tcp flags syn,!ack; permit; }}")
    ports = struct.pack("!HH", 7, 80)
    packets = [packet.ip(f.U1, f.W2, packet.TCP, ports + bytes(length - 4))
               for length in (4, 12, 13, 20)]
    check_sent("what left", packets, 1, malformed=3)


@suite.case(*FAMILIES)
def interface_is_each_packets_own(f):
    """One flow by two interfaces in turn."""
    apply_both(f, "deny iif i4", "permit")
    usual = packet.udp((f.U1, 7), (f.W2, 80))
    before = pe.drops()
    with (Capture(lab) as capture, packet.Sender(u1, 0, 1) as right,
          packet.Sender(box, 4, 9) as wrong):
        for sender in (right, right, wrong, right, wrong, wrong, right):
            sender.send(usual)
        rows = capture.stop()
    left = [r for r in rows if r.link == "i1" and r.dir == "out"]
    expect("what left", len(left), 4)
    pe.check_drops(before, denied=3)


@suite.case(*FAMILIES)
def by_source_port(f):
    apply(f"acl udp{f.name} {{ permit udp sport 1000-1999,3000; }}")
    packets = [packet.udp((f.U1, port), (f.W1, 80))
               for port in (999, 1000, 1999, 2000, 3000)]
    check_sent("what left", packets, 3, denied=2)


@suite.case(*FAMILIES)
def super_packets(f):
    """One buffer that stands for many datagrams counts as many. It has no form
    in which Linux 6.1 shows it to a capture."""
    lab.offloads("offloaded")
    apply(f"acl udp{f.name} {{ permit udp from {f.U1} count; }}")
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as client, \
            flow.bound(web, f, flow.DGRAM, f.W1, 80) as server:
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        client.sendto(b"g" * 10000, (f.W1, 80))
        for number in range(10):
            expect(f"datagram {number}", len(server.recv(65536)), 1000)
    expect("counted", rule(acl(f"udp{f.name}"), 0),
           (10, 10 * (f.header + 8 + 1000)))
    shown, = acl(f"udp{f.name}")["clients"]
    expect("and for the client", shown["packets"], 10)
    apply(f"acl udp{f.name} {{ deny udp from {f.U1} count; }}")
    before = pe.drops().get("denied", 0)
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as client:
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        client.sendto(b"g" * 10000, (f.W1, 80))
        poll("denied", lambda: pe.drops().get("denied", 0) > before)
    expect("denied", acl(f"udp{f.name}")["rules"][0]["packets"], 10)


@suite.case(*FAMILIES)
def before_a_pool(f):
    """Whichever member would have had it."""
    apply(f"acl pool{f.name} {{ deny udp sport 1-19; permit udp count; }}")
    packets = [packet.udp((f.U1, port), (f.W3, 80)) for port in range(1, 40)]
    before = pe.drops()
    rows = sent(*packets)
    pe.check_drops(before, denied=19)
    expect("what left", sorted(r.sport for r in rows), list(range(20, 40)))
    expect("by both", {r.dmac for r in rows}, {mac(1, 1), mac(1, 2)})
    u = (f.U1, flow.port())
    flow.udp(f, u1, *u, (f.W3, 80), web, (f.W3, 80), count=3)
    expect("and back", acl(f"pool{f.name}")["rules"][1]["packets"], 23)


@suite.case(*FAMILIES)
def of_a_client(f):
    """What the client sends is asked for, and not what it gets."""
    apply(f"acl out {{ deny udp from {f.U2} port 99 count; permit to "
          f"{f.host(3, 1)} count; }}")
    there = f.host(3, 1)
    before = pe.drops()
    with flow.bound(u2, f, flow.DGRAM, f.U2, flow.port()) as client, \
            flow.bound(web, f, flow.DGRAM, there, 99) as server:
        client.sendto(b"no", (there, 99))
        poll("denied", lambda: pe.drops() != before)
        server.sendto(b"unasked", client.getsockname()[:2])
        expect("what comes back", client.recv(100), b"unasked")
    pe.check_drops(before, denied=1)
    flow.udp(f, u2, f.U2, flow.port(), (there, 98), web, (there, 98))
    shown = acl("out")
    expect("counted", [r["packets"] for r in shown["rules"]], [1, 1])
    expect("client", {c["address"]: c["packets"]
                      for c in shown["clients"]}.get(f.U2), 2)


@suite.case(*FAMILIES)
def behind_options(f):
    """Options and extension headers hide nothing."""
    options = b"\x01\x04\0\0\0\0" if f.v6 else b"\x01" * 8
    apply(f"acl udp{f.name} {{ permit udp sport 1000; }}",
          f"acl tcp{f.name} {{ deny tcp flags syn,!ack; permit; }}")
    packets = [packet.udp((f.U1, port), (f.W1, 80), options=options)
               for port in (1000, 1001)]
    check_sent("by port", packets, 1, denied=1)
    packets = [packet.tcp((f.U1, 7), (f.W1, 80), flags=flags, options=options)
               for flags in (2, 18, 16)]
    check_sent("by flags", packets, 2, denied=1)


def destination_options(whole):
    """An IPv6 packet with such a header before what it carries."""
    head = bytes([whole[6], 0]) + b"\x01\x04\0\0\0\0"
    return (whole[:4] + (len(whole) - 40 + 8).to_bytes(2, "big") + b"\x3c" +
            whole[7:40] + head + whole[40:])


@suite.case()
def behind_extension_headers():
    apply("acl udp6 { permit udp sport 1000; }",
          "acl all6 { permit icmpv6 type 128; }")
    packets = [destination_options(packet.udp((F6.U1, port), (F6.W1, 80)))
               for port in (1000, 1001)]
    check_sent("by port", packets, 1, denied=1)
    packets = [destination_options(packet.icmp(F6.U1, F6.W2, kind, 0, 1, b""))
               for kind in (128, 127)]
    check_sent("by type", packets, 1, denied=1)


def cut(f, vip, sport, ident):
    return fragment.cut(packet.udp((f.U1, sport), (vip, 80), b"f" * 2000),
                        1000, ident)


@suite.case(*FAMILIES)
def fragments_of_a_port(f):
    """Where the service is one of a port, a datagram is asked for whole."""
    apply(f"acl udp{f.name} {{ permit udp sport 1000 count; }}")
    check_sent("permitted", cut(f, f.W1, 1000, 31), 3)
    before = pe.drops()
    expect("denied", sent(*cut(f, f.W1, 1001, 32)), [])
    expect("and that is counted", pe.drops().get("denied", 0) >
           before.get("denied", 0), True)
    expect("of the list", acl(f"udp{f.name}")["rules"][0]["packets"] > 0, True)


@suite.case(*FAMILIES)
def fragments_of_an_address(f):
    """Where it is one of an address, later ones match no rule with ports."""
    apply(f"acl all{f.name} {{ permit udp sport 1000; deny udp fragments count; "
          "permit icmp; }")
    check_sent("the first", cut(f, f.W2, 1000, 33), 1, denied=2)
    expect("the others", acl(f"all{f.name}")["rules"][1]["packets"], 2)
    apply(f"acl all{f.name} {{ deny udp port 80; permit udp fragments; }}")
    check_sent("all but the first", cut(f, f.W2, 1000, 34), 2, denied=1)
    apply(f"acl all{f.name} {{ permit udp; }}")
    check_sent("without ports", cut(f, f.W2, 1000, 35), 3)


suite.run(lambda: pe.start(DEVICES + "acl out { default permit; }\n"))
