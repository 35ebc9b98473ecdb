#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""15B: a firewall of a pool dies, and the engine notices by itself; servers too.

    u1 --- i0 [eng] i1 --+-- fw1..fw3 outside
                    i2 --+-- fw1..fw3 inside
                    i3 --+-- web1, web2
                    i5 ----- via1, one-armed, known by its address
"""
import time
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.echo import Echo, Loop
from lib.ktap import PATIENCE, Suite, diag, expect, poll, require
from lib.lab import Lab
from lib.monitor import Monitor
from lib.wire import Capture

FIREWALLS = (1, 2, 3)
# An emulated processor may stand still for longer than a real network does.
STILL = 0.5 * PATIENCE
WINDOW = f"window {int(1000 * STILL)}ms"
RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy accept;
        udp dport 9 drop
    }
}
"""
DEAD = "insert rule inet fw forward drop"
ALIVE = "flush chain inet fw forward; add rule inet fw forward udp dport 9 drop"

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fws = {n: lab.router(f"fw{n}", 1, 2, n, nft=RULES) for n in FIREWALLS}
webs = {n: lab.server(f"web{n}", 3, n) for n in (1, 2)}
via1 = lab.one_armed("via1", 5)
pe = engine.Engine(lab)

SPREAD = ("window", f"{int(2000 * STILL)}ms")

CONF = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in FIREWALLS) + "".join(
    f"device web{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}\n"
    for n in (1, 2)) + "".join(
    f"device via{f.name} {{ inline dev i5 via {f.host(5, 1)}; }}\n"
    for f in FAMILIES) + f"""
pool ordered {{ members fw1, fw2, fw3; policy failover; detect {WINDOW}; }}
pool spread {{ members fw1, fw2, fw3; policy maglev; detect {' '.join(SPREAD)}; }}
pool webs {{ members web1, web2; policy failover; detect packets 3 {WINDOW}; }}
""" + "".join(f"""
pool vias{f.name} {{ members via{f.name}, fw3; policy failover; detect {WINDOW}; revive; }}
pool deaf{f.name} {{ members via{f.name}, fw3; policy failover; detect off; revive; }}
service ordered{f.name} {{ vip {f.W1} udp port 9-80; sequence ordered, web1; }}
service tcp{f.name} {{ vip {f.W1} tcp port 80; sequence ordered, web1; }}
service spread{f.name} {{ vip {f.W1} udp port 81; sequence spread, web1; }}
service webs{f.name} {{ vip {f.W2} tcp port 80; sequence webs; }}
service vias{f.name} {{ vip {f.W1} udp port 82; sequence vias{f.name}, web1; }}
service deaf{f.name} {{ vip {f.W1} udp port 83; sequence deaf{f.name}, web1; }}
""" for f in FAMILIES)


class Stream(Echo):
    """As fast as 1,000 a second; first is the one whose server answers."""

    def __init__(self, f, port, first=None):
        super().__init__(f, u1, [] if first else [webs[1]], (f.W1, port))
        self.loop = Loop([first, self] if first else [self])

    def turn(self):
        self.send()
        time.sleep(0.001)
        while self.loop.turn(0):
            pass

    def until(self, what, condition, seconds=10):
        end = time.monotonic() + seconds * PATIENCE
        while not condition():
            require(time.monotonic() < end, f"no {what} within {seconds} s")
            self.turn()

    def answered(self, more=5):
        """Send until some more come back."""
        want = len(self.back) + more
        self.until("answers", lambda: len(self.back) >= want)


def begin():
    """Everything works, whatever the case before left behind."""
    for n in FIREWALLS:
        nft(fws[n], ALIVE)
    shown = pe.json("-d", "device", "show")["devices"]
    up(*(d["name"] for d in shown if d["state"] != "up" or
         d["name"].startswith("fw")))       # nothing counts against one


def states(*names):
    shown = pe.json("-d", "device", "show", *names)["devices"]
    return {d["name"]: (d["state"], d["cause"]) for d in shown}


def up(*names):
    for name in names:
        pe.pectl("device", "state", name, "up")


def nft(node, rules):
    node.run(["nft", "-f", "-"], stdin=rules + "\n")


@suite.case(*FAMILIES)
def firewall_falls_silent(f):
    """The next one takes over while packets go on; the one that died comes back
    only when told to."""
    begin()
    one = Stream(f, 10)
    one.answered(20)
    with Monitor(lab.eng) as monitor, Capture(lab, (1, 2)) as capture:
        nft(fws[1], DEAD)
        sent = one.sent
        one.answered()
        event = monitor.until(event="device-state")
        monitor.until(event="pool-changed", pool="ordered")
        rows = capture.stop()
    last = min(r.time for r in rows if r.link == "i1" and r.dir == "out" and
               r.dmac == mac(1, 1))
    first = min(r.time for r in rows if r.link == "i1" and r.dir == "out" and
                r.dmac == mac(1, 2))
    diag(f"{one.sent - sent} datagrams sent until answers came again, "
         f"{1000 * (first - last):.0f} ms from the first packet that the one lost "
         f"to the first of the other; {event['evidence']}")
    expect("told", (event["device"], event["state"], event["cause"]),
           ("fw1", "down", "silence"))
    nft(fws[1], ALIVE)
    one.answered()
    expect("states", states("fw1", "fw2"),
           {"fw1": ("down", "silence"), "fw2": ("up", "command")})
    hop = told.explain(pe, "udp", one.u, one.w)["forward"][0]
    expect("firewall now", hop["device"], "fw2")
    up("fw1")
    one.answered()
    hop = told.explain(pe, "udp", one.u, one.w)["forward"][0]
    expect("firewall when told", hop["device"], "fw1")
    one.close()


@suite.case(*FAMILIES)
def connection_goes_on(f):
    """TCP sends again what the dead firewall had, and finds the other."""
    begin()
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with flow.bound(webs[1], f, flow.STREAM, *w) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        c.connect(w)
        s, _ = listener.accept()
        background = Stream(f, 10)
        background.answered(10)
        with s:
            s.settimeout(flow.TIMEOUT)
            nft(fws[1], DEAD)
            c.sendall(b"into the dead one")
            background.answered()
            expect("data", flow.take("data", s.recv, 100), b"into the dead one")
        background.close()
    nft(fws[1], ALIVE)
    up("fw1")


@suite.case(FAMILIES[0])
def denying_is_not_dying(f):
    """A firewall that drops what it should drop stays up: beside what passes,
    and by itself after a quiet time."""
    # Its window is longer, so what was before would be just before.
    pe.pectl("pool", "change", "spread", "detect", "off")
    begin()
    one = Stream(f, 10)
    denied = Stream(f, 9)
    for _ in range(150):
        one.turn()
        denied.turn()
    # Longer ago than it counts as just before: there is nothing to wait for.
    time.sleep(20 * STILL + 0.1)
    for _ in range(150):
        denied.turn()
    expect("denied", denied.back, [])
    expect("state", states("fw1")["fw1"][0], "up")
    pe.pectl("pool", "change", "spread", "detect", *SPREAD)
    one.close()
    denied.close()


@suite.case(*FAMILIES)
def one_of_many(f):
    """What the others have stays with them."""
    begin()
    streams = [Stream(f, 81)]

    def pick(one):
        return told.explain(pe, "udp", one.u, one.w)["forward"][0]["device"]

    while {pick(s) for s in streams} != {f"fw{n}" for n in FIREWALLS}:
        require(len(streams) < 40, f"flows do not spread: {states()}")
        streams.append(Stream(f, 81, streams[0]))
    before = {s.u: pick(s) for s in streams}
    for one in streams:
        one.answered(3)
    nft(fws[2], DEAD)
    end = time.monotonic() + 20 * PATIENCE
    while states("fw2")["fw2"][0] == "up":
        require(time.monotonic() < end, "it was not noticed")
        for one in streams:
            one.turn()
    expect("cause", states("fw2")["fw2"], ("down", "silence"))
    for one in streams:
        one.answered(3)
        if before[one.u] != "fw2":
            expect("firewall", pick(one), before[one.u])
    nft(fws[2], ALIVE)
    up("fw2")
    for one in streams:
        one.close()


@suite.case(*product(FAMILIES, ("refused", "unanswered")))
def server_dies(f, how):
    begin()
    w = (f.W2, 80)

    def ask(timeout=0.2):
        with flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as c:
            c.settimeout(timeout)
            try:
                c.connect(w)
            except OSError:
                return False
            return True

    with flow.bound(webs[2], f, flow.STREAM, *w) as other:
        other.listen(64)
        with flow.bound(webs[1], f, flow.STREAM, *w) as listener:
            listener.listen(64)
            require(ask(flow.TIMEOUT), "the first server does not answer")
            if how == "unanswered":
                nft(webs[1], "add table inet d\nadd chain inet d c "
                             "{ type filter hook input priority 0; }\n"
                             "add rule inet d c tcp dport 80 drop")
                poll("alternate", ask, 10)
        if how == "refused":
            poll("alternate", ask, 10)
    expect("states", states("web1", "web2"),
           {"web1": ("down", how), "web2": ("up", "begin")})
    if how == "unanswered":
        nft(webs[1], "delete table inet d")
    up("web1")


def again(node):
    """Lines for what an interface lost that was down, or its addresses."""
    return [line.replace(" add ", " replace ", 1)
            for line in (*node.addrs, *node.batch)]


@suite.case(*FAMILIES)
def neighbour_fails_and_comes_back(f):
    """Of a pool that revives."""
    begin()
    one = Stream(f, 82)
    one.answered()
    name = f"via{f.name}"
    lab.eng.run(["ip", "neigh", "flush", "dev", "i5"])
    via1.ip("link set eth0 down")
    one.until("alternate", lambda: states(name)[name][0] == "down", 20)
    expect("cause", states(name)[name][1] in ("neighbour", "interface"), True)
    one.answered()
    via1.ip("link set eth0 up", *again(via1))
    one.until("revival", lambda: states(name)[name][0] == "up", 20)
    one.answered()
    one.close()


@suite.case(*FAMILIES)
def lost_neighbour_stays_lost(f):
    """It is found dead while packets for it have the kernel ask for it again and
    again, and is not up for a moment, whatever becomes of the kernel's entry or
    is changed of the device."""
    begin()
    pe.pectl("pool", "change", f"vias{f.name}", "detect", "off")
    one = Stream(f, 83)
    one.answered()
    name, family = f"via{f.name}", f"-{f.name}"
    pause = f"ipv{f.name}/neigh/i5/retrans_time_ms"
    lab.eng.write_sysctls({pause: 100})

    with Monitor(lab.eng) as monitor:
        via1.run(["ip", family, "addr", "flush", "dev", "eth0"])
        lab.eng.run(["ip", family, "neigh", "flush", "dev", "i5"])
        one.until("alternate", lambda: states(name)[name][0] == "down", 20)
        expect("cause", states(name)[name][1], "neighbour")
        for owner in ("this", "that", "another"):
            lab.eng.run(["ip", "neigh", "del", f.host(5, 1), "dev", "i5"])
            one.answered(300)
            pe.pectl("device", "change", name, "owner", owner)
            one.answered(300)
        pe.pectl("device", "state", "fw2", "drain")
        events = [monitor.until(event="device-state") for _ in range(2)]
    expect("what changed", [(e["device"], e["state"]) for e in events],
           [(name, "down"), ("fw2", "drain")])
    via1.ip(*again(via1))
    one.until("revival", lambda: states(name)[name][0] == "up", 20)
    lab.eng.write_sysctls({pause: 1000})
    one.close()
    pe.apply(CONF)
    up("fw2")


@suite.case()
def forgotten_neighbours_are_asked_for():
    """Who flushes the neighbour table kills nobody."""
    begin()
    names = [f"via{f.name}" for f in FAMILIES]
    up(*names)
    with Monitor(lab.eng) as monitor:
        for _ in range(5):
            lab.eng.run(["ip", "neigh", "flush", "dev", "i5"])
            for f in FAMILIES:
                poll("neighbour to be found", lambda f=f: "lladdr" in lab.eng.run(
                    ["ip", "neigh", "show", f.host(5, 1), "dev", "i5"]))
        pe.pectl("device", "state", "fw3", "drain")
        event = monitor.until(event="device-state")
    expect("the first to change", event["device"], "fw3")
    expect("states", states(*names), {n: ("up", "command") for n in names})
    up("fw3")


@suite.case()
def nobody_is_left():
    """The last one that is up is not found dead by its silence."""
    begin()
    f = FAMILIES[0]
    one = Stream(f, 10)
    one.answered()
    with Monitor(lab.eng) as monitor:
        for n in (2, 3):
            pe.pectl("device", "state", f"fw{n}", "down")
        nft(fws[1], DEAD)
        for _ in range(200):
            one.turn()
        expect("state", states("fw1")["fw1"][0], "up")
        pe.pectl("device", "state", "fw1", "down")
        event = monitor.until(event="pool-empty", pool="ordered")
    names = {f"{p}{f.name}" for p, f in product(("ordered", "tcp"), FAMILIES)}
    expect("services without a device", set(event["services"]), names)
    nft(fws[1], ALIVE)
    up("fw1", "fw2", "fw3")
    one.answered()
    one.close()


suite.run(lambda: pe.start(CONF))
