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
    step = SEQUENCES.get(port, "web").split(", ")[-1].split()
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


def asked(f, port, iif="i0"):
    """What becomes of a datagram to a port of W1: what was captured, the
    client's end and the service's."""
    u, w = (f.U1, flow.port()), (f.W1, port)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"ask", w)
        capture.wait("datagram", lambda rows: [
            r for r in rows if (r.link, r.dir) == (iif, "in")])
        return capture.stop(), u, w


def stuck(f, port, why, counted=True):
    """It goes no further, and is counted where the engine drops it."""
    before = pe.drops()
    rows, u, w = asked(f, port)
    told.check(pe, rows, "udp", u, w, ways=["forward"], drop=why)
    pe.check_drops(before, **{why: 1} if counted else {})


def answered(f, port, why=None):
    """The datagram arrives; its answer goes no further, or back."""
    u, w = (f.U1, flow.port()), (f.W1, port)
    with Capture(lab) as capture, \
            flow.bound(u1, f, flow.DGRAM, *u) as c, \
            flow.bound(web, f, flow.DGRAM, *local(f, port)) as s:
        c.sendto(b"ask", w)
        s.sendto(b"tell", flow.take("datagram", s.recvfrom, 100)[1])
        capture.wait("answer", lambda rows: [
            r for r in rows if (r.link, r.dir) == ("i3", "in") and
            r.payload == b"tell"])
        rows = capture.stop()
    told.check(pe, rows, "udp", u, w, drop=why)


@suite.case(*FAMILIES)
def interface_down(f):
    lab.eng.ip("link set i3 down")
    try:
        stuck(f, 80, "interface-down")
    finally:
        lab.eng.ip("link set i3 up")
        if f.v6:                        # a link that was down has lost it
            lab.eng.ip(f"addr replace {f.host(3, 14)}/64 dev i3")
    flow.reach(f, web, f.host(3, 1), f.host(3, 14))
    answered(f, 80)


@suite.case(*FAMILIES)
def interface_not_there(f):
    lab.eng.ip("link add i7 type veth peer name i7peer")
    pe.batch(f"device gone {{ server dev i7 lladdr {mac(7, 1)} "
             f"mode loopback; }}\nservice gone {{ vip {f.W1} udp port 90; "
             "sequence gone; }\n")
    lab.eng.ip("link del i7")
    stuck(f, 90, "no-interface")
    pe.pectl("service", "del", "gone")
    pe.pectl("device", "del", "gone")


@suite.case(*FAMILIES)
def neighbour_asked_for(f):
    """The engine keeps the packet until it knows; then it goes on."""
    pe.batch(f"device slow {{ server dev i3 via {f.host(3, 9)} "
             f"mode loopback; }}\nservice slow {{ vip {f.W1} udp port 91; "
             "sequence slow; }\n")
    stuck(f, 91, "no-neighbour", counted=False)
    lab.eng.ip(f"neigh replace {f.host(3, 9)} lladdr {mac(3, 1)} dev i3")
    answered(f, 91)
    pe.pectl("service", "del", "slow")
    pe.pectl("device", "del", "slow")
    lab.eng.ip(f"neigh del {f.host(3, 9)} dev i3")


@suite.case(*FAMILIES)
def server_without_route(f):
    pe.batch(f"device far {{ server address {f.host(9, 1)} mode nat; }}\n"
             f"service far {{ vip {f.W1} udp port 92; sequence far; }}\n")
    stuck(f, 92, "no-route", counted=False)
    lab.eng.ip(f"route add {f.host(9, 1)} via {f.host(3, 9)}")
    stuck(f, 92, "no-neighbour", counted=False)
    lab.eng.ip(f"route del {f.host(9, 1)}",
               f"route add unreachable {f.host(9, 1)}")
    stuck(f, 92, "no-route", counted=False)
    lab.eng.ip(f"route del unreachable {f.host(9, 1)}")
    pe.pectl("service", "del", "far")
    pe.pectl("device", "del", "far")


@suite.case(*FAMILIES)
def guarded(f):
    u, w = (f.U1, flow.port()), (f.host(3, 1), 22)
    before = pe.drops()
    pe.batch(f"device shy {{ server address {w[0]} mode nat; guard; }}\n")
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"ask", w)
        rows = capture.stop()
    told.check(pe, rows, "udp", u, w, ways=["forward"], drop="guard")
    pe.check_drops(before, guard=1)
    pe.pectl("device", "del", "shy")


FORWARDING = {"4": "ipv4/ip_forward", "6": "ipv6/conf/all/forwarding"}


@suite.case(*FAMILIES)
def forwarding_off(f):
    """What is handed on never needed it; what leaves the sequence does."""
    lab.eng.write_sysctls({FORWARDING[f.name]: 0})
    try:
        answered(f, 83, "forwarding-off")
    finally:
        lab.eng.write_sysctls({FORWARDING[f.name]: 1})
    answered(f, 83)


@suite.case(1, 2)
def source_validated(how):
    """The kernel looks for a route to the service's address: 1, one by the
    interface that the answer came by; 2, any."""
    f = FAMILIES[0]
    lab.eng.write_sysctls({"ipv4/conf/i3/rp_filter": how})
    try:
        answered(f, 80, "source")
        lab.eng.ip(f"route add {f.W1} dev i0")
        answered(f, 80, "source" if how == 1 else None)
    finally:
        lab.eng.write_sysctls({"ipv4/conf/i3/rp_filter": 0})
        lab.eng.ip(f"route flush {f.W1}")
    answered(f, 80)


@suite.case(*FAMILIES)
def circle(f):
    """Two devices turn out to be one: the time to live ends it."""
    for host in (8, 9):
        lab.eng.ip(f"neigh replace {f.host(2, host)} "
                   f"lladdr {mac(2, host)} dev i2")
    pe.batch("".join(f"device box{n} {{ inline dev i2 via {f.host(2, n)}; }}\n"
                     for n in (8, 9)) +
             f"service circle {{ vip {f.W1} udp port 93; "
             "sequence box8, box9, web; }\n")
    for host in (8, 9):
        lab.eng.ip(f"neigh replace {f.host(2, host)} "
                   f"lladdr {mac(2, 2)} dev i2")
    before = pe.drops()
    u, w = (f.U1, flow.port()), (f.W1, 93)
    said = told.explain(pe, "udp", u, w)["forward"]
    expect("what ends it", (said[-1]["action"], said[-1]["reason"]),
           ("drop", "ttl"))
    rows, _, _ = asked(f, 93)
    expect("links", {r.link for r in rows if r.proto == 17}, {"i0", "i2"})
    # The device takes one off as well: it is the one that ends it, or we.
    require(len([r for r in rows if r.link == "i2"]) > 60, "no circle")
    expect("wrong places", pe.drops().get("wrong-place"),
           before.get("wrong-place"))
    pe.pectl("service", "del", "circle")
    for n in (8, 9):
        pe.pectl("device", "del", f"box{n}")


@suite.case()
def text_names_every_device():
    f = FAMILIES[0]
    text = pe.pectl("explain", "from", f.U1, "to", f.W1, "tcp", "port", "83",
                    "iif", "i0")
    for name in ("ids", "fw", "box", "web", "i0", "i4"):
        require(name in text, f"{name} is not in\n{text}")


suite.run(lambda: pe.start(CONF))
