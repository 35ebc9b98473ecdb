#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is inside a device when its service changes goes on as the old version
of the service says, for two seconds, and nothing else does.

    u1 --- i0 [eng] i1 --+-- fw1 outside
                         +-- fw2 outside
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                         +-- box (one-armed)
                    i3 --+-- web1
                         +-- web2
                    i4 --- ids

The hosts forward nothing: this program returns packets in their place, when it
likes.
"""
import time
from itertools import product

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, mac
from lib.ktap import PATIENCE, Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

BOX = 3
BOTH = tuple(product(FAMILIES, ("tcp", "udp")))

suite = Suite(__doc__)
lab = Lab(suite)
nodes = {(0, 1): lab.client("u1")}
for segment, number, name in ((1, 1, "out1"), (1, 2, "out2"), (2, 1, "in1"),
                              (2, 2, "in2"), (2, BOX, "box"), (3, 1, "web1"),
                              (3, 2, "web2"), (4, 1, "ids")):
    nodes[segment, number] = lab.tap(name, segment, number)
pe = engine.Engine(lab)
senders = {}

DEVICES = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device box {{ inline dev i2 lladdr {mac(2, BOX)}; }}
""" + "".join(f"""
device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} \
inside dev i2 lladdr {mac(2, n)}; }}
device web{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}
""" + "".join(
    f"device nat{n}-{f.name} {{ server address {f.host(3, n)} mode nat; }}\n"
    for f in FAMILIES) for n in (1, 2))


def conf(f, proto, sequence, vip=None, port=80, more=""):
    return DEVICES + (f"service s {{ vip {vip or f.W1} {proto} port {port}; "
                      f"{more} sequence {sequence}; }}\n")


def made(proto, src, dst, **how):
    if proto == "udp":
        return packet.udp(src, dst, **how)
    # Nobody answers a reset.
    return packet.tcp(src, dst, flags=packet.RST, **how)


def sends(segment, number, *packets, **how):
    """Frames from a device's place."""
    place = segment, number
    if place not in senders:
        senders[place] = packet.Sender(nodes[place], segment, number)
    senders[place].send(*packets, **how)


def walks(proto, *paths, drops=None):
    """Each path is a packet that its first hop sends; it takes the others."""
    before = pe.drops()
    with Capture(lab) as capture:
        for path in paths:
            first = path[0]
            where = int(first.link[1:]), int(first.smac[-2:], 16)
            how = {"tos": (first.dscp or 0) << 2} if first.dscp else {}
            sends(*where, made(proto, first.src, first.dst, ttl=first.ttl,
                               **how), vlan=first.vlan)
        rows = [r for r in capture.stop() if r.sport]
    if paths:
        check_walk(rows, *paths, count=1)
    pe.check_drops(before, **(drops or {}))


def ends(f):
    return (f.U1, flow.port()), (f.W1, 80)



@suite.case(*BOTH)
def from_a_device_that_left(f, proto):
    """The rest of the old sequence, through a device that both have too. By the
    interface of fw2, which answers there, or of none."""
    u, w = ends(f)
    for after in ("fw2, box, web1", "fw2, web2", "web2", "ids, web1"):
        pe.apply(conf(f, proto, "fw1, box, web1"))
        pe.apply(conf(f, proto, after))
        walks(proto, [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
              [got(1, 1, w, u, 60), put(0, 1, w, u, 59)])


@suite.case(*BOTH)
def from_a_server_that_left(f, proto):
    u, w = ends(f)
    pe.apply(conf(f, proto, "fw1, web1"))
    pe.apply(conf(f, proto, "fw1, web2"))
    walks(proto, [got(3, 1, w, u, 64), put(2, 1, w, u, 63)],
          [got(3, 2, w, u, 60), put(2, 1, w, u, 59)],
          [got(2, 1, u, w, 63), put(3, 2, u, w, 62)])


@suite.case(*BOTH)
def from_a_nat_server_that_left(f, proto):
    """What it was asked before is answered by the service, as ever."""
    u, w = ends(f)
    one, two = (f.host(3, 1), 8080), (f.host(3, 2), 80)
    pe.apply(conf(f, proto, f"fw1, nat1-{f.name} port 8080"))
    pe.apply(conf(f, proto, f"fw2, nat2-{f.name}"))
    walks(proto, [got(3, 1, one, u, 64), put(2, 1, w, u, 63)],
          [got(1, 1, w, u, 62), put(0, 1, w, u, 61)],
          [got(2, 1, u, w, 63), put(3, 1, u, one, 62)],
          [got(3, 2, two, u, 64), put(2, 2, w, u, 63)])


@suite.case(*BOTH)
def several_versions(f, proto):
    """Each packet goes on as the version says that it was inside a device of;
    what the newest has is the newest's."""
    u, w = ends(f)
    for sequence in ("fw1, box, web1", "fw2, web2", "ids, web1"):
        pe.apply(conf(f, proto, sequence))
    walks(proto, [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
          [got(2, 2, u, w, 63), put(3, 2, u, w, 62)],
          [got(2, BOX, u, w, 61), put(3, 1, u, w, 60)],
          [got(3, 2, w, u, 64), put(2, 2, w, u, 63)],
          [got(1, 1, w, u, 62), put(0, 1, w, u, 61)])


@suite.case(*BOTH)
def back_to_what_it_was(f, proto):
    u, w = ends(f)
    for sequence in ("fw1, web1", "fw2, box, web2", "fw1, web1"):
        pe.apply(conf(f, proto, sequence))
    walks(proto, [got(2, 1, u, w, 63), put(3, 1, u, w, 62)],
          [got(2, 2, u, w, 63), put(2, BOX, u, w, 62)],
          [got(1, 2, w, u, 62), put(0, 1, w, u, 61)])


@suite.case(*BOTH)
def of_another_address_or_port(f, proto):
    """The service has moved: clients' packets to where it was are nobody's."""
    u, w = ends(f)
    other = "udp" if proto == "tcp" else "tcp"
    for how in ({"vip": f.W2}, {"port": "81,82"}, {"proto": other}):
        pe.apply(conf(f, proto, "fw1, web1"))
        pe.apply(conf(**{"f": f, "proto": proto, "sequence": "fw1, web1", **how}))
        walks(proto, [got(2, 1, u, w, 63), put(3, 1, u, w, 62)],
              [got(3, 1, w, u, 64), put(2, 1, w, u, 63)])
        # There is a route to no service address.
        walks(proto, [got(0, 1, u, w, 64)])


@suite.case(*BOTH)
def of_clients(f, proto):
    """Services told by their clients: the prefix is another, or deleted."""
    u, far = (f.U1, flow.port()), (f.host(3, 2), 80)
    base, length = f.prefix(0)
    whole = f"{base}/{length}"
    for after in (f"client {f.U1}/{f.bits}; sequence fw2",
                  f"client {f.host(5, 1)}/{f.bits}; sequence fw1"):
        pe.apply(DEVICES + f"service s {{ client {whole}; sequence fw1, box; }}\n")
        pe.apply(DEVICES + f"service s {{ {after}; }}\n")
        walks(proto, [got(2, 1, u, far, 63), put(2, BOX, u, far, 62)],
              [got(1, 1, far, u, 62), put(0, 1, far, u, 61)])


@suite.case(*BOTH)
def told_by_dscp(f, proto):
    u, w = ends(f)
    pe.apply(conf(f, proto, "fw1, box, fw1, web1", more="track dscp;"))
    pe.apply(conf(f, proto, "fw2, box, web2", more="track dscp 9;"))
    walks(proto,
          [got(2, 1, u, w, 63, dscp=1), put(2, BOX, u, w, 62, dscp=2)],
          [got(2, BOX, u, w, 61, dscp=2), put(1, 1, u, w, 60, dscp=3)],
          [got(2, 1, u, w, 59, dscp=3), put(3, 1, u, w, 58, dscp=0)],
          [got(2, BOX, u, w, 57, dscp=10), put(3, 2, u, w, 56, dscp=0)])


@suite.case(*BOTH)
def told_by_tags(f, proto):
    """What the interface would not let in is met there as long."""
    u, w = ends(f)
    pe.apply(conf(f, proto, "fw1, box, fw1, web1", more="track vlan 100;"))
    pe.apply(conf(f, proto, "fw2, web2"))
    walks(proto,
          [got(2, 1, u, w, 63, vlan=100), put(2, BOX, u, w, 62, vlan=101)],
          [got(2, 1, u, w, 61, vlan=102), put(3, 1, u, w, 60)],
          [got(2, 2, u, w, 59), put(3, 2, u, w, 58)])


@suite.case(*BOTH)
def what_is_emitted(f, proto):
    u, w = ends(f)
    other = (f.W1, 81)
    pe.apply(conf(f, proto, f"fw1, box emits {proto} port 81, web1"))
    pe.apply(conf(f, proto, "fw2, web2"))
    walks(proto, [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
          [got(2, BOX, u, other, 61), put(3, 1, u, other, 60)],
          [got(3, 1, other, u, 64), put(2, BOX, other, u, 63)])


@suite.case(*BOTH)
def of_a_device_that_is_another(f, proto):
    """A device is changed in place, and one that left is deleted with it."""
    u, w = ends(f)
    pe.apply(conf(f, proto, "fw1, box, web1"))
    pe.batch(f"device replace fw1 {{ inline outside dev i1 lladdr {mac(1, 2)} "
             f"inside dev i2 lladdr {mac(2, 2)}; }}\n")
    walks(proto, [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
          [got(2, 2, u, w, 61), put(2, BOX, u, w, 60)])
    pe.apply(conf(f, proto, "fw1, box, web1"))
    pe.apply("\n".join(line for line in conf(f, proto, "web2").split("\n")
                       if "fw" not in line and "box" not in line))
    walks(proto, [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
          [got(2, BOX, u, w, 61), put(3, 1, u, w, 60)],
          [got(1, 1, w, u, 62), put(0, 1, w, u, 61)])


@suite.case(*FAMILIES)
def deleted_is_stopped(f):
    """Also what drained of it already; nobody takes over what it had."""
    u, w = ends(f)
    pe.apply(conf(f, "udp", "fw1, box, web1"))
    pe.apply(conf(f, "udp", "box, web1"))
    pe.apply(conf(f, "udp", "fw2, web2").replace("service s", "service t"))
    before = pe.drops()
    with Capture(lab) as capture:
        sends(2, 1, packet.udp(u, w, ttl=63))
        sends(2, BOX, packet.udp(u, w, ttl=63))
        rows = capture.stop()
    expect("what was seen", [(r.link, r.dir) for r in rows],
           [("i2", "in")] * 2)
    pe.check_drops(before, wrong_place=2)


@suite.case(*FAMILIES)
def in_fragments(f):
    """They are put together by the port of a service that has moved."""
    u, w = ends(f)
    pe.apply(conf(f, "udp", "fw1, box, web1"))
    pe.apply(conf(f, "udp", "fw2, web2", vip=f.W2))
    whole = packet.udp(u, w, b"x" * 2000, ttl=63)
    before = pe.drops()
    with Capture(lab) as capture:
        sends(2, 1, *fragment.cut(whole, 1000, 7))
        rows = capture.stop()
    check_walk(fragment.whole(rows), [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
               count=1)
    require(fragment.pieces(rows, "i2"), "it left in one piece")
    pe.check_drops(before)


@suite.case(*FAMILIES)
def an_error_of_a_device_that_left(f):
    """About a packet to the client: it goes to the server, the old way."""
    u, w = ends(f)
    pe.apply(conf(f, "udp", "fw1, box, web1"))
    pe.apply(conf(f, "udp", "fw2, web2"))
    about = packet.udp(w, u, ttl=60)
    before = pe.drops()
    with Capture(lab) as capture:
        sends(2, 1, packet.unreachable(f.host(2, 1), f.W1, about))
        rows = capture.stop()
    expect("the error's way", [(r.link, r.dir, r.dmac) for r in rows
                               if r.proto == f.icmp],
           [("i2", "in", mac(2, 14)), ("i2", "out", mac(2, BOX))])
    pe.check_drops(before)


@suite.case(*FAMILIES)
def is_counted_where_it_goes(f):
    u, w = ends(f)
    pe.apply(conf(f, "udp", "fw1, box, web1"))
    pe.apply(conf(f, "udp", "fw2, box, web1"))
    service, devices = pe.counters("s"), {
        name: pe.device_counters(name) for name in ("box", "web1", "fw1")}
    walks("udp", [got(2, 1, u, w, 63), put(2, BOX, u, w, 62)],
          [got(2, BOX, w, u, 63), put(2, 2, w, u, 62)],
          [got(1, 1, w, u, 62), put(0, 1, w, u, 61)])
    after = pe.counters("s")
    expect("to the client", after["reverse"][0] - service["reverse"][0], 1)
    expect("to the box", after[1, "forward"][0] - service[1, "forward"][0], 1)
    expect("of the box", pe.device_counters("box")["forward"][0] -
           devices["box"]["forward"][0], 1)


@suite.case(*FAMILIES)
def ends_after_two_seconds(f):
    """Then it is as if there had been nothing: also where nothing else was."""
    u, w = ends(f)
    pe.apply(conf(f, "udp", "fw1, web1"))
    began = time.monotonic()
    pe.apply(conf(f, "udp", "fw2, web1"))
    before = pe.drops().get("wrong-place", 0)
    while pe.drops().get("wrong-place", 0) == before:
        sends(2, 1, packet.udp(u, w, ttl=63))
        require(time.monotonic() - began < 10 * PATIENCE, "it never ends")
        time.sleep(0.05)
    took = time.monotonic() - began
    require(took > 1.8, f"it ended after {took} s")
    pe.apply(DEVICES)
    pe.apply(conf(f, "udp", "fw1, web1"))
    pe.apply(conf(f, "udp", "fw1, web1", vip=f.W2))
    pe.apply("")


suite.run(lambda: pe.start(DEVICES))
