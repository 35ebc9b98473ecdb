#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random configurations: applied, shown, applied again: identical.

    [eng] i1 to i7: ends of wires

PE_CONFIGS is how many, PE_SEED repeats a run.
"""
import json
import os
import random

from lib import engine
from lib.addr import F4, F6
from lib.ktap import Fail, Suite, diag, expect
from lib.lab import Lab

COUNT = int(os.environ.get("PE_CONFIGS", "1000"))
SEED = int(os.environ.get("PE_SEED", "0")) or random.randrange(1, 1 << 30)
PORTED = ("tcp", "udp", "sctp")
OWNERS = ("alice", "bob", "owner", "a.b-c_d")

suite = Suite(__doc__)
lab = Lab(suite)
for number in range(1, 8):
    lab.tap(f"end{number}", number)
pe = engine.Engine(lab)
rand = random.Random(SEED)

NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


def names(count):
    """Different ones; now and then as long as they may be, or a word of the
    language."""
    out = set()
    while len(out) < count:
        what = rand.random()
        if what < 0.1:
            out.add(rand.choice(("add", "device", "tcp", "port", "show", "vip",
                                 "sequence", "nat", "del", "service",
                                 "pool", "acl", "owner")))
        else:
            size = 31 if what < 0.2 else rand.randrange(1, 20)
            out.add(rand.choice(NAME[:-2]) +
                    "".join(rand.choice(NAME) for _ in range(size - 1)))
    return sorted(out)


class Config:
    """A configuration that the kernel must accept, in the form of show."""

    def __init__(self):
        self.hops = set()
        self.devices = {}               # name: (kind, text)
        self.pools = {}                 # name: (kind, members, text)
        self.acls = {}
        self.services = {}
        both = mixed(names(rand.randrange(1, 16)))
        count = rand.randrange(1, min(12, len(both)) + 1)
        for name in both[:count]:
            self.devices[name] = self.device()
        for name in both[count:]:
            self.pool(name)
        for name in names(rand.randrange(0, 4)):
            self.acls[name] = self.acl()
        for name in names(rand.randrange(0, 12)):
            text = self.service(len(self.services))
            if text:
                self.services[name] = text
        self.engine = self.limit()

    def port(self, dev):
        """dev and next hop; no two next hops are the same."""
        while True:
            what = rand.random()
            if what < 0.8:
                hop = "lladdr " + bytes(
                    [2] + [rand.randrange(256) for _ in range(5)]).hex(":")
            elif what < 0.9:
                hop = f"via 203.0.113.{rand.randrange(1, 255)}"
            else:
                hop = f"via 2001:db8:9::{rand.randrange(1, 1 << 16):x}"
            if hop not in self.hops:
                self.hops.add(hop)
                return f"dev {dev} {hop}"

    def device(self):
        kind, text = self.plain_device()
        measure = rand.random() < 0.2 and kind != "tap"
        return kind, text + self.owner() + measure * " measure;"

    def plain_device(self):
        kind = rand.choice(("loopback", "alias", "nat", "inline", "one-armed",
                            "tap"))
        dev = f"i{rand.randrange(1, 8)}"
        guard = rand.random() < 0.2
        if kind in ("loopback", "alias"):
            return "server", f"server {self.port(dev)} mode {kind};"
        if kind == "nat":
            f = rand.choice((F4, F6))
            addr = f"203.0.113.{rand.randrange(1, 255)}" if f is F4 else \
                f"2001:db8:7::{rand.randrange(1, 1 << 16):x}"
            return f"nat{f.name}", f"server address {addr} mode nat;" + \
                (" guard;" if guard else "")
        if kind == "tap":
            return "tap", f"tap {self.port(dev)};"
        if kind == "one-armed":
            return "inline", f"inline {self.port(dev)};"
        return "inline", f"inline outside {self.port(dev)} " \
            f"inside {self.port('i' + str(rand.randrange(1, 8)))};"

    @staticmethod
    def owner():
        return f" owner {rand.choice(OWNERS)};" if rand.random() < 0.3 else ""

    def pool(self, name):
        """Of devices of a kind that are where no other one is."""
        kind = rand.choice(("server", "inline", "tap"))
        members = mixed(self.of(kind))[:rand.randrange(1, 6)]
        if not members:
            return
        text = "members " + ", ".join(
            m + (f" weight {rand.randrange(2, 65536)}"
                 if rand.random() < 0.3 else "") for m in members)
        if rand.random() < 0.5:
            text += "; policy failover"
        else:
            text += "; policy maglev" + rand.choice(("", "; key client"))
        text += rand.choice(("", "", "; detect off",
                             "; detect packets 16 window 15ms",
                             "; detect packets 1 window 2s"))
        if kind == "server" and rand.random() < 0.2:
            text += "; oneway"
        text += rand.choice(("", "", "; revive", "; revive 1500ms"))
        self.pools[name] = kind, members, text + ";" + self.owner()

    def acl(self):
        rules = [self.rule() for _ in range(rand.randrange(0, 6))]
        rules.append(f"default {rand.choice(('permit', 'deny'))};")
        gap, end = ("\n\t", "\n") if len(rules) > 4 else (" ", " ")
        return "{" + self.owner() + "".join(gap + r for r in rules) + end + "}"

    def rule(self):
        f = rand.choice((F4, F6))
        proto = rand.choice(("", *PORTED, "icmpv6" if f.v6 else "icmp"))
        text = rand.choice(("permit", "deny")) + (proto and f" {proto}")
        if rand.random() < 0.5:
            text += f" from {f.vip(rand.randrange(1, 200))}"
        if rand.random() < 0.3:
            text += " to 2001:db8::/32" if f.v6 else " to 192.0.0.0/8"
        if proto in PORTED and rand.random() < 0.5:
            text += f" port {self.ranges()}"
        if proto == "tcp" and rand.random() < 0.5:
            text += " flags " + rand.choice(("syn,!ack", "!rst", "fin,ece"))
        if proto.startswith("icmp") and rand.random() < 0.5:
            text += f" type {rand.randrange(256)}"
        if rand.random() < 0.2:
            text += f" dscp {rand.randrange(64)}"
        if rand.random() < 0.2:
            text += f" iif i{rand.randrange(1, 8)}"
        return text + (" count;" if rand.random() < 0.2 else ";")

    def of(self, *kinds):
        return [n for n, (kind, _) in self.devices.items() if kind in kinds]

    def service(self, number):
        """Every one has an address of its own, so that none are in each
        other's way."""
        f = rand.choice((F4, F6))
        servers = self.of("server") + (
            self.of(f"nat{f.name}") if not self.services else [])
        middle = self.of("tap", "inline")
        rand.shuffle(middle)
        steps = middle[:rand.randrange(len(middle) + 1)]
        if not servers:
            return None
        server = rand.choice(servers)
        pools = {kind: rand.choice(found) for kind in ("inline", "server")
                 if (found := self.pools_of(kind)) and rand.random() < 0.5}
        for kind, name in pools.items():
            if kind == "inline":
                steps = [s for s in steps if s not in self.pools[name][1]]
                steps.insert(rand.randrange(len(steps) + 1), name +
                             rand.choice(("", " fail open")))
            else:
                server = name
        key = f"vip {f.vip(10 + number)}"
        what = rand.random()
        if what < 0.15:
            pass
        elif what < 0.25:
            key += " icmpv6" if f.v6 else " icmp"
        elif what < 0.35:
            key += f" proto {rand.choice((47, 50, 89, 253))}"
        elif what < 0.7:
            key += f" {rand.choice(PORTED)} port {rand.randrange(1, 65536)}"
            if rand.random() < 0.3 and server in self.devices:
                server += f" port {rand.randrange(1, 65536)}"
        else:
            key += f" {rand.choice(PORTED)} port " + self.ranges()
        if rand.random() < 0.2:
            key += f" iif i{rand.randrange(1, 8)}"
        acl = f" acl {rand.choice(list(self.acls))};" \
            if self.acls and rand.random() < 0.3 else ""
        return f"{key};{self.quality()} sequence " \
            f"{', '.join(steps + [server])};{acl}{self.limit()}{self.owner()}" \
            f"{self.state()}"

    def pools_of(self, kind):
        return [n for n, (k, _, _) in self.pools.items() if k == kind]

    @staticmethod
    def quality():
        most = {"dscp": 63, "dscp forward": 63, "dscp reverse": 63,
                "priority": (1 << 32) - 1, "mark": (1 << 32) - 1}
        return "".join(f" {word} {rand.randrange(n + 1)};"
                       for word, n in most.items() if rand.random() < 0.1)

    @staticmethod
    def limit(likely=0.1):
        parts = [f" {word} {rand.randrange(1, 10 ** rand.randrange(1, 13))}"
                 for word in ("packets", "bytes", "flows")
                 if rand.random() < likely]
        return f" limit{''.join(parts)};" if parts else ""

    @staticmethod
    def state():
        if rand.random() < 0.7:
            return ""
        return " state" + rand.choice((
            "", f" flows {rand.randrange(1, 1 << 24)}")) + rand.choice((
                "", f" timeout {rand.randrange(1, 86401)}s")) + ";"

    @staticmethod
    def ranges():
        marks = sorted(rand.sample(range(1, 65536), 2 * rand.randrange(1, 9)))
        return ",".join(f"{a}-{b}" if rand.random() < 0.6 else f"{a}"
                        for a, b in zip(marks[::2], marks[1::2]))

    def text(self):
        """In any order, but devices first, as they must be."""
        lines = [f"device {n} {{ {self.devices[n][1]} }}"
                 for n in mixed(self.devices)]
        lines += [f"pool {n} {{ {self.pools[n][2]} }}"
                  for n in mixed(self.pools)]
        lines += [f"acl {n} {self.acls[n]}" for n in mixed(self.acls)]
        lines += [f"service {n} {{ {self.services[n]} }}"
                  for n in mixed(self.services)]
        if self.engine:
            lines.append(f"engine {{{self.engine} }}")
        return "\n".join(lines) + "\n" if lines else ""


def mixed(items):
    items = list(items)
    rand.shuffle(items)
    return items


def show():
    """Without how devices are: members whose neighbour is nowhere are down."""
    return "".join(line for line in pe.pectl("show").splitlines(True)
                   if not line.startswith("\t#"))


@suite.case()
def applied_shown_applied_again():
    diag(f"PE_SEED={SEED} PE_CONFIGS={COUNT}")
    for number in range(COUNT):
        config = Config()
        text = config.text()
        status, _, err = pe.try_pectl("apply", "-f", "-", stdin=text)
        if status:
            raise Fail(f"number {number}: {err}\n{text}")
        shown = show()
        expect(f"number {number}, shown", sorted(shown.split("\n")),
               sorted(text.split("\n")))
        again = json.loads(pe.pectl("-j", "apply", "-f", "-", stdin=shown))
        expect(f"number {number}, applied again",
               {k: again[k] for k in ("added", "changed", "deleted")},
               {"added": 0, "changed": 0, "deleted": 0})
        expect(f"number {number}, shown again", show(), shown)


suite.run(lambda: pe.start(""))
