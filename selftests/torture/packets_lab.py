# SPDX-License-Identifier: GPL-2.0-only
"""What the packet programs share: an engine whose every neighbour is a bare
wire, sequences of every kind of step, and the sums that must come out even.

    clients --- i0 [eng] i1 --- web
                         i2 --- fw outside
                         i3 --- fw inside
                         i4 --- br outside (a bridge)
                         i5 --- br inside
                         i6 --- ids
                         i7 --- nat

The far ends are all in one namespace that says nothing by itself. packets_fire
sends there and judges what arrives.
"""
import itertools
import json
import os
import random
import struct
import subprocess
import time

from lib import engine, packet
from lib.addr import ENGINE, F4, F6, FAMILIES, mac
from lib.ktap import Fail, diag, expect, require
from lib.lab import Lab
from lib.wire import ICMP, ICMP6, SCTP, TCP, UDP, crc32c

GENERATED = os.environ.get("GENERATED", f"{engine.TOP}/build/selftests/torture")
LONG = os.environ.get("TORTURE", "short") == "long"
SEED = int(os.environ.get("TORTURE_SEED") or
           int.from_bytes(os.urandom(4), "little"))

CLIENT, WEB, FW, FW_IN, BR, BR_IN, IDS, NAT = range(8)
PORTS = range(8)
HOSTS = range(1, 6)      # on each of them, as far as the engine knows
GRE, DCCP, UDPLITE, TESTING = 47, 33, 136, 253
DIRECT, INLINE, BRIDGE, TAP, NATTED, TRANSLATED, PORTED, CHAIN = range(10, 18)

# Before and behind the engine's own hooks, every packet is counted.
COUNTERS = """
table inet sums {
    counter before4 {}
    counter before6 {}
    counter after4 {}
    counter after6 {}
    counter routed {}
    chain before { type filter hook prerouting priority -460;
        meta nfproto ipv4 counter name before4
        meta nfproto ipv6 counter name before6
    }
    chain after { type filter hook prerouting priority -440;
        meta nfproto ipv4 counter name after4
        meta nfproto ipv6 counter name after6
        meta mark set 1
    }
    chain post { type filter hook postrouting priority 0;
        meta mark 1 jump known
    }
    chain known {
        %s
    }
}
""" % "\n        ".join(            # no set: lockdep has doubts about nft's
    f"ip{'6' * f.v6} daddr {f.host(port, host)} counter name routed"
    for f in FAMILIES for port in PORTS for host in HOSTS
    if port not in (BR, BR_IN))

CONF = f"""
device web {{ server dev i1 lladdr {mac(WEB, 1)} mode loopback; }}
device fw {{ inline outside dev i2 lladdr {mac(FW, 1)} \
inside dev i3 lladdr {mac(FW_IN, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device ids {{ tap dev i6 lladdr {mac(IDS, 1)}; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(NAT, 1)} mode nat; }}
device port{f.name} {{ server address {f.host(NAT, 2)} mode nat; }}
service direct{f.name} {{ vip {f.vip(DIRECT)}; sequence web; }}
service inline{f.name} {{ vip {f.vip(INLINE)}; sequence fw, web; }}
service bridge{f.name} {{ vip {f.vip(BRIDGE)}; sequence br, web; }}
service tap{f.name} {{ vip {f.vip(TAP)}; sequence ids, web; }}
service nat{f.name} {{ vip {f.vip(NATTED)}; sequence nat{f.name}; }}
service chain{f.name} {{ vip {f.vip(CHAIN)}; sequence ids, fw, br, web; }}
""" + "".join(f"""
service port-{p}{f.name} {{ vip {f.vip(TRANSLATED)} {p} port 80; \
sequence port{f.name} port 8080; }}
service ports-{p}{f.name} {{ vip {f.vip(PORTED)} {p} port 80; sequence fw, web; }}
""" for p in ("tcp", "udp", "sctp")) for f in FAMILIES)

# The devices' ports in a sequence, from the client on, as (out, in).
CHAINS = {DIRECT: [], INLINE: [(FW, FW_IN)], BRIDGE: [(BR, BR_IN)], TAP: [],
          PORTED: [(FW, FW_IN)], CHAIN: [(FW, FW_IN), (BR, BR_IN)]}
TAPPED = (TAP, CHAIN)
ROUTED = ("deliver", "nat", "back", "plain")


def ways_of(number):
    """(kind, to or from, in, out) of a service that ends at web."""
    chain = CHAINS[number]
    ins = [i for _, i in chain]
    outs = [o for o, _ in chain] + [WEB]
    # Clients are everywhere but where devices return what was theirs.
    busy = ins + [IDS] * (number in TAPPED)
    clients = [p for p in PORTS if p not in busy]
    ways = [("STEER", "to", c, outs[0]) for c in clients]
    ways += [("steer", "to", i, o) for i, o in zip(ins, outs[1:])]
    back = list(reversed(chain))
    froms = [WEB] + [o for o, _ in back]
    ways += [("steer", "from", frm, i) for frm, (_, i) in zip(froms, back)]
    ways += [("deliver", "from", froms[-1], -1)]
    if number in TAPPED:
        ways += [("COPY", "to", c, IDS) for c in clients]
        ways += [("copy", "from", froms[-1], IDS)]
        ways += [("steer", "to", IDS, outs[0]), ("deliver", "from", IDS, -1)]
    if number == PORTED:
        ways += plain()
    return ways


def plain():
    """Of an address that is a service's by some ports only, the rest is
    routed, or would be."""
    return [("PLAIN", way, -1, -1) for way in ("to", "from")]


def wayset(f, number):
    """The lines that tell packets_fire."""
    vip = packet.raw_addr(f.vip(number)).hex()
    if number in CHAINS:
        return [f"way {kind} {way} {vip} {i} {o}"
                for kind, way, i, o in ways_of(number)]
    own = packet.raw_addr(f.host(NAT, 1 if number == NATTED else 2)).hex()
    there, back = (" 8080", " 80") if number == TRANSLATED else ("", "")
    lines = [f"way NAT to {vip} -1 {NAT} {own}{there}",
             f"way BACK from {own} -1 -1 {vip}{back}"]
    if number == TRANSLATED:
        lines += [f"way {kind} {way} {addr} {i} {o}" for addr in (vip, own)
                  for kind, way, i, o in plain()]
    return lines


class Far:
    """The lab, whose far ends a program of ours has."""

    def __init__(self, suite, program):
        self.suite = suite
        self.program = program
        self.proc = None
        self.lab = Lab(suite)
        self.far = self.lab.node("far")
        self.far.sysctl(**{"ipv6/conf/all/disable_ipv6": 1,
                           "ipv6/conf/default/disable_ipv6": 1})
        for port in PORTS:
            self.lab.attach(self.far, port, 1, f"o{port}", address=False)
            self.far.batch.append(f"link set o{port} arp off")
            self.lab.eng.batch += self.settings(port)
        self.pe = engine.Engine(self.lab)

    @staticmethod
    def settings(port):
        """Lines for ip(8) that a new interface of the engine needs."""
        if port in (BR, BR_IN):
            return []
        return [line + (" nodad" if ":" in line.split("/")[0] else "")
                for line in Lab.addresses(port, ENGINE, f"i{port}")] + \
            [f"neigh replace {f.host(port, host)} lladdr {mac(port, 1)} "
             f"dev i{port} nud permanent" for f in FAMILIES for host in HOSTS]

    def up(self):
        diag(f"seed {SEED}, {'long' if LONG else 'short'} form")
        self.pe.start(CONF)
        self.proc = subprocess.Popen(
            [f"{GENERATED}/{self.program}", f"/run/netns/{self.far.netns}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.suite.defer(self.stop)

    @staticmethod
    def pause(seconds):
        time.sleep(seconds)

    def stop(self):
        self.proc.stdin.close()
        expect(f"exit status of {self.program}", self.proc.wait(60), 0)

    def tell(self, line):
        self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()

    def answer(self):
        """Its complaints are ours; the last line is the figures."""
        said = []
        for line in self.proc.stdout:
            if line.startswith("{"):
                for complaint in said:
                    diag(complaint)
                return json.loads(line)
            said.append(line.lstrip("# ").rstrip("\n"))
        raise Fail(f"{self.program} ended:\n" + "\n".join(said))


class World(Far):
    """Every frame is accounted for."""

    def __init__(self, suite):
        super().__init__(suite, "packets_fire")
        self.hosts = {port: mac(port, 1) for port in PORTS}
        self.hosts.update({BR: mac(BR_IN, ENGINE), BR_IN: mac(BR, ENGINE)})

    def up(self):
        super().up()
        self.lab.eng.run(["nft", "-f", "-"], stdin=COUNTERS)
        # What is kept for later is in no sum: see pieces.py.
        for knob in ("ipv4/ipfrag", "netfilter/nf_conntrack_frag6"):
            for end in ("low", "high"):
                self.lab.eng.write_sysctls({f"{knob}_{end}_thresh": 0})
        for port in PORTS:
            self.tell(f"port {port} o{port} {mac(port, ENGINE)} "
                      f"{self.hosts[port]}")
        port, frame = self.frame(CLIENT, packet.udp(
            (F4.U1, 7), (F4.vip(DIRECT), 80), b"marker" + bytes(8)))
        self.tell(f"marker {port} {frame.hex()}")
        for f in FAMILIES:
            # Host 0 is any router, for IPv6.
            for port, host in itertools.product(PORTS, (0, ENGINE)):
                self.tell(f"own {packet.raw_addr(f.host(port, host)).hex()} "
                          f"{port} {f.prefix(port)[1]}")
            for number in range(DIRECT, CHAIN + 1):
                for line in wayset(f, number):
                    self.tell(line)

    def frame(self, port, data):
        known = data[0] >> 4 in packet.ETH_P
        return port, packet.ether(self.hosts[port], mac(port, ENGINE), data,
                                  ethertype=None if known else 0x0800)

    def load(self, frames):
        path = f"{self.lab.tmp}/frames"
        with open(path, "wb") as file:
            for port, data in frames:
                file.write(struct.pack("HH", port, len(data)) + data)
        self.tell(f"load {path}")

    def sums(self):
        """Every counter that a packet may end in."""
        listed = json.loads(self.lab.eng.run(
            ["nft", "-j", "list", "counters", "table", "inet", "sums"]))
        out = {c["counter"]["name"]: c["counter"]["packets"]
               for c in listed["nftables"] if "counter" in c}
        out.update(self.kernel())
        out["drops"] = sum(n for reason, n in self.pe.drops().items()
                           if reason != "tap-copy")
        return out

    def kernel(self):
        """IP's own counters."""
        out = {}
        with self.lab.eng.net():
            for name in ("snmp", "netstat"):
                with open(f"/proc/thread-self/net/{name}") as file:
                    rows = [line.split() for line in file]
                for keys, values in zip(rows[::2], rows[1::2]):
                    if keys[0] in ("Ip:", "IpExt:"):
                        out.update({"Ip" + k: int(v) for k, v in
                                    zip(keys[1:], values[1:])})
            with open("/proc/thread-self/net/snmp6") as file:
                out.update({k: int(v) for k, v in map(str.split, file)
                            if k.startswith("Ip6")})
        return out

    def shoot(self, order="fire", lost=None):
        """Carry out an order; the sums must be even. Gives back figures of
        packets_fire and drops by reason."""
        before, reasons = self.sums(), self.pe.drops()
        self.tell(order)
        out = self.answer()
        after = self.sums()
        grown = {k: v - before.get(k, 0) for k, v in after.items()}
        out["drops"] = {k: v - reasons.get(k, 0)
                        for k, v in self.pe.drops().items()
                        if v != reasons.get(k, 0)}
        self.even(out, grown)
        return out

    @staticmethod
    def even(out, grown):
        expect("frames that came out and should not have", out["bad"], 0)
        expect("frames that packets_fire missed", out["lost"], 0)
        seen = {"v4": grown["before4"], "v6": grown["before6"]}
        early = {"v4": out["v4"] - seen["v4"], "v6": out["v6"] - seen["v6"]}
        # What IP itself refuses before anybody else sees it, it counts.
        refused = {
            "v4": grown["IpInHdrErrors"] + grown["IpInTruncatedPkts"] +
            grown["IpInDiscards"],
            "v6": grown["Ip6InHdrErrors"] + grown["Ip6InTruncatedPkts"] +
            grown["Ip6InDiscards"] + grown["Ip6InAddrErrors"]}
        for family, count in early.items():
            require(0 <= count <= refused[family],
                    f"{count} {family} frames never came to the hooks, "
                    f"{refused[family]} were refused\n{grown}")
        handed = seen["v4"] + seen["v6"] - grown["after4"] - grown["after6"] - \
            sum(n for k, n in out["drops"].items() if k != "tap-copy")
        # To servers in mode nat the kernel forwards what it has a say on.
        most = out["steer"] + out["either"] + out["nat"]
        require(out["steer"] <= handed <= most,
                f"{handed} packets should have been handed on, not "
                f"{out['steer']} to {most}\n{out}")
        expect("packets that came out", out["steer"] + out["either"] +
               sum(out[kind] for kind in ROUTED), handed + grown["routed"])


# --- packets of every sort -----------------------------------------------------

def sctp(src, dst, chunk=b"\x0b\0\0\x04", **kwargs):
    head = struct.pack("!HHI", src[1], dst[1], 1)
    crc = struct.pack("<I", crc32c(head + bytes(4) + chunk))
    return packet.ip(src[0], dst[0], SCTP, head + crc + chunk, **kwargs)


def ports(src, dst, proto, rest=bytes(20), **kwargs):
    return packet.ip(src[0], dst[0], proto,
                     struct.pack("!HH", src[1], dst[1]) + rest, **kwargs)


def echo(src, dst, **kwargs):
    kind = 128 if ":" in src[0] else 8
    return packet.icmp(src[0], dst[0], kind, 0, 0x10001, b"echo" * 4, **kwargs)


def icmp_errors(f, src, dst):
    """About what dst sent to src."""
    about = [packet.udp(dst, src), packet.tcp(dst, src), echo(dst, src),
             sctp(dst, src),
             packet.udp(dst, src, options=b"\x01\x04\0\0\0\0" if f.v6 else
                        b"\x94\x04\0\0")]
    out = [packet.unreachable(src[0], dst[0], quoted) for quoted in about]
    out += [packet.too_big(src[0], dst[0], about[0], 1400),
            packet.icmp(src[0], dst[0], 3 if f.v6 else 11, 0, 0, about[1])]
    return out


def sorts(f, src, dst):
    """Packets of every sort from src to dst, both (address, port)."""
    out = [packet.udp(src, dst), packet.udp(src, dst, b""),
           packet.tcp(src, dst), packet.tcp(src, dst, payload=b"x" * 30),
           echo(src, dst), sctp(src, dst), ports(src, dst, DCCP),
           ports(src, dst, UDPLITE),
           packet.ip(src[0], dst[0], TESTING, b"testing"),
           packet.ip(src[0], dst[0], GRE, bytes(8)),
           *icmp_errors(f, src, dst)]
    whole = packet.udp(src, dst, b"f" * 40)[f.header:]
    out += [packet.ip(src[0], dst[0], UDP, whole[:24], ident=9,
                      frag=0x8000 if f.v6 else 0x2000),
            packet.ip(src[0], dst[0], UDP, whole[24:], ident=9, frag=3)]
    if f.v6:
        out += [chained(src, dst, [0]), chained(src, dst, [0, 60, 43, 60]),
                chained(src, dst, [51]), chained(src, dst, [0, 44, 60]),
                packet.udp(src, dst, options=b"\x01\x04\0\0\0\0")]
    else:
        zero = bytearray(packet.udp(src, dst))
        zero[26:28] = b"\0\0"
        out += [bytes(zero),
                packet.udp(src, dst, options=b"\x07\x0b\x04" + bytes(8) + b"\0"),
                packet.udp(src, dst, options=b"\x94\x04\0\0"),
                packet.tcp(src, dst, options=b"\x01" * 40)]
    return out


def chained(src, dst, headers, size=0, payload=b"chained"):
    """IPv6 with extension headers in the order given, each of them with size
    more units than it must have."""
    segment = packet.udp(src, dst, payload)[40:]
    following = UDP
    for header in reversed(headers):
        if header == 44:
            body = struct.pack("!BBHI", following, 0, 1, 77)
        elif header == 51:
            body = struct.pack("!BBHIII", following, 2 + size * 2, 0, 1, 1, 0) + \
                bytes(8 * size)
        elif header == 43:
            body = struct.pack("!BBBBI", following, size, 253, 0, 0) + \
                bytes(8 * size)
        else:
            body = struct.pack("!BBBB4x", following, size, 1, 4 + 8 * size) + \
                bytes(8 * size) if size < 31 else \
                struct.pack("!BB", following, size) + bytes(6 + 8 * size)
        segment, following = body + segment, header
    return packet.ip(src[0], dst[0], following, segment)


def places(f):
    """(port, source, destination, what comes of it) of a packet at each place
    in each kind of sequence."""
    u = (f.U1, 7000)
    out = []
    for number in range(DIRECT, CHAIN + 1):
        w = (f.vip(number), 80)
        if number in CHAINS:
            chain = CHAINS[number]
            out += [(p, u, w, "steer") for p in
                    [CLIENT, *(i for _, i in chain)]]
            out += [(p, w, u, "steer") for p in
                    [WEB, *(o for o, _ in reversed(chain))][:-1]]
            out += [([WEB, *(o for o, _ in reversed(chain))][-1], w, u,
                     "deliver")]
            if number in TAPPED:
                out += [(IDS, u, w, "steer"), (IDS, w, u, "deliver")]
        elif number == NATTED:
            out += [(CLIENT, u, w, "nat"),
                    (NAT, (f.host(NAT, 1), 80), u, "back")]
        else:
            out += [(CLIENT, u, w, "nat"),
                    (NAT, (f.host(NAT, 2), 8080), u, "back")]
    return out


def total_mended(data):
    """The packet's length is what is there, and its header's sum right."""
    data = bytearray(data)
    if data[0] >> 4 == 4:
        data[2:4] = struct.pack("!H", len(data))
        return header_mended(data)
    data[4:6] = struct.pack("!H", len(data) - 40)
    return bytes(data)


def header_mended(data):
    data = bytearray(data)
    end = min((data[0] & 15) * 4, len(data))
    if len(data) >= 20:
        data[10:12] = b"\0\0"
        data[10:12] = struct.pack(
            "!H", 0xffff - packet.inet_sum(bytes(data[:end])))
    return bytes(data)


def sample(frames, most):
    """All of them in the long form, some in the short one."""
    frames = list(frames)
    if LONG or len(frames) <= most:
        return frames
    return random.Random(SEED).sample(frames, most)
