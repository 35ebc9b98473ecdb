# SPDX-License-Identifier: GPL-2.0-only
"""Reads pcapng, by the draft and not by what wrote it; and asks tshark."""
import struct
import subprocess
from collections import namedtuple

from .ktap import PATIENCE, expect

SECTION, INTERFACE, PACKET = 0x0a0d0d0a, 1, 6

Frame = namedtuple("Frame", "link linktype way time data length comment")


def options(data):
    out = {}
    while data:
        code, length = struct.unpack_from("<HH", data)
        if not code:
            break
        out[code] = data[4:4 + length]
        data = data[4 + (length + 3 & ~3):]
    return out


def read(data):
    """The frames of a file."""
    out, interfaces, at = [], [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        expect("length at the end",
               struct.unpack_from("<I", data, at + length - 4)[0], length)
        body = data[at + 8:at + length - 4]
        if kind == SECTION:
            expect("magic", body[:4], b"\x4d\x3c\x2b\x1a")
        elif kind == INTERFACE:
            found = options(body[8:])
            expect("resolution", found[9], b"\x09")
            interfaces.append((found[2].decode(),
                               struct.unpack_from("<H", body)[0]))
        elif kind == PACKET:
            number, high, low, have, whole = struct.unpack_from("<IIIII", body)
            found = options(body[20 + (have + 3 & ~3):])
            way = struct.unpack("<I", found[2])[0] & 3
            out.append(Frame(*interfaces[number], ("", "in", "out")[way],
                             high << 32 | low, body[20:20 + have], whole,
                             found[1].decode()))
        at += length
    return out


def tshark(path, *fields):
    """The fields of each frame; not a word of complaint is allowed."""
    argv = ["tshark", "-n", "-r", path, "-T", "fields"]
    for field in fields:
        argv += ["-e", field]
    out = subprocess.run(argv, text=True, capture_output=True, check=False,
                         timeout=60 * PATIENCE,
                         env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"})
    complaints = [line for line in out.stderr.splitlines()
                  if line and not line.startswith("Running as user")]
    expect("tshark", (out.returncode, complaints), (0, []))
    return [tuple(line.split("\t")) for line in out.stdout.splitlines()]
