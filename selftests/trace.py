#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pectl trace tells what becomes of real packets, and costs no packet.

    u1, u2 --- i0 [eng] i1 --- fw outside
                        i2 --- fw inside
                        i3 --- web
                        i4 --- ids
"""
import os
import signal
import socket
import struct
import subprocess
from collections import Counter
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import FAMILIES, mac
from lib.genl import PE, Genl, attr, u8, u32
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.watching import Trace, Watching, ends, rows_seen, seen
from lib.wire import Capture

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
u2 = lab.client("u2", 0, 2)
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

SEQUENCES = {80: "web", 81: "ids, web", 82: "fw, web",
             84: "ids, fw, web port 2020", 85: "nat port 2021",
             86: "ids, fw, nat port 2022"}

CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; guard; }}\n"
    for f in FAMILIES) + "".join(
    f"service {p}{f.name}-{port} {{ vip {f.W1} {p} port {port}; sequence "
    f"{seq.replace('nat', f'nat{f.name}')}; }}\n"
    for f, p, (port, seq) in product(FAMILIES, ("tcp", "udp"),
                                     SEQUENCES.items()))

# A packet's lines, each way: the stages and the copies.
STAGES = {80: 1, 81: 2, 82: 2, 84: 3, 85: 1, 86: 3}


def local(f, port):
    """What the server listens on."""
    step = SEQUENCES[port].split(", ")[-1].split()
    addr = f.host(3, 1) if step[0] == "nat" else f.W1
    return addr, int(step[2]) if len(step) > 1 else port


def ask(f, port, node=u1, addr=None, count=1):
    """Datagrams there and back, whose client's port is given back."""
    u = (addr or f.U1, flow.port())
    flow.udp(f, node, *u, (f.W1, port), web, local(f, port), count=count)
    return u


def lines(port, count=1):
    """Of a datagram there and back."""
    forward = STAGES[port]
    return count * 2 * forward


@suite.case(*product(SEQUENCES, FAMILIES, ("tcp", "udp")))
def as_captured(port, f, proto):
    """What is told was on the wires, and nothing else was."""
    u, w = (f.U1, flow.port()), (f.W1, port)
    with Trace(pe, "from", u[0], "to", w[0] + "/24", proto, "port",
               str(port)) as trace, Capture(lab) as capture:
        flow.talk(proto, f, u1, *u, w, web, local(f, port))
        rows = capture.stop()
        sights = trace.end()
    # What the kernel routes to the client, only the kernel sees.
    rows = [r for r in rows if (r.link, r.dir) != ("i0", "out")]
    expect("on the wires", Counter(seen(sights)), Counter(rows_seen(rows)))
    if proto == "udp":
        expect("order", seen(sights), rows_seen(rows))
        as_explained(f, port, u, sights)
    delivered = [s for s in sights if s["action"] == "deliver"]
    require(delivered, "nothing was delivered to the client")
    for sight in delivered:
        expect("as the client gets it", ends(sight), (w, u))
    expect("services", {s["service"] for s in sights},
           {f"{proto}{f.name}-{port}"})


def as_explained(f, port, u, sights):
    """A datagram there and back: stage for stage."""
    said = told.explain(pe, "udp", u, (f.W1, port))
    wanted = []
    for hop in said["forward"] + said["reverse"]:
        wanted += [{"action": "copy", "device": tap}
                   for tap in hop.get("taps", ())]
        wanted.append({key: hop[key] for key in (
            "action", "direction", "service", "iif", "from", "step", "device",
            "lladdr", "saddr", "sport", "daddr", "dport") if key in hop})
        # Whose it is the kernel finds out after the engine had the packet.
        if hop["action"] == "deliver":
            wanted[-1].pop("lladdr", None)
    expect("stages", len(sights), len(wanted))
    for sight, hop in zip(sights, wanted):
        expect("as explained", {key: sight.get(key) for key in hop}, hop)


@suite.case(*FAMILIES)
def time_goes_on(f):
    """Every line but a flow's first says how long after the last it was."""
    with Trace(pe, "service", f"udp{f.name}-86") as trace:
        ask(f, 86, count=3)
        sights = trace.end()
    require("since" not in sights[0], f"first: {sights[0]}")
    for before, after in zip(sights, sights[1:]):
        require(after["since"] > 0, f"no time: {after}")
        # Two clocks, of which one may be set while it runs.
        apart = after["time"] - before["time"] - after["since"]
        require(abs(apart) < 50_000_000, f"{apart} ns: {before} {after}")


def one_drop(sights, reason):
    expect("actions", [(s["action"], s.get("reason")) for s in sights],
           [("drop", reason)])
    return sights[0]


@suite.case(*FAMILIES)
def dropped_in_the_wrong_place(f):
    """It bears the service's name, and where it came from."""
    name = f"udp{f.name}-82"
    before = pe.drops()["wrong-place"]
    with Trace(pe, "service", name) as trace, \
            packet.Sender(lab.nodes["fw"], 2, 9, "in0") as sender:
        sender.send(packet.udp((f.U1, 4000), (f.W1, 82)))
        trace.wait(1)
        sight = one_drop(trace.end(), "wrong-place")
    expect("service", (sight["service"], sight["iif"], sight["source"]),
           (name, "i2", mac(2, 9)))
    expect("counted", pe.drops()["wrong-place"], before + 1)


@suite.case(*FAMILIES)
def dropped_by_ttl(f):
    """It would have gone to the device that is named."""
    with Trace(pe, "service", f"udp{f.name}-82") as trace, \
            packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp((f.U1, 4001), (f.W1, 82), ttl=1))
        trace.wait(1)
        sight = one_drop(trace.end(), "ttl")
    expect("device", (sight["device"], sight["step"]), ("fw", 1))


@suite.case(*FAMILIES)
def dropped_by_guard(f):
    """No service's, and told of where its address is asked for."""
    s = f.host(3, 1)
    with Trace(pe, "to", s) as trace, Trace(pe, "to", f.W1) as other, \
            packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp((f.U1, 4002), (s, 9999)))
        trace.wait(1)
        sight = one_drop(trace.end(), "guard")
        expect("others", other.end(), [])
    require("service" not in sight, f"service: {sight}")
    expect("ends", ends(sight), ((f.U1, 4002), (s, 9999)))


@suite.case(*FAMILIES)
def copy_that_fails(f):
    """A tap that is not there any more: told of, and the packet goes on."""
    with Trace(pe, "service", f"udp{f.name}-81") as trace:
        lab.eng.ip("link set i4 down")
        try:
            ask(f, 81)
        finally:
            lab.eng.ip("link set i4 up")
        sights = trace.end()
    expect("actions", [(s["action"], s.get("device")) for s in sights],
           [("drop", "ids"), ("steer", "web"),
            ("drop", "ids"), ("deliver", None)])
    expect("reason", sights[0]["reason"], "tap-copy")


@suite.case(*FAMILIES)
def error_of_a_flow(f):
    """An ICMP error is of the flow that it is about."""
    u, w = (f.U1, flow.port()), (f.W1, 84)
    with Trace(pe, "from", u[0], "to", w[0], "udp", "port", "84") as trace, \
            packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.unreachable(u[0], w[0], packet.udp(w, u)))
        trace.wait(3)
        sights = trace.end()
    expect("stages", [(s["action"], s["proto"], s.get("device"))
                      for s in sights],
           [("copy", "icmpv6" if f.v6 else "icmp", "ids"),
            ("steer", "icmpv6" if f.v6 else "icmp", "fw"),
            ("steer", "icmpv6" if f.v6 else "icmp", "web")])


@suite.case(*FAMILIES)
def what_is_no_services(f):
    """Told of only where addresses are given."""
    bits = "/64" if f.v6 else "/28"
    with Trace(pe, "from", f.U1) as named, \
            Trace(pe, "to", f.host(3, 1) + bits, "udp", "port", "53") as prefix, \
            Trace(pe, "udp", "port", "53") as unnamed, \
            Trace(pe, "from", f.U2) as other, \
            packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.udp((f.U1, 4003), (f.host(3, 2), 53)))
        named.wait(1)
        for trace in (named, prefix):
            sights = trace.end()
            expect("told", [(s["action"], ends(s), s["iif"], s["source"])
                            for s in sights],
                   [("accept", ((f.U1, 4003), (f.host(3, 2), 53)), "i0",
                     mac(0, 1))])
        for trace in (unnamed, other):
            expect("told", trace.end(), [])


@suite.case(*FAMILIES)
def filters(f):
    """Each sees its flow in both directions, and no other."""
    net = f"{f.host(0, 2)}/{f.bits - 1}"       # not u1
    wanted = {
        (): lines(82) + lines(80) + lines(86),
        ("udp", "port", "82"): lines(82),
        ("tcp",): 0,
        ("service", f"udp{f.name}-80"): lines(80),
        ("from", f.U1): lines(82) + lines(86),
        ("from", net): lines(80),
        ("from", f.U2, "to", f.W1): lines(80),
        ("from", f.W1, "to", f.U2): lines(80),
        ("to", f.W2): 0,
        ("iif", "i2", "to", f.W1): 1,
        ("to", f.host(3, 1)): 2,
        ("port", "2022", "udp"): 2,
    }
    traces = {args: Trace(pe, *args) for args in wanted}
    ask(f, 82)
    ask(f, 80, u2, f.U2)
    ask(f, 86)
    for args, count in wanted.items():
        # What is no service's is not what this is about.
        sights = [s for s in traces[args].end() if s["action"] != "accept"]
        if args[:1] == ("iif",):
            count = sum(s["iif"] == "i2" for s in sights)
            require(count >= 2, f"by i2: {sights}")
            expect("by i2", {s["iif"] for s in sights}, {"i2"})
        expect(f"lines of trace {' '.join(args)}", len(sights), count)


@suite.case()
def text_and_count():
    """Ends by itself when there is enough; a line has what is asked for."""
    f = FAMILIES[0]
    with Watching(pe, "trace", "service", f"udp{f.name}-84", "count",
                  "4") as trace:
        ask(f, 84)
        expect("sum", trace.stop(None), (4, 0))
    expect("lines", len(trace.lines), 4)
    for word in ("forward", "i0", mac(0, 1), f"{f.U1} port", "copy", "ids",
                 mac(4, 1)):
        require(word in trace.lines[0], f"{word}: {trace.lines[0]}")
    require("from step 2 fw" in trace.lines[2] and
            f"> {f.W1} port 2020" in trace.lines[2], trace.lines[2])
    expect("what pectl explain would say", "steer" in trace.lines[1], True)


@suite.case()
def watcher_killed():
    """Nothing of it stays: there is room for as many as ever."""
    f = FAMILIES[0]
    for _ in range(2):
        traces = [Trace(pe, "to", f.W1) for _ in range(PE_WATCHERS)]
        status, _, err = pe.try_pectl("trace")
        expect("one too many", (status, f"{PE_WATCHERS} sockets watch already"
                                in err), (2, True))
        for trace in traces:
            trace.proc.send_signal(signal.SIGKILL)
        for trace in traces:
            trace.proc.wait()
    with Trace(pe, "to", f.W1) as trace:
        ask(f, 80)
        expect("lines", len(trace.end()), lines(80))


PE_WATCHERS = 16


def start(sock, *attrs):
    sock.ask(PE.PE_CMD_WATCH_START, *attrs)


def sum_of(sock, *attrs):
    """(seen, lost)"""
    found = dict(sock.ask(PE.PE_CMD_WATCH_STOP, *attrs)[0].attrs)
    return tuple(struct.unpack("Q", found[kind])[0]
                 for kind in (PE.PE_WATCH_SEEN, PE.PE_WATCH_LOST))


@suite.case()
def nothing_when_off():
    """Neither before it was asked for nor after it was stopped."""
    f = FAMILIES[0]
    with Genl(lab.eng) as sock:
        ask(f, 86)
        start(sock)
        expect("so far", sum_of(sock, attr(PE.PE_WATCH_KEEP, b"")), (0, 0))
        ask(f, 86)
        expect("seen", sum_of(sock), (lines(86), 0))
        ask(f, 86)
        expect("stop what is not", sock.refused(PE.PE_CMD_WATCH_STOP).text,
               "this socket watches nothing: start that first")
        sock.sock.settimeout(0.2)
        try:
            while True:
                sock.receive()
        except TimeoutError:
            pass
        ask(f, 86)
        flow.nothing(sock.sock, "what nobody asked for")


@suite.case(*FAMILIES)
def full_buffer(f):
    """Who doesn't read loses lines, not packets, and is told how many."""
    count = 400
    with Genl(lab.eng) as sock, packet.Sender(u1, 0, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, f.W1, 80) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.sock.setsockopt(270, 5, 1)         # NETLINK_NO_ENOBUFS
        start(sock, attr(PE.PE_WATCH_SERVICE, f"udp{f.name}-80"))
        for number in range(count):
            sender.send(packet.udp((f.U1, 4004), (f.W1, 80), b"%d" % number))
        for number in range(count):
            expect("datagram", flow.take("data", server.recv, 100),
                   b"%d" % number)
        # The answer needs room, too.
        sock.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        got, lost = sum_of(sock)
        require(0 < got < count, f"{got} told of {count}")
        expect("told and lost", got + lost, count)


@suite.case()
def refusals():
    """One sentence each, and nothing is watched then."""
    addr = socket.inet_aton("192.0.2.1")
    with Genl(lab.eng) as sock:
        for attrs, words in (
                ([attr(PE.PE_WATCH_SERVICE, "none")], "no service none"),
                ([attr(PE.PE_WATCH_STEP, u32(0))], "without its service"),
                ([attr(PE.PE_WATCH_FROM, b"abc")], "has 3 bytes"),
                ([attr(PE.PE_WATCH_FROM_LEN, u8(8))], "without its address"),
                ([attr(PE.PE_WATCH_TO, addr), attr(PE.PE_WATCH_TO_LEN, u8(33))],
                 "33 bits is longer"),
                ([attr(PE.PE_WATCH_TO, addr), attr(PE.PE_WATCH_FROM, addr * 4)],
                 "same family"),
                ([attr(PE.PE_WATCH_SERVICE, "udp4-86"),
                  attr(PE.PE_WATCH_STEP, u32(0))], "ask for frames"),
                ([attr(PE.PE_WATCH_SERVICE, "udp4-86"),
                  attr(PE.PE_WATCH_FRAMES, b""),
                  attr(PE.PE_WATCH_STEP, u32(3))], "no step 4")):
            why = sock.refused(PE.PE_CMD_WATCH_START, *attrs)
            require(words in why.text, f"{words}: {why}")
        start(sock)
        why = sock.refused(PE.PE_CMD_WATCH_START)
        require("watches already" in why.text, f"{why}")
    out = subprocess.run(
        ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
         "nsenter", f"--net=/run/netns/{lab.eng.netns}", engine.PECTL, "trace"],
        text=True, capture_output=True, check=False)
    expect("without the capability", out.returncode, 2)


@suite.case()
def module_goes_with_watchers():
    """And takes them along; who watched hears no more."""
    f = FAMILIES[0]
    with Trace(pe, "to", f.W1) as trace:
        ask(f, 82)
        trace.wait(lines(82))
        engine.unload()
        engine.load()
        pe.apply(CONF)
        ask(f, 82)
        with Trace(pe, "to", f.W1) as other:
            ask(f, 82)
            expect("lines", len(other.end()), lines(82))
        expect("lines of the first", len(trace.lines), lines(82))


# The kernel patches its code when the first watcher comes and the last goes,
# and when hooks do, which emulated processors do not survive under traffic: a
# watcher of a namespace beside, and hooks there, stay throughout.
HOOKS = """
table inet keep {
    chain prerouting { type filter hook prerouting priority 0; }
    chain forward { type filter hook forward priority 0; }
}
"""


def begin():
    pe.start(CONF)
    u2.run(["nft", "-f", "-"], stdin=HOOKS)


require(os.path.exists("/usr/bin/setpriv"), "setpriv is not there")
suite.run(begin)
