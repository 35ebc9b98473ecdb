#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs at native speed, against the kernel's own ways.

    pktgen, as if received at:  i0 [bed] i1: a dummy, which ends the packet

The guest's side of scripts/bench-native: it runs in User Mode Linux, where the
kernel is a process of the host. Every row has a namespace of its own; all are
there from the beginning, and packets go through one after the other, round by
round. What a run costs, the host sees: it is told when one begins and ends, and
answers when it has looked.

    native.py COUNT ROUNDS [ROW...]     measure
    native.py rows                      print what can be measured
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import engine, pktgen  # noqa: E402
from lib.addr import ENGINE, F4, mac  # noqa: E402
from lib.lab import setns  # noqa: E402
from lib.pktgen import write  # noqa: E402

PORT = 9                # discard
TARGET = "192.0.2.1"    # what every packet is for
OTHER = "192.0.2.2"     # a service's address where TARGET is nobody's
WARM = 0.1              # of the packets of a run, before the first
HOME = os.open("/proc/self/ns/net", os.O_RDONLY)

DEVICES = f"""
device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 2)} \
inside dev i2 lladdr {mac(2, 2)}; }}
device ids {{ tap dev i2 lladdr {mac(2, 1)}; }}
device nat {{ server address {F4.host(1, 1)} mode nat; }}
"""


def netdev(verdict):
    return ("add table netdev t\n"
            "add chain netdev t c { type filter hook ingress device i0 "
            "priority 0; }\n"
            f"add rule netdev t c ip daddr {TARGET} {verdict}\n")


def inet(hook, rule):
    return ("add table ip t\n"
            f"add chain ip t c {{ type filter hook {hook} priority 0; }}\n"
            f"add rule ip t c {rule}\n")


def service(sequence, vip=TARGET):
    return (f"{DEVICES}service s {{ vip {vip} udp port {PORT}; "
            f"sequence {sequence}; }}\n")


# name, what it is, rules of nftables, configuration of the engine
ROWS = [
    ("drop", "nftables netdev ingress, drop", netdev("drop"), None),
    ("fwd", "nftables netdev ingress, fwd", netdev(
        f"fwd ip to {F4.host(1, 1)} device i1"), None),
    ("forward", "plain forwarding", None, None),
    ("rule", "forwarding, one rule of nftables", inet(
        "forward", f"ip saddr {OTHER} drop"), None),
    ("conntrack", "forwarding, nftables conntrack", inet(
        "forward", "ct state new,established,related accept"), None),
    ("steer", "steer to a loopback server", None, service("web")),
    ("inline", "steer to an inline device", None, service("fw, web")),
    ("nat", "server in mode nat", None, service("nat")),
    ("tap", "tap, then a loopback server", None, service("ids, web")),
    ("miss", "no service's: forwarded", None, service("web", OTHER)),
]


def run(argv, text=None):
    out = subprocess.run(argv, input=text, text=True, capture_output=True,
                         check=False)
    if out.returncode:
        sys.exit(f"{' '.join(argv)}: {out.stderr}{out.stdout}\n{text or ''}")
    return out.stdout


class Lost(Exception):
    """Not every packet took the way that was to be measured."""


class Bed:
    """A namespace in which packets take one way."""

    def __init__(self, name, rules, configuration):
        self.name = name
        netns = f"bed-{name}"
        setns(HOME)
        run(["ip", "-batch", "-"], "\n".join(
            [f"netns add {netns}",
             f"link add i0 netns {netns} address {mac(0, ENGINE)} type veth "
             f"peer name far0 netns {netns}"] +
            [f"link add i{n} netns {netns} address {mac(n, ENGINE)} type dummy"
             for n in (1, 2)]) + "\n")
        self.fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
        setns(self.fd)
        write("/proc/sys/net/ipv4/ip_forward", "1")
        for which in ("all", "default"):
            write(f"/proc/sys/net/ipv4/conf/{which}/rp_filter", "0")
            write(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "1")
        lines = [f"link set {dev} up" for dev in ("lo", "far0")]
        for n in range(3):
            lines += [f"link set i{n} up",
                      f"addr add {F4.host(n, ENGINE)}/24 dev i{n}"]
            lines += [f"neigh add {F4.host(n, host)} lladdr {mac(n, host)} "
                      f"nud permanent dev i{n}" for host in (1, 2)]
        lines.append(f"route add default via {F4.host(1, 1)}")
        run(["ip", "-batch", "-"], "\n".join(lines) + "\n")
        if rules:
            run(["nft", "-f", "-"], rules)
        if configuration:
            run([engine.PECTL, "apply", "-f", "-"], configuration)
        self.generator()
        # What comes out, of each packet; nothing, where it is dropped.
        self.copies = 0 if name == "drop" else 1

    @staticmethod
    def generator():
        pktgen.use("i0", "xmit_mode netif_receive", "pkt_size 60",
                   f"dst_mac {mac(0, ENGINE)}", f"src_mac {mac(0, 1)}",
                   f"dst {TARGET}", f"src_min {F4.host(0, 1)}",
                   f"src_max {F4.host(0, 1)}", f"udp_dst_min {PORT}",
                   f"udp_dst_max {PORT}", f"udp_src_min {PORT}",
                   f"udp_src_max {PORT}")

    @staticmethod
    def sent():
        """What the interface i1 or i2 has transmitted of packets."""
        with open("/proc/thread-self/net/dev") as file:
            return {line.split(":")[0].strip(): int(line.split()[10])
                    for line in file if ":" in line}["i1"]

    def send(self, count):
        setns(self.fd)
        before = self.sent()
        pktgen.send("i0", count)
        out = self.sent() - before
        if out != count * self.copies:
            raise Lost(f"{self.name}: {out} of {count} packets came out")


def tell(*words):
    """The host looks at its clocks, and answers."""
    print("native:", *words, flush=True)
    sys.stdin.readline()


def main():
    count, *names = sys.argv[1:]
    if count == "rows":
        for name, text, _, _ in ROWS:
            print(f"{name:14} {text}")
        return
    rounds, *names = names
    engine.load()
    beds = [Bed(name, rules, configuration)
            for name, _, rules, configuration in ROWS
            if not names or name in names]
    for bed in beds:
        bed.send(int(int(count) * WARM))
    for _ in range(int(rounds)):
        for bed in beds:
            tell("begin", bed.name)
            bed.send(int(count))
            tell("end", bed.name)


main()
