# SPDX-License-Identifier: GPL-2.0-only
"""What was seen on the wires: frames, captures of several links at once, and
the comparison of what a packet met with the way it should have gone.

A capture listens at the far end of the engine's links, so "out" is what the
engine sent and "in" what it was sent; see Lab.points.
"""
import errno
import select
import socket
import struct
import time
from collections import namedtuple

from .addr import ENGINE, mac
from .ktap import PATIENCE, Fail

ETH_P_ALL = 0x0003
ETH_P_NSH = 0x894f
VXLAN_GPE = 4790
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_VNET_HDR = 15
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
STATUS_CSUMNOTREADY = 8
STATUS_CSUM_VALID = 128
STATUS_VLAN_VALID = 16

TCP, UDP, SCTP, ICMP, ICMP6, GRE = 6, 17, 132, 1, 58, 47
EXTENSIONS, AUTH = (0, 43, 51, 60), 51
ICMP6_TALK = (1, 2, 3, 4, 128, 129)     # the rest is neighbours' own talk

# The kernel starts to stamp packets some time after it was first asked to:
# ask at the start and never stop.
STAMPER = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
STAMPER.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

Row = namedtuple("Row", "time link dir smac dmac vlan proto saddr sport "
                 "daddr dport ttl flags length csum ident frag payload packets "
             "bytes df tos label", defaults=(0, None))


def inet_sum(data, start=0):
    """One's complement sum, folded, not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def pseudo(src, dst, proto, length):
    return inet_sum(src + dst + struct.pack("!II", length, proto))


def text_mac(raw):
    return ":".join(f"{byte:02x}" for byte in raw)


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC32C = crc32c_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def sctp_check(data, status):
    if status & STATUS_CSUMNOTREADY:
        return "partial"
    if len(data) < 12:
        return "none"
    field = struct.unpack_from("<I", data, 8)[0]
    right = crc32c(data[:8] + bytes(4) + data[12:])
    return "ok" if field == right else f"bad {field:#010x}"


def l4_check(proto, src, dst, data, status):
    """State of a transport checksum: ok, partial, none or what is wrong."""
    if proto == SCTP:
        return sctp_check(data, status)
    where = {TCP: 16, UDP: 6, ICMP6: 2, ICMP: 2}.get(proto)
    if where is None or len(data) < where + 2:
        return "none"
    field = struct.unpack_from("!H", data, where)[0]
    start = 0 if proto == ICMP else pseudo(src, dst, proto, len(data))
    if status & STATUS_CSUMNOTREADY:
        return "partial" if field == start else \
            f"bad partial {field:#06x} for {start:#06x}"
    if proto == UDP and field == 0 and len(src) == 4:
        return "none"
    return "ok" if inet_sum(data, start) == 0xffff else f"bad {field:#06x}"


def parse_l4(proto, data):
    """(sport, dport, flags, ident, payload) of a transport header."""
    if proto == TCP and len(data) >= 20:
        sport, dport, seq, ack, off, flags = struct.unpack_from("!HHIIBB", data)
        names = "".join(n for bit, n in enumerate("FSRPAUEC")
                        if flags >> bit & 1)
        payload = data[off >> 4 << 2:]
        return sport, dport, names, ("tcp", seq, ack, names, payload), payload
    if proto == UDP and len(data) >= 8:
        sport, dport = struct.unpack_from("!HH", data)
        return sport, dport, "", ("udp", data[8:]), data[8:]
    if proto == SCTP and len(data) >= 12:
        sport, dport, tag = struct.unpack_from("!HHI", data)
        return sport, dport, f"chunk{data[12] if len(data) > 12 else ''}", \
            ("sctp", data[4:8], data[12:]), data[12:]
    if proto in (ICMP, ICMP6) and len(data) >= 8:
        kind, code, _, rest = struct.unpack_from("!BBHI", data)
        return 0, 0, f"{kind}/{code}", ("icmp", kind, code, rest, data[8:]), \
            data[4:]
    return 0, 0, "", ("ip", proto, data), data


def parse_ip(data, status):
    """The IP part of a Row, or None where it is no IP packet."""
    version = data[0] >> 4 if data else 0
    csum = ""
    if version == 4 and len(data) >= 20:
        hlen = (data[0] & 15) * 4
        total, ident, frag = struct.unpack_from("!HHH", data, 2)
        total = total or len(data)          # a super-packet beyond 64 KiB
        ttl, proto = data[8], data[9]
        src, dst = data[12:16], data[16:20]
        if inet_sum(data[:hlen]) != 0xffff:
            csum = "bad header"
        more, offset = frag >> 13 & 1, frag & 0x1fff
        data = data[hlen:total]
    elif version == 6 and len(data) >= 40:
        length, proto, ttl = struct.unpack_from("!HBB", data, 4)
        src, dst = data[8:24], data[24:40]
        total = 40 + length
        data = data[40:total]
        more = offset = ident = 0
        while (proto in EXTENSIONS or proto == 44) and len(data) >= 8:
            if proto == 44:
                proto, _, frag, ident = struct.unpack_from("!BBHI", data)
                more, offset = frag & 1, frag >> 3
                data = data[8:]
                if offset:
                    break
            else:
                length = (data[1] + 2) * 4 if proto == AUTH else \
                    data[1] * 8 + 8
                proto, data = data[0], data[length:]
    else:
        return None
    af = socket.AF_INET6 if version == 6 else socket.AF_INET
    frag = (ident, offset, more) if more or offset else None
    if offset:
        l4 = (0, 0, "", ("frag", offset, data), data)
    else:
        l4 = parse_l4(proto, data)
    if not csum:
        csum = "none" if frag else l4_check(proto, src, dst, data, status)
    return (proto, socket.inet_ntop(af, src), l4[0], socket.inet_ntop(af, dst),
            l4[1], ttl, l4[2], total, csum, l4[3], frag, l4[4])


def parse_nsh(frame, start):
    """(ethertype, offset) of what is behind a network service header."""
    if len(frame) < start + 8:
        return None, start
    word, _, proto = struct.unpack_from("!HBB", frame, start)
    return {1: 0x0800, 2: 0x86dd}.get(proto), start + (word & 63) * 4


def parse_gpe(frame, data, *args):
    """The packet in a VXLAN-GPE tunnel, as if it were in the frame itself."""
    if len(data) < 8 or data[3] != 4:
        return None
    status, *rest, segment = args
    inner = frame[:12] + struct.pack("!H", ETH_P_NSH) + data[8:]
    row = parse(inner, status, *rest, segment=segment)
    if row and row.csum.startswith("bad partial"):  # it was the tunnel's
        row = parse(inner, 0, *rest, segment=segment)
    return row


def parse(frame, status=0, when=0, link="", direction="", vlan=None,
          segment=0):
    """A Row of a frame, or None where it is not what tests are about.

    segment is the payload of each packet a super-packet stands for."""
    ethertype = struct.unpack_from("!H", frame, 12)[0]
    start = 14
    while ethertype in (0x8100, 0x88a8):
        tci, ethertype = struct.unpack_from("!HH", frame, start)
        vlan, start = tci & 0xfff, start + 4
    if ethertype == ETH_P_NSH:
        ethertype, start = parse_nsh(frame, start)
    label = None
    if ethertype == 0x8847:
        entry = struct.unpack_from("!I", frame, start)[0]
        label, start = entry >> 12, start + 4
        if not entry & 0x100:               # more of them: none of ours
            return None
    elif ethertype not in (0x0800, 0x86dd):
        return None
    ip = parse_ip(frame[start:], status)
    if ip is None:
        return None
    if ip[0] == UDP and ip[4] == VXLAN_GPE:
        return parse_gpe(frame, ip[11], status, when, link, direction, segment)
    if ip[0] == ICMP6 and int(ip[6].split("/")[0] or 0) not in ICMP6_TALK:
        return None
    if ip[0] == 2 or (ip[0] == 0 and ip[3].startswith("ff02:")):
        return None
    payload = len(ip[11])
    packets = -(-payload // segment) if segment else 1
    ipv4 = frame[start] >> 4 == 4
    df = ipv4 and bool(frame[start + 6] & 0x40)
    tos = struct.unpack_from("!H", frame, start)[0] >> (0 if ipv4 else 4) & 0xff
    return Row(when, link, direction, text_mac(frame[6:12]),
               text_mac(frame[:6]), vlan, *ip, packets,
               ip[7] + (packets - 1) * (ip[7] - payload), df, tos, label)


def quoted(row):
    """(saddr, sport, daddr, dport, right) of the packet in an ICMP error;
    right is whether its header checksum and, where all of it is there and not
    offloaded, its transport's are."""
    data = row.payload[4:]
    inner = parse_ip(data, 0)
    if inner is None:
        raise Fail(f"no packet in the ICMP error: {data.hex()}")
    (_, saddr, sport, daddr, dport), csum = inner[:5], inner[8]
    return saddr, sport, daddr, dport, csum != "bad header" and \
        (csum in ("ok", "none") or not row_is_whole(data))


def row_is_whole(data):
    total = struct.unpack_from("!H", data, 2 if data[0] >> 4 == 4 else 4)[0]
    return len(data) >= total + (0 if data[0] >> 4 == 4 else 40)


def show(rows):
    out = []
    base = rows[0].time if rows else 0
    for r in rows:
        extra = (f" vlan {r.vlan}" if r.vlan is not None else "") + \
            (f" label {r.label}" if r.label is not None else "") + \
            (f" tos {r.tos:#04x}" if r.tos else "") + \
            (f" frag {r.frag}" if r.frag else "")
        out.append(f"{(r.time - base) * 1000:7.2f} ms {r.link:3} {r.dir:3} "
                   f"{r.smac} > {r.dmac} "
                   f"{r.saddr}:{r.sport} > {r.daddr}:{r.dport} "
                   f"proto {r.proto} ttl {r.ttl} {r.flags} len {r.length} "
                   f"csum {r.csum}{extra}")
    return "\n".join(out) or "(nothing)"


class Capture:
    """Listens on the given links of a lab (all of them by default)."""

    def __init__(self, lab, segments=None, points=()):
        self.rows = []
        self.socks = {}
        listen = {f"i{s}": lab.points[s] for s in segments or lab.points}
        listen.update({name: (node, dev) for name, node, dev in points})
        self.poll = select.poll()
        for link, (node, dev) in listen.items():
            # Bound from the start: none of another link's packets get in.
            sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            sock.setblocking(False)
            sock.bind((dev, ETH_P_ALL))
            self.socks[sock.fileno()] = (sock, link)
            self.poll.register(sock, select.POLLIN)

    def read(self, sock, link):
        while True:
            try:
                frame, anc, _, addr = sock.recvmsg(1 << 17, 256)
            except BlockingIOError:
                return
            except OSError as error:    # told once when the link goes down
                if error.errno != errno.ENETDOWN:
                    raise
                continue
            when, status, vlan = 0, 0, None
            for level, kind, data in anc:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data)
                    if status & STATUS_VLAN_VALID:
                        vlan = tci & 0xfff
                elif level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    sec, nsec = struct.unpack("qq", data)
                    when = sec + nsec / 1e9
            direction = "in" if addr[2] == PACKET_OUTGOING else "out"
            kind, _, segment = struct.unpack_from("<BHH", frame, 1)
            row = parse(frame[10:], status, when, link, direction, vlan,
                        segment if kind else 0)
            if row:
                self.rows.append(row)

    def more(self, quiet=0.05):
        """Take in what is there, until nothing came for a moment."""
        end = time.monotonic() + quiet
        while (left := end - time.monotonic()) > 0:
            before = len(self.rows)
            for fd, _ in self.poll.poll(left * 1000):
                self.read(*self.socks[fd])
            if len(self.rows) > before:
                end = time.monotonic() + quiet
        self.rows.sort(key=lambda row: row.time)
        return self.rows

    def wait(self, what, condition, timeout=5):
        """Until condition(rows) holds."""
        timeout *= PATIENCE
        end = time.monotonic() + timeout
        while not condition(self.more(0.02)):
            if time.monotonic() > end:
                raise Fail(f"no {what} within {timeout} s; seen:\n"
                           f"{show(self.rows)}")
        return self.rows

    def stop(self, quiet=0.1):
        """The rows in order of time; fails if the kernel lost any."""
        self.more(quiet)
        for sock, link in self.socks.values():
            packets, drops = struct.unpack("II", sock.getsockopt(
                SOL_PACKET, PACKET_STATISTICS, 8))
            sock.close()
            if drops:
                raise Fail(f"capture on {link} lost {drops} of {packets}")
        self.socks = {}
        return self.rows

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock, _ in self.socks.values():
            sock.close()


class Hop(namedtuple("Hop", "link dir smac dmac src dst ttl copy vlan "
                     "label dscp", defaults=(None, None))):
    """A line of a scenario's table: where a packet is seen and how."""

    def matches(self, row):
        return (row.link == self.link and row.dir == self.dir and
                (self.smac is None or row.smac == self.smac) and
                row.dmac == self.dmac and row.vlan == self.vlan and
                row.label == self.label and
                self.dscp in (None, row.tos >> 2) and
                (row.saddr, row.sport) == self.src and
                (row.daddr, row.dport) == self.dst and row.ttl == self.ttl)

    def text(self):
        return (f"{self.link:3} {self.dir:3} {self.smac} > {self.dmac} "
                f"{self.src[0]}:{self.src[1]} > {self.dst[0]}:{self.dst[1]} "
                f"ttl {self.ttl}" + (" copy" if self.copy else "") +
                "".join(f" {what} {value}" for what, value in
                        (("vlan", self.vlan), ("label", self.label),
                         ("dscp", self.dscp)) if value is not None))


def put(segment, number, src, dst, ttl, copy=False, vlan=None, label=None,
        dscp=None):
    """Engine to host: what leaves the engine on a segment."""
    return Hop(f"i{segment}", "out", mac(segment, ENGINE),
               mac(segment, number), src, dst, ttl, copy, vlan, label, dscp)


def got(segment, number, src, dst, ttl, vlan=None, label=None, dscp=None):
    """Host to engine."""
    return Hop(f"i{segment}", "in", mac(segment, number),
               mac(segment, ENGINE), src, dst, ttl, False, vlan, label, dscp)


def check_walk(rows, *paths, count=None, csum=None, ordered=True):
    """Every row belongs to a hop, every hop of a path saw the same packets
    in the same order, and each packet met the hops in the order given.
    Checksums are right; csum says whether all are full ("ok") or "partial".
    Where both ends send at the same time on several CPUs, packets may overtake
    each other: ordered is False, and each is looked at by itself.
    """
    if not ordered:
        rows = sorted(rows, key=lambda row: (str(row.ident), row.time))
    seen = {}
    stray = []
    for row in rows:
        if row.csum.startswith("bad") or csum and row.csum != csum:
            raise Fail(f"checksum:\n{show([row])}")
        for number, path in enumerate(paths):
            hit = [n for n, hop in enumerate(path) if hop.matches(row)]
            if hit:
                seen.setdefault((number, hit[0]), []).append(row)
                break
        else:
            stray.append(row)
    table = "\n".join(f"{len(seen.get((p, h), []))} x {hop.text()}"
                      for p, path in enumerate(paths)
                      for h, hop in enumerate(path))
    if stray:
        raise Fail(f"these are no hops of the way:\n{show(stray[:12])}\n"
                   f"the way:\n{table}")
    for number, path in enumerate(paths):
        first = seen.get((number, 0), [])
        if not first or (count is not None and len(first) != count):
            raise Fail(f"{count or 'some'} packets should enter at "
                       f"{path[0].text()}, {len(first)} did\n{table}")
        last = first
        for index in range(1, len(path)):
            here = seen.get((number, index), [])
            if [r.ident for r in here] != [r.ident for r in first]:
                raise Fail(f"not the same packets at {path[index].text()}:\n"
                           f"{show(here)}\nas at {path[0].text()}:\n"
                           f"{show(first)}\nthe way:\n{table}")
            for before, after in zip(last, here):
                if after.time < before.time:
                    raise Fail("out of order:\n" + show([before, after]))
            if not path[index].copy:
                last = here
    return seen
