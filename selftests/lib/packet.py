# SPDX-License-Identifier: GPL-2.0-only
"""Frames made by hand, byte by byte, and sent as they are."""
import socket
import struct

from .addr import ENGINE, mac
from .wire import ICMP, ICMP6, TCP, UDP, inet_sum, pseudo

ETH_P = {4: 0x0800, 6: 0x86dd}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def raw_addr(addr):
    return socket.inet_pton(socket.AF_INET6 if ":" in addr
                            else socket.AF_INET, addr)


def text_addr(raw):
    return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16
                            else socket.AF_INET, raw)


def ether(src, dst, payload, vlan=None, ethertype=None, label=None):
    if label is not None:                   # the bottom of the stack
        payload = struct.pack("!I", label << 12 | 0x100 | 64) + payload
        ethertype = 0x8847
    head = bytes.fromhex(dst.replace(":", "") + src.replace(":", ""))
    if vlan is not None:
        head += struct.pack("!HH", 0x8100, vlan)
    if ethertype is None:
        ethertype = ETH_P[payload[0] >> 4]
    return head + struct.pack("!H", ethertype) + payload


def ip(src, dst, proto, payload, ttl=64, ident=0, frag=0, options=b"",
       length=None, tos=0):
    """frag is the 16 bits of flags and offset of IPv4; for IPv6 the offset in
    units of eight and, in bit 15, whether more follow. options are IPv4's, or
    IPv6's hop-by-hop options (a multiple of four, of eight less two)."""
    s, d = raw_addr(src), raw_addr(dst)
    if len(s) == 4:
        ihl = 5 + len(options) // 4
        head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, tos,
                           length or ihl * 4 + len(payload), ident, frag,
                           ttl, proto, 0, s, d) + options
        return head[:10] + struct.pack("!H", 0xffff - inet_sum(head)) + \
            head[12:] + payload
    first = proto
    if frag or ident:
        payload = struct.pack("!BBHI", first, 0,
                              (frag & 0x1fff) << 3 | frag >> 15, ident) + payload
        first = 44
    if options:
        payload = struct.pack("!BB", first, len(options) // 8) + options + payload
        first = 0
    return struct.pack("!IHBB16s16s", 0x60000000 | tos << 20,
                       length or len(payload), first, ttl, s, d) + payload


def summed(src, dst, proto, segment, where):
    """The segment with its checksum filled in."""
    start = 0 if proto == ICMP else \
        pseudo(raw_addr(src), raw_addr(dst), proto, len(segment))
    total = 0xffff - inet_sum(segment, start)
    if proto == UDP and not total:
        total = 0xffff
    return segment[:where] + struct.pack("!H", total) + segment[where + 2:]


def udp(src, dst, payload=b"payload", **kwargs):
    """An IP packet; src and dst are (address, port)."""
    segment = struct.pack("!HHHH", src[1], dst[1], 8 + len(payload), 0) + payload
    return ip(src[0], dst[0], UDP,
              summed(src[0], dst[0], UDP, segment, 6), **kwargs)


def tcp(src, dst, seq=1, ack=0, flags=SYN, payload=b"", **kwargs):
    segment = struct.pack("!HHIIBBHHH", src[1], dst[1], seq, ack, 5 << 4,
                          flags, 65535, 0, 0) + payload
    return ip(src[0], dst[0], TCP,
              summed(src[0], dst[0], TCP, segment, 16), **kwargs)


def icmp(src, dst, kind, code, rest, payload, **kwargs):
    proto = ICMP6 if ":" in src else ICMP
    message = struct.pack("!BBHI", kind, code, 0, rest) + payload
    return ip(src, dst, proto, summed(src, dst, proto, message, 2), **kwargs)


def unreachable(src, dst, about, code=None, **kwargs):
    """An ICMP error from src to dst: port unreachable, about a packet."""
    if ":" in src:
        return icmp(src, dst, 1, 4 if code is None else code, 0, about[:1232],
                    **kwargs)
    return icmp(src, dst, 3, 3 if code is None else code, 0, about[:548],
                **kwargs)


def too_big(src, dst, about, mtu, **kwargs):
    if ":" in src:
        return icmp(src, dst, 2, 0, mtu, about[:1232], **kwargs)
    return icmp(src, dst, 3, 4, mtu, about[:548], **kwargs)


class Sender:
    """Sends frames from an interface of a node on a segment."""

    def __init__(self, node, segment, number, dev="eth0"):
        self.mac = mac(segment, number)
        self.engine = mac(segment, ENGINE)
        self.sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind((dev, 0))

    def send(self, *packets, src=None, dst=None, vlan=None, label=None):
        for packet in packets:
            self.sock.send(ether(src or self.mac, dst or self.engine, packet,
                                 vlan, label=label))

    def frame(self, data):
        self.sock.send(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
