#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""19: accounts of services and devices are equal to what was sent.

    u1 --- i0 [eng] i1 --+-- fw1 outside
                         +-- fw2 outside
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --+-- web1
                         +-- web2
                    i4 --- ids

Many clients at once, of several services at one address that share devices;
a list of ports; fragments; a firewall that is replaced meanwhile. The captures
of all links are added up by address, protocol and port, and for devices by
their link-layer address.
"""
import random
import select
import subprocess
import time
from itertools import product

from lib import engine, flow, fragment
from lib.addr import FAMILIES, mac
from lib.ktap import PATIENCE, Suite, expect, require
from lib.lab import OFFLOADS, Lab
from lib.wire import TCP, UDP, Capture

WAYS = engine.WAYS
CLIENTS = 8                             # of each port at once

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
webs = {n: lab.server(f"web{n}", 3, n) for n in (1, 2)}
lab.tap("ids", 4)
pe = engine.Engine(lab)
random.seed(19)

# What the services of each family are at their one address, and their steps.
SERVICES = {
    "page": (TCP, (80,), ("ids", "fw", "web1")),
    "alt": (TCP, (8080,), ("fw", "web2")),
    "list": (TCP, (21, 990, 1025, 1026), ("fw", "ids", "web1")),
    "dns": (UDP, (53,), ("fw", "web2")),
    "voip": (UDP, (5060, 10000, 10001), ("ids", "web1")),
}
LISTS = {"list": "21,990,1025-1125", "voip": "5060,10000-20000"}
SERVER = {"web1": webs[1], "web2": webs[2]}


def steps(name, number):
    return [f"fw{number}" if d == "fw" else d for d in SERVICES[name][2]]


def conf(number):
    """The configuration with one firewall or the other."""
    text = f"device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}\n" + "".join(
        f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
        f"inside dev i2 lladdr {mac(2, n)}; }}\n"
        f"device web{n} {{ server dev i3 lladdr {mac(3, n)} mode loopback; }}\n"
        for n in (1, 2))
    for f, (name, (proto, ports, _)) in product(FAMILIES, SERVICES.items()):
        text += f"service {name}{f.name} {{ vip {f.W1} " \
            f"{'tcp' if proto == TCP else 'udp'} port " \
            f"{LISTS.get(name, ports[0])}; " \
            f"sequence {', '.join(steps(name, number))}; }}\n"
    return text + "".join(f"service any{f.name} {{ vip {f.W3}; "
                          f"sequence fw{number}, web1; }}\n" for f in FAMILIES)


# ---- what captures say ----

def add(rows, fits):
    """Packets and bytes of the rows that fit."""
    rows = [r for r in rows if fits(r)]
    return sum(r.packets for r in rows), sum(r.bytes for r in rows)


def of_service(rows, f, name):
    """Rows of the service, in one direction and in the other."""
    proto, ports, _ = SERVICES[name]
    return ([r for r in rows if (r.proto, r.daddr) == (proto, f.W1) and
             r.dport in ports],
            [r for r in rows if (r.proto, r.saddr) == (proto, f.W1) and
             r.sport in ports])


def handed(there, back, device):
    """What a device was handed of these rows; a server's reverse is what it
    sent."""
    number = int(device[-1]) if device[-1].isdigit() else 1
    if device.startswith("web"):
        where, whence = ("i3", "out", mac(3, number)), mac(3, number)
        return {"forward": add(there, lambda r: (r.link, r.dir, r.dmac)
                               == where),
                "reverse": add(back, lambda r: (r.link, r.dir, r.smac)
                               == ("i3", "in", whence))}
    first, second = (4, 4) if device == "ids" else (1, 2)
    return {way: add(rows, lambda r, s=s: (r.link, r.dir, r.dmac) ==
                     (f"i{s}", "out", mac(s, number)))
            for way, rows, s in (("forward", there, first),
                                 ("reverse", back, second))}


# ---- traffic ----

class Conversation:
    """A client that sends so much, is sent it back, and ends."""

    def __init__(self, f, name, port, size):
        self.kind = flow.STREAM if SERVICES[name][0] == TCP else flow.DGRAM
        self.left = size if self.kind == flow.STREAM else size % 9 + 1
        self.sock = flow.bound(u1, f, self.kind, f.U1, flow.port())
        self.sock.setblocking(False)
        self.sock.connect_ex((f.W1, port))
        self.data = random.randbytes(size)
        self.heard = self.sent = 0

    def events(self):
        """What it waits for, or nothing when it is done."""
        if self.kind == flow.DGRAM:
            return select.POLLIN if self.heard < self.left else 0
        if self.heard == len(self.data):
            return 0
        return select.POLLIN | \
            (select.POLLOUT if self.sent < len(self.data) else 0)

    def start(self):
        if self.kind == flow.DGRAM:
            for n in range(self.left):
                self.sock.send(self.data[:100 + n])

    def handle(self, events):
        if self.kind == flow.DGRAM:
            self.sock.recv(65536)
            self.heard += 1
            return
        if events & select.POLLOUT:
            self.sent += self.sock.send(self.data[self.sent:])
        if events & select.POLLIN:
            data = self.sock.recv(65536)
            require(data == self.data[self.heard:self.heard + len(data)]
                    and data, "not what was sent")
            self.heard += len(data)


class Echo:
    """Every server: what it is sent goes back."""

    def __init__(self, node, f, proto, port):
        kind = flow.STREAM if proto == TCP else flow.DGRAM
        self.stream = proto == TCP
        self.socks = {}
        sock = flow.bound(node, f, kind, f.W1, port)
        sock.setblocking(False)
        if self.stream:
            sock.listen(256)
        self.first = sock
        self.socks[sock.fileno()] = sock
        self.rest = {}

    def handle(self, fd, poll):
        sock = self.socks[fd]
        if not self.stream:
            data, peer = sock.recvfrom(65536)
            sock.sendto(data, peer)
        elif sock is self.first:
            new = sock.accept()[0]
            new.setblocking(True)
            new.settimeout(flow.TIMEOUT)
            self.socks[new.fileno()] = new
            poll.register(new, select.POLLIN)
            return new.fileno()
        else:
            data = sock.recv(65536)
            if data:
                sock.sendall(data)
            else:
                poll.unregister(sock)
                self.socks.pop(fd).close()
        return None


def talk(clients, meanwhile=lambda: False):
    """All conversations at once; meanwhile() is called again and again, and
    says whether it must go on."""
    poll = select.poll()
    servers, waiting = {}, {}
    for echo in echoes:
        poll.register(echo.first, select.POLLIN)
        servers[echo.first.fileno()] = echo
    for one in clients:
        one.start()
        poll.register(one.sock, one.events())
        waiting[one.sock.fileno()] = one
    end = time.monotonic() + 30 * PATIENCE
    busy = True
    while waiting or busy:
        busy = meanwhile()
        require(time.monotonic() < end, f"{len(waiting)} are not done")
        for fd, events in poll.poll(20):
            if fd in servers:
                new = servers[fd].handle(fd, poll)
                if new is not None:
                    servers[new] = servers[fd]
                continue
            one = waiting[fd]
            one.handle(events)
            if one.events():
                poll.modify(fd, one.events())
            else:
                poll.unregister(fd)
                one.sock.close()
                del waiting[fd]
    # The servers' ends are closed by what they read last.
    for _ in range(50):
        for fd, _ in poll.poll(20):
            new = servers[fd].handle(fd, poll)
            if new is not None:
                servers[new] = servers[fd]
        if all(len(echo.socks) == 1 for echo in echoes):
            break


def crowd(count=CLIENTS, names=SERVICES):
    return [Conversation(f, name, port, random.choice((1, 500, 9000, 50000)))
            for f, name in product(FAMILIES, names)
            for port in SERVICES[name][1] for _ in range(count)]


# ---- accounts ----

def accounts():
    """Everything that the engine has counted."""
    services = {s["name"]: s for s in
                pe.json("-s", "service", "show")["services"]}
    devices = {d["name"]: d for d in pe.json("-s", "device", "show")["devices"]}
    return services, devices


def grown(before, after, way):
    return tuple(after[way][what] - before[way][what]
                 for what in ("packets", "bytes"))


def check(before, after, rows, number, services=SERVICES):
    """Services and their steps, with one firewall in all of them."""
    for f, name in product(FAMILIES, services):
        there, back = of_service(rows, f, name)
        was, now = (a[0][f"{name}{f.name}"] for a in (before, after))
        what = f"{name}{f.name}"
        expect(f"{what}, forward", grown(was, now, "forward"), add(
            there, lambda r: (r.link, r.dir) == ("i0", "in")))
        expect(f"{what}, reverse", grown(was, now, "reverse"), add(
            back, lambda r: (r.link, r.dir) == ("i0", "out")))
        require(grown(was, now, "forward")[0] >= CLIENTS, f"{what} hardly used")
        if not number:
            continue
        for n, device in enumerate(steps(name, number)):
            expect(f"{what}, step {device}",
                   {way: grown(was["sequence"][n], now["sequence"][n], way)
                    for way in WAYS}, handed(there, back, device))


def check_devices(before, after, rows):
    there = [r for r in rows if r.daddr in (f.W1 for f in FAMILIES)]
    back = [r for r in rows if r.saddr in (f.W1 for f in FAMILIES)]
    for device in before[1]:
        expect(f"device {device}",
               {way: grown(before[1][device], after[1][device], way)
                for way in WAYS}, handed(there, back, device))


@suite.case(*OFFLOADS)
def many_clients_at_once(how):
    lab.offloads(how)
    before, drops = accounts(), pe.drops()
    with Capture(lab) as capture:
        talk(crowd())
        rows = capture.stop(0.3)
    if how == "offloaded":
        require(any(r.packets > 1 for r in rows), "no super-packet was sent")
    after = accounts()
    check(before, after, rows, 1)
    check_devices(before, after, rows)
    pe.check_drops(drops)


@suite.case()
def firewall_replaced_meanwhile():
    """Whatever a packet was counted for is where it went; what was inside at
    that moment was counted on the way there, and dropped on the way on."""
    # Nobody sends again what is lost of UDP.
    names = [name for name in SERVICES if name != "dns"]
    before, drops = accounts(), pe.drops()
    file = pe.file(conf(2))
    state = {"proc": None, "end": 0}

    def meanwhile():
        if not state["proc"]:
            state["proc"] = subprocess.Popen(
                [engine.PECTL, "-n", lab.eng.netns, "apply", "-f", file],
                stdout=subprocess.DEVNULL)
        return state["proc"].poll() is None

    with Capture(lab) as capture:
        talk(crowd(names=names), meanwhile)
        talk(crowd(2, names))
        rows = capture.stop(0.3)
    expect("exit status of apply", state["proc"].returncode, 0)
    after = accounts()
    check(before, after, rows, None, names)
    check_devices(before, after, rows)
    for n in (1, 2):
        require(handed(rows, rows, f"fw{n}")["forward"][0],
                f"firewall {n} was never used")
    gone = {k: v - drops.get(k, 0) for k, v in pe.drops().items()
            if v != drops.get(k, 0)}
    require(set(gone) <= {"wrong-place"}, f"dropped: {gone}")
    # Steps whose device stayed go on counting, the new one began.
    for f in FAMILIES:
        there, back = of_service(rows, f, "alt")
        was, now = (a[0][f"alt{f.name}"]["sequence"] for a in (before, after))
        expect("step web2", {way: grown(was[1], now[1], way) for way in WAYS},
               handed(there, back, "web2"))
        expect("step fw2", {way: (now[0][way]["packets"], now[0][way]["bytes"])
                            for way in WAYS}, handed(there, back, "fw2"))


@suite.case(*FAMILIES)
def fragments_of_a_service_by_port(f):
    """A datagram counts once and whole, in whatever pieces it comes."""
    before = pe.counters(f"dns{f.name}")
    with Capture(lab) as capture:
        flow.udp(f, u1, f.U1, flow.port(), (f.W1, 53), webs[2], (f.W1, 53), 5,
                 4000)
        rows = capture.stop()
    require(len([r for r in rows if r.frag and r.link == "i0"]) >= 20,
            "no fragments were sent")
    whole = fragment.whole(rows)
    expect("datagrams", len([r for r in whole if r.link == "i0"]), 10)
    size = (5, 5 * (f.header + 8 + 4000))
    after = pe.counters(f"dns{f.name}")
    expect("counters", {k: (after[k][0] - before[k][0],
                            after[k][1] - before[k][1]) for k in after},
           dict.fromkeys(after, size))


@suite.case(*FAMILIES)
def fragments_of_a_service_of_all(f):
    """They are steered one by one, and so each of them counts."""
    before = pe.counters(f"any{f.name}")
    with Capture(lab) as capture:
        flow.udp(f, u1, f.U1, flow.port(), (f.W3, 9), webs[1], (f.W3, 9), 5,
                 4000)
        rows = capture.stop()
    after = pe.counters(f"any{f.name}")
    wanted = add(rows, lambda r: (r.link, r.dir, r.daddr) ==
                 ("i0", "in", f.W3))
    expect("fragments", wanted[0], 15)
    for key in ("forward", (0, "forward"), (1, "forward")):
        expect(str(key), (after[key][0] - before[key][0],
                          after[key][1] - before[key][1]), wanted)
    wanted = add(rows, lambda r: (r.link, r.dir, r.saddr) ==
                 ("i0", "out", f.W3))
    for key in ("reverse", (0, "reverse"), (1, "reverse")):
        expect(str(key), (after[key][0] - before[key][0],
                          after[key][1] - before[key][1]), wanted)


echoes = []


def setup():
    pe.start(conf(1))
    for f, (name, (proto, ports, devices)) in product(FAMILIES,
                                                      SERVICES.items()):
        echoes.extend(Echo(SERVER[devices[-1]], f, proto, port)
                      for port in ports)


suite.run(setup)
