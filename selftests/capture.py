#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pectl capture writes what is on the wires, and says what it is.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids
"""
import os
import socket
import subprocess
import time
from collections import Counter
from itertools import product

from lib import engine, flow, packet, pcapng
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.watching import Watching
from lib.wire import SO_RCVBUFFORCE, ETH_P_ALL, PACKET_OUTGOING

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
    for f in FAMILIES) + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence "
    f"ids, fw, nat{f.name} port 2020; }}\n"
    f"service {p}{f.name}-other {{ vip {f.W1} {p} port 81; sequence "
    f"ids, fw, nat{f.name} port 2021; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))

LINKTYPE_ETHERNET, LINKTYPE_RAW = 1, 101


class Raw:
    """The frames of the lab's wires, byte by byte."""

    def __init__(self):
        self.socks = {}
        for segment, (node, dev) in lab.points.items():
            sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            sock.bind((dev, ETH_P_ALL))
            sock.setblocking(False)
            self.socks[f"i{segment}"] = sock

        self.taken = []

    def read(self):
        """(link, way as the engine sees it, bytes) so far"""
        for link, sock in self.socks.items():
            while True:
                try:
                    frame, addr = sock.recvfrom(1 << 18)
                except BlockingIOError:
                    break
                way = "in" if addr[2] == PACKET_OUTGOING else "out"
                self.taken.append((link, way, frame))
        return self.taken

    def stop(self):
        self.read()
        for sock in self.socks.values():
            sock.close()
        return self.taken


def of_flow(frames, u):
    """Those with the client's address and port, in either direction."""
    raw = packet.raw_addr(u[0])
    port = u[1].to_bytes(2, "big")
    start = 14 + (8 if len(raw) == 16 else 12)
    l4 = 14 + (40 if len(raw) == 16 else 20)
    out = []
    for link, way, data in frames:
        source = data[start:start + len(raw)] == raw
        if (source and data[l4:l4 + 2] == port) or \
                (data[start + len(raw):start + 2 * len(raw)] == raw and
                 data[l4 + 2:l4 + 4] == port):
            out.append((link, way, data))
    return out


def path():
    return f"{lab.tmp}/capture-{next(flow.PORTS)}"


def read(name):
    with open(name, "rb") as file:
        return pcapng.read(file.read())


def talk(f, proto, u, port=80, **kwargs):
    flow.talk(proto, f, u1, *u, (f.W1, port), web,
              (f.host(3, 1), 1940 + port), **kwargs)


def seen(frames):
    return Counter((f.link, f.way, f.data) for f in frames
                   if f.linktype == LINKTYPE_ETHERNET)


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def whole_service(how, f, proto):
    """Every byte of it, at every wire, super-packets included."""
    lab.offloads(how)
    name, u = path(), (f.U1, flow.port())
    size = 100_000 if proto == "tcp" else 1000
    before = time.time_ns()
    raw = Raw()
    with Watching(pe, "capture", f"{proto}{f.name}", "-w", name) as watching:
        talk(f, proto, u, size=size)
        talk(f, proto, (f.U1, flow.port()), 81)
        told, lost = watching.stop()
    wires = of_flow(raw.stop(), u)
    frames = read(name)
    expect("written, lost", (told, lost), (len(frames), 0))
    # To the client the kernel routes it.
    wanted = Counter(w for w in wires if w[:2] != ("i0", "out"))
    expect("frames", sorted(seen(frames).elements()),
           sorted(wanted.elements()))
    large = [frame for frame in frames if len(frame.data) > 1514]
    if how == "offloaded" and proto == "tcp":
        require(large, "no super-packets were seen")
        require(all("segments of" in frame.comment for frame in large),
                f"{large[0].comment}")
    routed = [frame for frame in frames if frame.linktype == LINKTYPE_RAW]
    out = [data[14:] for link, way, data in wires if (link, way) == ("i0", "out")]
    # One hop less and another sum of the header than before it was routed.
    expect("to the client", sorted(len(f.data) for f in routed),
           sorted(map(len, out)))
    expect("payload", {f.data[-1:] for f in routed}, {d[-1:] for d in out})
    for frame in frames:
        require(before <= frame.time <= time.time_ns(), f"time: {frame}")
        expect("length", frame.length, len(frame.data))


def places(f):
    """Comment by step, or without one: of frames in, of frames out."""
    svc = f"udp{f.name}"
    nat = f"nat{f.name}"
    return {
        1: ([], [f"{svc} forward copy to step 1 ids",
                 f"{svc} reverse copy to step 1 ids"]),
        2: ([f"{svc} forward from step 2 fw", f"{svc} reverse from step 2 fw"],
            [f"{svc} forward to step 2 fw", f"{svc} reverse to step 2 fw"]),
        3: ([f"{svc} reverse from step 3 {nat}"],
            [f"{svc} forward to step 3 {nat}"]),
        None: ([f"{svc} forward from the client"],
               [f"{svc} reverse to the client, left to the kernel's routing"]),
    }


@suite.case(*FAMILIES)
def steps(f):
    """What enters or leaves a device; what tshark makes of it."""
    lab.offloads("plain")
    u = (f.U1, flow.port())
    told = places(f)
    names = {step: path() for step in told}
    watching = {step: Watching(
        pe, "capture", f"udp{f.name}", *(["step", str(step)] if step else []),
        "-w", names[step]) for step in told}
    raw = Raw()
    talk(f, "udp", u)
    for watch in watching.values():
        watch.stop()
    wires = of_flow(raw.stop(), u)
    links = {1: {"i4"}, 2: {"i1", "i2"}, 3: {"i3"}}
    for step, (ins, outs) in told.items():
        frames = read(names[step])
        if step:
            expect(f"comments of step {step}",
                   [sorted(x.comment for x in frames if x.way == way)
                    for way in ("in", "out")], [sorted(ins), sorted(outs)])
            expect(f"frames of step {step}", sorted(seen(frames).elements()),
                   sorted(w for w in wires if w[0] in links[step]))
    frames = read(names[None])
    expect("all comments", sorted(x.comment for x in frames),
           sorted(c for ins, outs in told.values() for c in ins + outs))
    rows = pcapng.tshark(
        names[None], "frame.comment", "frame.interface_name", "frame.len",
        "frame.cap_len", "frame.time_epoch", "udp.dstport")
    expect("as tshark reads it", [row[:5] for row in rows], [
        (x.comment, x.link, str(x.length), str(len(x.data)),
         f"{x.time // 10**9}.{x.time % 10**9:09}") for x in frames])
    expect("ports", Counter(row[5] for row in rows),
           {"80": 4, "2020": 1, str(u[1]): 5})


@suite.case(*FAMILIES)
def cut_and_counted(f):
    """Bytes of each at most, packets at most; what was, is said."""
    name, u = path(), (f.U1, flow.port())
    with Watching(pe, "capture", f"udp{f.name}", "step", "2", "snaplen", "50",
                  "count", "3", "-w", name) as watching:
        talk(f, "udp", u)
        expect("sum", watching.stop(None), (3, 0))
    frames = read(name)
    length = 14 + (40 if f.v6 else 20) + 8 + 100
    expect("lengths", [(len(x.data), x.length) for x in frames],
           [(50, length)] * 3)
    expect("as tshark reads it", pcapng.tshark(name, "frame.cap_len"),
           [("50",)] * 3)


@suite.case()
def fragments():
    """Of a datagram that does not fit, each goes out, and is captured."""
    f = FAMILIES[0]
    name, u = path(), (f.U1, flow.port())
    lab.eng.ip("link set i1 mtu 1000")
    raw = Raw()
    try:
        with Watching(pe, "capture", f"udp{f.name}", "step", "2", "-w",
                      name) as watching, \
                flow.bound(u1, f, flow.DGRAM, *u) as sock, \
                flow.bound(web, f, flow.DGRAM, f.host(3, 1), 2020) as server:
            sock.setsockopt(socket.IPPROTO_IP, flow.IP_MTU_DISCOVER,
                            flow.IP_PMTUDISC_DONT)
            sock.sendto(b"f" * 1400, (f.W1, 80))
            expect("datagram", flow.take("data", server.recv, 2000),
                   b"f" * 1400)
            watching.stop()
    finally:
        lab.eng.ip("link set i1 mtu 1500")
    wires = [data for link, way, data in raw.stop()
             if (link, way) == ("i1", "out") and data[12:14] == b"\x08\x00"]
    expect("fragments", len(wires), 2)
    expect("frames", [x.data for x in read(name)
                      if (x.link, x.way) == ("i1", "out")], wires)


@suite.case()
def to_standard_output():
    """In one stream, which is whole at any time that it waits."""
    f = FAMILIES[0]
    argv = [engine.PECTL, "capture", f"udp{f.name}", "step", "1", "count", "2",
            "-w", "-"]
    with pe.node.popen(argv, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE) as proc:
        require("watching" in proc.stderr.readline(), "it does not start")
        talk(f, "udp", (f.U1, flow.port()))
        data = proc.stdout.buffer.read()
        proc.wait()
    expect("frames", [x.link for x in pcapng.read(data)], ["i4", "i4"])


@suite.case()
def refused():
    """And no file is touched by it."""
    name = path()
    with open(name, "w") as file:
        file.write("mine")
    for args, words in ((("none",), "no service none"),
                        (("udp4", "step", "4"), "no step 4")):
        status, _, err = pe.try_pectl("capture", *args, "-w", name)
        expect("refusal", (status, words in err), (2, True))
    with open(name) as file:
        expect("file", file.read(), "mine")
    status, _, err = pe.try_pectl("capture", "udp4", "-w",
                                  f"{lab.tmp}/none/file")
    expect("no such directory", (status, "cannot write" in err), (1, True))
    require(not os.path.exists(f"{lab.tmp}/none"), "a directory was made")


suite.run(lambda: pe.start(CONF))
