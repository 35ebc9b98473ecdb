# SPDX-License-Identifier: GPL-2.0-only
"""What captures count, in the words in which the engine does."""
from .wire import TCP, UDP


def total(rows, link, way, addr):
    """Packets and bytes on a link of what goes to (or comes from) addr."""
    rows = [r for r in rows if r.link == link and r.dir == way and
            addr in (r.saddr, r.daddr) and r.proto in (TCP, UDP)]
    return sum(r.packets for r in rows), sum(r.bytes for r in rows)


def to(rows, link, way, addr):
    return total([r for r in rows if r.daddr == addr], link, way, addr)


def source(rows, link, way, addr):
    return total([r for r in rows if r.saddr == addr], link, way, addr)


def growth(before, after):
    return {k: (after[k][0] - before[k][0], after[k][1] - before[k][1])
            for k in after}
