# SPDX-License-Identifier: GPL-2.0-only
"""What somebody else's dissector reads in frames."""
import json
import socket
import struct
import time

from .ktap import Fail
from .wire import ETH_P_ALL, PACKET_OUTGOING, SO_RCVBUFFORCE


class Shark:
    """Frames of some interfaces, for tshark to read."""

    def __init__(self, lab, points):
        """points are (name, node, interface)"""
        self.lab = lab
        self.socks = []
        for name, node, dev in points:
            sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
            sock.setblocking(False)
            sock.bind((dev, ETH_P_ALL))
            self.socks.append((sock, name))

    def frames(self):
        """(point, whether the engine sent it, frame) so far, point by point."""
        out = []
        for sock, name in self.socks:
            while True:
                try:
                    frame, addr = sock.recvfrom(1 << 17)
                except BlockingIOError:
                    break
                out.append((name, addr[2] != PACKET_OUTGOING, frame))
        return out

    def read(self, fields, wanted="nsh", wait=0.1):
        """A list for each frame that has the protocol wanted: the point,
        "out" or "in" of the engine, and the fields by name."""
        time.sleep(wait)
        frames = self.frames()
        path = f"{self.lab.tmp}/shark.pcap"
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
            for number, (_, _, frame) in enumerate(frames):
                file.write(struct.pack("<IIII", number, 0, len(frame),
                                       len(frame)) + frame)
        argv = ["tshark", "-n", "-r", path, "-Y", wanted, "-T", "json"]
        for field in ("frame.number", *fields):
            argv += ["-e", field]
        told = json.loads(self.lab.eng.run(argv) or "[]")
        out = []
        for frame in told:
            layers = frame["_source"]["layers"]
            number = int(layers["frame.number"][0])
            point, sent, _ = frames[number - 1]
            out.append((point, "out" if sent else "in",
                        {name: layers.get(name, []) for name in fields}))
        return out

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock, _ in self.socks:
            sock.close()


def only(values, what):
    """The one value of a field."""
    if len(values) != 1:
        raise Fail(f"{what}: {values}")
    return values[0]
