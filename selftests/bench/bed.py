# SPDX-License-Identifier: GPL-2.0-only
"""A namespace whose traffic comes from, and goes to, this one.

    [init] p0 --- i0 [bed] i1 --- p1 [init]
           pktgen      i2 --- p2      sink: tc ingress, drop
                       ...

What p5 gets comes back from the link-layer address that it was sent to.
"""
import contextlib
import ctypes
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib.addr import ENGINE, F4, F6, mac  # noqa: E402
from lib.pktgen import write  # noqa: E402
# lib.lab has the kernel stamp the time on every packet, which costs: not here.

LOOP = 5
CLIENTS = {F4: "10.96.0.0/16", F6: "2001:db8:60::/64"}
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
HOME = os.open("/proc/self/ns/net", os.O_RDONLY)


def run(argv, text=None):
    out = subprocess.run(argv, input=text, text=True, capture_output=True,
                         check=False)
    if out.returncode:
        sys.exit(f"{' '.join(argv)}: {out.stderr}{out.stdout}\n{text or ''}")
    return out.stdout


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def settle(seconds=2):
    """Whatever the kernel still has to do. Idle time passes at once."""
    time.sleep(seconds)


class Bed:
    """A namespace with ports, whose far ends are in this one."""

    serial = 0

    def __init__(self, ports=3):
        Bed.serial += 1
        self.name = f"bed{Bed.serial}"
        self.ports = ports
        run(["ip", "-batch", "-"], "\n".join(
            [f"netns add {self.name}"] +
            [f"link add p{n} address {mac(n, 1)} type veth peer name i{n} "
             f"address {mac(n, ENGINE)} netns {self.name}"
             for n in range(ports)] +
            [f"link set p{n} up" for n in range(ports)]) + "\n")
        self.fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        with self.net():
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                write(f"/proc/sys/net/{key}", "1")
            for key in ("ipv4/conf/all/rp_filter",
                        "ipv4/conf/default/rp_filter",
                        "ipv6/conf/default/accept_dad"):
                write(f"/proc/sys/net/{key}", "0")
            run(["ip", "-batch", "-"], "\n".join(self.addresses()) + "\n")
        lines = []
        for n in range(ports):
            lines.append(f"qdisc add dev p{n} ingress")
            act = "action drop"
            if n == LOOP:
                act = (f"action skbmod swap mac pipe "
                       f"action mirred egress redirect dev p{n}")
            lines.append(f"filter add dev p{n} ingress matchall {act}")
        self.tc(lines)

    def addresses(self):
        yield "link set lo up"
        for n in range(self.ports):
            yield f"link set i{n} up"
            for f in (F4, F6):
                yield (f"addr add {f.host(n, ENGINE)}/{f.prefix(n)[1]} "
                       f"dev i{n}")
                for host in (1, 2):
                    yield (f"neigh add {f.host(n, host)} lladdr "
                           f"{mac(n, host)} nud permanent dev i{n}")
        for f in (F4, F6):
            yield f"route add default via {f.host(1, 1)}"
            yield f"route add {CLIENTS[f]} via {f.host(0, 1)}"

    @contextlib.contextmanager
    def net(self):
        setns(self.fd)
        try:
            yield
        finally:
            setns(HOME)

    def run(self, argv, text=None):
        with self.net():
            return run(argv, text)

    @staticmethod
    def tc(lines):
        run(["tc", "-batch", "-"], "\n".join(lines) + "\n")

    def ip(self, *lines):
        self.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def nft(self, text):
        self.run(["nft", "-f", "-"], text)

    def close(self):
        """Gone with all it had, the work that this takes included."""
        os.close(self.fd)
        run(["ip", "netns", "del", self.name])
        for _ in range(600):
            if not os.path.exists("/sys/class/net/p0"):
                break
            time.sleep(1)
        else:
            sys.exit(f"namespace {self.name} does not go away")
        settle()
