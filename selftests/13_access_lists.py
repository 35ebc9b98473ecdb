#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""13: what clients may send, per service and interface, changed at any time.

    u1, u2 --- i0 [eng] i1 --- fw outside, of nftables
    u8 ------- i8       i2 --- fw inside
                        i3 --- web

The services share the firewall and have lists of their own.
"""
import struct
from itertools import product

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, poll
from lib.lab import Lab
from lib.wire import TCP, UDP, Capture

RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy accept;
        udp dport 99 drop
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1, u2 = lab.client("u1"), lab.client("u2", 0, 2)
u8 = lab.client("u8", 8)
lab.router("fw", 1, 2, nft=RULES)
web = lab.server("web", 3)
pe = engine.Engine(lab)

DEVICES = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
"""


def conf(lists):
    """The services of both families, and lists."""
    return DEVICES + "".join(f"""
service udp{f.name} {{ vip {f.W1} udp port 80, 99; sequence fw, web; }}
service tcp{f.name} {{ vip {f.W1} tcp port 80; sequence fw, web; }}
service all{f.name} {{ vip {f.W2}; sequence fw, web; acl shared; }}
""" for f in FAMILIES) + "acl shared { default permit; }\n" + lists


def send(f, node, addr, dst, ports, count=1, size=10):
    """Datagrams to several ports, and how many of each reached the server."""
    with Capture(lab) as capture:
        for port in ports:
            with flow.bound(node, f, flow.DGRAM, addr, flow.port()) as sock:
                for _ in range(count):
                    sock.sendto(b"." * size, (dst, port))
        rows = capture.stop()
    return {port: sum(r.packets for r in rows if r.link == "i3" and
                      r.dir == "out" and r.proto == UDP and r.dport == port)
            for port in ports}


def rule(shown, number):
    found = shown["rules"][number]
    return found["packets"], found["bytes"]


def acl(name):
    return pe.json("-s", "acl", "show", name)["acls"][0]


@suite.case(*FAMILIES)
def by_source_and_port(f):
    pe.apply(conf(f"acl udp{f.name} {{ deny from {f.U1}; "
                  "permit udp port 80; }"))
    before = pe.drops()
    expect("u1", send(f, u1, f.U1, f.W1, (80, 99)), {80: 0, 99: 0})
    expect("u2", send(f, u2, f.U2, f.W1, (80,)), {80: 1})
    expect("u2, another port", send(f, u2, f.U2, f.W1, (99,)), {99: 0})
    pe.check_drops(before, denied=3)
    expect("another service", send(f, u1, f.U1, f.W2, (80,)), {80: 1})


@suite.case(*FAMILIES)
def firewall_has_its_own_rules(f):
    """What the list lets in, the appliance may still drop."""
    pe.apply(conf(f"acl udp{f.name} {{ permit; }}"))
    expect("u1", send(f, u1, f.U1, f.W1, (80, 99)), {80: 1, 99: 0})


@suite.case(*FAMILIES)
def by_interface(f):
    pe.apply(conf("acl shared { deny iif i0; permit iif i8; }").replace(
        "acl shared { default permit; }\n", ""))
    expect("by i0", send(f, u1, f.U1, f.W2, (7,)), {7: 0})
    expect("by i8", send(f, u8, f.host(8, 1), f.W2, (7,)), {7: 1})


@suite.case(*FAMILIES)
def next_packet(f):
    """A change holds for the very next packet, in either direction."""
    name = f"udp{f.name}"
    pe.apply(conf(f"acl {name} {{ permit; }}"))
    before = pe.drops()

    def where(rows, link, way):
        return [r for r in rows if (r.link, r.dir) == (link, way) and
                r.proto == UDP and r.daddr == f.W1]

    with Capture(lab) as capture, \
            flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
        for number in range(1, 21):
            pe.pectl("acl", "replace", name, "permit")
            sock.sendto(struct.pack("!I", number), (f.W1, 80))
            capture.wait("packet that is let in", lambda rows, number=number:
                         len(where(rows, "i1", "out")) == number)
            pe.pectl("acl", "replace", name, "deny")
            sock.sendto(struct.pack("!I", number), (f.W1, 80))
            pe.check_drops(before, denied=number)
        rows = capture.stop()
    expect("packets", (len(where(rows, "i0", "in")), len(where(rows, "i1", "out"))),
           (40, 20))


@suite.case(*FAMILIES)
def rule_by_rule(f):
    name = f"udp{f.name}"
    pe.apply(conf(f"acl {name} {{ permit; }}"))
    pe.pectl("acl", "insert", name, "position", "1", "deny", "from", f.U1)
    expect("u1", send(f, u1, f.U1, f.W1, (80,)), {80: 0})
    expect("u2", send(f, u2, f.U2, f.W1, (80,)), {80: 1})
    pe.pectl("acl", "insert", name, "position", "1", "permit", "udp", "port",
             "80", "from", f.U1)
    expect("u1 again", send(f, u1, f.U1, f.W1, (80,)), {80: 1})
    pe.pectl("acl", "delete", name, "position", "1")
    expect("u1 no more", send(f, u1, f.U1, f.W1, (80,)), {80: 0})
    expect("shown", pe.pectl("-o", "acl", "show", name),
           f"acl {name} {{ deny from {f.U1}; permit; default deny; }}\n")
    status, _, err = pe.try_pectl("acl", "delete", name, "position", "3")
    expect("no such rule", (status, "has 2 rules, and no position 3" in err),
           (2, True))


@suite.case(*FAMILIES)
def counted(f):
    """By rule and by client, and a rule that stays goes on counting."""
    name = f"udp{f.name}"
    pe.apply(conf(f"acl {name} {{ deny udp port 99 count; "
                  f"permit from {f.U1} count; permit; }}"))
    length = f.header + 8 + 10
    send(f, u1, f.U1, f.W1, (80, 99), 3)
    send(f, u2, f.U2, f.W1, (80, 99), 2)
    shown = acl(name)
    expect("denied", rule(shown, 0), (5, 5 * length))
    expect("permitted", rule(shown, 1), (3, 3 * length))
    expect("clients",
           {c["address"]: (c["packets"], c["bytes"]) for c in shown["clients"]},
           {f.U1: (6, 6 * length), f.U2: (2, 2 * length)})
    expect("nothing unmatched", shown["unmatched"]["packets"], 0)
    pe.pectl("acl", "insert", name, "position", "1", "deny", "from", f.U2)
    send(f, u1, f.U1, f.W1, (80,))
    send(f, u2, f.U2, f.W1, (80, 99))
    shown = acl(name)
    expect("denied, not by it", rule(shown, 1), (5, 5 * length))
    expect("permitted further", rule(shown, 2), (4, 4 * length))


@suite.case(*FAMILIES)
def by_flags(f):
    """Connections from the one side only."""
    pe.apply(conf(f"acl tcp{f.name} {{ deny tcp from {f.U2} flags syn,!ack; "
                  "permit; }"))
    flow.talk("tcp", f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80))
    before = pe.drops().get("denied", 0)
    with Capture(lab) as capture, \
            u2.socket(f.af, flow.STREAM) as sock:
        sock.setblocking(False)
        sock.connect_ex((f.W1, 80))
        poll("denied", lambda: pe.drops().get("denied", 0) > before)
        rows = capture.stop()
    expect("what left", [r for r in rows if r.link == "i1" and
                         r.proto == TCP and r.saddr == f.U2], [])


@suite.case(*FAMILIES)
def by_flags_in_fragments(f):
    """Nobody gets past a rule by cutting a packet before the flags: RFC 1858."""
    pe.apply(conf("acl shared { deny tcp flags syn,!ack; permit; }")
             .replace("acl shared { default permit; }\n", ""))
    sender = packet.Sender(u1, 0, 1)
    u, w = (f.U1, flow.port()), (f.W2, 80)
    for make, size, denied, malformed, passed in (
            (packet.tcp, 8, 0, 2, 1), (packet.tcp, 16, 1, 0, 1),
            (packet.udp, 8, 0, 0, 2)):
        before = pe.drops()
        with Capture(lab) as capture:
            sender.send(*fragment.cut(make(u, w), size, flow.port()))
            rows = capture.stop()
        pe.check_drops(before, **{name: n for name, n in (
            ("denied", denied), ("malformed", malformed)) if n})
        expect(f"pieces of {size} that the firewall was handed",
               len([r for r in rows if (r.link, r.dir) == ("i1", "out") and
                    r.frag]), passed)
    sender.sock.close()


@suite.case(*FAMILIES)
def by_icmp_type(f):
    echo = 128 if f.v6 else 8
    proto = "icmpv6" if f.v6 else "icmp"
    pe.apply(conf("acl shared { permit %s type %d; deny; }" % (proto, echo))
             .replace("acl shared { default permit; }\n", ""))
    flow.echo(f, u1, f.U1, f.W2)
    pe.pectl("acl", "insert", "shared", "position", "1", "deny", proto, "type",
             str(echo), "code", "0")
    before = pe.drops()
    sock = flow.echo_socket(f, u1, f.U1)
    sock.sendto(flow.echo_request(f, 1, 1), (f.W2, 0))
    poll("denied", lambda: pe.drops() != before)
    pe.check_drops(before, denied=1)
    sock.close()


@suite.case(*FAMILIES)
def explained(f):
    name = f"udp{f.name}"
    pe.apply(conf(f"acl {name} {{ deny from {f.U1}; permit; }}"))

    def hop(addr, port):
        return pe.json("explain", "from", addr, "to", f.W1, "udp", "port",
                       str(port), "iif", "i0")["forward"][0]
    seen = hop(f.U1, 80)
    expect("u1", (seen["action"], seen["reason"], seen["acl"], seen["rule"]),
           ("drop", "denied", name, 1))
    seen = hop(f.U2, 80)
    expect("u2", (seen["action"], seen["acl"], seen["rule"]),
           ("steer", name, 2))


@suite.case(*FAMILIES)
def owners(f):
    """Who owns a service and its list changes both, and nothing of another's,
    though all packets go through the same firewall, which is nobody's."""
    mine, other = f"udp{f.name}", f"all{f.name}"
    pe.apply(conf(f"acl {mine} {{ owner alice; deny from {f.U1}; permit; }}")
             .replace("default permit;", "owner bob; default permit;")
             .replace(f"service {mine} {{", f"service {mine} {{ owner alice;")
             .replace(f"service {other} {{", f"service {other} {{ owner bob;"))
    expect("mine", send(f, u1, f.U1, f.W1, (80,)), {80: 0})
    pe.pectl("--owner", "alice", "acl", "delete", mine, "position", "1")
    expect("mine changed", send(f, u1, f.U1, f.W1, (80,)), {80: 1})
    before = pe.pectl("show")
    for words, theirs in (
            (("acl", "insert", "shared", "position", "1", "deny"),
             "acl shared is owned by bob"),
            (("acl", "replace", "shared", "deny"),
             "acl shared is owned by bob"),
            (("service", "change", other, "acl", mine),
             f"service {other} is owned by bob"),
            (("device", "state", "fw", "down"), "device fw has no owner"),
            (("device", "change", "fw", "address", "10.9.9.9"),
             "device fw has no owner")):
        status, _, err = pe.try_pectl("--owner", "alice", *words)
        expect(" ".join(words), (status, theirs in err), (2, True))
    expect("afterwards", pe.pectl("show"), before)
    expect("another's", send(f, u1, f.U1, f.W2, (80,)), {80: 1})
    pe.pectl("--owner", "bob", "acl", "replace", "shared", "deny")
    expect("another's changed", send(f, u1, f.U1, f.W2, (80,)), {80: 0})
    expect("mine as before", send(f, u1, f.U1, f.W1, (80,)), {80: 1})


@suite.case()
def refused():
    pe.apply(conf(""))
    for words, sentence in (
            (("acl", "del", "shared"), "in use by service"),
            (("service", "change", "tcp4", "acl", "none"), "no acl none"),
            (("acl", "add", "a", "permit", "iif", "nowhere"), "nowhere"),
            (("acl", "add", "a", "permit", "port", "80"), "only tcp"),
            (("acl", "add", "a", "from", "10.0.0.1"), "begins one"),
            (("acl", "change", "a", "permit"), "no acl a")):
        status, _, err = pe.try_pectl(*words)
        expect(" ".join(words), (status != 0, sentence in err), (True, True))


@suite.case()
def long_list():
    """A list of many messages comes and goes as a whole, and is found again."""
    rules = "".join(f"permit udp from 10.{i >> 16}.{i >> 8 & 255}.{i & 255} "
                    f"port {1 + i % 60000};\n" for i in range(4000))
    text = conf(f"acl udp4 {{\n{rules}deny udp from {FAMILIES[0].U1}; "
                "default permit; }")
    pe.apply(text)
    status, out, err = pe.try_pectl("diff", "-f", pe.file(text))
    expect("no difference", (status, out, err), (0, out, ""))
    f = FAMILIES[0]
    expect("u1", send(f, u1, f.U1, f.W1, (80,)), {80: 0})
    expect("u2", send(f, u2, f.U2, f.W1, (80,)), {80: 1})
    pe.pectl("acl", "delete", "udp4", "position", "4001")
    expect("rules", len(acl("udp4")["rules"]), 4000)
    expect("u1 again", send(f, u1, f.U1, f.W1, (80,)), {80: 1})
    shown = pe.pectl("show")
    status, _, err = pe.try_pectl("diff", "-f", pe.file(shown))
    expect("shown is what is there", (status, err), (0, ""))


suite.run(lambda: pe.start(conf("")))
