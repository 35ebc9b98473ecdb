# SPDX-License-Identifier: GPL-2.0-only
"""What hosts of a link ask and tell each other: ARP and neighbour discovery,
made by hand and listened to.
"""
import ctypes
import socket
import struct
import time
from collections import namedtuple

from .ktap import PATIENCE, Fail
from .packet import ether, ip, raw_addr, summed
from .wire import ETH_P_ALL, ICMP6, PACKET_OUTGOING, l4_check, text_mac

BROADCAST = "ff:ff:ff:ff:ff:ff"
ZERO_MAC = "00:00:00:00:00:00"
ARP = 0x0806
REQUEST, REPLY = 1, 2
NS, NA = 135, 136
SOLICITED, OVERRIDE = 0x40000000, 0x20000000
ALL_NODES = "ff02::1"
SO_ATTACH_FILTER = 26
ETH_P_IPV6 = 0x86dd

# Instructions for the kernel: ARP and ICMPv6 are heard, nothing else.
FILTER = struct.pack("HBBI" * 7,
                     0x28, 0, 0, 12,            # load the ethertype
                     0x15, 3, 0, ARP,
                     0x15, 0, 3, ETH_P_IPV6,
                     0x30, 0, 0, 20,            # load the next header
                     0x15, 0, 1, ICMP6,
                     0x06, 0, 0, 0xffffffff,
                     0x06, 0, 0, 0)

# What was seen: what is "request", "reply", "ns" or "na"; source is who says
# it, target who it is about, lladdr what is said of whom.
Word = namedtuple("Word", "what smac dmac source target lladdr flags")


def raw_mac(mac):
    return bytes.fromhex(mac.replace(":", ""))


def multicast_mac(addr):
    return "33:33:" + text_mac(raw_addr(addr)[12:])


def solicited_node(addr):
    """The group that a question for an address is sent to."""
    raw = raw_addr("ff02::1:ff00:0")[:13] + raw_addr(addr)[13:]
    return socket.inet_ntop(socket.AF_INET6, raw)


def arp(op, sha, sip, tha, tip, dst=BROADCAST, hard=1, proto=0x0800):
    body = struct.pack("!HHBBH", hard, proto, 6, 4, op) + raw_mac(sha) + \
        raw_addr(sip) + raw_mac(tha) + raw_addr(tip)
    return ether(sha, dst, body, ethertype=ARP)


def option(kind, mac, units=1):
    return struct.pack("!BB", kind, units) + raw_mac(mac)


def nd(kind, smac, src, dst, target, options=b"", flags=0, hops=255, code=0,
       dmac=None, cut=None, broken=False):
    """A message about a target; cut leaves that many bytes of it."""
    body = struct.pack("!BBHI", kind, code, 0, flags) + raw_addr(target) + \
        options
    body = summed(src, dst, ICMP6, body[:cut], 2)
    if broken:
        body = body[:2] + bytes([body[2] ^ 1]) + body[3:]
    return ether(smac, dmac or multicast_mac(dst),
                 ip(src, dst, ICMP6, body, ttl=hops))


def question(f, mac, src, target):
    """What a host asks for another's link-layer address with."""
    if not f.v6:
        return arp(REQUEST, mac, src, ZERO_MAC, target)
    return nd(NS, mac, src, solicited_node(target), target, option(1, mac))


def claim(f, mac, addr):
    """What a host says that has an address now."""
    if not f.v6:
        return arp(REQUEST, mac, addr, ZERO_MAC, addr)
    return nd(NA, mac, addr, ALL_NODES, addr, option(2, mac), OVERRIDE)


def parse_arp(smac, dmac, data):
    if len(data) < 28:
        return None
    op = struct.unpack_from("!H", data, 6)[0]
    what = {REQUEST: "request", REPLY: "reply"}.get(op)
    return what and Word(what, smac, dmac,
                         socket.inet_ntop(socket.AF_INET, data[14:18]),
                         socket.inet_ntop(socket.AF_INET, data[24:28]),
                         text_mac(data[8:14]), 0)


def parse_nd(smac, dmac, data):
    if len(data) < 64 or data[6] != ICMP6 or data[40] not in (NS, NA):
        return None
    if data[7] != 255 or l4_check(ICMP6, data[8:24], data[24:40],
                                  data[40:], 0) != "ok":
        raise Fail(f"no message of neighbour discovery: {data.hex()}")
    lladdr = text_mac(data[66:72]) if len(data) >= 72 else None
    return Word("ns" if data[40] == NS else "na", smac, dmac,
                socket.inet_ntop(socket.AF_INET6, data[8:24]),
                socket.inet_ntop(socket.AF_INET6, data[48:64]), lladdr,
                struct.unpack_from("!I", data, 44)[0])


def parse(frame):
    smac, dmac = text_mac(frame[6:12]), text_mac(frame[:6])
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == ARP:
        return parse_arp(smac, dmac, frame[14:])
    return parse_nd(smac, dmac, frame[14:]) if kind == 0x86dd else None


def claims(f, words, addr, mac):
    """The words by which a MAC has told everybody that it has an address."""
    what = ("na", mac, multicast_mac(ALL_NODES), addr, addr, mac, OVERRIDE) \
        if f.v6 else ("request", mac, BROADCAST, addr, addr, mac, 0)
    return [word for word in words if word == what]


def is_answer(word, addr):
    if word.what == "na":
        return word.target == addr and word.flags & SOLICITED
    return word.what == "reply" and word.source == addr


class Ear:
    """Listens to what comes to an interface of a node, and speaks there."""

    def __init__(self, node, dev="eth0"):
        self.sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        text = ctypes.create_string_buffer(FILTER)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack(
            "HP", len(FILTER) // 8, ctypes.addressof(text)))
        self.sock.bind((dev, ETH_P_ALL))
        self.words = []

    def send(self, *frames):
        for frame in frames:
            self.sock.send(frame)

    def read(self, wait):
        self.sock.settimeout(max(wait, 0.001))
        try:
            frame, addr = self.sock.recvfrom(65536)
        except TimeoutError:
            return
        word = parse(frame) if addr[2] != PACKET_OUTGOING else None
        if word:
            self.words.append(word)

    def wait(self, what, condition, timeout=5):
        """Until condition(words) is true; gives its value back."""
        end = time.monotonic() + timeout * PATIENCE
        while not (value := condition(self.words)):
            if time.monotonic() > end:
                raise Fail(f"no {what}; heard:\n" +
                           "\n".join(map(str, self.words)))
            self.read(0.05)
        return value

    def answers(self, addr, count=1):
        """What those said who were asked for an address, when they did so
        that often."""
        def said(words):
            found = [w for w in words if is_answer(w, addr)]
            return found if len(found) >= count else None

        return self.wait(f"{count} answers for {addr}", said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
