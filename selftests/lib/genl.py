# SPDX-License-Identifier: GPL-2.0-only
"""Just enough netlink to say what pectl never would; numbers come from the
uapi header itself."""
import os
import re
import socket
import struct
from collections import namedtuple

from .engine import TOP
from .ktap import PATIENCE

NETLINK_GENERIC, SOL_NETLINK = 16, 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 1, 10, 11
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_FAMILY_ID, CTRL_FAMILY_NAME, CTRL_MCAST_GROUPS = 1, 2, 7
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, MULTI, ACK, DUMP_INTR, DUMP = 1, 2, 4, 0x10, 0x300
REPLACE, EXCL, CREATE = 0x100, 0x200, 0x400
CAPPED, ACK_TLVS = 0x100, 0x200
NESTED = 0x8000

Message = namedtuple("Message", "type flags seq cmd attrs data")
Refusal = namedtuple("Refusal", "errno text offset cookie missing")


def constants():
    """Every name of the header's enums and defines, with its value."""
    with open(f"{TOP}/uapi/linux/pe.h") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    out = {}
    for body in re.findall(r"enum[^{]*\{([^}]*)\}", text):
        value = -1
        for item in filter(None, map(str.strip, body.split(","))):
            name, _, given = item.partition("=")
            value = int(given, 0) if given else value + 1
            out[name.strip()] = value
    for name, value in re.findall(r"#define\s+(PE_\w+)\s+(\d+)", text):
        out[name] = int(value)
    for name, end in re.findall(r"#define\s+(PE_\w+)\s+\((\w+) - 1\)", text):
        out[name] = out[end] - 1
    return out


class Constants:
    def __init__(self):
        self.__dict__.update(constants())


PE = Constants()


def attr(kind, value, nested=False):
    """One attribute; a number must be given as packed bytes, see u32()."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, (list, tuple)):
        value, nested = b"".join(value), True
    head = struct.pack("HH", len(value) + 4, kind | (NESTED if nested else 0))
    return head + value + b"\0" * (-len(value) % 4)


def u8(value):
    return struct.pack("B", value)


def u16(value):
    return struct.pack("H", value)


def u32(value):
    return struct.pack("I", value)


def attrs_of(data):
    """[(type, value)] of a stretch of attributes."""
    out = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        if length < 4:
            raise ValueError("attribute without length")
        out.append((kind & 0x3fff, data[4:length]))
        data = data[length + 3 & ~3:]
    return out


def text(value):
    return value.rstrip(b"\0").decode(errors="replace")


class Genl:
    """A generic-netlink socket in the namespace of a node."""

    def __init__(self, node, groups=()):
        self.sock = node.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(5 * PATIENCE)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        self.seq = 1
        self.family = GENL_ID_CTRL
        reply = self.ask(CTRL_CMD_GETFAMILY, attr(CTRL_FAMILY_NAME, "pe"))
        found = dict(reply[0].attrs)
        self.family = struct.unpack("H", found[CTRL_FAMILY_ID])[0]
        for _, group in attrs_of(found[CTRL_MCAST_GROUPS]):
            pair = dict(attrs_of(group))
            name, number = text(pair[1]), struct.unpack("I", pair[2])[0]
            if name in groups:
                self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                                     number)

    def send(self, cmd, *attrs, flags=0):
        """Send a request, give back its sequence number."""
        self.seq += 1
        body = struct.pack("BBH", cmd, 1, 0) + b"".join(attrs)
        self.raw(struct.pack("IHHII", 16 + len(body), self.family,
                             REQUEST | flags, self.seq, 0) + body)
        return self.seq

    def raw(self, data):
        self.sock.send(data)

    def receive(self):
        """The messages of one datagram."""
        data = self.sock.recv(1 << 17)
        out = []
        while len(data) >= 16:
            length, kind, flags, seq, _ = struct.unpack_from("IHHII", data)
            body = data[16:length]
            cmd, attrs = None, []
            if kind == self.family or kind == GENL_ID_CTRL:
                cmd, attrs = body[0], attrs_of(body[4:])
            out.append(Message(kind, flags, seq, cmd, attrs, body))
            data = data[length + 3 & ~3:]
        return out

    def answer(self, seq):
        """(messages, Refusal or None) up to the acknowledgement of seq."""
        out = []
        while True:
            for message in self.receive():
                if message.seq != seq:
                    continue
                if message.type == NLMSG_DONE:
                    code = struct.unpack_from("i", message.data)[0]
                    return out, refusal(message, code, 4) if code else None
                if message.type == NLMSG_ERROR:
                    code = struct.unpack_from("i", message.data)[0]
                    return out, refusal(message, code, 20) if code else None
                out.append(message)

    def try_(self, cmd, *attrs, flags=0):
        return self.answer(self.send(cmd, *attrs, flags=flags | ACK))

    def ask(self, cmd, *attrs, flags=0):
        out, why = self.try_(cmd, *attrs, flags=flags)
        if why:
            raise OSError(why.errno, why.text)
        return out

    def refused(self, cmd, *attrs, flags=0):
        """The refusal; it is an error if there is none."""
        _, why = self.try_(cmd, *attrs, flags=flags)
        if not why:
            raise OSError(0, f"command {cmd} was not refused")
        return why

    def dump(self, cmd, *attrs):
        return self.answer(self.send(cmd, *attrs, flags=DUMP))[0]

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refusal(message, code, skip):
    tlvs = dict(attrs_of(message.data[skip:])) \
        if message.flags & ACK_TLVS else {}
    return Refusal(-code, text(tlvs.get(1, b"")),
                   struct.unpack("I", tlvs[2])[0] if 2 in tlvs else None,
                   tlvs.get(3), struct.unpack("I", tlvs[6])[0]
                   if 6 in tlvs else None)


def device(name, dev, lladdr, kind=None):
    """Attributes of a tap, or of a server in loopback mode."""
    kind = PE.PE_DEVICE_KIND_TAP if kind is None else kind
    out = [attr(PE.PE_DEVICE_NAME, name), attr(PE.PE_DEVICE_KIND, u32(kind)),
           attr(PE.PE_DEVICE_OUTSIDE, [
               attr(PE.PE_PORT_DEV, dev),
               attr(PE.PE_PORT_LLADDR, bytes.fromhex(lladdr.replace(":", "")))])]
    if kind == PE.PE_DEVICE_KIND_SERVER:
        out.append(attr(PE.PE_DEVICE_MODE, u32(PE.PE_SERVER_MODE_LOOPBACK)))
    return out


def service(name, vip, port, *steps):
    af = socket.AF_INET6 if ":" in vip else socket.AF_INET
    return [attr(PE.PE_SERVICE_NAME, name),
            attr(PE.PE_SERVICE_VIP, socket.inet_pton(af, vip)),
            attr(PE.PE_SERVICE_PROTO, u8(6)),
            attr(PE.PE_SERVICE_PORT, [attr(PE.PE_RANGE_FIRST, u16(port)),
                                      attr(PE.PE_RANGE_LAST, u16(port))]),
            *(attr(PE.PE_SERVICE_STEP, [attr(PE.PE_STEP_DEVICE, step)])
              for step in steps)]


def random_message(random):
    """A request that may or may not make sense, but is a netlink message."""
    def some(depth):
        out = b""
        for _ in range(random.randrange(5)):
            if depth and random.random() < 0.4:
                out += attr(random.randrange(24), [some(depth - 1)])
            else:
                out += attr(random.randrange(24),
                            os.urandom(random.choice((0, 1, 2, 4, 6, 8, 16, 40))))
        return out

    return random.randrange(16), some(3)
