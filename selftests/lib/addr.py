# SPDX-License-Identifier: GPL-2.0-only
"""Addresses of the lab: documentation prefixes and fixed MACs."""
import socket

ENGINE = 14             # the engine's host number on every segment


class Family:
    """Addresses of one family; every one from the documentation prefixes."""

    def __init__(self, af):
        self.af = af
        self.v6 = af == socket.AF_INET6
        self.bits = 128 if self.v6 else 32
        self.vips = "2001:db8:2::/64" if self.v6 else "192.0.2.0/25"
        self.icmp = 58 if self.v6 else 1
        self.header = 40 if self.v6 else 20
        self.name = "6" if self.v6 else "4"
        self.U1, self.U2 = self.host(0, 1), self.host(0, 2)
        self.W1, self.W2, self.W3 = (self.vip(n) for n in (10, 11, 12))

    def __str__(self):
        return "IPv6" if self.v6 else "IPv4"

    def vip(self, number):
        return f"2001:db8:2::{number:x}" if self.v6 else f"192.0.2.{number}"

    def prefix(self, segment):
        """First part of the segment's addresses and their prefix length."""
        if self.v6:
            return f"2001:db8:{0x100 + segment:x}::", 64
        if segment in (0, 8):
            return f"198.51.100.{16 * segment}", 25
        return f"203.0.113.{16 * segment}", 28

    def host(self, segment, number):
        base, _ = self.prefix(segment)
        if self.v6:
            return f"{base}{number:x}"
        head, last = base.rsplit(".", 1)
        return f"{head}.{int(last) + number}"


F4, F6 = Family(socket.AF_INET), Family(socket.AF_INET6)
FAMILIES = (F4, F6)


def mac(segment, number):
    return f"02:00:00:00:{segment:02x}:{number:02x}"
