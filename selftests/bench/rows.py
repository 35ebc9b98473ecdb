# SPDX-License-Identifier: GPL-2.0-only
"""What is measured: lines of the table."""
import ipaddress
import json
import os
import sys

import rules
from bed import LOOP, Bed, run, settle
from lib import engine
from lib.addr import ENGINE, F4, F6, mac
from traffic import CLIENT, COUNT, PORT, RUNS, Flow, Lost, Result

SPAN = 16               # services that a row goes through where there are many
QUIET = 15              # seconds until new interfaces have said everything
PORTS = 6               # of a bed that carries the engine
DEVICE = 0x10           # chained device k is host DEVICE + k on its port
CHAINS = (1, 2, 4, 8)
TARGET = "192.0.2.1"
NO_SERVICE = {F4: "10.64.0.1", F6: "2001:db8:64::1"}
VIPS = {F4: "10.128.0.0", F6: "2001:db8:2::"}

# Kinds of access lists, and how long they are.
LISTS = {"ports": "of a prefix and a port", "mixed": "as of a firewall"}
LENGTHS = (10, 1000, 100000)

FEW = 1024              # flows that a service with little room remembers

ONE = {"p1": 1}         # every packet comes out there


def vip(number, family=F4):
    """The address of service number."""
    return str(ipaddress.ip_address(VIPS[family]) + number)


class Plain:
    """A line about what is not the engine."""

    def __init__(self, name, text, prepare, sinks=None, family=F4, ports=3,
                 inside=False):
        self.name, self.text, self.prepare = name, text, prepare
        self.sinks, self.ports = sinks or ONE, ports
        self.inside = inside            # the sinks are the bed's
        self.flow = Flow(NO_SERVICE[F6] if family.v6 else TARGET, family)

    def measure(self):
        bed = Bed(self.ports)
        undo = self.prepare(bed)
        settle(QUIET)
        result = Result(self.flow, self.sinks, bed if self.inside else None)
        if undo:
            undo()
        bed.close()
        return result


def floor(bed, **params):
    """Load the module in the bed."""
    words = [f"{key}={value}" for key, value in params.items()]
    bed.run(["insmod", os.environ["FLOOR_KO"], *words])
    return lambda: run(["rmmod", "floor"])


def one_floor(bed):
    return floor(bed, out="i1", lladdr=mac(1, 1))


def floor_copy(bed):
    return floor(bed, out="i1", lladdr=mac(1, 1), copy="i2")


def floor_walk(hops):
    return lambda bed: floor(bed, out="i1", lladdr=mac(1, 1), loop=f"i{LOOP}",
                             hops=hops)


def generator(bed):
    bed.run(["tc", "-batch", "-"], "qdisc add dev i0 ingress\n"
            "filter add dev i0 ingress matchall action drop\n")


def nft_fwd(bed):
    bed.nft("add table netdev t\n"
            "add chain netdev t c { type filter hook ingress device i0 "
            "priority 0; }\n"
            f"add rule netdev t c ip daddr {TARGET} fwd ip to "
            f"{F4.host(1, 1)} device i1\n")


def tc_redirect(bed):
    bed.run(["tc", "-batch", "-"], "qdisc add dev i0 ingress\n"
            f"filter add dev i0 ingress protocol ip flower dst_ip {TARGET} "
            f"action skbmod set dmac {mac(1, 1)} set smac {mac(1, ENGINE)} "
            "pipe action mirred egress redirect dev i1\n")


def forward(bed):
    pass


def ipvs(how):
    def prepare(bed):
        bed.ip(f"addr add {TARGET}/32 dev lo")
        bed.run(["ipvsadm", "-R"], f"-A -u {TARGET}:{PORT} -s rr\n"
                f"-a -u {TARGET}:{PORT} -r {F4.host(1, 1)}:{PORT} {how}\n")
    return prepare


def conntrack(bed):
    bed.nft("add table ip t\n"
            "add chain ip t c { type filter hook forward priority 0; }\n"
            "add rule ip t c ct state new,established,related accept\n")


def policy(bed):
    bed.ip("rule add fwmark 1 table 100",
           f"route add default via {F4.host(1, 2)} table 100")
    bed.nft("add table ip t\n"
            "add chain ip t c { type filter hook prerouting priority "
            "mangle; }\n"
            f"add rule ip t c ip daddr {TARGET} udp dport {PORT} "
            "meta mark set 1\n")


def nft_rules(number, shape):
    def prepare(bed):
        bed.nft("".join(rules.nft("ip", shape, number)))
    return prepare


PLAIN = [
    Plain("generator", "generator and drop", generator, {"i0": 1},
          inside=True),
    Plain("nft-fwd", "nftables netdev ingress, fwd", nft_fwd),
    Plain("floor", "floor: write a link-layer header, transmit", one_floor),
    Plain("tc", "tc flower, skbmod, mirred redirect", tc_redirect),
    Plain("forward", "plain forwarding", forward),
    Plain("ipvs-dr", "IPVS direct routing", ipvs("-g")),
    Plain("ipvs-nat", "IPVS NAT", ipvs("-m")),
    Plain("conntrack", "nftables conntrack, forward", conntrack),
    Plain("policy", "nftables mark, policy route", policy),
    *[Plain(f"nft-{shape}-{n}", f"nftables, {n} rules, {text}; forward",
            nft_rules(n, shape)) for shape, text in LISTS.items()
      for n in (10, 1000)],
    Plain("floor-copy", "floor that sends a clone too", floor_copy,
          {"p1": 1, "p2": 1}),
    *[Plain(f"floor-walk-{n}", f"floor, {n} hops to where packets come back",
            floor_walk(n), {"p1": 1, f"p{LOOP}": n}, ports=PORTS)
      for n in CHAINS],
    Plain("floor6", "floor, IPv6", one_floor, family=F6),
    Plain("forward6", "plain forwarding, IPv6", forward, family=F6),
]

DEVICES = f"""
device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 2)} \
inside dev i2 lladdr {mac(2, 2)}; }}
device timed {{ inline outside dev i1 lladdr {mac(1, 4)} \
inside dev i2 lladdr {mac(2, 4)}; measure; }}
device br {{ inline transparent outside dev i3 inside dev i4; }}
device ids {{ tap dev i2 lladdr {mac(2, 1)}; }}
device web2 {{ server dev i1 lladdr {mac(1, 3)} mode loopback; }}
pool webs {{ members web, web2; policy maglev; }}
pool first {{ members fw, br; policy failover; }}
""" + "".join(
    f"device d{k} {{ inline dev i{LOOP} lladdr {mac(LOOP, DEVICE + k)}; }}\n"
    for k in range(1, max(CHAINS) + 1)) + "".join(
    f"device nat{k} {{ server address 10.1.0.{k + 1} mode nat; }}\n"
    f"device nat6-{k} {{ server address 2001:db8:1::{k + 1:x} mode nat; }}\n"
    for k in range(SPAN))


class Ours:
    """A line about the engine: services that are alike, and a flow."""

    count = 0

    def __init__(self, name, text, sequence, sinks=None, family=F4,
                 miss=False, back=False, acl=None, answered=0, counted=None,
                 alone=False, **flow):
        self.name, self.text, self.sequence = name, text, sequence
        self.sinks, self.family = sinks or ONE, family
        self.miss, self.back = miss, back
        # Shape and number of rules.
        self.acl = acl
        # Flows that go both ways before it is measured; what every packet then
        # has to be counted as.
        self.answered, self.counted = answered, counted
        self.args = flow
        # Where many services are, it is not measured.
        self.alone = bool(alone or acl or counted)
        # Its services have these numbers.
        self.first = Ours.count
        Ours.count += SPAN

    def services(self, span):
        for k in range(span):
            yield (f"service {self.name}-{k} {{ "
                   f"vip {vip(self.first + k, self.family)} udp port {PORT}; "
                   f"sequence {self.sequence.format(k=k)}; }}\n")

    def lists(self):
        """The access list of its first service, if it has one."""
        if self.acl:
            yield from rules.acl(f"{self.name}-0", *self.acl, self.family,
                                 new=self.args.get("new", False))

    def flow(self, span):
        service = vip(self.first, self.family)
        if self.miss:
            service = NO_SERVICE[self.family]
        if self.back:
            return Flow(CLIENT[self.family], self.family, service, span=span,
                        **self.args)
        return Flow(service, self.family, span=span, **self.args)

    def answer(self):
        """Flows that are there first, and are answered."""
        if not self.answered:
            return
        service = vip(self.first, self.family)
        Flow(service, self.family, src_ports=self.answered).send(self.answered)
        Flow(CLIENT[self.family], self.family, service, port=1,
             dst_ports=self.answered).send(self.answered)

    def counts(self, bed):
        if not self.counted:
            return 0
        return json.loads(bed.run([engine.PECTL, "-j", "stats"]))[
            "flow_counts"][self.counted]

    def measure(self, bed):
        """With one service."""
        self.answer()
        before = self.counts(bed)
        result = Result(self.flow(1), self.sinks)
        counted = self.counts(bed) - before
        if self.counted and counted < RUNS * COUNT:
            raise Lost(f"{counted} packets were counted as {self.counted}, "
                       f"not {RUNS * COUNT}")
        return result


def chain(count):
    """A sequence of so many devices and a server."""
    return ", ".join([*(f"d{k}" for k in range(1, count + 1)), "web"])


ENGINE_ROWS = [
    Ours("steer", "steer to a loopback server", "web"),
    Ours("inline", "steer to an inline device", "fw, web"),
    Ours("transparent", "steer to a transparent device", "br, web", {"p3": 1}),
    Ours("reply", "answer of a loopback server", "web", {"p0": 1}, port=1,
         back=True),
    Ours("nat", "server in mode nat", "nat{k}"),
    Ours("tap", "tap, then a loopback server", "ids, web", {"p1": 1, "p2": 1}),
    *[Ours(f"hop-{n}", f"from device {n} of a chain of {n} to the server",
           chain(n), port=LOOP, host=DEVICE + n) for n in CHAINS],
    *[Ours(f"walk-{n}", f"all the way through a chain of {n}", chain(n),
           {"p1": 1, f"p{LOOP}": n}) for n in CHAINS],
    Ours("miss", "no service's: forwarded", "web", miss=True),
    Ours("pool", "steer to one of a pool, by maglev", "webs"),
    Ours("failover", "steer to the first of a pool, inline", "first, web"),
    *[Ours(f"acl-{shape}-{n}", f"steer past {n} access rules {text}", "web",
           acl=(shape, n)) for shape, text in LISTS.items() for n in LENGTHS],
    Ours("measured", "steer to an inline device that is measured", "timed, web"),
    Ours("steer6", "steer to a loopback server, IPv6", "web", family=F6),
    *[Ours(f"acl-mixed-{n}-6", f"steer past {n} access rules "
           f"{LISTS['mixed']}, IPv6", "web", family=F6, acl=("mixed", n))
      for n in LENGTHS],
    Ours("nat6", "server in mode nat, IPv6", "nat6-{k}", family=F6),
    Ours("miss6", "no service's: forwarded, IPv6", "web", family=F6,
         miss=True),
    Ours("limit", "steer to a loopback server, under a limit",
         "web; limit packets 1000000000 bytes 1000000000000"),
    # The first packet takes what comes in within a minute.
    Ours("limit-over", "dropped, over a service's limit",
         "web; limit bytes 1", {"p1": 0}),
    Ours("quality", "steer to a loopback server, DSCP and mark set",
         "web; dscp 46; mark 7"),
    *[row for f, v6, said in ((F4, "", ""), (F6, "6", ", IPv6")) for row in (
        Ours(f"state{v6}", f"steer to one of a pool, a flow that is "
             f"remembered{said}", "webs; state", family=f),
        Ours(f"state-reply{v6}", f"answer of a server of a pool, likewise{said}",
             "webs; state", {"p0": 1}, family=f, port=1, back=True),
        Ours(f"state-new{v6}", f"steer to one of a pool, a new flow a "
             f"packet{said}", "webs; state", family=f, new=True,
             counted="made"),
        # Flows that nobody answers make room for their like, others do not.
        Ours(f"state-evict{v6}", f"likewise, each in the place of another{said}",
             f"webs; state flows {FEW}", family=f, new=True, counted="evicted"),
        Ours(f"state-over{v6}", f"likewise, no room for it{said}",
             f"webs; state flows {FEW}", family=f, new=True, answered=FEW,
             counted="over"),
    )],
    # The port of such a server is one service's.
    Ours("state-nat", "server in mode nat, a flow that is remembered",
         "nat{k}; state", alone=True),
    Ours("state-over-1", "likewise, where hardly a flow is remembered",
         "webs; state flows 1", new=True, answered=1, counted="over"),
    Ours("pool-new", "steer to one of a pool, by maglev, a new flow a packet",
         "webs", new=True),
    *[row for f, v6, said in ((F4, "", ""), (F6, "-6", ", IPv6")) for row in (
        Ours(f"steer-new{v6}", f"steer to a loopback server, a new flow a "
             f"packet{said}", "web", family=f, new=True),
        *[Ours(f"acl-{shape}-{n}-new{v6}", f"likewise, past {n} access rules "
               f"{text}{said}", "web", family=f, new=True, acl=(shape, n))
          for shape, text in LISTS.items() for n in LENGTHS])],
]
FILLERS = 4096          # services from here on are only there, each tenth IPv6

ROWS = PLAIN + ENGINE_ROWS


def configuration(number):
    """Lines of a configuration of so many services, all rows' among them."""
    own = [line for row in ENGINE_ROWS if not row.alone
           for line in row.services(SPAN)]
    if number < len(own):
        sys.exit(f"{number} services are fewer than the {len(own)} that the "
                 "rows have; give more")
    yield DEVICES
    yield from own
    for n in range(number - len(own)):
        address = vip(FILLERS + n, F4 if n % 10 else F6)
        yield (f"service s{n} {{ vip {address} udp port {PORT}; "
               "sequence web; }\n")
