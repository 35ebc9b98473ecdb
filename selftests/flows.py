#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Services with state: flows keep to the devices that they have, whatever
becomes of the pools, where without state they would move.

    u1 --- i0 [eng] i1 --+-- fw1..fw3 outside
                    i2 --+-- fw1..fw3 inside
                    i3 --+-- web1..web3, in mode nat
"""
import selectors
import socket
import struct
import time
from collections import Counter
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import FAMILIES, mac
from lib.genl import DUMP, PE, Genl, attr, text
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.wire import Capture

FLOWS = 16
THREE = (1, 2, 3)

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in THREE:
    lab.router(f"fw{n}", 1, 2, n)
webs = {n: lab.server(f"web{n}", 3, n) for n in THREE}
pe = engine.Engine(lab)

DEVICES = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" + "".join(
        f"device web{n}-{f.name} {{ server address {f.host(3, n)} "
        f"mode nat; }}\n" for f in FAMILIES) for n in THREE)

# Port of the service: its name, what it says of state, port of the server.
SERVICES = {80: ("kept", "state timeout 60s", 8080), 81: ("loose", "", 8081),
            82: ("few", "state flows 4", 8082),
            83: ("short", "state timeout 1s", 8083)}
BOTH = tuple(product(FAMILIES, ("tcp", "udp")))


def conf(*members, services=SERVICES):
    """Everything, with these members of the pools."""
    pools = f"pool fw {{ members {', '.join(f'fw{n}' for n in members)}; " \
        "policy maglev; detect off; }\n" + "".join(
            f"pool web{f.name} {{ members "
            f"{', '.join(f'web{n}-{f.name}' for n in members)}; "
            "policy maglev; detect off; }\n" for f in FAMILIES)
    return DEVICES + pools + "".join(
        f"service {name}{p}{f.name} {{ vip {f.W1} {p} port {port}; "
        f"sequence fw, web{f.name} port {local}; {state}; }}\n"
        for (f, p), (port, (name, state, local)) in product(
            BOTH, services.items()))


class Farm:
    """Servers on all hosts, which say who they are."""

    def __init__(self, f, proto):
        self.f, self.proto = f, proto
        self.wait = selectors.DefaultSelector()
        self.answers = True
        for n, (_, _, port) in product(THREE, SERVICES.values()):
            sock = flow.bound(webs[n], f, self.kind, f.host(3, n), port)
            if proto == "tcp":
                sock.listen(64)
            self.add(sock, n, self.accept if proto == "tcp" else self.datagram)

    @property
    def kind(self):
        return flow.STREAM if self.proto == "tcp" else flow.DGRAM

    def add(self, sock, n, func):
        sock.setblocking(False)
        self.wait.register(sock, selectors.EVENT_READ, (n, func))

    def accept(self, sock, n):
        self.add(sock.accept()[0], n, self.stream)

    def stream(self, sock, n):
        try:
            if sock.recv(100):
                sock.send(b"%d" % n)
                return
        except ConnectionError:
            pass
        self.wait.unregister(sock)
        sock.close()

    def datagram(self, sock, n):
        _, peer = sock.recvfrom(100)
        if self.answers:
            sock.sendto(b"%d" % n, peer)

    def serve(self, until, what):
        """Until something is readable, or written."""
        def done():
            for key, _ in self.wait.select(0):
                n, func = key.data
                func(key.fileobj, n)
            return until()
        return poll(what, done, step=0.001)

    def client(self, local, port):
        """A flow to the service at a port."""
        sock = flow.bound(u1, self.f, self.kind, self.f.U1, local)
        sock.setblocking(False)
        sock.connect_ex((self.f.W1, port))
        return sock

    def clients(self, ports, port):
        return {local: self.client(local, port) for local in ports}

    def ask(self, socks):
        """The server that each flow has, by the client's port."""
        ready = selectors.DefaultSelector()
        for local, sock in socks.items():
            ready.register(sock, selectors.EVENT_WRITE, local)
        found, asked = {}, set()

        def all_answered():
            for key, _ in ready.select(0):
                if key.data in asked:
                    found[key.data] = int(key.fileobj.recv(100))
                    ready.unregister(key.fileobj)
                else:
                    key.fileobj.send(b"who")
                    asked.add(key.data)
                    ready.modify(key.fileobj, selectors.EVENT_READ, key.data)
            return len(found) == len(socks)

        with ready:
            self.serve(all_answered, "answers")
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for key in list(self.wait.get_map().values()):
            key.fileobj.close()
        self.wait.close()


def close(socks, reset=True):
    """Without a reset the ends of TCP are sent again and again, which would be
    flows of whatever service has the servers by then."""
    for sock in socks.values():
        if reset and sock.type == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        sock.close()


def firewalls(rows, ports, port):
    """Those that packets of flows to a port were handed to, both ways."""
    macs = {mac(s, n): n for s in (1, 2) for n in THREE}
    found = {local: set() for local in ports}
    for r in rows:
        if r.dir != "out" or r.link not in ("i1", "i2") or r.dmac not in macs:
            continue
        local, dest = (r.sport, r.dport) if r.link == "i1" else \
            (r.dport, r.sport)
        if local in found and dest == port:
            found[local].add((r.link, macs[r.dmac]))
    return {local: sorted(n for _, n in seen) for local, seen in found.items()}


def places(farm, socks, port):
    """(firewall, server) of each flow to a port."""
    with Capture(lab, (1, 2)) as capture:
        servers = farm.ask(socks)
        rows = capture.stop(0.05)
    taken = firewalls(rows, socks, port)
    for local, ways in taken.items():
        expect(f"firewalls of port {local}, there and back", len(ways), 2)
        expect(f"firewall back of port {local}", ways[1], ways[0])
    return {local: (taken[local][0], servers[local]) for local in socks}


def moved(before, after):
    return {local for local in before if before[local] != after[local]}


def flows(*words):
    return pe.json("-s", "flow", "show", *words)["flows"]


def phases(service, ports=None):
    """Those that flows of a service are in, of these client's ports or of all."""
    return {r["phase"] for r in flows("service", service)
            if ports is None or r["port"] in ports}


def counts():
    return pe.json("stats")["flow_counts"]


def told_as(f, proto, port, seen):
    """What explain says of flows is where they are."""
    for local, (firewall, server) in list(seen.items())[:3]:
        way = told.explain(pe, proto, (f.U1, local), (f.W1, port))
        there = [h["device"] for h in way["forward"] if "device" in h]
        expect("explained", there, [f"fw{firewall}", f"web{server}-{f.name}"])


def fresh():
    pe.apply(conf(1, 2))
    for n in THREE:
        pe.pectl("device", "state", f"fw{n}", "up")
    pe.pectl("flow", "flush")


@suite.case(*BOTH)
def flows_stay_where_they_are(f, proto):
    """A member more, one that drains, one less: without state flows move."""
    fresh()
    ports = [flow.port() for _ in range(FLOWS)]
    with Farm(f, proto) as farm:
        kept, loose = farm.clients(ports, 80), farm.clients(ports, 81)
        first = places(farm, kept, 80)
        expect("without state", places(farm, loose, 81), first)
        require(len(set(first.values())) == 4,
                f"flows went to {Counter(first.values())}")
        told_as(f, proto, 80, first)
        close(loose)
        pe.apply(conf(1, 2, 3))
        expect("after one more", places(farm, kept, 80), first)
        told_as(f, proto, 80, first)
        loose = farm.clients(ports, 81)
        require(moved(first, places(farm, loose, 81)), "nothing would have moved")
        close(loose)
        for device in ("fw1", f"web1-{f.name}"):
            pe.pectl("device", "state", device, "drain")
        expect("while some drain", places(farm, kept, 80), first)
        loose = farm.clients(ports, 81)
        for firewall, server in places(farm, loose, 81).values():
            require(1 not in (firewall, server), "drains, and has a new flow")
        close(loose)
        new = farm.clients([flow.port() for _ in range(4)], 80)
        for firewall, server in places(farm, new, 80).values():
            require(1 not in (firewall, server), "drains, and has a new flow")
        close(new)
        close(kept)
        for device in ("fw1", f"web1-{f.name}"):
            pe.pectl("device", "state", device, "up")


@suite.case(*product(FAMILIES, ("port 8080-8081", "")))
def one_end_does_not_end_others(f, ports):
    """A client's port, or all of a client, may have several connections in a
    flow: when one is over and comes again, the others stay where they are."""
    def members(*numbers):
        pe.apply(conf(*numbers, services={}) +
                 f"service pair {{ vip {f.W1} tcp {ports}; "
                 f"sequence fw, web{f.name}; state timeout 60s; }}\n")

    fresh()
    members(1, 2)
    local = [flow.port() for _ in range(FLOWS)]
    with Farm(f, "tcp") as farm:
        one, other = farm.clients(local, 8080), farm.clients(local, 8081)
        first = places(farm, other, 8081)
        expect("the same flow", places(farm, one, 8080), first)
        members(3, 1, 2)
        for n in (1, 2):
            pe.pectl("device", "state", f"fw{n}", "drain")
        there = len(farm.wait.get_map())
        close(one)
        farm.serve(lambda: len(farm.wait.get_map()) == there - FLOWS, "resets")
        expect("phases", phases("pair"), {"closed" if ports else "established"})
        one = farm.clients(local, 8080)
        farm.ask(one)
        expect("afterwards", places(farm, other, 8081), first)
        expect("phases", phases("pair"), {"established"})
        close(one)
        close(other)


@suite.case(*FAMILIES)
def a_reset_that_ends_nothing(f):
    """Anybody can send one: where packets go on both ways it is forgotten."""
    fresh()
    name = f"kepttcp{f.name}"
    ports = [flow.port() for _ in range(FLOWS)]
    with Farm(f, "tcp") as farm:
        kept = farm.clients(ports, 80)
        first = places(farm, kept, 80)
        with packet.Sender(u1, 0, 1) as sender:
            sender.send(*(packet.tcp((f.U1, port), (f.W1, 80), flags=packet.RST)
                          for port in ports))
        poll("resets", lambda: phases(name, ports) == {"closed"})
        pe.apply(conf(1, 2, 3))
        expect("afterwards", places(farm, kept, 80), first)
        expect("phases", phases(name, ports), {"established"})
        close(kept)


@suite.case(*FAMILIES)
def what_goes_moves_once(f):
    """Flows of a member that is gone or down take the stateless choice, and keep
    to that."""
    fresh()
    ports = [flow.port() for _ in range(FLOWS)]
    with Farm(f, "udp") as farm:
        kept = farm.clients(ports, 80)
        first = places(farm, kept, 80)
        pe.apply(conf(1, 3))
        second = places(farm, kept, 80)
        for local, (firewall, server) in first.items():
            if firewall != 2:
                expect(f"firewall of port {local}", second[local][0], firewall)
            if server != 2:
                expect(f"server of port {local}", second[local][1], server)
            require(2 not in second[local], "went to what is no member")
        require(moved(first, second), "nothing had to move")
        pe.apply(conf(1, 2, 3))
        expect("when it is back", places(farm, kept, 80), second)
        pe.pectl("device", "state", "fw3", "down")
        third = places(farm, kept, 80)
        for local, (firewall, server) in second.items():
            expect("server", third[local][1], server)
            require(third[local][0] != 3, "went to what is down")
            if firewall != 3:
                expect("firewall", third[local][0], firewall)
        pe.pectl("device", "state", "fw3", "up")
        expect("when it is up again", places(farm, kept, 80), third)
        close(kept)


@suite.case(*BOTH)
def shown(f, proto):
    fresh()
    ports = [flow.port() for _ in range(FLOWS)]
    name = f"kept{proto}{f.name}"
    with Farm(f, proto) as farm:
        kept = farm.clients(ports, 80)
        seen = places(farm, kept, 80)
        rows = flows()
        expect("flows", {r["port"]: (r["service"], r["proto"], r["client"],
                                     r["phase"], sorted(r["devices"]))
                         for r in rows},
               {local: (name, proto, f.U1, "established",
                        [f"fw{w}", f"web{s}-{f.name}"])
                for local, (w, s) in seen.items()})
        require(all(r["idle"] < 5000 and 50000 < r["left"] <= 60000
                    for r in rows), f"times: {rows}")
        expect("of the service", len(flows("service", name)), FLOWS)
        other = {"tcp": "udp", "udp": "tcp"}[proto]
        expect("of another", flows("service", f"kept{other}{f.name}"), [])
        expect("of the protocol", len(flows(proto)), FLOWS)
        expect("of another", flows(other), [])
        expect("of the client", len(flows("client", f.U1)), FLOWS)
        expect("of its prefix", len(flows("client", f"{f.U1}/20")), FLOWS)
        expect("of another", flows("client", f.U2), [])
        mine = [r["port"] for r in flows("device", "fw1", "service", name)]
        expect("of a device", sorted(mine), sorted(
            local for local, (w, _) in seen.items() if w == 1))
        line = pe.pectl("flow", "show", "client", f.U1).splitlines()[0]
        require(line.startswith(f"{name} {proto} client {f.U1} port ")
                and line.endswith("(established)"), line)
        expect("of the service with counters",
               pe.service(name)["flows"]["used"], FLOWS)
        status, out, _ = pe.try_pectl("flow", "flush", "device", "fw1")
        expect("forgotten", (status, out), (0, f"{len(mine)} flows are forgotten\n"))
        expect("left", len(flows()), FLOWS - len(mine))
        close(kept, reset=False)
        if proto == "tcp":
            farm.serve(lambda: all(r["phase"] == "closed" for r in flows()),
                       "flows to be closed")
    pe.pectl("flow", "flush")
    expect("after all", flows(), [])


@suite.case(
    (("service", "nope"), "no service nope"),
    (("service", "loosetcp4"), "remembers no flows"),
    (("device", "nope"), "no device nope"))
def not_shown(words, sentence):
    for verb in ("show", "flush"):
        status, out, err = pe.try_pectl("flow", verb, *words)
        expect("exit status", (status, out), (engine.REFUSED, ""))
        require(sentence in err, err)


@suite.case(*FAMILIES)
def at_the_limit(f):
    """What is remembered goes on, what is new does without, and is counted."""
    fresh()
    name = f"fewudp{f.name}"
    before = counts()
    ports = [flow.port() for _ in range(FLOWS)]
    with Farm(f, "udp") as farm:
        few = farm.clients(ports, 82)
        first = {}
        for local, sock in few.items():
            first |= places(farm, {local: sock}, 82)
        known = {r["port"] for r in flows("service", name)}
        expect("remembered", sorted(known), ports[:4])
        pe.apply(conf(1, 2, 3))
        second = places(farm, few, 82)
        expect("those that are", {p: second[p] for p in known},
               {p: first[p] for p in known})
        loose = farm.clients(ports, 81)
        others = set(ports) - known
        stateless = places(farm, loose, 81)
        expect("others", {p: second[p] for p in others},
               {p: stateless[p] for p in others})
        require(moved({p: first[p] for p in others}, second), "none moved")
        close(loose)
        close(few)
    shown_flows = pe.service(name)["flows"]
    expect("used and made", (shown_flows["used"], shown_flows["made"]), (4, 4))
    after = counts()
    # Both ways there are two places where a flow is asked for, of each twice.
    expect("over", after["over"] - before["over"], shown_flows["over"])
    require(shown_flows["over"] >= len(others) * 2 * 3, f"{shown_flows}")


@suite.case(*FAMILIES)
def unanswered_flows_give_way(f):
    """A flood that nobody answers pushes out nothing but its like."""
    fresh()
    name = f"fewudp{f.name}"
    ports = [flow.port() for _ in range(2)]
    before = counts()
    with Farm(f, "udp") as farm:
        good = farm.clients(ports, 82)
        first = places(farm, good, 82)
        farm.answers = False
        flood = farm.clients([flow.port() for _ in range(300)], 82)
        for sock in flood.values():
            sock.send(b"flood")
        poll("flood to be met", lambda: counts()["evicted"] +
             counts()["over"] > before["evicted"] + before["over"] + 200)
        farm.answers = True
        rows = flows("service", name)
        expect("remembered", len(rows), 4)
        expect("phases", Counter(r["phase"] for r in rows),
               {"established": 2, "new": 2})
        require(counts()["evicted"] > before["evicted"], "none was evicted")
        pe.apply(conf(1, 2, 3))
        expect("established ones", places(farm, good, 82), first)
        close(good)
        close(flood)


@suite.case()
def of_the_namespace():
    """The limit is a sysctl."""
    f = FAMILIES[0]
    fresh()
    expect("at first", pe.json("stats")["flows_max"], 1048576)
    lab.eng.write_sysctls({"pe/max_flows": 3})
    try:
        with Farm(f, "udp") as farm:
            socks = farm.clients([flow.port() for _ in range(6)], 80)
            for local, sock in socks.items():
                farm.ask({local: sock})
            shown_stats = pe.json("stats")
            expect("stats", (shown_stats["flows"], shown_stats["flows_max"]),
                   (3, 3))
            close(socks)
    finally:
        lab.eng.write_sysctls({"pe/max_flows": 1048576})


@suite.case(*BOTH)
def forgotten_in_time(f, proto):
    fresh()
    with Farm(f, proto) as farm:
        socks = farm.clients([flow.port() for _ in range(4)], 83)
        farm.ask(socks)
        expect("at first", len(flows("service", f"short{proto}{f.name}")), 4)
        poll("flows to be forgotten",
             lambda: not flows("service", f"short{proto}{f.name}"), 10)
        # As if nothing had been.
        farm.ask(socks)
        expect("again", len(flows("service", f"short{proto}{f.name}")), 4)
        close(socks)


@suite.case(*BOTH)
def what_servers_send_tells(f, proto):
    """Forgotten, a flow is found again by what its server sends."""
    fresh()
    with Farm(f, proto) as farm:
        socks = farm.clients([flow.port() for _ in range(FLOWS)], 80)
        first = farm.ask(socks)
        # The answer to what was asked before is all that is seen of it.
        pe.apply(conf(1, 2, 3))
        peers = {}
        accepted = [(key.fileobj, key.data[0])
                    for key in farm.wait.get_map().values()]
        pe.pectl("flow", "flush")
        if proto == "tcp":
            for sock, n in accepted:
                try:
                    peers[sock.getpeername()[1]] = sock
                except OSError:
                    continue
            for local in socks:
                peers[local].send(b"!")
        else:
            for sock, n in accepted:
                if sock.getsockname()[1] != 8080:
                    continue
                for local in socks:
                    if first[local] == n:
                        sock.sendto(b"!", (f.U1, local))
        for local, sock in socks.items():
            poll("what servers said", lambda s=sock: readable(s))
            sock.recv(1)
        expect("servers", farm.ask(socks), first)
        close(socks)


def readable(sock):
    try:
        return sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return None


@suite.case()
def a_dump_that_pauses():
    """Everything is deleted under it. What stayed so far came once."""
    f = FAMILIES[0]
    fresh()
    with Farm(f, "udp") as farm:
        farm.answers = False
        many = farm.clients([flow.port() for _ in range(900)], 80)
        for sock in many.values():
            sock.send(b"one way")
        poll("flows", lambda: pe.json("stats")["flows"] == 900)
        genl = Genl(lab.eng)
        seq = genl.send(PE.PE_CMD_FLOW_GET, flags=DUMP)
        whole, refused = genl.answer(seq)
        expect("refused", refused, None)
        ports = Counter(dict(m.attrs)[PE.PE_FLOW_PORT] for m in whole)
        expect("flows, each once", (len(ports), set(ports.values())),
               (900, {1}))
        genl.send(PE.PE_CMD_FLOW_GET, flags=DUMP)
        some = genl.receive()
        require(0 < len(some) < 900, f"{len(some)} in one message")
        pe.pectl("flush")
        more, refused = genl.answer(genl.seq)
        expect("refused", refused, None)
        require(len(some) + len(more) < 900, "what is gone was shown")
        expect("services of what was shown",
               {text(dict(m.attrs)[PE.PE_FLOW_SERVICE]) for m in some},
               {"keptudp4"})
        close(many)
    poll("flows to go", lambda: not pe.json("stats")["flows"])
    pe.apply(conf(1, 2))
    expect("again", flows(), [])


@suite.case()
def who_may_see_them():
    """It takes CAP_NET_ADMIN, as what clients do is nobody else's business."""
    out = lab.eng.run(["setpriv", "--bounding-set=-net_admin",
                       "--inh-caps=-net_admin", "--",
                       engine.PECTL, "flow", "show"], check=False)
    expect("exit status", out[0], engine.REFUSED)


@suite.case()
def state_ends_with_the_service():
    f = FAMILIES[0]
    fresh()
    with Farm(f, "udp") as farm:
        socks = farm.clients([flow.port() for _ in range(4)], 80)
        farm.ask(socks)
        pe.pectl("service", "change", f"keptudp{f.name}", "state", "off")
        poll("flows to go", lambda: not pe.json("stats")["flows"])
        farm.ask(socks)
        expect("without state", pe.json("stats")["flows"], 0)
        pe.pectl("service", "change", f"keptudp{f.name}", "state", "flows", "2")
        farm.ask(socks)
        expect("with it again", pe.json("stats")["flows"], 2)
        close(socks)


@suite.case(
    ("state flows 0", "flows"), ("state timeout 1500ms", "whole seconds"),
    ("state timeout 2d", ""), ("state flows 5 flows 6", "already"),
    ("state; state", "again"))
def refused_by_pectl(words, sentence):
    status, _, err = pe.try_pectl("service", "change", "kepttcp4",
                                  *words.replace(";", " ;").split())
    expect("exit status", status, engine.USAGE)
    require(sentence in err, err)


@suite.case()
def refused_by_the_kernel():
    genl = Genl(lab.eng)
    pools = "".join(f"pool p{i} {{ members d{i}; policy failover; }}\n"
                    f"device d{i} {{ tap dev i1 lladdr {mac(9, i)}; }}\n"
                    for i in range(9))
    text_of = pools + "service x { vip 192.0.2.99; sequence " + \
        ", ".join(f"p{i}" for i in range(9)) + ", fw1; state; }"
    status, _, err = pe.try_pectl("-f", pe.file(text_of))
    expect("exit status", status, engine.REFUSED)
    require("9 pools" in err, err)
    for bad in ((attr(PE.PE_FLOW_CLIENT, b"abc"),),
                (attr(PE.PE_FLOW_CLIENT_LEN, b"\x08"),),
                (attr(PE.PE_FLOW_CLIENT, b"\1\2\3\4"),
                 attr(PE.PE_FLOW_CLIENT_LEN, b"\x21"))):
        for flags in (4, DUMP):
            seq = genl.send(PE.PE_CMD_FLOW_GET, *bad, flags=flags)
            _, refusal = genl.answer(seq)
            require(refusal and refusal.text, f"{bad} was taken")


@suite.case()
def shown_as_it_is_read():
    shown_conf = pe.pectl("show")
    require("state flows 4" in shown_conf and "state timeout 60s" in shown_conf,
            shown_conf)
    expect("apply", pe.apply(shown_conf).split(",")[0], "0 added")
    expect("difference", pe.try_pectl("diff", "-f", pe.file(shown_conf))[0], 0)
    expect("another limit", pe.try_pectl("diff", "-f", pe.file(
        shown_conf.replace("state flows 4", "state flows 5")))[0],
        engine.DIFFERS)


@suite.case()
def it_goes_with_everything():
    """The module can go while flows are remembered."""
    fresh()
    with Farm(FAMILIES[0], "udp") as farm:
        socks = farm.clients([flow.port() for _ in range(50)], 80)
        farm.ask(socks)
        close(socks)
    start = time.monotonic()
    engine.unload()
    require(time.monotonic() - start < 10, "it took long")
    engine.load()
    pe.apply(conf(1, 2))


suite.run(lambda: pe.start(conf(1, 2)))
