# SPDX-License-Identifier: GPL-2.0-only
"""What pectl explain tells of a packet's way, held against what was captured.

    rows = capture.stop()
    told.check(pe, rows, proto, u, w)

An explanation is turned into the frames that there must be on the wires if it
is right, and every packet captured on the flow's way must have made them.
"""
from collections import namedtuple

from .ktap import Fail, expect, require
from .wire import TCP, UDP, show

PROTOS = {"tcp": TCP, "udp": UDP, "sctp": 132}
WAYS = ("forward", "reverse")

# What an explanation says of a frame; a MAC or an end that it doesn't tell is
# None.
Frame = namedtuple("Frame", "link dir mac src dst")


def explain(pe, proto, u, w, iif="i0", *more):
    """The explanation of the packets from u to w, both (address, port)."""
    return pe.json("explain", "from", u[0], "to", w[0], proto, "port",
                   str(w[1]), "sport", str(u[1]), "iif", iif, *more)


def places(pe):
    """Where each device is: interface and link-layer address, by name and by
    the side that it is seen from."""
    found = {}
    for device in pe.json("-d", "device", "show").get("devices", ()):
        sides = [device[side] for side in ("outside", "inside")
                 if side in device]
        found[device["name"]] = {
            side["dev"]: side.get("lladdr", side.get("resolved"))
            for side in sides if "dev" in side}
    return found


def emitters(pe, walk):
    """Devices of the service that make another packet of what they are handed,
    with protocol and port of it."""
    names = {hop["service"] for hop in walk if "service" in hop}
    return {step["device"]: (step["emits"]["proto"], step["emits"].get("port"))
            for name in names for step in pe.service(name)["sequence"]
            if "emits" in step}


def frames(devices, emits, walk, proto, src, dst):
    """The frames of an explained way, from the packet that enters on: for each
    packet that is made of it, its protocol and its frames."""
    parts = [(proto, [])]
    for hop in walk:
        if hop.get("from") in emits:
            proto, port = emits[hop["from"]]
            if hop["direction"] == "forward":
                src, dst = None, (dst[0], port)
            else:
                proto = hop["proto"]
                src = hop["saddr"], hop.get("sport", 0)
                dst = (hop["daddr"], hop.get("dport", 0)) \
                    if "daddr" in hop else None
            parts.append((proto, []))
        out = parts[-1][1]
        came = devices.get(hop.get("from"), {}).get(hop.get("iif"))
        out.append(Frame(hop.get("iif"), "in", came, src, dst))
        # A tap sees what is addressed to the service: on the way there what
        # came in, on the way back what goes out.
        there = hop.get("direction", "forward") == "forward"
        copy = (src, dst)
        src = src and (hop.get("saddr", src[0]), hop.get("sport", src[1]))
        dst = dst and (hop.get("daddr", dst[0]), hop.get("dport", dst[1]))
        if not there:
            copy = (src, dst)
        for tap in hop.get("taps", ()):
            for link, lladdr in devices[tap].items():
                out.append(Frame(link, "out", lladdr, *copy))
        if hop["action"] in ("steer", "translate", "deliver", "exit") and \
                "obstacle" not in hop:
            out.append(Frame(hop["oif"], "out", hop.get("lladdr"), src, dst))
    return parts


def is_as(row, frame):
    return ((row.link, row.dir) == (frame.link, frame.dir) and
            frame.src in (None, (row.saddr, row.sport)) and
            frame.dst in (None, (row.daddr, row.dport)) and
            frame.mac in (None, row.smac if row.dir == "in" else row.dmac))


def end(place):
    return f"{place[0]}:{place[1]}" if place else "any"


def lines(wanted):
    return "\n".join(f"{f.link} {f.dir:3} {f.mac or 'any MAC':17} "
                     f"{end(f.src)} > {end(f.dst)}" for f in wanted)


def check_way(way, rows, wanted):
    """Each packet that enters as the first frame makes all frames, in order,
    and no others."""
    entered = [row for row in rows if is_as(row, wanted[0])]
    if not entered:
        raise Fail(f"{way}: no packet entered as explained:\n{lines(wanted)}\n"
                   f"seen:\n{show(rows)}")
    idents = [row.ident for row in entered]
    for ident in idents:
        if idents.count(ident) > 1:     # sent again: two on the way at once
            continue
        seen = [row for row in rows if row.ident == ident]
        if len(seen) != len(wanted) or \
                not all(is_as(*pair) for pair in zip(seen, wanted)):
            raise Fail(f"{way}: the way explained is not the one taken\n"
                       f"explained:\n{lines(wanted)}\ntaken:\n{show(seen)}")
    if len(set(idents)) < len(idents) and idents.count(idents[0]) == len(idents):
        raise Fail(f"{way}: only packets that were sent again:\n{show(rows)}")


def check(pe, rows, proto, u, w, iif="i0", ways=WAYS, drop=None):
    """The way that pectl explains is the one that the packets of rows took.

    u and w are the client's and the service's address and port. ways is what
    was captured; drop is why the last of them goes no further than it does.
    Gives the explanation back."""
    lab = pe.lab
    said = explain(pe, proto, u, w, iif)
    links = {f"i{segment}" for segment in lab.points
             if lab.owners.get(segment, lab.eng) is pe.node}
    rows = [row for row in rows if row.link in links]
    devices = places(pe)
    start = (u, w)
    for way in ways:
        require(way in said, f"the {way} way is not explained")
        for number, wanted in frames(devices, emitters(pe, said[way]),
                                     said[way], proto, *start):
            check_way(way, [r for r in rows if r.proto == PROTOS[number]],
                      wanted)
        proto, start = number, (wanted[-1].dst, wanted[-1].src)
    last = said[ways[-1]][-1]
    expect("why it goes no further",
           last.get("reason", last.get("obstacle")), drop)
    return said
