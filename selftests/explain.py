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

from lib import engine, flow, told
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
    return told.explain(pe, proto, (f.U1, sport), (f.W1, port), iif)


def local(f, port):
    """What the server listens on."""
    step = SEQUENCES[port].split(", ")[-1].split()
    addr = f.host(3, 1) if step[0] == "nat" else f.W1
    return addr, int(step[2]) if len(step) > 1 else port


@suite.case(*product(SEQUENCES, FAMILIES, ("tcp", "udp")))
def as_captured(port, f, proto):
    u, w = (f.U1, flow.port()), (f.W1, port)
    with Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, local(f, port))
        rows = capture.stop()
    told.check(pe, rows, proto, u, w)


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
