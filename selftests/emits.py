#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices that emit other protocols and ports: each leg and its places.

    u1 --- i0 [eng] i1 --- wrap    takes tcp 80, emits udp 4500
                    i2 --- unwrap  takes udp 4500, emits tcp 80
                    i3 --- web
                    i4 --+-- ids   looks at the first two legs
                         +-- late  looks at the last one

Nobody here is real: packets are sent by hand from each place, and the next
place must get them. 7_vpn.py has a gateway that is.
"""
from itertools import product

from lib import engine, packet, told
from lib.addr import FAMILIES, mac
from lib.ktap import Fail, Suite, expect, poll
from lib.lab import Lab
from lib.openvpn import INSIDE
from lib.wire import Capture, check_walk, got, put, quoted, show

WIRE = 4500                 # what is between the two that change packets
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
nodes = {(0, 1): lab.client("u1")}
for where, name in (((1, 1), "wrap"), ((2, 1), "unwrap"), ((3, 1), "web"),
                    ((4, 1), "ids"), ((4, 2), "late")):
    nodes[where] = lab.tap(name, *where)
pe = engine.Engine(lab)

# The server's own address is nobody's, so that nobody answers.
for family in FAMILIES:
    lab.eng.batch.append(f"neigh add {family.host(3, 5)} lladdr {mac(3, 1)} "
                         "dev i3")


def vip(mode, f):
    return {"loopback": f.W1, "nat": f.W2}[mode]


def local(mode, f):
    """What the server is addressed by."""
    return (f.host(3, 5), 8080) if mode == "nat" else (f.W1, 80)


CONF = f"""
device wrap {{ inline dev i1 lladdr {mac(1, 1)}; }}
device unwrap {{ inline dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device late {{ tap dev i4 lladdr {mac(4, 2)}; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 5)} mode nat; }}\n"
    for f in FAMILIES) + "".join(f"""
service {mode}{f.name} {{ vip {vip(mode, f)} tcp port 80; sequence ids, \
wrap emits udp port {WIRE}, ids, unwrap emits tcp port 80, late, \
{f"nat{f.name} port 8080" if mode == "nat" else "web"}; }}
""" for f, mode in product(FAMILIES, MODES))


class Ends:
    """Addresses of a service, and of what its devices make of a client."""

    def __init__(self, mode, f):
        # Nobody but the device that emits knows a way to the last one.
        self.u, self.x, self.y = (f.U1, 7000), (f.host(1, 1), 7001), \
            (INSIDE[f.name][1], 7002)
        self.w, self.wire = (vip(mode, f), 80), (vip(mode, f), WIRE)
        self.s = local(mode, f)


def send(where, *packets):
    with packet.Sender(nodes[where], *where) as sender:
        sender.send(*packets)


def walks(e):
    """From where, what, and the hops of it; forward, then back."""
    def tcp(src, dst, seq):
        return packet.tcp(src, dst, seq=seq, flags=packet.RST)

    udp = packet.udp
    return [
        ((0, 1), tcp(e.u, e.w, seq=1),
         [got(0, 1, e.u, e.w, 64), put(4, 1, e.u, e.w, 63, copy=True),
          put(1, 1, e.u, e.w, 63)]),
        ((1, 1), udp(e.x, e.wire, b"wrapped"),
         [got(1, 1, e.x, e.wire, 64), put(4, 1, e.x, e.wire, 63, copy=True),
          put(2, 1, e.x, e.wire, 63)]),
        ((2, 1), tcp(e.y, e.w, seq=2),
         [got(2, 1, e.y, e.w, 64), put(4, 2, e.y, e.w, 63, copy=True),
          put(3, 1, e.y, e.s, 63)]),
        ((3, 1), tcp(e.s, e.y, seq=3),
         [got(3, 1, e.s, e.y, 64), put(4, 2, e.w, e.y, 63, copy=True),
          put(2, 1, e.w, e.y, 63)]),
        ((2, 1), udp(e.wire, e.x, b"answer"),
         [got(2, 1, e.wire, e.x, 64), put(4, 1, e.wire, e.x, 63, copy=True),
          put(1, 1, e.wire, e.x, 63)]),
        ((1, 1), tcp(e.w, e.u, seq=4),
         [got(1, 1, e.w, e.u, 64), put(4, 1, e.w, e.u, 63, copy=True),
          put(0, 1, e.w, e.u, 63)]),
    ]


@suite.case(*product(MODES, FAMILIES))
def every_leg(mode, f):
    e = Ends(mode, f)
    with Capture(lab) as capture:
        for number, (where, data, hops) in enumerate(walks(e), 1):
            send(where, data)
            last = hops[-1]
            capture.wait(f"packet {number} at {last.text()}", lambda rows, last=last: any(
                last.matches(row) for row in rows))
        rows = capture.stop()
    check_walk(rows, *(hops for _, _, hops in walks(e)), count=1)
    told.check(pe, rows, "tcp", e.u, e.w)


@suite.case(*FAMILIES)
def legs_are_counted_once(f):
    """Steps and devices, the one that looks at two legs included."""
    e = Ends("loopback", f)
    name = f"loopback{f.name}"
    before, taps = pe.counters(name), pe.device_counters("ids")
    for where, data, _ in walks(e):
        send(where, data)

    def grown():
        after, late = pe.counters(name), pe.device_counters("ids")
        return {key: after[key][0] - before[key][0] for key in after}, \
            [late[way][0] - taps[way][0] for way in engine.WAYS]

    poll("all of them", lambda: sum(map(sum, (
        grown()[0].values(), grown()[1]))) >= len(before) + 4)
    packets, copies = grown()
    expect("packets", packets, {key: 1 for key in packets})
    expect("copies", copies, [2, 2])


STRANGERS = {
    "client sends what is emitted": ((0, 1), "udp", "u", "wire"),
    "first device keeps the port": ((1, 1), "tcp", "x", "w"),
    "second device keeps the port": ((2, 1), "udp", "y", "wire"),
    "late tap on an earlier leg": ((4, 2), "udp", "y", "wire"),
    "server answers on an earlier leg": ((3, 1), "udp", "wire", "x"),
    "first device answers with the inner port": ((1, 1), "udp", "wire", "x"),
    "client answers": ((0, 1), "udp", "wire", "x"),
}


@suite.case(*product(STRANGERS, FAMILIES))
def wrong_place(name, f):
    """What claims a leg from elsewhere is dropped, and counted as that."""
    where, proto, src, dst = STRANGERS[name]
    e = Ends("loopback", f)
    before = pe.drops()
    with Capture(lab) as capture:
        send(where, getattr(packet, proto)(getattr(e, src), getattr(e, dst)))
        rows = capture.stop()
    expect("where it was seen", [(r.link, r.dir) for r in rows],
           [(f"i{where[0]}", "in")])
    pe.check_drops(before, wrong_place=1)


TAPS = {
    "first leg": ((4, 1), "tcp", "u", "w", (1, 1)),
    "first leg back": ((4, 1), "tcp", "w", "u", (0, 1)),
    "second leg": ((4, 1), "udp", "x", "wire", (2, 1)),
    "second leg back": ((4, 1), "udp", "wire", "x", (1, 1)),
    "last leg": ((4, 2), "tcp", "y", "w", (3, 1)),
    "last leg back": ((4, 2), "tcp", "w", "y", (2, 1)),
}


@suite.case(*product(TAPS, FAMILIES))
def tap_sends_on(name, f):
    """To the next device of the direction it claims, and only there."""
    where, proto, src, dst, to = TAPS[name]
    e = Ends("loopback", f)
    src, dst = getattr(e, src), getattr(e, dst)
    made = packet.udp(src, dst) if proto == "udp" else \
        packet.tcp(src, dst, flags=packet.RST)
    with Capture(lab) as capture:
        send(where, made)
        check_walk(capture.stop(),
                   [got(*where, src, dst, 64), put(*to, src, dst, 63)], count=1)


def errors(capture, f, link, direction):
    rows = [r for r in capture.stop() if r.proto == f.icmp]
    mine = [r for r in rows if (r.link, r.dir) == (link, direction)]
    if len(mine) != 1 or mine[0].csum != "ok":
        raise Fail(f"one good ICMP error expected {direction} {link}:\n"
                   f"{show(rows)}")
    return rows, mine[0]


@suite.case(*product(MODES, FAMILIES))
def error_about_the_last_leg(mode, f):
    """From the server's side to the device that emitted, translated back."""
    e = Ends(mode, f)
    about = packet.tcp(e.y, e.s)
    with Capture(lab) as capture:
        send((3, 1), packet.unreachable(e.s[0], e.y[0], about))
        rows, error = errors(capture, f, "i2", "out")
    expect("link-layer address", error.dmac, mac(2, 1))
    expect("outside", (error.saddr, error.daddr), (e.w[0], e.y[0]))
    expect("inside", quoted(error), (*e.y, *e.w, True))
    expect("where it was seen", sorted((r.link, r.dir) for r in rows),
           [("i2", "out"), ("i3", "in"), ("i4", "out")])


@suite.case(*product((0, 1, 2), FAMILIES))
def error_about_an_answer(leg, f):
    """It goes on as what it is about would be asked again."""
    e = Ends("loopback", f)
    where, about, to = [
        ((0, 1), packet.tcp(e.w, e.u), (1, 1)),
        ((1, 1), packet.udp(e.wire, e.x), (2, 1)),
        ((2, 1), packet.tcp(e.w, e.y), (3, 1))][leg]
    with Capture(lab) as capture:
        send(where, packet.unreachable(f.host(*where), e.w[0], about))
        rows, error = errors(capture, f, f"i{to[0]}", "out")
    expect("link-layer address", error.dmac, mac(*to))
    expect("where it was seen", sorted((r.link, r.dir) for r in rows),
           sorted([(f"i{where[0]}", "in"), (f"i{to[0]}", "out"),
                   ("i4", "out")]))


@suite.case(*product(MODES, FAMILIES))
def too_big_for_the_last_leg(mode, f):
    """The sender is known to the device alone that emitted: it is told."""
    e = Ends(mode, f)
    lab.eng.ip("link set i3 mtu 1300")
    try:
        before = pe.drops()
        with Capture(lab) as capture:
            send((2, 1), packet.tcp(e.y, e.w, payload=bytes(1400),
                                    **({} if f.v6 else {"frag": 0x4000})))
            rows, error = errors(capture, f, "i2", "out")
        pe.check_drops(before, mtu=1)
    finally:
        lab.eng.ip("link set i3 mtu 1500")
    expect("where it was seen", [(r.link, r.dir, r.dmac) for r in rows],
           [("i2", "out", mac(2, 1))])
    expect("receiver", error.daddr, e.y[0])
    expect("inside", quoted(error)[:4], (*e.y, *e.w))


@suite.case(*FAMILIES)
def shown_as_read(f):
    """And applied again it changes nothing."""
    text = pe.pectl("service", "show", f"nat{f.name}")
    if "wrap emits udp port 4500, ids, unwrap emits tcp port 80" not in text:
        raise Fail(text)
    before = pe.generation()
    pe.apply(pe.pectl("show"))
    expect("generation", pe.generation(), before)


@suite.case(*FAMILIES)
def changed_under_traffic(f):
    """Another port between them: the old one is nobody's at once, and a
    service of its own may have it in the same commit."""
    e = Ends("loopback", f)
    pe.apply(CONF.replace(f"port {WIRE}", "port 4600") +
             f"service own{f.name} {{ vip {f.W1} udp port {WIRE}; "
             "sequence web; }\n")
    try:
        with Capture(lab) as capture:
            send((0, 1), packet.udp(e.u, e.wire, b"own"))
            send((1, 1), packet.udp(e.x, (e.w[0], 4600), b"leg"))
            check_walk(capture.stop(),
                       [got(0, 1, e.u, e.wire, 64), put(3, 1, e.u, e.wire, 63)],
                       [got(1, 1, e.x, (e.w[0], 4600), 64),
                        put(4, 1, e.x, (e.w[0], 4600), 63, copy=True),
                        put(2, 1, e.x, (e.w[0], 4600), 63)], count=1)
    finally:
        pe.apply(CONF)


suite.run(lambda: pe.start(CONF))
