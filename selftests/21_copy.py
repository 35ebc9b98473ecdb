#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""21: a copy of W1 at W10, with another firewall.

    u1 --- i0 [eng] i1 --+-- fw1 outside
                         +-- fw2 outside
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --- web
                    i4 --- ids1
"""
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.engine import REFUSED
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
web = lab.server("web", 3)
lab.tap("ids1", 4, 1)
pe = engine.Engine(lab)

CONF = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + f"""
device ids1 {{ tap dev i4 lladdr {mac(4, 1)}; }}
device web1 {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
pool webs {{ members web1; policy failover; }}
""" + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80,90-99; "
    f"sequence ids1, fw1, webs; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))


def w10(f):
    return f.vip(110)


def shown(name):
    return pe.json("service", "show", name)["services"][0]


def walk(u, w, firewall):
    return ([got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
             put(1, firewall, u, w, 63), got(2, firewall, u, w, 62),
             put(3, 1, u, w, 61)],
            [got(3, 1, w, u, 64), put(2, firewall, w, u, 63),
             got(1, firewall, w, u, 62), put(4, 1, w, u, 61, copy=True),
             put(0, 1, w, u, 61)])


@suite.case(*FAMILIES)
def copied(f):
    """What is given is another's, the rest is the same; the service that it
    is a copy of is not touched."""
    before = {p: shown(f"{p}{f.name}") for p in ("tcp", "udp")}
    generation = pe.generation()
    pe.pectl("service", "copy", f"tcp{f.name}", "to", f"tcp{f.name}-10", "vip",
             w10(f), "sequence", "ids1,", "fw2,", "webs")
    expect("generation", pe.generation(), generation + 1)
    pe.batch(f"service copy udp{f.name} to udp{f.name}-10 vip {w10(f)} "
             "sequence ids1, fw2, webs\n")
    for p, was in before.items():
        wanted = {**was, "name": f"{p}{f.name}-10", "vip": w10(f),
                  "sequence": [{"device": d} for d in ("ids1", "fw2", "webs")]}
        expect("the copy", shown(f"{p}{f.name}-10"), wanted)
        expect("what it is a copy of", shown(f"{p}{f.name}"), was)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def on_the_wire(f, p):
    for vip, firewall in ((f.W1, 1), (w10(f), 2)):
        u, w = (f.U1, flow.port()), (vip, 80)
        with Capture(lab) as capture:
            flow.talk(p, f, u1, *u, w, web, w)
            rows = capture.stop()
        check_walk(rows, *walk(u, w, firewall))
        told.check(pe, rows, p, u, w)


@suite.case()
def copy_of_what_the_batch_says():
    """A copy of a service is one of what the same batch made of it."""
    f = FAMILIES[0]
    pe.batch(f"service change tcp{f.name} sequence web1\n"
             f"service copy tcp{f.name} to second vip {f.vip(111)}\n"
             f"service copy second to third vip {f.vip(112)} port 81\n")
    for name, port in (("second", 80), ("third", 81)):
        expect("sequence", shown(name)["sequence"], [{"device": "web1"}])
        expect("port", shown(name)["ports"][0]["first"], port)


@suite.case(*FAMILIES)
def access_list_by_name(f):
    """Whoever may not reach the original may not reach the copy."""
    name, vip = f"udp{f.name}", f.vip(120)
    pe.batch(f"acl {name} {{ permit udp port 90-99; default deny; }}\n")
    pe.pectl("service", "copy", name, "to", f"{name}-20", "vip", vip)
    expect("list", shown(f"{name}-20")["acl"], name)
    expect("of the original", "acl" in shown(name), False)
    drops = pe.drops()
    with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
        sock.sendto(b"no", (vip, 80))
        poll("the drop", lambda: pe.drops().get("denied", 0) ==
             drops.get("denied", 0) + 1)
    pe.batch(f"service copy {name} to {name}-21 vip {f.vip(121)} port 81\n"
             f"service copy {name}-21 to {name}-22 vip {f.vip(122)}\n"
             f"acl none-{f.name} {{ default permit; }}\n"
             f"service copy {name} to {name}-23 vip {f.vip(123)} "
             f"acl none-{f.name}\n")
    expect("lists", [shown(f"{name}-{n}")["acl"] for n in (21, 22, 23)],
           [name, name, f"none-{f.name}"])
    pe.batch("".join(f"service del {name}-{n}\n" for n in range(20, 24)) +
             f"acl del {name}\n"
             f"service copy {name} to {name}-24 vip {f.vip(124)}\n")
    expect("none", "acl" in shown(f"{name}-24"), False)


@suite.case()
def refused():
    """With one sentence, about the word at fault, and nothing is changed."""
    f = FAMILIES[0]
    before = pe.pectl("show"), pe.generation()
    for words, mark, *sentence in (
            (f"service copy none to new vip {f.vip(113)}", "none", "none"),
            (f"service copy udp{f.name} to tcp{f.name} vip {f.vip(113)}", None,
             f"tcp{f.name}"),
            (f"service copy udp{f.name} to new", None, f"udp{f.name}", "new"),
            (f"service copy udp{f.name} to new vip {f.vip(113)} "
             "sequence fw1, nobody", "nobody", "nobody")):
        status, out, err = pe.try_pectl(*words.split())
        expect(f"exit status of {words}", status, REFUSED)
        expect("output", out, "")
        lines = err.splitlines()
        for word in sentence:
            require(word in lines[0], f"{word} is not in: {err}")
        if mark:
            at = lines[2].index("^")
            expect("marked", lines[1][at:].split()[0], mark)
    status, _, err = pe.try_pectl(
        "-f", pe.file(f"service del udp{f.name}\n"
                      f"service copy udp{f.name} to new vip {f.vip(113)}\n"))
    expect("exit status", status, REFUSED)
    require("cannot be copied: it was deleted before" in err, err)
    expect("afterwards", (pe.pectl("show"), pe.generation()), before)


suite.run(lambda: pe.start(CONF))
