#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""15A: one engine carries what clients send, another what servers answer.

    u1 --+-- i0 [eng]  i3 --+-- web, whose default route is the second engine
         +-- i0 [back] i3 --+

The first sees no answer. That the server is gone it sees by SYNs in a row that
no acknowledgment of a client follows. The second sees nothing but answers, and
measures how long the server takes from acknowledging a question to answering.
"""
import contextlib
import time

from lib import engine, flow, packet
from lib.addr import FAMILIES, mac
from lib.ktap import PATIENCE, Fail, Suite, diag, expect, poll, require
from lib.lab import Lab
from lib.monitor import Monitor
from lib.wire import Capture

BACK = 9                            # its host number
SYNS = 3
WINDOW = 1000 * PATIENCE
# In the middle of a bucket: what is thought begins before a delayed
# acknowledgment, by which it is measured.
THINK = 0.8
BELOW = 2 ** 30

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 3)
web.batch = [line for line in web.batch if "default" not in line]
back = lab.node("back")
lab.forwards(back)
for segment in (0, 3):
    lab.attach(back, segment, BACK, f"i{segment}")
for family in FAMILIES:
    web.batch.append(f"route add default via {family.host(3, BACK)}")
pe = engine.Engine(lab)
second = engine.Engine(lab, back, pe.zygote)


def conf(oneway="oneway;", measure=""):
    return f"""
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; {measure} }}
pool webs {{ members web; policy failover; \
detect packets {SYNS} window {int(WINDOW)}ms; {oneway} }}
""" + "".join(f"""
service web{f.name} {{ vip {f.W1} tcp port 80; sequence webs; }}
""" for f in FAMILIES)


def state(of=pe):
    return of.json("-s", "device", "show", "web")["devices"][0]


def ask(f, listener, think=0.0):
    """One connection, a question and its answer."""
    with flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as c:
        flow.take("connect", c.connect, (f.W1, 80))
        with flow.take("accept", listener.accept)[0] as s:
            c.sendall(b"question")
            flow.take("question", s.recv, 100)
            time.sleep(think)
            s.sendall(b"answer")
            flow.take("answer", c.recv, 100)


def listening(f):
    sock = flow.bound(web, f, flow.STREAM, f.W1, 80)
    sock.listen(16)
    return sock


def alone(f):
    """SYNs that nobody answers, from as many clients."""
    socks = []
    for _ in range(SYNS + 1):
        sock = flow.bound(u1, f, flow.STREAM, f.U1, flow.port())
        sock.setblocking(False)
        sock.connect_ex((f.W1, 80))
        socks.append(sock)
    return socks


def up():
    pe.pectl("device", "state", "web", "up")


@suite.case(*FAMILIES)
def each_engine_carries_its_direction(f):
    with Capture(lab) as capture, listening(f) as listener:
        ask(f, listener)
        rows = capture.stop()
    for of, way, other in ((pe, "forward", "reverse"),
                           (second, "reverse", "forward")):
        shown = of.json("-s", "service", "show", f"web{f.name}")["services"][0]
        require(shown[way]["packets"], f"no packets {way}")
        expect(f"packets {other}", shown[other]["packets"], 0)
    require(rows, "nothing captured")
    expect("answers at the first", [r for r in rows if r.saddr == f.W1], [])


@suite.case(*FAMILIES)
def a_server_that_answers_stays_up(f):
    """However many open connections, for much longer than the window."""
    before = state()["since"]
    end = time.monotonic() + 2.5 * WINDOW / 1000
    count = 0
    with listening(f) as listener:
        while time.monotonic() < end:
            ask(f, listener)
            count += 1
            time.sleep(0.05)
    require(count > 2 * SYNS, "too few connections to tell")
    expect("state", (state()["state"], state()["since"]), ("up", before))


def phases():
    return [r["phase"] for r in pe.json("flow", "show")["flows"]]


def remember():
    """The services have state, and no flow yet."""
    pe.apply(conf().replace("sequence webs;", "sequence webs; state;"))
    pe.pectl("flow", "flush")


@suite.case(*FAMILIES)
def flows_are_established_by_what_is_acknowledged(f):
    """So with state the engine that sees no answers remembers them."""
    remember()
    with listening(f) as listener, \
            flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as c:
        flow.take("connect", c.connect, (f.W1, 80))
        with flow.take("accept", listener.accept)[0] as s:
            c.sendall(b"question")
            flow.take("question", s.recv, 100)
            expect("one that is answered", phases(), ["established"])
    pe.pectl("flow", "flush")
    socks = alone(f)
    poll("flows", lambda: len(phases()) == len(socks))
    expect("those that are not", set(phases()), {"new"})
    for sock in socks:
        sock.close()
    pe.apply(conf())
    up()


@suite.case(*FAMILIES)
def what_makes_a_flow_proves_nothing(f):
    """So a flood of acknowledgments pushes out nothing but its like."""
    remember()
    forged = packet.tcp((f.U1, flow.port()), (f.W1, 80), flags=packet.ACK)
    with packet.Sender(u1, 0, 1) as sender:
        for phase in ("new", "established"):
            sender.send(forged)
            poll(phase, lambda p=phase: phases() == [p])
    pe.pectl("flow", "flush")
    pe.apply(conf())


@suite.case()
def without_oneway_it_is_found_dead():
    """For what tells that it is not goes past."""
    f = FAMILIES[0]
    pe.apply(conf(oneway=""))
    with listening(f) as listener:
        # Where they take long, it is found so amid the last of them.
        with contextlib.suppress(Fail):
            for _ in range(SYNS + 1):
                ask(f, listener)
        poll("death", lambda: state()["state"] == "down", 10)
    expect("cause", state()["cause"], "unanswered")
    pe.apply(conf())
    up()


@suite.case(*FAMILIES)
def a_server_that_is_gone(f):
    """Is down at the first, with its service, and only there; who had a
    connection goes on asking, which is no sign of life."""
    web.ip("link set eth0 up")
    with listening(f) as listener, \
            flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as old:
        flow.take("connect", old.connect, (f.W1, 80))
        with flow.take("accept", listener.accept)[0], \
                Monitor(lab.eng) as monitor:
            web.run(["nft", "add", "table", "inet", "dead"])
            web.run(["nft", "add", "chain", "inet", "dead", "in",
                     "{ type filter hook input priority 0; policy drop; }"])
            old.sendall(b"is anybody there?")
            began = time.monotonic()
            socks = alone(f)
            event = monitor.until(event="device-state", device="web")
            diag(f"found dead in {time.monotonic() - began:.2f} s")
            monitor.until(event="pool-empty", pool="webs")
            for sock in socks:
                sock.close()
    expect("event", (event["state"], event["cause"]), ("down", "unanswered"))
    require(int(event["evidence"].split()[0]) >= SYNS, event["evidence"])
    before = pe.drops()["no-device"]
    for sock in alone(f):
        sock.close()
    poll("drops", lambda: pe.drops()["no-device"] > before)
    expect("at the second", state(second)["state"], "up")
    web.run(["nft", "delete", "table", "inet", "dead"])
    expect("until told", state()["state"], "down")
    up()
    with listening(f) as listener:
        ask(f, listener)


@suite.case(*FAMILIES)
def response_time_at_the_second(f):
    """It sees no SYN, so of connections it can tell nothing."""
    second.apply(conf("", "measure;"))
    with listening(f) as listener:
        for _ in range(4):
            ask(f, listener, THINK)
    seen = state(second)["latency"]
    expect("connections", seen["connect"]["samples"] + seen["connect"]["lost"],
           0)
    grown = {b["below_ns"]: b["samples"] for b in seen["answer"]["buckets"]
             if b["samples"]}
    require(grown and min(grown) >= BELOW, f"faster than can be: {grown}")
    expect(f"bucket with most, of {grown}", max(grown, key=grown.get), BELOW)
    second.apply(conf(""))


@suite.case()
def only_servers_answer():
    status, _, err = pe.try_pectl(
        "-f", pe.file(f"device add fw inline dev i3 lladdr {mac(3, 7)}\n"
                      "pool add fws members fw policy failover oneway\n"))
    expect("exit", status, engine.REFUSED)
    require("pool fws is oneway, which is about what servers answer" in err, err)


def start():
    pe.start(conf())
    second.apply(conf(""))


suite.run(start)
