#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Configurations change at full speed under traffic.

On one processor clients send, on the other all services, and the devices they
share, change between two configurations, by netlink and by pectl, while others
read what is there. No packet is misdelivered; afterwards all services work.
"""
import random
import time

from lib import genl, packet
from lib.addr import F4, F6, FAMILIES, mac
from lib.genl import CREATE, PE, REPLACE, attr, u8, u16, u32
from lib.ktap import Suite, diag, expect, require
from races_lab import (FW, FW_IN, LONG, NATTED, SEED, SEQUENCES, STATE, Race,
                       conf, pooled, second_cpu, vip)

SECONDS = 300 if LONG else 12

suite = Suite(__doc__)
race = Race(suite)


def service(f, name, which):
    words = []
    for step in SEQUENCES[name][which]:
        inner = [attr(PE.PE_STEP_DEVICE, pooled(f, name, which, step))]
        if step == "port":
            inner.append(attr(PE.PE_STEP_PORT, u16(NATTED[step][1])))
        words.append(attr(PE.PE_SERVICE_STEP, inner))
    flows = STATE.get(name, (None, None))[which]
    if flows is not None:
        words.append(attr(PE.PE_SERVICE_STATE, [
            attr(PE.PE_STATE_FLOWS, u32(flows))] if flows else []))
    return [attr(PE.PE_SERVICE_NAME, name + f.name),
            attr(PE.PE_SERVICE_VIP, packet.raw_addr(vip(f, name))),
            attr(PE.PE_SERVICE_PROTO, u8(17)),
            attr(PE.PE_SERVICE_PORT, [attr(PE.PE_RANGE_FIRST, u16(80)),
                                      attr(PE.PE_RANGE_LAST, u16(80))]),
            *words]


def firewall(which):
    def side(f, segment):
        if which:
            return [attr(PE.PE_PORT_DEV, f"i{segment}"),
                    attr(PE.PE_PORT_VIA, packet.raw_addr(f.host(segment, 2)))]
        return [attr(PE.PE_PORT_DEV, f"i{segment}"),
                attr(PE.PE_PORT_LLADDR,
                     bytes.fromhex(mac(segment, 1).replace(":", "")))]

    return [attr(PE.PE_DEVICE_NAME, "fw"),
            attr(PE.PE_DEVICE_KIND, u32(PE.PE_DEVICE_KIND_INLINE)),
            attr(PE.PE_DEVICE_OUTSIDE, side(F4, FW)),
            attr(PE.PE_DEVICE_INSIDE, side(F6, FW_IN))]


def commit(sock, changes):
    sock.ask(PE.PE_CMD_TXN_BEGIN)
    for cmd, attrs in changes:
        sock.ask(cmd, *attrs, flags=CREATE | REPLACE)
    sock.ask(PE.PE_CMD_TXN_COMMIT)


@suite.case()
def by_transactions():
    """As fast as they are committed, the firewall with them."""
    count = 0
    names = [(f, name) for name in SEQUENCES for f in FAMILIES]
    whole = [[(PE.PE_CMD_DEVICE_NEW, firewall(which))] +
             [(PE.PE_CMD_SERVICE_NEW, service(f, name, which))
              for f, name in names] for which in (0, 1)]
    with race.traffic(), genl.Genl(race.lab.eng) as sock:
        end = time.monotonic() + SECONDS
        while race.goes_on(end, count > 20):
            commit(sock, whole[count & 1])
            count += 1
        commit(sock, whole[0])
    diag(f"{count} transactions")
    require(count > 20, "hardly anything changed")
    race.works()


@suite.case()
def one_by_one():
    """Single services, at random, each of them its own change."""
    dice = random.Random(SEED)
    count = 0
    names = [(f, name) for name in SEQUENCES for f in FAMILIES]
    with race.traffic(), genl.Genl(race.lab.eng) as sock, \
            genl.Genl(race.lab.eng) as reader:
        end = time.monotonic() + SECONDS
        while race.goes_on(end, count > 50):
            f, name = dice.choice(names)
            which = dice.randrange(2)
            sock.ask(PE.PE_CMD_SERVICE_NEW, *service(f, name, which),
                     flags=CREATE | REPLACE)
            if dice.random() < 0.1:
                sock.ask(PE.PE_CMD_SERVICE_DEL,
                         attr(PE.PE_SERVICE_NAME, name + f.name))
                sock.ask(PE.PE_CMD_SERVICE_NEW, *service(f, name, which),
                         flags=CREATE)
            if dice.random() < 0.05:
                reader.dump(PE.PE_CMD_SERVICE_GET,
                            attr(PE.PE_SERVICE_STATS, b""))
                reader.dump(PE.PE_CMD_DEVICE_GET)
                reader.dump(PE.PE_CMD_FLOW_GET)
            if dice.random() < 0.03:
                sock.ask(PE.PE_CMD_FLOW_FLUSH)
            count += 1
    diag(f"{count} changes")
    require(count > 50, "hardly anything changed")
    race.pe.apply(conf(0))
    race.works()


@suite.case()
def by_pectl():
    """Files are applied in turn, and everything is taken away between."""
    files = [race.pe.file(conf(which)) for which in (0, 1)]
    count = 0
    with race.traffic():
        end = time.monotonic() + SECONDS
        while race.goes_on(end, count):
            race.pe.pectl("apply", "-f", files[count & 1])
            if count % 8 == 7:
                race.pe.pectl("flush")
            elif count % 4 == 1:
                race.pe.pectl("flow", "flush")
                race.pe.pectl("flow", "show")
            count += 1
        race.pe.pectl("apply", "-f", files[0])
    diag(f"{count} files")
    expect("services", len(race.pe.json("show")["services"]),
           2 * len(SEQUENCES))
    race.works()


def setup():
    race.up()
    second_cpu()
    race.works()


suite.run(setup)
