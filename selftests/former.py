#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A service with state has another server: flows go on to the one they have.

    u1 --- i0 [eng] i1 --+-- fw1, fw2 outside
                    i2 --+-- fw1, fw2 inside
                    i3 --+-- web1..web5, in mode nat and in mode loopback
                    i4 --- web6

Both ways, with the service's address and port for the client, whatever else is
changed meanwhile; new ones go to the new server.
"""
import contextlib
import socket
import struct
import time
from itertools import product

from lib import engine, flow, told
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.watching import Trace
from lib.wire import Capture

MODES = ("nat", "loop")
WEBS = (1, 2, 3, 4, 5)
ALL = tuple(product(FAMILIES, ("tcp", "udp"), MODES))
SOME = tuple((f, p, m) for f, (p, m) in
             zip(FAMILIES * 2, product(("tcp", "udp"), MODES)))

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
webs = {n: lab.server(f"web{n}", 3, n) for n in WEBS}
webs[6] = lab.server("web6", 4)
lab.eng.sysctl(**{"ipv6/conf/all/keep_addr_on_down": 1})
pe = engine.Engine(lab)

FIREWALLS = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2))


def server(f, mode, n):
    return f"nat{n}-{f.name}" if mode == "nat" else f"loop{n}"


def servers(gone=()):
    """All devices, but some servers."""
    return FIREWALLS + "".join(
        f"device loop{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}\n"
        + "".join(f"device nat{n}-{f.name} {{ server address {f.host(3, n)} "
                  "mode nat; }\n" for f in FAMILIES)
        for n in WEBS if n not in gone)


def vip(f, mode):
    return f.W1 if mode == "nat" else f.W2


def step(f, mode, n, port=8080):
    return server(f, mode, n) + (f" port {port}" if port else "")


def service(f, proto, mode, last, state="state; ", first="fw1", name=None):
    """A service that ends with this step."""
    name = name or f"{mode}{proto}{f.name}"
    return f"service {name} {{ vip {vip(f, mode)} {proto} port 80; " \
        f"{state}sequence {first + ', ' if first else ''}{last}; }}\n"


def conf(f, proto, mode, *args, gone=(), **kwargs):
    return servers(gone) + service(f, proto, mode, *args, **kwargs)


def fresh(*args, **kwargs):
    """Nothing of what was there before is left."""
    pe.pectl("flush")
    pe.apply(conf(*args, **kwargs))


class Session:
    """A flow from the client to a service, which server n has."""

    def __init__(self, f, proto, mode, n, port=8080, dst=None):
        self.proto = proto
        self.local = (f.U1, flow.port())
        self.dst = (dst or vip(f, mode), 80)
        kind = flow.STREAM if proto == "tcp" else flow.DGRAM
        self.place = (f.host(3, n) if mode == "nat" else self.dst[0],
                      port or 80)
        self.server = flow.bound(webs[n], f, kind, *self.place)
        self.client = flow.bound(u1, f, kind, *self.local)
        if proto == "tcp":
            self.server.listen(8)
        flow.take(f"connection to {self.dst}", self.client.connect, self.dst)
        if proto == "tcp":
            listener = self.server
            self.server, _ = flow.take(f"server {n}", listener.accept)
            self.server.settimeout(flow.TIMEOUT)
            listener.close()
        self.talk()

    def talk(self, rounds=2):
        """Both have what the other said."""
        for number in range(rounds):
            ask, tell = b"ask %d" % number, b"tell %d" % number
            self.client.send(ask)
            if self.proto == "tcp":
                expect("asked", flow.take("question", self.server.recv, 99), ask)
                self.server.send(tell)
            else:
                data, peer = flow.take("question", self.server.recvfrom, 99)
                expect("asked", (data, peer[:2]), (ask, self.local))
                self.server.sendto(tell, peer)
            expect("told", flow.take("answer", self.client.recv, 99), tell)

    def empty(self):
        """Away with what the client was told besides."""
        self.client.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while True:
                self.client.recv(99)
        self.client.settimeout(flow.TIMEOUT)

    def explained(self):
        """The last device of its way, and the first of the way back."""
        way = told.explain(pe, self.proto, self.local, self.dst)
        there = [h["device"] for h in way["forward"] if "device" in h]
        return there[-1], way["reverse"][0].get("from")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """With a reset: an end that is sent again would be a flow of the next
        case's service."""
        for sock in (self.client, self.server):
            if self.proto == "tcp":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            sock.close()


def goes_on(session, f, mode, n, firewall=1):
    """The flow has its server, and the wire and explain say so."""
    drops = pe.drops()
    with Capture(lab) as capture:
        session.talk()
        # What was acknowledged late is not all of it on all links.
        rows = [r for r in capture.stop(0.05) if r.payload]
    expect("server", session.explained()[0], server(f, mode, n))
    told.check(pe, rows, session.proto, session.local, session.dst)
    back = {(r.saddr, r.sport) for r in rows
            if (r.link, r.dir, r.dport) == ("i0", "out", session.local[1])}
    expect("answers come from", back, {session.dst})
    handed = {(r.dmac, r.daddr, r.dport) for r in rows
              if (r.link, r.dir, r.sport) == ("i3", "out", session.local[1])}
    expect("the server gets", handed, {(mac(3, n), *session.place)})
    ways = {(r.link, r.dmac) for r in rows if r.dir == "out" and
            r.link in ("i1", "i2") and session.local[1] in (r.sport, r.dport)}
    expect("firewall", ways, {("i1", mac(1, firewall)), ("i2", mac(2, firewall))})
    pe.check_drops(drops)


def former(f, proto, mode):
    """What pectl shows of former servers."""
    return [(d["device"], d.get("port", 0)) for d in
            pe.service(f"{mode}{proto}{f.name}").get("former", ())]


def change(f, proto, mode, *words):
    pe.pectl("service", "change", f"{mode}{proto}{f.name}", *words)


def settled(text):
    """What is shown reads back the same, and applied again it touches nothing."""
    generation = pe.generation()
    require(", 0 changed" in pe.apply(text), "it changed again")
    expect("difference", pe.try_pectl("diff", "-f", pe.file(text))[0], 0)
    expect("difference to what is shown", pe.try_pectl(
        "diff", "-f", pe.file(pe.pectl("-d", "-s", "show")))[0], 0)
    expect("generation", pe.generation(), generation)


@suite.case(*((*which, how) for which, how in
              zip(ALL, 2 * ("apply", "change", "change", "apply"))))
def established_goes_on(f, proto, mode, how):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        later = conf(*which, step(f, mode, 2))
        if how == "apply":
            pe.apply(later)
            settled(later)
        else:
            change(*which, "sequence", "fw1,", server(f, mode, 2), "port", "8080")
        expect("former", former(*which), [(server(f, mode, 1), 8080)])
        require(f"flows may keep to {server(f, mode, 1)} port 8080" in
                pe.pectl("-d", "service", "show"), "nobody can see it")
        goes_on(old, f, mode, 1)
        with Session(*which, 2) as new:
            goes_on(new, f, mode, 2)
            old.talk()
            shown = {r["port"]: r["devices"] for r in
                     pe.json("flow", "show")["flows"]}
            expect("flow show", shown, {old.local[1]: [server(f, mode, 1)],
                                        new.local[1]: [server(f, mode, 2)]})
            # Whatever else of the service is changed, and back.
            pe.apply(conf(*which, step(f, mode, 2), first="fw2"))
            goes_on(old, f, mode, 1, 2)
            new.talk()
            pe.apply(conf(*which, step(f, mode, 1)))
            expect("former", former(*which), [(server(f, mode, 2), 8080)])
            old.talk()
            goes_on(new, f, mode, 2)


@suite.case(*SOME)
def without_a_firewall(f, proto, mode):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1), first="")
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 2), first=""))
        expect("explained", old.explained()[0], server(f, mode, 1))
        old.talk()
        Session(*which, 2).__exit__()
        old.talk()


@suite.case(*((*which, *ports) for which, ports in zip(
    SOME + SOME[::-1], ((8080, 9090),) * 4 + ((8080, 0), (8080, 0), (0, 8080),
                                              (0, 8080)))))
def another_port_is_another_server(f, proto, mode, *ports):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1, ports[0]))
    with Session(*which, 1, ports[0]) as old:
        pe.apply(conf(*which, step(f, mode, 1, ports[1])))
        expect("former", former(*which), [(server(f, mode, 1), ports[0])])
        goes_on(old, f, mode, 1)
        with Session(*which, 1, ports[1]) as new:
            goes_on(new, f, mode, 1)
            old.talk()


@suite.case(*SOME)
def not_without_state(f, proto, mode):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1), state="")
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 2), state=""))
        expect("former", former(*which), [])
        expect("explained", old.explained()[0], server(f, mode, 2))
        meets(old, f, mode, 2)


def meets(session, f, mode, n):
    """The next packet of a flow goes to this server, and not to its own."""
    with Capture(lab, (3,)) as capture:
        try:
            session.client.send(b"lost")
        except ConnectionError:     # an acknowledgment met it before
            return
        rows = capture.stop(0.05)
    handed = {r.dmac for r in rows if r.dir == "out" and
              r.sport == session.local[1]}
    expect("the packet went to", handed, {mac(3, n)})


@suite.case(*SOME)
def state_that_begins_later(f, proto, mode):
    """A server is known from what is remembered, not from what was there."""
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1), state="")
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 1)))
        old.talk()
        pe.apply(conf(*which, step(f, mode, 2)))
        goes_on(old, f, mode, 1)
        change(*which, "state", "off")
        change(*which, "state", "flows", "100")
        meets(old, f, mode, 2)


@suite.case(*SOME)
def a_device_that_is_deleted(f, proto, mode):
    """That it has been somebody's server keeps nobody from deleting it, or
    changing it."""
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 2)))
        pe.pectl("device", "change", server(f, mode, 1), "measure")
        old.talk()
        pe.pectl("device", "del", server(f, mode, 1))
        expect("former", former(*which), [])
        meets(old, f, mode, 2)
        shown = {r["port"]: r["devices"] for r in
                 pe.json("flow", "show")["flows"]}
        expect("flow show", shown, {old.local[1]: [server(f, mode, 2)]})


@suite.case(*SOME)
def states_of_the_device(f, proto, mode):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 2)))
        for number, state in ((1, "drain"), (2, "down")):
            pe.pectl("device", "state", server(f, mode, number), state)
            old.talk()
        pe.pectl("device", "state", server(f, mode, 2), "up")
        pe.pectl("device", "state", server(f, mode, 1), "down")
        meets(old, f, mode, 2)
        pe.pectl("device", "state", server(f, mode, 1), "up")


@suite.case(*SOME)
def the_latest_three(f, proto, mode):
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1))
    sessions = {1: Session(*which, 1)}
    for number in WEBS[1:]:
        pe.apply(conf(*which, step(f, mode, number)))
        sessions[number] = Session(*which, number)
    expect("former", former(*which),
           [(server(f, mode, n), 8080) for n in (4, 3, 2)])
    for number in (2, 3, 4, 5):
        sessions[number].talk()
    meets(sessions[1], f, mode, 5)
    for session in sessions.values():
        session.__exit__()


@suite.case(*FAMILIES)
def servers_are_swapped(f):
    """Each has what the other had: by what is remembered their answers are told
    apart."""
    def both(a, b):
        return servers() + service(f, "tcp", "nat", step(f, "nat", a)) + \
            service(f, "tcp", "loop", step(f, "nat", b), name="other")

    pe.pectl("flush")
    pe.apply(both(1, 2))
    with Session(f, "tcp", "nat", 1) as one, \
            Session(f, "tcp", "nat", 2, dst=f.W2) as two:
        pe.apply(both(2, 1))
        goes_on(one, f, "nat", 1)
        goes_on(two, f, "nat", 2)
        with Session(f, "tcp", "nat", 2) as three, \
                Session(f, "tcp", "nat", 1, dst=f.W2) as four:
            for session in (three, four, one, two):
                session.talk()


@suite.case(*SOME)
def traced_by_name(f, proto, mode):
    """What watches packets is told which server they come from."""
    which = (f, proto, mode)
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 2, 9090)))
        with Trace(pe, "service", f"{mode}{proto}{f.name}") as trace:
            old.talk()
            sights = trace.end()
        expect("answers are from", {s["from"] for s in sights
                                    if s["iif"] == "i3"}, {server(f, mode, 1)})


@suite.case(*SOME)
def answers_come_from_its_port(f, _, mode):
    """From another port that was a former server's as well, they are not the
    flow's."""
    which = (f, "udp", mode)
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, mode, 1, 9090)))
        pe.apply(conf(*which, step(f, mode, 2)))
        expect("former", former(*which), [(server(f, mode, 1), 9090),
                                          (server(f, mode, 1), 8080)])
        mine = (old.place[0], 9090)

        def passes(sock):
            with Capture(lab) as capture:
                sock.sendto(b"mine", old.local)
                rows = capture.stop(0.05)
            return [(r.link, r.saddr, r.sport) for r in rows if r.dir == "out"
                    and r.dport == old.local[1]] == [("i0", *mine)]

        # What is in flight at a change is the old version's for a while.
        with flow.bound(webs[1], f, flow.DGRAM, *mine) as sock:
            poll("a packet past the firewall", lambda: passes(sock), 10, 0.3)
        old.empty()
        goes_on(old, f, mode, 1)


@suite.case(*FAMILIES)
def what_else_it_sends_is_its_own(f):
    """Nothing of a former server is the service's but flows that keep to it."""
    which = (f, "udp", "nat")
    fresh(*which, step(f, "nat", 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, step(f, "nat", 2)))
        def passes():
            with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
                old.server.sendto(b"mine", sock.getsockname())
                return sock.recvfrom(99)[1][:2] == old.place
        # What is in flight at a change is the old version's for a while.
        poll("a packet of its own", passes, 10, 0.3)
        goes_on(old, f, "nat", 1)


@suite.case(*SOME)
def a_pool_takes_over(f, proto, mode):
    """One that has the old server, and one that has not."""
    which = (f, proto, mode)
    name = f"pool p {{ members {server(f, mode, 1)}, {server(f, mode, 2)}; " \
        "policy failover; detect off; }\n"
    other = name.replace(server(f, mode, 1), server(f, mode, 3))
    for pool, first in ((name, 1), (other, 3)):
        fresh(*which, step(f, mode, 1))
        with Session(*which, 1) as old:
            pe.apply(pool + conf(*which, "p port 8080"))
            goes_on(old, f, mode, 1)
            Session(*which, first).__exit__()
            old.talk()


@suite.case(*SOME)
def a_pool_takes_over_at_another_port(f, proto, mode):
    """Its member is another server for that."""
    which = (f, proto, mode)
    pool = f"pool p {{ members {server(f, mode, 1)}, {server(f, mode, 2)}; " \
        "policy failover; detect off; }\n"
    fresh(*which, step(f, mode, 1))
    with Session(*which, 1) as old:
        pe.apply(pool + conf(*which, "p port 9090"))
        expect("former", former(*which), [(server(f, mode, 1), 8080)])
        goes_on(old, f, mode, 1)
        with Session(*which, 1, 9090) as new:
            goes_on(new, f, mode, 1)
            old.talk()


@suite.case(*FAMILIES)
def another_service_has_the_server_now(f):
    """Flows that no port tells take nothing of it."""
    def both(every, web):
        return servers() + f"service every {{ vip {f.W1}; state; sequence fw1, " \
            f"{server(f, 'nat', every)}; }}\n" + (
                service(f, "tcp", "loop", step(f, "nat", web), name="other")
                if web else "")

    pe.pectl("flush")
    pe.apply(both(1, None))
    with Session(f, "tcp", "nat", 1, 0) as old:
        pe.apply(both(2, None))
        old.talk()
        pe.apply(both(2, 1))
        old.talk()
        with Session(f, "tcp", "nat", 1, dst=f.W2) as new:
            goes_on(new, f, "nat", 1)
        pe.apply(both(2, 1).replace("port 8080", ""))
        with Session(f, "tcp", "nat", 1, 0, f.W2) as new:
            goes_on(new, f, "nat", 1)


@suite.case(*FAMILIES)
def another_kind_takes_over(f):
    """From an own address to the service's, or to no server: flows move."""
    which = (f, "udp", "nat")
    fresh(*which, step(f, "nat", 1))
    with Session(*which, 1) as old:
        pe.apply(conf(*which, "loop2 port 8080"))
        expect("former", former(*which), [])
        meets(old, f, "nat", 2)
        pe.apply(servers() + f"service nat{'udp'}{f.name} {{ vip {f.W1} udp port "
                 "80; state; sequence fw1; }")
        expect("former", former(*which), [])


@suite.case(*FAMILIES)
def replaced_everywhere(f):
    """pectl device replace, and back."""
    which = (f, "tcp", "nat")
    fresh(*which, step(f, "nat", 1))
    with Session(*which, 1) as old:
        pe.pectl("device", "replace", server(f, "nat", 1), "with",
                 server(f, "nat", 2))
        goes_on(old, f, "nat", 1)
        pe.pectl("device", "replace", server(f, "nat", 2), "with",
                 server(f, "nat", 1))
        old.talk()


@suite.case(*FAMILIES)
def of_many_services(f):
    """A server with many ports, all of which are replaced in one commit."""
    def vip_of(i):
        return f.vip(20 + i)

    pe.pectl("flush")
    pe.apply(servers() + "".join(
        f"service many{i} {{ vip {vip_of(i)} tcp port 80; state; sequence fw1, "
        f"{step(f, 'nat', 1, 8100 + i)}; }}\n" for i in range(12)))
    some = {i: Session(f, "tcp", "nat", 1, 8100 + i, vip_of(i))
            for i in (0, 5, 11)}
    pe.pectl("device", "replace", server(f, "nat", 1), "with",
             server(f, "nat", 2))
    for i, session in some.items():
        session.talk()
        Session(f, "tcp", "nat", 2, 8100 + i, vip_of(i)).__exit__()
        goes_on(session, f, "nat", 1)
        session.__exit__()


@suite.case("down", "gone")
def the_interface(how):
    """Without one, flows are let go at once, and don't come back with it."""
    def both(last):
        return servers() + f"device loop6 {{ server dev i4 lladdr {mac(4, 1)} " \
            "mode loopback; }\n" + "".join(
                service(f, "udp", "loop", f"{last} port 8080") for f in FAMILIES)

    pe.pectl("flush")
    pe.apply(both("loop6"))
    olds = [Session(f, "udp", "loop", 6) for f in FAMILIES]
    pe.apply(both("loop1"))
    for old in olds:
        old.talk()
    if how == "gone":
        del lab.points[4]
    lab.eng.ip("link set i4 down" if how == "down" else "link del i4")
    for f, old in zip(FAMILIES, olds):
        expect("explained", old.explained()[0], "loop1")
        meets(old, f, "loop", 1)
    if how == "down":
        lab.eng.ip("link set i4 up")
        poll("interface", lambda: "LOWER_UP" in lab.eng.run(
            ["ip", "link", "show", "dev", "i4"]))
        for f, old in zip(FAMILIES, olds):
            expect("explained", old.explained()[0], "loop1")
            meets(old, f, "loop", 1)
    for old in olds:
        old.__exit__()


@suite.case()
def forgotten_after_the_last_flow():
    """As nothing that is configured changes, the generation stays."""
    f4, f6 = FAMILIES
    kept, flushed, never = (f4, "udp", "nat"), (f6, "tcp", "loop"), \
        (f6, "udp", "nat")
    # One above 32767, too.
    ports = {kept: 40000, flushed: 8080, never: 8080}

    def all_of(n):
        return servers() + "".join(
            service(*which, step(which[0], which[2], n, port))
            for which, port in ports.items())

    def addresses():
        return pe.json("stats")["addresses"]

    pe.pectl("flush")
    poll("nothing drains any more", lambda: not addresses(), 30, 0.5)
    pe.apply(all_of(1))
    with Session(*kept, 1, ports[kept]) as old, Session(*flushed, 1):
        pe.apply(all_of(2))
        for which, port in ports.items():
            f, _, mode = which
            expect("former", former(*which), [(server(f, mode, 1), port)])
        before, generation = addresses(), pe.generation()
        pe.pectl("flow", "flush", "service", f"looptcp{f6.name}")
        poll("former servers go", lambda: not former(*flushed) and
             not former(*never), 20, 0.5)
        expect("of the other", former(*kept),
               [("nat1-" + f4.name, ports[kept])])
        poll("its address goes", lambda: addresses() == before - 1, 10, 0.3)
        expect("generation", pe.generation(), generation)
        goes_on(old, f4, "nat", 1)
        settled(all_of(2))
        pe.pectl("device", "del", server(f6, "nat", 1))
        goes_on(old, f4, "nat", 1)


@suite.case()
def it_goes_with_everything():
    """The module can go while flows keep to former servers."""
    which = (FAMILIES[0], "udp", "nat")
    fresh(*which, step(FAMILIES[0], "nat", 1))
    with Session(*which, 1):
        pe.apply(conf(*which, step(FAMILIES[0], "nat", 2)))
        start = time.monotonic()
        engine.unload()
        require(time.monotonic() - start < 10, "it took long")
        engine.load()


@suite.case()
def many_servers_have_one_successor():
    f = FAMILIES[0]

    def all_of(last):
        return servers() + "".join(
            f"service many{i} {{ vip {f.vip(20 + i)} tcp port 80; state; "
            f"sequence fw1, {last(i)}; }}\n" for i in range(100))

    pe.pectl("flush")
    pe.apply(all_of(lambda i: step(f, "nat", 1, 8100 + i)))
    pe.apply(all_of(lambda i: step(f, "loop", 2)))
    pe.apply(all_of(lambda i: step(f, "loop", 2, 9000 + i)))
    pe.apply(all_of(lambda i: step(f, "loop", 2)))
    expect("former", [s["former"] for s in
                      pe.json("-d", "service", "show")["services"]],
           [[{"device": "loop2", "port": 9000 + i}] for i in range(100)])


suite.run(lambda: pe.start(servers()))
