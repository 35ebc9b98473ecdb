#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""20: a firewall takes the place of another in every service, in one commit,
under load, and back again.

    u1 --- i0 [eng] i1 --+-- fw1 outside, of nftables
                         +-- fw2 outside, of nftables
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --- web

The firewalls count what they let pass, and what they should not have seen.
"""
import subprocess
import time
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.echo import Echo, Loop
from lib.ktap import Fail, Suite, diag, expect, poll, require
from lib.lab import Lab

ROUNDS = 12
CHUNK = 4000
RULES = """
table inet fw {
    counter asked { }
    counter answered { }
    counter denied { }
    chain forward {
        type filter hook forward priority filter; policy drop;
        iifname out0 oifname in0 meta l4proto { tcp, udp } th dport 80 counter name asked accept
        iifname in0 oifname out0 meta l4proto { tcp, udp } th sport 80 counter name answered accept
        counter name denied drop
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
firewalls = {n: lab.router(f"fw{n}", 1, 2, n, nft=RULES) for n in (1, 2)}
web = lab.server("web", 3)
pe = engine.Engine(lab)
SERVICES = [f"{p}{f.name}" for f, p in product(FAMILIES, ("tcp", "udp"))]

CONF = "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + f"""
device with {{ tap dev i2 lladdr {mac(2, 9)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
service other {{ vip {FAMILIES[0].W2}; sequence web; }}
service both {{ vip {FAMILIES[0].W3}; sequence with, web; }}
""" + "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
              f"sequence fw1, web; }}\n"
              for f, p in product(FAMILIES, ("tcp", "udp")))


class Datagrams(Echo):
    def __init__(self, f):
        super().__init__(f, u1, [web], (f.W1, 80))

    def go(self):
        while self.waits() < 16:
            self.send()

    def idle(self):
        return not self.waits()

    def is_enough(self):
        return self.sent > 10 * ROUNDS

    def check(self):
        expect("answers once each", sorted(self.back), list(range(self.sent)))


class Stream:
    """A connection whose server sends back what it gets."""

    def __init__(self, f):
        with flow.bound(web, f, flow.STREAM, f.W1, 80) as listener:
            listener.listen(1)
            self.client = flow.bound(u1, f, flow.STREAM, f.U1, flow.port())
            self.client.connect((f.W1, 80))
            self.server, _ = listener.accept()
        self.todo = {self.server: self.serve, self.client: self.take}
        self.sent = self.back = 0

    def go(self):
        if self.idle():
            self.client.sendall(self.data(self.sent, CHUNK))
            self.sent += CHUNK

    @staticmethod
    def data(start, length):
        return bytes((n >> 3) & 0xff for n in range(start, start + length))

    def serve(self):
        self.server.sendall(self.server.recv(65536))

    def take(self):
        data = self.client.recv(65536)
        expect("data", data, self.data(self.back, len(data)))
        self.back += len(data)

    def idle(self):
        return self.sent == self.back

    def is_enough(self):
        return self.sent > 10 * CHUNK

    def check(self):
        expect("bytes back", self.back, self.sent)

    def close(self):
        for sock in self.todo:
            sock.close()


def passed(number):
    """What a firewall counted: asked, answered, denied."""
    out = firewalls[number].run(["nft", "list", "counters"]).split()
    return [int(out[n + 1]) for n, word in enumerate(out) if word == "packets"]


def swap(number):
    args = ("device", "replace", f"fw{number}", "with", f"fw{3 - number}")
    return subprocess.Popen([engine.PECTL, "-n", lab.eng.netns, *args],
                            stdout=subprocess.PIPE, text=True)


def totals():
    """Packets of all services: from clients, to the server, from it, to them."""
    shown = [pe.counters(name) for name in SERVICES]
    return [sum(one[key][0] for one in shown)
            for key in ("forward", (1, "forward"), (1, "reverse"), "reverse")]


def growth(func, before):
    return [a - b for a, b in zip(func(), before)]


def handed():
    """Packets that the engine handed to the firewalls, each way."""
    shown = [pe.device_counters(f"fw{n}") for n in (1, 2)]
    return [sum(one[way][0] for one in shown) for way in engine.WAYS]


def load(flows):
    """Traffic until there were enough rounds, and enough of it, and everything
    is answered. How often one took the place of the other."""
    loop, rounds, proc = Loop(flows), 0, None
    last, more = time.monotonic(), True
    while more or not all(one.idle() for one in flows):
        if proc and proc.poll() is not None:
            expect("what pectl says", proc.communicate()[0],
                   "4 services changed\n")
            rounds, proc, last = rounds + 1, None, time.monotonic()
            more = rounds < ROUNDS or not all(one.is_enough() for one in flows)
        require(time.monotonic() - last < 2 * flow.TIMEOUT and
                rounds < 20 * ROUNDS, "something is lost")
        if more:
            proc = proc or swap(rounds % 2 + 1)
            for one in flows:
                one.go()
        loop.turn()
    return rounds


@suite.case()
def back_and_forth_under_load():
    lab.offloads("off")
    # There always are packets inside.
    for node in firewalls.values():
        for dev in ("out0", "in0"):
            node.run(["tc", "qdisc", "add", "dev", dev, "root", "netem",
                      "delay", "10ms", "limit", "10000"])
    flows = [kind(f) for f in FAMILIES for kind in (Datagrams, Stream)]
    drops, before, given = pe.drops(), totals(), handed()
    counted = {n: passed(n) for n in firewalls}
    rounds = load(flows)
    for one in flows:
        one.check()

    def seen():
        """What the services, the engine and the firewalls counted."""
        shares = {n: growth(lambda n=n: passed(n), counted[n]) for n in firewalls}
        return growth(totals, before), growth(handed, given), shares

    def agree(totals_now, handed_now, shares):
        asked, to_server, answered, to_clients = totals_now
        through = [sum(one) for one in zip(*shares.values())]
        return (to_server, to_clients) == (asked, answered) and \
            handed_now == [asked, answered] and through == [asked, answered, 0]

    # Of TCP's last acknowledgements some may be inside, or still to come.
    try:
        poll("agreement", lambda: agree(*seen()))
    except Fail as error:
        raise Fail(f"{error}: {seen()}") from None
    (asked, _, answered, _), _, shares = seen()
    diag(f"{asked} packets there, {answered} back, {rounds} times replaced")
    pe.check_drops(drops)
    for n, one in shares.items():
        require(min(one[:2]) > 0, f"firewall {n} was never used: {one}")
    for one in flows:
        one.close()


def refused(status, sentence, *args):
    before = pe.generation()
    seen, _, err = pe.try_pectl(*args)
    expect("exit status", seen, status)
    require(sentence in err, f"no {sentence!r} in:\n{err}")
    expect("generation", pe.generation(), before)


@suite.case()
def is_refused():
    pe.apply(CONF)
    for args, status, sentence in (
            ("fw3 with fw1", engine.REFUSED, "there is no device fw3"),
            ("fw1 with fw3", engine.REFUSED, "there is no device fw3"),
            ("fw2 with fw1", engine.REFUSED, "no service and no pool uses device fw2"),
            ("fw1 with fw1", engine.USAGE, "is to take its own place"),
            ("fw1 with web", engine.REFUSED, "is a server, which ends a sequence"),
            ("fw1 with", engine.USAGE, "needs the name of a device")):
        refused(status, sentence, "device", "replace", *args.split())
    refused(engine.REFUSED, "is at generation", "--generation", "1", "device",
            "replace", "fw1", "with", "fw2")


@suite.case()
def says_what_it_did():
    pe.apply(CONF)
    swapped = ("device", "replace", "fw1", "with", "fw2")
    before = pe.pectl("show")
    expect("check", pe.pectl("--check", *swapped),
           "would be: 4 services changed\n")
    expect("configuration", pe.pectl("show"), before)
    expect("JSON", pe.json(*swapped), {"version": 1, "changed": 4})
    expect("configuration", pe.pectl("show"),
           before.replace("sequence fw1", "sequence fw2"))


@suite.case()
def in_a_pool():
    """Also where a service has it by a pool, in the same transaction."""
    pe.apply(CONF)
    before = pe.generation()
    pe.batch("pool fws { members fw1 weight 3; policy maglev; }\n"
             "pool other { members fw1; policy failover; }\n")
    expect("answer", pe.pectl("device", "replace", "fw1", "with", "fw2"),
           "4 services and 2 pools changed\n")
    expect("generation", pe.generation(), before + 2)
    expect("members", {p["name"]: p["members"] for p in
                       pe.json("pool", "show")["pools"]},
           {"fws": [{"device": "fw2", "weight": 3}], "other": [{"device": "fw2", "weight": 1}]})


@suite.case()
def a_device_named_with():
    """The word in the middle is one only there."""
    pe.apply(CONF)
    expect("answer", pe.pectl("device", "replace", "with", "with", "fw1"),
           "1 service changed\n")
    expect("sequence", pe.service("both")["sequence"][0]["device"], "fw1")
    pe.pectl("device", "replace", "with", "tap", "dev", "i1", "lladdr",
             mac(1, 9))
    pe.pectl("device", "del", "with")


@suite.case()
def beside_other_writers():
    """What another writer changes meanwhile is neither lost nor in the way."""
    pe.apply(CONF)
    f = FAMILIES[0]
    other = [subprocess.Popen([engine.PECTL, "-n", lab.eng.netns, "service",
                               "replace", f"new{n}", "vip", f.vip(40 + n),
                               "sequence", "fw1,", "web"]) for n in range(4)]
    procs = [swap(1), *other]
    for proc in procs:
        require(proc.wait(60) == 0, "somebody was refused")
        if proc.stdout:
            proc.stdout.close()
    services = pe.json("service", "show")["services"]
    expect("services", len(services), len(SERVICES) + 2 + len(other))
    for one in services:
        if one["name"] in SERVICES:
            expect("device", one["sequence"][0]["device"], "fw2")


suite.run(lambda: pe.start(CONF))
