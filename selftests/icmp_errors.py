#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ICMP errors about a service's flows reach the end that must hear them, and
tell it of its own packet, wherever they come from.

    u1 --- rc --- i0 [eng] i1 --- fw outside
                           i2 --- fw inside
                           i3 --- rs --- web
"""
from itertools import product

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, F6, mac
from lib.ktap import Fail, Suite, expect
from lib.lab import Lab
from lib.wire import Capture, quoted, show

suite = Suite(__doc__)
lab = Lab(suite)
rc = lab.gateway("rc", 0, 1, behind=9)
u1 = lab.client("u1", 9)
fw = lab.router("fw", 1, 2)
rs = lab.gateway("rs", 3, 1, behind=10)
web = lab.server("web", 10)
for family in FAMILIES:
    rs.batch.append(f"route add {family.vips} via {family.host(10, 1)}")
pe = engine.Engine(lab)

MODES = ("loopback", "nat")
REJECT = """
table inet wall {
    chain forward {
        type filter hook forward priority 0;
        %s reject
    }
}
"""

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device loopback {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(10, 1)} mode nat; }}
service loopback{f.name} {{ vip {f.W1} udp port 80; sequence fw, loopback; }}
service nat{f.name} {{ vip {f.W2} udp port 80; sequence fw, nat{f.name} port 8080; }}
service all{f.name} {{ vip {f.W3}; sequence fw, loopback; }}
""" for f in FAMILIES)


def places(f, mode):
    """Client, service and server as the server has it."""
    u = (f.host(9, 1), flow.port())
    if mode == "nat":
        return u, (f.W2, 80), (f.host(10, 1), 8080)
    return u, (f.W1, 80), (f.W1, 80)


class wall:
    """While this lasts a router rejects what matches."""

    def __init__(self, node, what):
        self.node, self.rule = node, REJECT % what

    def __enter__(self):
        self.node.run(["nft", "-f", "-"], stdin=self.rule)

    def __exit__(self, *_):
        self.node.run(["nft", "delete", "table", "inet", "wall"])


def refused(sock):
    try:
        sock.settimeout(flow.TIMEOUT)
        sock.recv(1)
    except ConnectionRefusedError:
        return
    except TimeoutError:
        pass
    raise Fail("the sender was not told")


def check_told(f, rows, link, victim, about):
    told = [r for r in rows if r.proto == f.icmp and r.link == link and
            r.dir == "out"]
    if len(told) != 1:
        raise Fail(f"one error expected on {link}:\n{show(rows)}")
    expect("checksum", told[0].csum, "ok")
    expect("told", told[0].daddr, victim[0])
    expect("about", quoted(told[0]), about)
    return told[0]


@suite.case(*product(MODES, FAMILIES))
def port_unreachable(mode, f):
    """The server says so, in IPv6 by its own address even where that is not
    the service's: it is another service's there."""
    lab.offloads("plain")       # else an unfinished checksum is quoted
    u, w, _ = places(f, mode)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sock.send(b"x" * 100)
        refused(sock)
        rows = capture.stop()
    check_told(f, rows, "i0", u, (*u, *w, True))


@suite.case(*product(MODES, FAMILIES, ("fw", "rs")))
def about_what_the_client_sent(mode, f, where):
    """The firewall or a router behind the engine rejects it."""
    lab.offloads("plain")
    u, w, _ = places(f, mode)
    with wall(lab.nodes[where], f"udp sport {u[1]}"), \
            Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sock.send(b"x" * 100)
        refused(sock)
        rows = capture.stop()
    row = check_told(f, rows, "i0", u, (*u, *w, True))
    expect("teller", row.saddr, f.host(1, 1) if where == "fw" else
           f.host(3, 1))


@suite.case(*product(MODES, FAMILIES, ("fw", "rc")))
def about_what_the_server_sent(mode, f, where):
    """The firewall or a router on the client's side rejects it."""
    lab.offloads("plain")
    u, _, s = places(f, mode)
    with wall(lab.nodes[where], f"udp dport {u[1]}"), \
            Capture(lab) as capture, flow.bound(web, f, flow.DGRAM, *s) as sock:
        sock.connect(u)
        sock.send(b"x" * 100)
        refused(sock)
        rows = capture.stop()
    row = check_told(f, rows, "i3", s, (*s, *u, True))
    expect("teller", row.saddr, f.host(2, 1) if where == "fw" else
           f.host(0, 1))


HEADERS = {"hop-by-hop": (0, b"\x01\x04\0\0\0\0"),
           "destination options": (60, b"\x01\x04\0\0\0\0"),
           "routing": (43, b"\0\0\0\0\0\0")}


def behind(error, name):
    """The same packet with an extension header before what it carries."""
    number, body = HEADERS[name]
    head = bytes([error[6], 0]) + body
    return error[:4] + (len(error) - 40 + 8).to_bytes(2, "big") + \
        bytes([number]) + error[7:40] + head + error[40:]


@suite.case(*product(MODES, HEADERS))
def behind_an_extension_header(mode, name):
    """None of the error's addresses is a service's."""
    f = F6
    u, w, s = places(f, mode)
    about = packet.udp(u, s, ttl=60)
    error = behind(packet.unreachable(f.host(3, 1), u[0], about), name)
    before = pe.counters(f"{mode}{f.name}")
    with Capture(lab) as capture, packet.Sender(rs, 3, 1) as sender, \
            flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sender.send(error)
        if name != "routing":   # of a type that hosts no longer know
            refused(sock)
        rows = capture.stop()
    check_told(f, rows, "i0", u, (*u, *w, True))
    after = pe.counters(f"{mode}{f.name}")
    expect("counted", after["reverse"][0] - before["reverse"][0], 1)


@suite.case(*product(MODES, FAMILIES))
def about_a_first_fragment(mode, f):
    """It has the ports that tell."""
    u, w, s = places(f, mode)
    first = fragment.cut(packet.udp(u, s, b"f" * 2000, ttl=60), 1000, 77)[0]
    with Capture(lab) as capture, packet.Sender(rs, 3, 1) as sender, \
            flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sender.send(packet.unreachable(f.host(3, 1), u[0], first))
        refused(sock)
        rows = capture.stop()
    check_told(f, rows, "i0", u, (*u, *w, True))


@suite.case(*FAMILIES)
def about_a_later_fragment(f):
    """Where no port is needed it is told like any other."""
    u, w = (f.host(9, 1), flow.port()), (f.W3, 80)
    later = fragment.cut(packet.udp(u, w, b"f" * 2000, ttl=60), 1000, 78)[1]
    with Capture(lab) as capture, packet.Sender(rs, 3, 1) as sender:
        sender.send(packet.unreachable(f.host(3, 1), u[0], later))
        rows = capture.stop()
    check_told(f, rows, "i0", u, (u[0], 0, w[0], 0, True))


@suite.case(*product(MODES, FAMILIES))
def about_a_datagram_in_fragments(mode, f):
    """Which the server's own kernel had whole when nobody wanted it."""
    u, w, _ = places(f, mode)
    with flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sock.send(b"x" * 4000)
        refused(sock)


@suite.case(*product(MODES, FAMILIES))
def from_nowhere(mode, f):
    """What claims to be from the service's address but comes from none of its
    devices is no answer, and no error about one either."""
    u, w, s = places(f, mode)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(rs, 3, 1) as sender:
        sender.send(packet.unreachable(w[0], u[0], packet.udp(u, w)),
                    src=mac(3, 9))
        rows = capture.stop()
    expect("told", [r for r in rows if r.link == "i0"], [])
    pe.check_drops(before, wrong_place=1)


suite.run(lambda: pe.start(CONF))
