#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fragments without end, most of which never become a datagram.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web

Nothing of them stays: not when their time is up, not when module or namespace
goes while they are kept.
"""
import os
import random

from lib import engine, flow, fragment, packet
from lib.addr import FAMILIES, F4, mac
from lib.ktap import Fail, Suite, diag, expect, poll
from lib.lab import Lab

LONG = os.environ.get("TORTURE", "short") == "long"
SEED = int(os.environ.get("TORTURE_SEED") or
           int.from_bytes(os.urandom(4), "little"))

ROOM = 256 << 20

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
pe = engine.Engine(lab)
dice = random.Random(SEED)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}
service udp{f.name} {{ vip {f.W1} udp port 80; sequence fw, web; }}
service nat{f.name} {{ vip {f.W2} udp port 80; sequence fw, nat{f.name} port 81; }}
service sctp{f.name} {{ vip {f.W2} sctp port 80; sequence fw, nat{f.name} port 81; }}
""" for f in FAMILIES)


def soup(f):
    """Pieces of datagrams: lost, twice, overlapping, of any size, mixed."""
    out = []
    more = fragment.MORE6 if f.v6 else fragment.MORE4
    for ident in range(1, 4000 if LONG else 400):
        src = (f.U1, dice.randrange(1024, 65536))
        vip, proto = dice.choice(((f.W1, 17), (f.W2, 17), (f.W2, 132)))
        whole = packet.udp(src, (vip, 80), dice.randbytes(
            dice.choice((20, 200, 2000, 8000))))
        data = whole[f.header:]
        size = 8 * dice.randrange(1, 180)
        parts = [packet.ip(src[0], vip, proto, data[at:at + size], ident=ident,
                           frag=at // 8 | (more if at + size < len(data) else 0))
                 for at in range(0, len(data), size)][:200]
        for _ in range(dice.randrange(3)):
            parts.append(dice.choice(parts))
        if dice.random() < 0.3:
            parts.pop(dice.randrange(len(parts)))
        if dice.random() < 0.2:
            parts.append(packet.ip(src[0], vip, proto, bytes(
                dice.randrange(200)), ident=ident, frag=dice.randrange(65536) &
                (0x9fff if f.v6 else 0xffff) or 1))
        if dice.random() < 0.7:
            dice.shuffle(parts)
        if parts:
            out.append(parts)
    while out:                          # a few of them at a time
        some = out[:5]
        while some:
            parts = dice.choice(some)
            yield parts.pop(0)
            if not parts:
                some.remove(parts)
        del out[:5]


def pour(f):
    sent = 0
    with packet.Sender(u1, 0, 1) as sender:
        for part in soup(f):
            sender.send(part)
            sent += 1
    return sent


def kept():
    """Bytes of IPv4 that the engine's kernel keeps."""
    for line in lab.eng.run(["cat", "/proc/net/sockstat"]).splitlines():
        if line.startswith("FRAG:"):
            return int(line.split()[-1])
    raise Fail("no line FRAG in sockstat")


@suite.case(*FAMILIES)
def poured_in(f):
    # What the kernel keeps of them must leave room for the datagram at the end.
    lab.eng.write_sysctls({"ipv4/ipfrag_high_thresh": ROOM,
                           "netfilter/nf_conntrack_frag6_high_thresh": ROOM})
    for mtu in (1500, 1300):
        lab.eng.ip(f"link set i3 mtu {mtu}")
        sent = pour(f)
        diag(f"seed {SEED}: {sent} fragments; drops {pe.drops()}")
    lab.eng.ip("link set i3 mtu 1500")
    u, w = (f.U1, flow.port()), (f.W1, 80)
    flow.udp(f, u1, *u, w, web, w, 1, 5000)


@suite.case()
def nothing_is_kept_for_good():
    lab.eng.write_sysctls({"ipv4/ipfrag_time": 1})
    pour(F4)
    poll("end of all that is kept", lambda: not kept(), 60, 0.2)


@suite.case(*FAMILIES)
def unloaded_meanwhile(f):
    """What is kept is the kernel's; nobody misses the module."""
    pour(f)
    engine.unload()
    expect("loaded", engine.loaded(), False)
    engine.load()
    pe.apply(CONF)
    pour(f)


suite.run(lambda: pe.start(CONF))
