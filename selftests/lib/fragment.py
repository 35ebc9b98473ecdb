# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams in fragments: cut by hand, and put together from what was seen."""
from . import packet
from .ktap import Fail
from .wire import show

MORE4, DF4, MORE6 = 0x2000, 0x4000, 0x8000


def cut(whole, size, ident, df=False):
    """The fragments of an IP packet, each with size bytes of data but the
    last."""
    v6 = whole[0] >> 4 == 6
    start, proto = (40, whole[6]) if v6 else ((whole[0] & 15) * 4, whole[9])
    ttl = whole[7] if v6 else whole[8]
    options = b"" if v6 else whole[20:start]
    src, dst = (packet.text_addr(whole[8 + 16 * n:24 + 16 * n] if v6 else
                                 whole[12 + 4 * n:16 + 4 * n]) for n in (0, 1))
    data, out = whole[start:], []
    for at in range(0, len(data), size):
        frag = at // 8 | (DF4 if df else 0)
        if at + size < len(data):
            frag |= MORE6 if v6 else MORE4
        out.append(packet.ip(src, dst, proto, data[at:at + size], ttl=ttl,
                             ident=ident, frag=frag, options=options))
    return out


def key(row):
    return (row.link, row.dir, row.smac, row.dmac, row.vlan, row.saddr,
            row.daddr, row.proto, row.frag[0])


def join(parts):
    """The row of the datagram that these are the fragments of."""
    parts = {row.frag[1] * 8: row for row in parts}
    if 0 not in parts:
        return None
    first = parts[0]
    # What of the first fragment is no payload of the transport's.
    head = min((at for at in parts if at), default=0) - len(first.payload)
    data, at = first.payload, head + len(first.payload)
    while at in parts:
        data += parts[at].payload
        last, at = parts[at], at + len(parts[at].payload)
    if len(parts) < 2 or last.frag[2]:
        return None
    return first._replace(
        frag=None, payload=data, ident=(*first.ident[:-1], data), csum="none",
        length=first.length - len(first.payload) + len(data))


def whole(rows):
    """The rows with each datagram for its fragments, at the time of the first
    of them; fails where one of them is missing."""
    open_, out = {}, []
    for row in rows:
        if not row.frag:
            out.append(row)
            continue
        parts = open_.setdefault(key(row), [])
        parts.append(row)
        joined = join(parts)
        if joined:
            out.append(joined._replace(time=parts[0].time))
            del open_[key(row)]
    for parts in open_.values():
        raise Fail(f"of a datagram there is only\n{show(parts)}")
    return sorted(out, key=lambda row: row.time)


def pieces(rows, link, direction="out"):
    """Sizes of the fragments on a link."""
    return [row.length for row in rows if row.frag and
            (row.link, row.dir) == (link, direction)]
