#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Path MTU through the engine, whoever has the narrow link.

    u1 --- rc --- i0 [eng] i1 --- rs --- web

Whoever sent too much is told, about the packet as it sent it; what may be
fragmented arrives.
"""
import fcntl
import socket
import struct
import threading
from itertools import product

from lib import engine, flow, packet
from lib.addr import FAMILIES, F4, mac
from lib.ktap import Fail, Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, quoted, show

MTU = 1400
SIOCSIFMTU = 0x8922
SIZE = 60000
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
rc = lab.gateway("rc", 0, 1, behind=9)
u1 = lab.client("u1", 9)
rs = lab.gateway("rs", 1, 1, behind=10)
web = lab.server("web", 10)
for family in FAMILIES:
    rs.batch.append(f"route add {family.vips} via {family.host(10, 1)}")
pe = engine.Engine(lab)

# Who sends too much, and the narrow interface that stands in the way.
NARROW = {"to the server at the engine": ("u1", lab.eng, "i1"),
          "to the server behind the engine": ("u1", rs, "in0"),
          "to the client at the engine": ("web", lab.eng, "i0"),
          "to the client behind the engine": ("web", rc, "in0")}


def conf(mode):
    text = ""
    for f in FAMILIES:
        where = f"address {f.host(10, 1)}" if mode == "nat" else \
            f"dev i1 lladdr {mac(1, 1)}"
        text += f"device web{f.name} {{ server {where} mode {mode}; }}\n"
        for p in ("tcp", "udp"):
            text += f"service {p}{f.name} {{ vip {f.W1} {p} port 80; " \
                f"sequence web{f.name}; }}\n"
    return text


def ends(f, mode):
    """Client and server as they see themselves."""
    return (f.host(9, 1), flow.port()), \
        (f.host(10, 1) if mode == "nat" else f.W1, 80)


class narrow:
    """While this lasts one interface takes less."""

    def __init__(self, f, where):
        self.who, self.node, self.dev = NARROW[where]
        self.f = f

    def set(self, mtu):
        with self.node.socket(socket.AF_INET, flow.DGRAM) as sock:
            fcntl.ioctl(sock, SIOCSIFMTU,
                        struct.pack("16sI12x", self.dev.encode(), mtu))

    def __enter__(self):
        self.set(MTU)
        return self.who

    def __exit__(self, *_):
        """The ends forget what they learned."""
        self.set(1500)
        for node in (u1, web):
            if self.f.v6:
                node.run(["ip", "-6", "route", "flush", "cache"])
            else:
                node.write_sysctls({"ipv4/route/flush": 1})


def check_told(f, rows, who, u, w, s):
    """The sender's own wire carries an error about its own packet."""
    link, victim, about = ("i0", u[0], (*u, *w)) if who == "u1" else \
        ("i1", s[0], (*s, *u))
    told = [r for r in rows if r.proto == f.icmp and r.link == link and
            r.dir == "out" and r.flags == ("2/0" if f.v6 else "3/4")]
    if not told:
        raise Fail(f"nobody told the sender:\n{show(rows[:40])}")
    for row in told:
        expect("told", row.daddr, victim)
        expect("about", quoted(row)[:4], about)
        expect("checksum", row.csum, "ok")


def transfer(sender, receiver):
    """SIZE bytes one way while this thread receives."""
    data = bytes(range(251)) * (SIZE // 251)
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    got = b""
    try:
        while len(got) < len(data):
            got += flow.take("data", receiver.recv, 65536) or b"?"
    finally:
        thread.join(1)
    expect("bytes in order", got == data, True)


@suite.case(*product(OFFLOADS, MODES, NARROW, FAMILIES))
def tcp(how, mode, where, f):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, s = ends(f, mode)
    w = (f.W1, 80)
    with narrow(f, where) as who, Capture(lab, [0, 1]) as capture, \
            flow.bound(web, f, flow.STREAM, *s) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        flow.take("connect", c.connect, w)
        a, _ = listener.accept()
        with a:
            a.settimeout(flow.TIMEOUT)
            transfer(*((c, a) if who == "u1" else (a, c)))
        rows = capture.stop(0.05)
    check_told(f, rows, who, u, w, s)
    wrong = [r for r in rows if r.csum.startswith("bad")]
    if wrong:
        raise Fail(f"checksums:\n{show(wrong[:10])}")


@suite.case()
def fragmented_without_loopback_interface():
    """As a namespace is that nobody has set up."""
    lab.eng.ip("link set lo down")
    try:
        udp_may_be_fragmented("loopback", "to the server at the engine")
    finally:
        lab.eng.ip("link set lo up")


@suite.case(*product(MODES, NARROW))
def udp_may_be_fragmented(mode, where):
    """IPv4 without DF."""
    lab.offloads("plain")
    pe.apply(conf(mode))
    f = F4
    u, s = ends(f, mode)
    w = (f.W1, 80)
    data = b"".join(b"%5d" % n for n in range(290))
    with narrow(f, where) as who, \
            flow.bound(web, f, flow.DGRAM, *s) as a, \
            flow.bound(u1, f, flow.DGRAM, *u) as c:
        for sock in (a, c):
            sock.setsockopt(socket.IPPROTO_IP, flow.IP_MTU_DISCOVER,
                            flow.IP_PMTUDISC_DONT)
        if who == "u1":
            c.sendto(data, w)
            got, peer = flow.take("datagram", a.recvfrom, 65536)
            expect("from", peer, u)
        else:
            a.sendto(data, u)
            got, peer = flow.take("datagram", c.recvfrom, 65536)
            expect("from", peer, w)
        expect("datagram", got, data)


@suite.case(*product(MODES, NARROW, FAMILIES))
def udp_must_not_be_fragmented(mode, where, f):
    lab.offloads("plain")
    pe.apply(conf(mode))
    u, s = ends(f, mode)
    w = (f.W1, 80)
    node, segment, src, dst = (u1, 9, u, w) if NARROW[where][0] == "u1" \
        else (web, 10, s, u)
    before = pe.drops()
    with narrow(f, where) as who, Capture(lab, [0, 1]) as capture, \
            packet.Sender(node, segment, 1) as sender:
        sender.send(packet.udp(src, dst, b"x" * (MTU + 1), **(
            {} if f.v6 else {"frag": 0x4000})))
        rows = capture.stop(0.1)
    check_told(f, rows, who, u, w, s)
    expect("errors", len([r for r in rows if r.proto == f.icmp and
                          r.dir == "out"]), 1)
    # The engine's own kernel is the narrow one only where it delivers by
    # route; where the engine steers it is the engine that drops.
    if where == "to the server at the engine":
        pe.check_drops(before, mtu=1)


suite.run(lambda: pe.start(conf("loopback")))
