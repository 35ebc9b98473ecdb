# SPDX-License-Identifier: GPL-2.0-only
"""Packets of pktgen, and what they cost."""
import contextlib
import ctypes
import functools
import glob
import ipaddress
import mmap
import os
import shutil
import socket

from bed import settle, write
from lib import pktgen
from lib.addr import ENGINE, F4, F6, mac

COUNT = 30000           # packets of a run
WARM = 1500             # before it; for each address where there are several
RUNS = 3                # the least of them counts
TRIES = 20              # to have so many
THREAD = 0.02           # part of a run that softirqs in a thread may take
PORT = 9                # discard
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
        return pktgen.one(f"p{self.port}", count, *self.lines(k)) * 1000


SO_RCVBUFFORCE = 33
SLABS = ("skbuff_head_cache", "skbuff_small_head", "kmalloc-512",
         "kmalloc-1k")
SIZES = (60, 400, 700)  # of what is in buffers of such slabs
HELD = 2000             # of each size: more than there are places left


class Holes:
    """Buffers in the places that are left in slabs.

    A buffer from the last place of a slab is freed into another one than
    buffers are then taken from, which costs 280 instructions more. Where slabs
    have such places it may be so for every packet. So they are taken before.
    """

    def __init__(self):
        self.sockets = []

    def fill(self):
        # It has those with the fewest places come first.
        for slab in SLABS:
            if os.path.exists(f"/sys/kernel/slab/{slab}/shrink"):
                write(f"/sys/kernel/slab/{slab}/shrink", "1")
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        sock.bind(("127.0.0.1", 0))
        for size in SIZES:
            for _ in range(HELD):
                sock.sendto(bytes(size), sock.getsockname())
        self.sockets.append(sock)
        settle(0.2)

    def close(self):
        for sock in self.sockets:
            sock.close()


def received(dev):
    with open("/proc/net/dev") as file:
        for line in file:
            name, _, numbers = line.partition(":")
            if name.strip() == dev:
                return int(numbers.split()[1])
    return None


@functools.cache
def softirq_thread():
    """What the kernel tells of the thread that has softirqs where they are too
    many."""
    for path in glob.glob("/proc/[0-9]*/comm"):
        with open(path) as file:
            if file.read() == "ksoftirqd/0\n":
                return os.path.dirname(path) + "/schedstat"
    raise FileNotFoundError("the thread for softirqs")


def softirq_time():
    """Nanoseconds, that is instructions, that it has run."""
    with open(softirq_thread()) as file:
        return int(file.read().split()[0])


class Lost(Exception):
    """Not every packet took the way that was to be measured."""


class Result:
    """Instructions a packet: the least of some runs."""

    def __init__(self, flow, sinks, bed=None):
        """sinks are ports, and how often every packet is to come out there."""
        self.flow, self.sinks, self.bed = flow, sinks, bed
        flow.send(WARM * flow.span)
        settle(0.2)
        with contextlib.closing(Holes()) as holes:
            self.runs = []
            for _ in range(TRIES):
                holes.fill()
                self.run()
                if len(self.runs) == RUNS:
                    break
            else:
                raise Lost("packets were received in a thread, in most of "
                           f"{TRIES} runs")
            if "PROFILE" in os.environ:
                holes.fill()
                self.profile()

    def received(self):
        with self.bed.net() if self.bed else contextlib.nullcontext():
            return [received(dev) for dev in self.sinks]

    def one(self):
        """Instructions of a run."""
        before = self.received()
        took = self.flow.send(COUNT)
        for dev, a, b in zip(self.sinks, self.received(), before):
            if a - b != COUNT * self.sinks[dev]:
                raise Lost(f"{a - b} packets came out at {dev}, not "
                           f"{COUNT * self.sinks[dev]}")
        return took

    def run(self):
        """Another one, if it counts. Not where softirqs are a thread's: then
        packets are received later than they are sent, when they are those of
        nobody else and need no copy, and not all of them in that time."""
        before = softirq_time()
        took = self.one()
        if softirq_time() - before < took * THREAD:
            self.runs.append(took / COUNT)

    def profile(self):
        begin, end = mark(b"PEbn"), mark(b"PEed")
        begin()
        self.flow.send(COUNT)
        end()
        # Now, while modules that the row has loaded are there.
        shutil.copy("/proc/kallsyms", os.environ["PROFILE"])

    def least(self):
        return min(self.runs)
