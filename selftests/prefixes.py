#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Client prefixes at random: the longest one has the packet, as a look at all
of them one by one says.

    u1 --- i0 [eng] i1 --- box (one-armed)
"""
import ipaddress
import os
import random

from lib import engine
from lib.addr import FAMILIES, mac
from lib.genl import PE, Genl, attr, attrs_of, text, u8, u16
from lib.ktap import Suite, diag, expect
from lib.lab import Lab

suite = Suite(__doc__)
lab = Lab(suite)
lab.client("u1")
lab.one_armed("box", 1, 1)
pe = engine.Engine(lab)

SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
PREFIXES, PROBES = 400, 300
DEVICE = f"device box {{ inline dev i1 lladdr {mac(1, 1)}; }}\n"
HOST = {4: "192.0.2.99", 6: "2001:db8:2::99"}


def prefixes(rng, v6):
    """{network: name}, crowded, of every length from 0 on."""
    bits = 128 if v6 else 32
    base = int(ipaddress.ip_address("2001:db8::" if v6 else "198.51.0.0"))
    out = {}
    while len(out) < PREFIXES:
        length = rng.choice((rng.randrange(bits + 1), bits, bits - 8, 16))
        number = base | rng.getrandbits(16) << rng.choice((0, 0, bits // 4))
        number &= (1 << bits) - (1 << bits - length)
        net = (ipaddress.IPv6Network if v6 else
               ipaddress.IPv4Network)((number, length))
        if not length or not (net.is_multicast or net.is_loopback or
                              net.is_link_local):
            out.setdefault(net, f"{'s' if v6 else 'f'}{len(out)}")
    return out


def config(nets):
    return "".join(f"service {name} {{ client {net}; sequence box; }}\n"
                   for net, name in nets.items())


def longest(nets, *addrs):
    """The service of the first of the addresses that is in the longest."""
    best, name = -1, None
    for addr in addrs:
        for net in nets:
            if addr in net and net.prefixlen > best:
                best, name = net.prefixlen, nets[net]
    return name


def probe(rng, nets):
    net = rng.choice(list(nets))
    number = int(net.network_address) | rng.getrandbits(
        net.max_prefixlen - net.prefixlen)
    number ^= rng.choice((0, 0, 1 << rng.randrange(net.max_prefixlen)))
    return (ipaddress.IPv6Address if net.version == 6 else
            ipaddress.IPv4Address)(number)


def explained(sock, source):
    """Service and direction of a packet from the source to a host."""
    away = ipaddress.ip_address(HOST[source.version])
    reply = sock.ask(PE.PE_CMD_EXPLAIN,
                     attr(PE.PE_EXPLAIN_SADDR, source.packed),
                     attr(PE.PE_EXPLAIN_DADDR, away.packed),
                     attr(PE.PE_EXPLAIN_PROTO, u8(17)),
                     attr(PE.PE_EXPLAIN_DPORT, u16(53)),
                     attr(PE.PE_EXPLAIN_IIF, "i0"))
    for kind, value in reply[0].attrs:
        if kind == PE.PE_EXPLAIN_HOP:
            hop = dict(attrs_of(value))
            return text(hop[PE.PE_HOP_SERVICE]) \
                if PE.PE_HOP_SERVICE in hop else None
    return None


def usable(addr):
    """What explain takes as an address."""
    return not (addr.is_multicast or addr.is_loopback or addr.is_unspecified or
                addr.is_link_local and addr.version == 6 or
                addr.version == 4 and int(addr) >> 24 in (0, 127, 255))


def judge(rng, nets, what):
    away = ipaddress.ip_address(HOST[next(iter(nets)).version])
    with Genl(lab.eng) as sock:
        for _ in range(PROBES):
            source = probe(rng, nets)
            if not usable(source):
                continue
            # The longer of both prefixes has it, of two as long the sender's.
            wanted = longest(nets, source, away)
            expect(f"{what}: service of {source}", explained(sock, source),
                   wanted)


@suite.case(*FAMILIES)
def as_one_by_one(f):
    rng = random.Random(f"{SEED} {f}")
    diag(f"seed {SEED}")
    nets = prefixes(rng, f.v6)
    pe.apply(DEVICE + config(nets))
    judge(rng, nets, "at first")
    # Some go, others come: in one transaction.
    for net in rng.sample(list(nets), PREFIXES // 2):
        del nets[net]
    for net, name in prefixes(rng, f.v6).items():
        if net not in nets and len(nets) < PREFIXES:
            nets[net] = f"n{name}"
    pe.apply(DEVICE + config(nets))
    judge(rng, nets, "after a change")
    expect("addresses", pe.json("stats")["addresses"], len(nets))
    pe.apply(DEVICE)
    expect("addresses", pe.json("stats")["addresses"], 0)


suite.run(lambda: pe.start(DEVICE))
