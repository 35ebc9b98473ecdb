#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What pectl explain says is what packets do.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --+-- fw inside
                         +-- box (one-armed)
                    i3 --- web
                    i4 --- ids
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.wire import Capture

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
lab.one_armed("box", 2, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

SEQUENCES = {80: "web", 81: "ids, web", 82: "fw, web", 83: "ids, fw, box, web",
             84: "ids, fw, web port 2020", 85: "box, nat",
             86: "ids, fw, nat port 2021"}

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device box {{ inline dev i2 lladdr {mac(2, 2)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
    for f in FAMILIES) + "".join(
    f"service {p}{f.name}-{port} {{ vip {f.W1} {p} port {port}; sequence "
    f"{seq.replace('nat', f'nat{f.name}')}; }}\n"
    for f, p, (port, seq) in product(FAMILIES, ("tcp", "udp"),
                                     SEQUENCES.items()))


def explain(f, proto, port, sport, iif="i0"):
    return pe.json("explain", "from", f.U1, "to", f.W1, proto, "port",
                   str(port), "sport", str(sport), "iif", iif)


def local(f, port):
    """What the server listens on."""
    step = SEQUENCES[port].split(", ")[-1].split()
    addr = f.host(3, 1) if step[0] == "nat" else f.W1
    return addr, int(step[2]) if len(step) > 1 else port


def said(walk, start):
    """The frames that leave the engine if the explanation is right: link,
    MAC and addresses, with what is not said taken from the hop before."""
    out = []
    src, dst = start
    for hop in walk:
        for tap in hop.get("taps", ()):
            require(tap == "ids", f"copy to {tap}")
            out.append(("i4", mac(4, 1), src, dst))
        src = (hop.get("saddr", src[0]), hop.get("sport", src[1]))
        dst = (hop.get("daddr", dst[0]), hop.get("dport", dst[1]))
        if hop["action"] in ("steer", "translate"):
            out.append((hop["oif"], hop.get("lladdr", mac(3, 1)), src, dst))
        else:
            expect("last action", hop.get("action"), "deliver")
            out.append((hop.get("oif", "i0"), mac(0, 1), src, dst))
    return out


@suite.case(*product(SEQUENCES, FAMILIES, ("tcp", "udp")))
def as_captured(port, f, proto):
    u, w = (f.U1, flow.port()), (f.W1, port)
    s = local(f, port)
    told = explain(f, proto, port, u[1])
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, s)
        rows = [r for r in capture.stop() if r.dir == "out"]
    for way, client_is in (("forward", "source"), ("reverse", "target")):
        first = [r for r in rows if
                 ((r.saddr, r.sport) if client_is == "source" else
                  (r.daddr, r.dport)) == u]
        first = [r for r in first if r.ident == first[0].ident]
        seen = [(r.link, r.dmac, (r.saddr, r.sport), (r.daddr, r.dport))
                for r in first]
        expect(f"{way} as explained", seen, said(
            told[way], (u, w) if way == "forward" else (s, u)))


@suite.case(*FAMILIES)
def nothing_is_counted(f):
    name = f"udp{f.name}-83"
    before = pe.counters(name), pe.drops(), pe.generation()
    explain(f, "udp", 83, 7000)
    expect("counters", (pe.counters(name), pe.drops(), pe.generation()), before)


@suite.case(*FAMILIES)
def no_service(f):
    told = explain(f, "udp", 99, 7000)
    expect("actions", [h["action"] for h in told["forward"]], ["accept"])


@suite.case(*FAMILIES)
def wrong_place(f):
    """A client's packet where only the firewall's come from."""
    told = explain(f, "udp", 82, 7000, iif="i2")
    expect("actions", [(h["action"], h.get("reason"))
                       for h in told["forward"]], [("drop", "wrong-place")])


@suite.case()
def text_names_every_device():
    f = FAMILIES[0]
    text = pe.pectl("explain", "from", f.U1, "to", f.W1, "tcp", "port", "83",
                    "iif", "i0")
    for name in ("ids", "fw", "box", "web", "i0", "i4"):
        require(name in text, f"{name} is not in\n{text}")


suite.run(lambda: pe.start(CONF))
