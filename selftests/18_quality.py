#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""18: DSCP kept or set per service and direction, priority and mark for tc.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids
"""
import re
import socket
from itertools import product

from lib import engine, flow, packet
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import TCP, UDP, Capture

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

DEVICES = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
    for f in FAMILIES)
CLASSES = 3
# Links that the way there and the way back leave by.
THERE, BACK = ("i1", "i3", "i4"), ("i2", "i0", "i4")


def conf(quality, server="web", plain=""):
    return DEVICES + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; {quality} \
sequence ids, fw, {server.format(f=f.name)}; }}
service {p}{f.name}-plain {{ vip {f.W2} {p} port 80; {plain} \
sequence ids, fw, web; }}
""" for f, p in product(FAMILIES, ("tcp", "udp")))


def talk(f, proto, dst, tos, local=None):
    """Both ends send with the type of service given, and what was seen of it
    on each link, each way."""
    def marked(node, addr, port, kind):
        sock = flow.bound(node, f, kind, addr, port)
        if f.v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        return sock

    kind = flow.STREAM if proto == "tcp" else flow.DGRAM
    with Capture(lab) as capture, \
            marked(web, local or dst, 80, kind) as server, \
            marked(u1, f.U1, flow.port(), kind) as client:
        if proto == "tcp":
            server.listen(1)
        client.connect((dst, 80))
        client.send(b"x" * 1000)
        peer = server
        if proto == "tcp":
            peer = server.accept()[0]
            peer.recv(2000)
            peer.send(b"y" * 1000)
        else:
            _, back = server.recvfrom(2000)
            server.sendto(b"y" * 1000, back)
        client.recv(2000)
        if peer is not server:
            peer.close()
        rows = [r for r in capture.stop() if r.proto in (TCP, UDP)]
    require(all(not r.csum.startswith("bad") for r in rows), "checksums")
    out = [r for r in rows if r.dir == "out"]
    return ({link: {r.tos for r in out if r.link == link and
                    r.saddr == f.U1} for link in THERE},
            {link: {r.tos for r in out if r.link == link and
                    r.daddr == f.U1} for link in BACK})


def links(there, back):
    return (dict.fromkeys(THERE, {there}), dict.fromkeys(BACK, {back}))


# Without what TCP does to the bits of ECN.
@suite.case(*product(FAMILIES, ("tcp", "udp")))
def kept(f, proto):
    pe.apply(conf(""))
    expect("DSCP", talk(f, proto, f.W1, 46 << 2), links(46 << 2, 46 << 2))


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def set_in_each_direction(how, f, proto):
    lab.offloads(how)
    pe.apply(conf("dscp forward 10; dscp reverse 0;"))
    expect("DSCP", talk(f, proto, f.W1, 46 << 2), links(10 << 2, 0))
    expect("of another service", talk(f, proto, f.W2, 46 << 2),
           links(46 << 2, 46 << 2))
    lab.offloads(OFFLOADS[0])


@suite.case(*FAMILIES)
def set_in_both_directions(f):
    """One direction comes before both; the bits of ECN stay."""
    pe.apply(conf("dscp 8;", plain="dscp 8; dscp reverse 9;"))
    expect("both", talk(f, "udp", f.W1, 46 << 2 | 1),
           links(8 << 2 | 1, 8 << 2 | 1))
    expect("one of them", talk(f, "udp", f.W2, 46 << 2 | 2),
           links(8 << 2 | 2, 9 << 2 | 2))


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def with_translation(f, proto):
    pe.apply(conf("dscp forward 10; dscp reverse 12;", "nat{f}"))
    expect("DSCP", talk(f, proto, f.W1, 0, f.host(3, 1)),
           links(10 << 2, 12 << 2))


@suite.case(*FAMILIES)
def tracked_by_dscp(f):
    """Devices have their codes, all others see the service's own."""
    pe.apply(conf("track dscp 20; dscp forward 10; dscp reverse 12;"))
    there, back = talk(f, "udp", f.W1, 0)
    expect("there", there, {"i1": {21 << 2}, "i3": {10 << 2},
                            "i4": {10 << 2}})
    expect("back", back, {"i2": {21 << 2}, "i0": {12 << 2},
                          "i4": {12 << 2}})


@suite.case(*FAMILIES)
def a_device_that_changes_it(f):
    """Is not heard: what goes on has what the service says."""
    pe.apply(conf("dscp 8;"))
    with Capture(lab, [3]) as capture, \
            packet.Sender(lab.nodes["fw"], 2, 1, "in0") as sender:
        sender.send(packet.udp((f.U1, flow.port()), (f.W1, 80), tos=0xb8))
        rows = capture.stop()
    expect("DSCP", [r.tos for r in rows if r.dir == "out" and
                    r.daddr == f.W1], [8 << 2])


def tc(*lines):
    lab.eng.run(["tc", "-batch", "-"], stdin="\n".join(lines) + "\n")


def classes(dev):
    """Packets that each class of the interface has sent."""
    out = lab.eng.run(["tc", "-s", "class", "show", "dev", dev])
    return {c: int(n) for c, n in re.findall(
        r"class prio (1:\d) .*\n.* (\d+) pkt", out)}


@suite.case(*FAMILIES)
def seen_by_tc(f):
    """A priority names a class, a mark is for filters; what bears neither is
    in the class that all else is in, too."""
    devs = ("i0", "i1", "i2", "i3", "i4")
    tc(*(line for dev in devs for line in (
        f"qdisc add dev {dev} root handle 1: prio bands {CLASSES} "
        "priomap 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        f"filter add dev {dev} parent 1: protocol "
        f"{'ipv6' if f.v6 else 'ip'} prio 1 handle 7 fw classid 1:3")))

    def grown(quality):
        """Packets of the first and the last class, by interface."""
        pe.apply(conf(quality))
        talk(f, "udp", f.W1, 0)             # neighbours are known
        before = {dev: classes(dev) for dev in devs}
        talk(f, "udp", f.W1, 0)
        after = {dev: classes(dev) for dev in devs}
        return {dev: tuple(after[dev][c] - before[dev][c]
                           for c in ("1:1", "1:3")) for dev in devs}

    once = {dev: 2 if dev == "i4" else 1 for dev in devs}
    try:
        expect("nothing", grown(""), dict.fromkeys(devs, (0, 0)))
        expect("mark", grown("mark 7;"),
               {dev: (0, once[dev]) for dev in devs})
        wanted = {dev: (once[dev], 0) for dev in devs}
        if not f.v6:
            # The kernel forwards, and has the DSCP tell.
            wanted["i0"] = (0, 0)
        expect("priority", grown(f"priority {0x10001};"), wanted)
    finally:
        tc(*(f"qdisc del dev {dev} root" for dev in devs))


@suite.case(*FAMILIES)
def told(f):
    text = "dscp 5; dscp forward 0; priority 65537; mark 3;"
    pe.apply(conf(text))
    shown = pe.pectl("show")
    expect("shown", shown.count(f"; {text} sequence"), 4)
    status, out, _ = pe.try_pectl("diff", "-f", pe.file(shown))
    expect("what was shown", (status, out), (0, ""))
    service = pe.service(f"udp{f.name}")
    expect("json", {k: service.get(k) for k in (
        "dscp", "dscp_forward", "dscp_reverse", "priority", "mark")},
        {"dscp": 5, "dscp_forward": 0, "dscp_reverse": None,
         "priority": 65537, "mark": 3})
    pe.pectl("service", "change", f"udp{f.name}", "dscp", "6", "mark", "0")
    service = pe.service(f"udp{f.name}")
    expect("changed", {k: service.get(k) for k in (
        "dscp", "dscp_forward", "priority", "mark")},
        {"dscp": 6, "dscp_forward": None, "priority": 65537, "mark": 0})


suite.run(lambda: pe.start(conf("")))
