#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A large transfer through three routing appliances arrives intact, while the
engine sees super-packets.

    u1 --- i0 [eng] i1/i2 --- fw1    i3/i4 --- fw2    i5/i6 --- fw3
                    i7 --- web

PE_BULK_MB is how much (both families, up and down, together).
"""
import os
import time
import zlib
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Fail, Suite, diag, expect, require
from lib.lab import Lab

MEGABYTES = int(os.environ.get("PE_BULK_MB", "1024"))
CHUNK = 1 << 20

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2, 3):
    lab.router(f"fw{n}", 2 * n - 1, 2 * n)
web = lab.server("web", 7)
# TCP makes packets as large as it may send in a millisecond: on a slow machine
# that would not be many segments.
for node in (u1, web):
    node.sysctl(**{"ipv4/tcp_min_tso_segs": 40})
pe = engine.Engine(lab)

CONF = "".join(
    f"device fw{n} {{ inline outside dev i{2 * n - 1} "
    f"lladdr {mac(2 * n - 1, 1)} inside dev i{2 * n} "
    f"lladdr {mac(2 * n, 1)}; }}\n" for n in (1, 2, 3)) + \
    f"device web {{ server dev i7 lladdr {mac(7, 1)} mode loopback; }}\n" + \
    "".join(f"service web{f.name} {{ vip {f.W1} tcp port 80; "
            f"sequence fw1, fw2, fw3, web; }}\n" for f in FAMILIES)


def frames(dev, what):
    """Buffers, each of which may be a super-packet, that an interface saw."""
    with lab.eng.net(), open("/proc/thread-self/net/dev") as file:
        for line in file:
            name, _, rest = line.strip().partition(":")
            if name == dev:
                return int(rest.split()[{"rx": 1, "tx": 9}[what]])
    raise Fail(f"no interface {dev}")


def rotated(block, number):
    """The same block begins elsewhere each time: no two chunks are alike."""
    cut = number * 4099 % CHUNK
    return block[cut:] + block[:cut]


@suite.case(*product(("up", "down"), FAMILIES))
def intact(way, f):
    size = MEGABYTES * CHUNK // 4
    u, w = (f.U1, flow.port()), (f.W1, 80)
    counter = {"up": "forward", "down": "reverse"}[way]
    before = pe.counters(f"web{f.name}")[counter]
    dev, what = {"up": ("i1", "tx"), "down": ("i0", "tx")}[way]
    seen_before = frames(dev, what)
    with flow.bound(web, f, flow.STREAM, *w) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        c.connect(w)
        s, _ = listener.accept()
        with s:
            source, sink = (c, s) if way == "up" else (s, c)
            source.setblocking(True)
            sink.settimeout(30)
            start = time.monotonic()
            block = os.urandom(CHUNK)
            pid = os.fork()
            if not pid:
                status = 1
                try:
                    for number in range(size // CHUNK):
                        source.sendall(rotated(block, number))
                    status = 0
                finally:
                    os._exit(status)
            got, total = 0, 0
            buffer = memoryview(bytearray(CHUNK))
            while got < size:
                count = flow.take("data", sink.recv_into, buffer)
                require(count, f"ended after {got} of {size} bytes")
                total = zlib.crc32(buffer[:count], total)
                got += count
            spent = time.monotonic() - start
            expect("sender", os.waitpid(pid, 0)[1], 0)
    wanted = 0
    for number in range(size // CHUNK):
        wanted = zlib.crc32(rotated(block, number), wanted)
    expect("checksum of what arrived", total, wanted)
    packets = pe.counters(f"web{f.name}")[counter][0] - before[0]
    buffers = frames(dev, what) - seen_before
    diag(f"{size >> 20} MB in {spent:.1f} s, {packets} packets "
         f"in {buffers} buffers")
    require(packets > size // 1500, "fewer packets counted than were needed")
    require(buffers * 5 < packets, "the engine saw no super-packets")


suite.run(lambda: pe.start(CONF))
