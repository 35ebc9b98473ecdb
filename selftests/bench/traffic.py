# SPDX-License-Identifier: GPL-2.0-only
"""Packets of pktgen, and what they cost."""
import contextlib
import ctypes
import ipaddress
import mmap
import os
import shutil
import sys

from bed import settle, write
from lib.addr import ENGINE, F4, F6, mac

COUNT = 30000           # packets of a run
WARM = 1500             # before it; for each address where there are several
RUNS = 3                # the least of them counts
PORT = 9                # discard
PKTGEN = "/proc/net/pktgen/"
CLIENT = {F4: "10.96.0.1", F6: "2001:db8:60::1"}


def mark(word):
    """A function that is a no-op with that word in it; see profile.c."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ |
                     mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\x0f\x1f\x80" + word + b"\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    call = ctypes.CFUNCTYPE(None)(address)
    call.page = page
    return call


class Flow:
    """What pktgen sends: by port, from a host that is there, from src to dst,
    and to and from as many addresses after these as span says, in turn, or only
    from or to so many. Likewise with ports. Where it is new, every packet is of
    a flow of its own, by its port and, in another run, by its address."""

    def __init__(self, dst, family=F4, src=None, port=0, host=1, span=1,
                 src_span=None, dst_span=None, src_ports=1, dst_ports=1,
                 new=False):
        self.family, self.port, self.host = family, port, host
        self.src, self.dst = src or CLIENT[family], dst
        self.span = span
        self.spans = {"src": src_span or span, "dst": dst_span or span}
        self.ports = {"src": src_ports, "dst": dst_ports}
        self.new = new

    def nth(self, which, k):
        return str(ipaddress.ip_address(getattr(self, which)) + k)

    def lines(self, k):
        yield "pkt_size 60"
        yield f"dst_mac {mac(self.port, ENGINE)}"
        yield f"src_mac {mac(self.port, self.host)}"
        if self.family.v6:
            # A sum of zero is no UDP over IPv6.
            yield "flag UDPCSUM"
            yield f"dst6 {self.nth('dst', k)}"
            yield f"src6 {self.nth('src', k)}"
        else:
            for which in ("dst", "src"):
                yield f"{which}_min {self.nth(which, 0)}"
                yield f"{which}_max {self.nth(which, self.spans[which] - 1)}"
        for which, count in self.ports.items():
            yield f"udp_{which}_min {PORT}"
            # Up to that, not with it, where there is more than one.
            yield f"udp_{which}_max {PORT + (count if count > 1 else 0)}"

    def send(self, count):
        """Nanoseconds, that is instructions, that count packets took. pktgen
        goes through addresses by itself, but not through those of IPv6."""
        if self.new:
            self.src = self.nth("src", 1)
            self.ports["src"] = count
        if self.family.v6:
            return sum(self.one(count // self.span, k)
                       for k in range(self.span))
        return self.one(count)

    def one(self, count, k=0):
        dev = f"p{self.port}"
        write(PKTGEN + "kpktgend_0", "rem_device_all", f"add_device {dev}")
        write(PKTGEN + dev, *self.lines(k), f"count {count}")
        write(PKTGEN + "pgctrl", "start")
        with open(PKTGEN + dev) as file:
            result = file.read().split("Result: ")[1].split()
        write(PKTGEN + "kpktgend_0", "rem_device_all")
        if result[0] != "OK:" or int(result[3]) != count:
            sys.exit(f"pktgen: {' '.join(result)}")
        return int(result[1].split("(")[0]) * 1000


SLABS = ("skbuff_head_cache", "skbuff_small_head", "kmalloc-512",
         "kmalloc-1k")


def shake():
    """Bring the allocator of buffers into another state.

    Some packets long a buffer may be freed into another slab than the one that
    buffers are taken from, which costs 280 instructions more, and last for
    many runs.
    """
    for slab in SLABS:
        if os.path.exists(f"/sys/kernel/slab/{slab}/shrink"):
            write(f"/sys/kernel/slab/{slab}/shrink", "1")


def received(dev):
    with open("/proc/net/dev") as file:
        for line in file:
            name, _, numbers = line.partition(":")
            if name.strip() == dev:
                return int(numbers.split()[1])
    return None


class Lost(Exception):
    """Not every packet took the way that was to be measured."""


class Result:
    """Instructions a packet: the least of some runs."""

    def __init__(self, flow, sinks, bed=None):
        """sinks are ports, and how often every packet is to come out there."""
        flow.send(WARM * flow.span)
        settle(0.2)
        self.runs = []
        for _ in range(RUNS):
            shake()
            with bed.net() if bed else contextlib.nullcontext():
                before = [received(dev) for dev in sinks]
            took = flow.send(COUNT)
            with bed.net() if bed else contextlib.nullcontext():
                after = [received(dev) for dev in sinks]
            for dev, a, b in zip(sinks, after, before):
                if a - b != COUNT * sinks[dev]:
                    raise Lost(f"{a - b} packets came out at {dev}, not "
                               f"{COUNT * sinks[dev]}")
            self.runs.append(took / COUNT)
        if "PROFILE" in os.environ:
            begin, end = mark(b"PEbn"), mark(b"PEed")
            begin()
            flow.send(COUNT)
            end()
            # Now, while modules that the row has loaded are there.
            shutil.copy("/proc/kallsyms", os.environ["PROFILE"])

    def least(self):
        return min(self.runs)
