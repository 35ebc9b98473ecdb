#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Stages known by a network service header, with Open vSwitch as the devices.

    u1 --- i0 [eng] i1 --+-- sf1: Open vSwitch, NSH over Ethernet
                         +-- odd: a device that does it wrong
                    i2 --- sf2: Open vSwitch, NSH over VXLAN-GPE
                    i3 --- web
                    i4 --- ids
"""
import contextlib
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, F4, F6, FAMILIES, mac
from lib.ktap import Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.ovs import Ovs, reencap
from lib.shark import Shark, only
from lib.wire import Capture, check_walk, got, put

PATH, BACK = 100, 100 | 0x800000
TUNNEL_MTU = 1500 - 40 - 8 - 8        # UDP and VXLAN over IPv6
VNI = {F4: 77, F6: 78}
FIELDS = ("nsh.version", "nsh.Obit", "nsh.ttl", "nsh.length", "nsh.mdtype",
          "nsh.nextproto", "nsh.spi", "nsh.si", "nsh.length.invalid",
          "vxlan.vni", "vxlan.next_proto", "eth.dst", "ip.dst", "ipv6.dst")

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
ovs = lab.node("ovs")
lab.attach(ovs, 1, 1, "eth0", address=False)
lab.attach(ovs, 2, 1, "eth1")
odd = lab.node("odd")
lab.attach(odd, 1, 2, address=False)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)
switch = Ovs(ovs, lab.tmp)

lab.eng.batch += ["link add vxg0 type vxlan gpe external dstport 4790",
                  f"link set vxg0 mtu {TUNNEL_MTU} up"]

CONF = f"""
device sf1 {{ inline dev i1 lladdr {mac(1, 1)}; }}
device odd {{ inline dev i1 lladdr {mac(1, 2)}; }}
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device sf2-{f.name} {{ inline dev vxg0 remote {f.host(2, 1)} vni {VNI[f]}; }}
service one{f.name} {{ vip {f.W1} udp port 81; track nsh 7; sequence sf1, web; }}
service odd{f.name} {{ vip {f.W2} udp port 80; track nsh 9; sequence odd, web; }}
""" + "".join(f"""
service {p}{f.name} {{ vip {f.W1} {p} port 80; track nsh {PATH}; \
sequence sf1, ids, sf2-{f.name}, web; }}
""" for p in ("tcp", "udp")) for f in FAMILIES)


def start():
    ether = (mac(1, 1), mac(1, ENGINE))
    pe.start(CONF)
    switch.start()
    suite.defer(switch.close)
    switch.bridge("sf1", [("eth0", {})], [
        *(reencap("in_port=1", PATH, index, ttl, ether)
          for index, ttl in ((255, 63),)),
        reencap("in_port=1", BACK, 254, 40, ether),
        reencap("in_port=1", 7, 255, 63, ether),
        reencap("in_port=1", 7 | 0x800000, 255, 63, ether)])
    switch.bridge("sf2", [
        (f"vxg{f.name}", {"type": "vxlan", "options:exts": "gpe",
                          "options:packet_type": "ptap",
                          "options:dst_port": "4790",
                          "options:key": str(VNI[f]),
                          "options:csum": "true",
                          "options:remote_ip": f.host(2, ENGINE)})
        for f in FAMILIES],
        [reencap(f"in_port={port}", path, index, ttl)
         for port in (1, 2)
         for path, index, ttl in ((PATH, 254, 62), (BACK, 255, 50))])
    for f in FAMILIES:
        flow.reach(f, ovs, f.host(2, 1), f.host(2, ENGINE))


def forward(u, w):
    return [got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(1, 1, u, w, 63),
            put(4, 1, u, w, 62, copy=True), put(2, 1, u, w, 62),
            got(2, 1, u, w, 62), put(3, 1, u, w, 61)]


def reverse(u, w):
    return [got(3, 1, w, u, 64), put(2, 1, w, u, 63), got(2, 1, w, u, 63),
            put(4, 1, w, u, 62, copy=True), put(1, 1, w, u, 62),
            got(1, 1, w, u, 62), put(0, 1, w, u, 61)]


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        peer = flow.talk(proto, f, u1, *u, w, web, w)
        check_walk(capture.stop(), forward(u, w), reverse(u, w))
    expect("the server's client", peer, u)


def number(read, field):
    return int(only(read[field], field), 0)


def header(point, way, read):
    """What the dissector read, with the destination of the packet inside."""
    return (point, way, *(number(read, f"nsh.{field}") for field in (
        "version", "Obit", "length", "mdtype", "nextproto", "ttl", "spi",
        "si")), (read["ip.dst"] + read["ipv6.dst"])[-1])


@suite.case()
def as_a_dissector_reads_it():
    """tshark: version, path, index and time to live at each place; a device
    may lower the time to live, which goes on from there."""
    with Shark(lab, [("sf1", ovs, "eth0"), ("sf2", ovs, "eth1")]) as shark:
        for f in FAMILIES:
            u, w = (f.U1, flow.port()), (f.W1, 80)
            flow.udp(f, u1, *u, w, web, w)
        frames = shark.read(FIELDS)
    for _, _, read in frames:
        expect("complaints", read["nsh.length.invalid"], [])
    wanted = []
    for point in ("sf1", "sf2"):
        for f in FAMILIES:
            same = (0, 0, 6, 1, 2 if f.v6 else 1)
            wanted += {"sf1": [
                ("sf1", "out", *same, 63, PATH, 255, f.W1),
                ("sf1", "in", *same, 63, PATH, 254, f.W1),
                ("sf1", "out", *same, 49, BACK, 254, f.U1),
                ("sf1", "in", *same, 40, BACK, 253, f.U1),
            ], "sf2": [
                ("sf2", "out", *same, 62, PATH, 254, f.W1),
                ("sf2", "in", *same, 62, PATH, 253, f.W1),
                ("sf2", "out", *same, 63, BACK, 255, f.U1),
                ("sf2", "in", *same, 50, BACK, 254, f.U1),
            ]}[point]
    expect("headers", [header(*frame) for frame in frames], wanted)
    expect("tunnel", [(number(read, "vxlan.vni"),
                       number(read, "vxlan.next_proto"))
                      for point, _, read in frames if point == "sf2"],
           [(VNI[f], 4) for f in FAMILIES for _ in range(4)])


@suite.case(*product(OFFLOADS, FAMILIES))
def bulk(how, f):
    """Super-packets, and a packet size that the headers leave room for."""
    lab.offloads(how)
    before = pe.drops()
    u, w = (f.U1, flow.port()), (f.W1, 80)
    flow.tcp(f, u1, *u, w, web, w, rounds=8, size=1 << 16)
    after = pe.drops()
    expect("drops", {k for k, v in after.items() if v != before.get(k, 0)}
           - {"mtu"}, set())


@suite.case(*FAMILIES)
def too_big_with_the_header(f):
    """What fits the interface but not with a header in front is answered."""
    u, w = (f.U1, flow.port()), (f.W1, 81)
    fits = 1500 - 24 - f.header - 8
    before = pe.drops()
    with Capture(lab, (3,)) as capture, packet.Sender(u1, 0, 1) as sender, \
            Capture(lab, (0,)) as answers, flow.bound(web, f, flow.DGRAM, *w):
        for size in (fits, fits + 1):
            sender.send(packet.udp(u, w, b"x" * size, **(
                {} if f.v6 else {"frag": 0x4000})))
        capture.wait("what fits", len)
        rows = answers.wait("an answer", lambda rows: [
            r for r in rows if r.proto == f.icmp])
        expect("sizes", [r.length for r in capture.stop()], [1500 - 24])
    answer = [r for r in rows if r.proto == f.icmp][0]
    expect("answer", (answer.flags, answer.daddr),
           ("2/0" if f.v6 else "3/4", f.U1))
    expect("size that fits", int.from_bytes(answer.payload[:4], "big")
           if f.v6 else int.from_bytes(answer.payload[2:4], "big"), 1476)
    pe.check_drops(before, mtu=1)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def as_explained(f, proto):
    """The stages that pectl tells are those that packets meet; where the
    tunnel's packets are on i2, it names the tunnel's interface."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, w)
        rows = [r._replace(link="vxg0") if r.link == "i2" else r
                for r in capture.stop()]
    said = told.explain(pe, proto, u, w)
    devices = told.places(pe)
    for way, a, b, path in (("forward", u, w, PATH), ("reverse", w, u, BACK)):
        [(_, wanted)] = told.frames(devices, {}, said[way], proto, a, b)
        told.check_way(way, rows, wanted)
        expect("path and index", [
            (hop["path"], hop["index"]) for hop in said[way]
            if "path" in hop], [(path, 255), (path, 254)])


def nsh(data, path, index, ttl=63, ver=0, oam=0, kind=1, proto=None,
        length=None):
    """A frame that odd sends to the engine."""
    words = {1: 6, 2: 2}.get(kind, 6) if length is None else length
    head = (ver << 14 | oam << 13 | ttl << 6 | words).to_bytes(2, "big")
    proto = (1 if data[0] >> 4 == 4 else 2) if proto is None else proto
    head += bytes((kind, proto)) + (path << 8 | index).to_bytes(4, "big")
    return packet.ether(mac(1, 2), mac(1, ENGINE),
                        head + bytes(4 * words - 8 if words > 2 else 0) + data,
                        ethertype=0x894f)


@contextlib.contextmanager
def heard(frame):
    """A frame from odd, and what the server's link saw of it."""
    with Capture(lab, (3,)) as capture, \
            packet.Sender(odd, 1, 2) as sender:
        sender.frame(frame)
        yield capture


GOOD = {"as it should be": {}, "least time to live": {"ttl": 2},
        "time to live 0 stands for 64": {"ttl": 0},
        "type 2": {"kind": 2}, "Ethernet inside": {"proto": 3}}

BAD = {"index not decremented": ({"index": 255}, "wrong-place"),
       "index decremented twice": ({"index": 253}, "wrong-place"),
       "index 0": ({"index": 0}, "wrong-place"),
       "path unknown": ({"path": 8}, "wrong-place"),
       "path of the other direction": ({"path": 9 | 0x800000}, "wrong-place"),
       "time to live 1": ({"ttl": 1}, "ttl"),
       "version 1": ({"ver": 1}, "malformed"),
       "OAM": ({"oam": 1}, "malformed"),
       "type 0": ({"kind": 0, "length": 2}, "malformed"),
       "type 1 without context": ({"length": 2}, "malformed"),
       # Nothing tells that these would be a service's.
       "no header at all": ({"length": 0}, None),
       "MPLS inside": ({"proto": 5}, None)}


@suite.case(*product(GOOD, FAMILIES))
def returned(what, f):
    u, w = (f.U1, flow.port()), (f.W2, 80)
    data = packet.udp(u, w)
    fields = {"path": 9, "index": 254, **GOOD[what]}
    if fields.get("proto") == 3:
        data = packet.ether(mac(5, 1), mac(5, 2), data)
    with flow.bound(web, f, flow.DGRAM, *w), \
            heard(nsh(data, **fields)) as capture:
        check_walk(capture.stop(), [put(3, 1, u, w, 63)], count=1)


@suite.case(*product(BAD, FAMILIES))
def refused(what, f):
    u, w = (f.U1, flow.port()), (f.W2, 80)
    fields, reason = BAD[what]
    before = pe.drops()
    wanted = {reason.replace("-", "_"): 1} if reason else {}
    with heard(nsh(packet.udp(u, w),
                   **{"path": 9, "index": 254, **fields})) as capture:
        expect("packets to the server", capture.stop(), [])
    pe.check_drops(before, **wanted)


@suite.case(*FAMILIES)
def from_another_address(f):
    """The right header, but not from the device."""
    u, w = (f.U1, flow.port()), (f.W2, 80)
    before = pe.drops()
    frame = nsh(packet.udp(u, w), 9, 254)
    frame = frame[:6] + bytes.fromhex("020000000109") + frame[12:]
    with heard(frame) as capture:
        expect("packets to the server", capture.stop(), [])
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def without_a_header(f):
    """What the device sends as plain IP is at no stage."""
    u, w = (f.U1, flow.port()), (f.W2, 80)
    before = pe.drops()
    with Capture(lab, (3,)) as capture, packet.Sender(odd, 1, 2) as sender:
        sender.send(packet.udp(u, w))
        expect("packets to the server", capture.stop(), [])
    pe.check_drops(before, wrong_place=1)


@suite.case(("track nsh 8388608", "8388607"),
            ("track nsh 0", "8388607"))
def path_refused(track, said):
    status, _, err = pe.try_pectl(
        "service", "add", "x", "vip", F4.W3, *track.split(), "sequence",
        "sf1,", "web")
    expect("exit status", status != 0, True)
    expect(f"{said} in {err}", said in err, True)


@suite.case()
def tunnel_needs_the_header():
    status, _, err = pe.try_pectl(
        "service", "add", "x", "vip", F4.W3, "sequence", "sf2-4,", "web")
    expect("exit status", status, engine.REFUSED)
    expect(err, "track nsh" in err, True)


suite.run(start)
