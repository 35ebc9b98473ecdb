# SPDX-License-Identifier: GPL-2.0-only
"""Namespaces, the links between them and what lives in them.

    client u1 --- i0 [engine] i1 --- fw outside
                              i2 --- fw inside
                              i3 --- web

Segment n is the wire at the engine's interface in. Host h on segment n has
the addresses F.host(n, h) and the MAC 02:00:00:00:n:h, the engine is host 14.
Segments 0 and 8 carry clients. A segment with one host is a veth pair; one
with several is a bridge in a namespace of its own.
"""
import contextlib
import ctypes
import os
import random
import shutil
import socket
import string
import subprocess
import tempfile

from . import flow
from .addr import ENGINE, FAMILIES, mac
from .ktap import PATIENCE, Fail

OFFLOADS = ("offloaded", "plain")
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Node:
    """One namespace."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.netns = f"{name}{lab.suffix}"
        self.addrs = []             # lines for ip -batch
        self.batch = []             # more of them, after links and addresses
        self.devs = []              # its interfaces
        self.bridge = []            # those of them that br0 joins
        self.sysctls = {"ipv4/conf/all/rp_filter": 0,
                        "ipv4/conf/default/rp_filter": 0,
                        "ipv4/conf/all/send_redirects": 0,
                        "ipv4/conf/default/send_redirects": 0,
                        "ipv4/conf/all/accept_redirects": 0,
                        "ipv6/conf/default/accept_dad": 0,
                        "ipv6/conf/default/accept_ra": 0,
                        "ipv6/conf/default/accept_redirects": 0,
                        "ipv6/conf/default/router_solicitations": 0,
                        "ipv4/icmp_ratelimit": 0,
                        "ipv6/icmp/ratelimit": 0}
        self.nft = ""
        self.fd = -1

    def open(self):
        self.fd = os.open(f"/run/netns/{self.netns}", os.O_RDONLY)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    @contextlib.contextmanager
    def net(self):
        """This thread is in the namespace while the context lasts."""
        setns(self.fd)
        try:
            yield self
        finally:
            setns(self.lab.home)

    def sysctl(self, **values):
        for key, value in values.items():
            self.sysctls[key] = value

    def write_sysctls(self, values):
        with self.net():
            for key, value in values.items():
                with open(f"/proc/sys/net/{key}", "w") as file:
                    file.write(str(value))

    def popen(self, argv, **kwargs):
        with self.net():
            return subprocess.Popen(argv, text=True, **kwargs)

    def run(self, argv, check=True, stdin=None, timeout=60):
        """Run a command in the namespace, give back what it printed."""
        timeout *= PATIENCE
        proc = self.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
        try:
            out, err = proc.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.communicate()
            raise Fail(f"{' '.join(argv)} did not end in {timeout} s") from None
        if check and proc.returncode:
            raise Fail(f"{' '.join(argv)} exited {proc.returncode}: {err or out}")
        return out if check else (proc.returncode, out, err)

    def ip(self, *lines):
        """Run ip(8) on several lines at once."""
        return self.run(["ip", "-batch", "-"], stdin="\n".join(lines) + "\n")

    def socket(self, *args):
        with self.net():
            return socket.socket(*args)

    def ifindex(self, dev):
        with self.net():
            return socket.if_nametoindex(dev)


class Lab:
    """Everything a test needs, described first, then made by up()."""

    def __init__(self, suite, engine="eng", suffix=None):
        """suffix keeps the names of namespaces apart; random by default."""
        letters = string.ascii_lowercase + string.digits
        self.suffix = "-" + "".join(random.choice(letters) for _ in range(6)) \
            if suffix is None else suffix
        self.suite = suite
        self.offloaded = "offloaded"
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.nodes = {}
        self.hosts = {}             # segment -> [(node, ifname, number)]
        self.bare = set()           # segments on which nobody has an address
        self.apart = set()          # segments the engine is not on
        self.owners = {}            # segment -> who is its engine, if another
        self.points = {}            # segment -> (node, ifname) to capture at
        self.hop = ENGINE           # the host number that routes lead to
        self.tmp = tempfile.mkdtemp(prefix="pe-test-")
        self.eng = self.node(engine)
        self.forwards(self.eng)
        suite.defer(self.down)

    def node(self, name):
        node = self.nodes[name] = Node(self, name)
        return node

    def router_of(self, name, *segments):
        """Another engine, or a plain router in the place of one: it has the
        engine's number and interface names on these segments."""
        node = self.node(name)
        self.forwards(node)
        self.owners.update({segment: node for segment in segments})
        return node

    @staticmethod
    def forwards(node):
        node.sysctls.update({"ipv4/ip_forward": 1,
                             "ipv6/conf/all/forwarding": 1,
                             "ipv6/conf/default/forwarding": 1})

    def attach(self, node, segment, number, ifname="eth0", address=True):
        """Put an interface of node on a segment."""
        self.hosts.setdefault(segment, []).append((node, ifname, number))
        if address:
            node.addrs += self.addresses(segment, number, ifname)
        else:
            self.bare.add(segment)

    @staticmethod
    def addresses(segment, number, ifname):
        return [f"addr add {f.host(segment, number)}/{f.prefix(segment)[1]} "
                f"dev {ifname}" for f in FAMILIES]

    def via_engine(self, node, segment, dest="default"):
        """Routes of both families to the engine's address on a segment."""
        for f in FAMILIES:
            where = f.vips if dest == "vips" else dest
            node.batch.append(f"route add {where} "
                              f"via {f.host(segment, self.hop)}")

    def client(self, name="u1", segment=0, number=1):
        node = self.node(name)
        self.attach(node, segment, number)
        self.via_engine(node, segment)
        return node

    def server(self, name, segment, number=1, mode="loopback", vips=()):
        """A server; vips are numbers of service addresses (alias mode)."""
        node = self.node(name)
        node.segment, node.number, node.mode = segment, number, mode
        self.attach(node, segment, number)
        self.via_engine(node, segment)
        node.sysctls.update({"ipv4/conf/all/arp_ignore": 1,
                             "ipv4/conf/all/arp_announce": 2})
        if mode == "loopback":
            for f in FAMILIES:
                node.batch.append(f"route add local {f.vips} dev lo")
        elif mode == "alias":
            node.batch.append("link add alias0 type dummy")
            node.batch.append("link set alias0 arp off up")
            for f in FAMILIES:
                for vip in vips:
                    node.batch.append(f"addr add {f.vip(vip)}/{f.bits} "
                                      f"dev alias0")
        return node

    def router(self, name, outside, inside, number=1, nft=""):
        """An appliance that routes between two segments."""
        node = self.node(name)
        self.forwards(node)
        self.attach(node, outside, number, "out0")
        self.attach(node, inside, number, "in0")
        self.via_engine(node, outside)
        self.via_engine(node, inside, "vips")
        node.nft = nft
        return node

    def one_armed(self, name, segment, number=1):
        """An appliance that routes back to where a packet came from."""
        node = self.node(name)
        self.forwards(node)
        self.attach(node, segment, number)
        self.via_engine(node, segment)
        return node

    def gateway(self, name, segment, number, behind):
        """A router with a segment of its own behind it, on which it has the
        engine's number."""
        node = self.node(name)
        self.forwards(node)
        self.attach(node, segment, number)
        self.apart.add(behind)
        self.attach(node, behind, ENGINE, "in0")
        self.via_engine(node, segment)
        for f in FAMILIES:
            base, length = f.prefix(behind)
            self.eng.batch.append(f"route add {base}/{length} "
                                  f"via {f.host(segment, number)}")
        return node

    def bridge(self, name, outside, inside, nft=""):
        """An appliance that bridges two segments and has no address."""
        node = self.node(name)
        self.attach(node, outside, 0, "out0", address=False)
        self.attach(node, inside, 0, "in0", address=False)
        node.bridge = ["out0", "in0"]
        node.nft = nft
        return node

    def tap(self, name, segment, number=1):
        node = self.node(name)
        self.attach(node, segment, number)
        return node

    def wires(self):
        """Lines that make the links: engine's side in, the hosts' sides."""
        lines = []

        def veth(a, a_if, a_mac, b, b_if, b_mac):
            lines.append(f"link add {a_if} netns {a.netns} address {a_mac} "
                         f"type veth peer name {b_if} netns {b.netns} "
                         f"address {b_mac}")
            for node, dev in ((a, a_if), (b, b_if)):
                node.devs.append(dev)

        for segment, hosts in sorted(self.hosts.items()):
            port, port_mac = f"i{segment}", mac(segment, ENGINE)
            eng = self.owners.get(segment, self.eng)
            if segment in self.apart:
                (a, a_if, a_number), (b, b_if, b_number) = hosts
                veth(a, a_if, mac(segment, a_number),
                     b, b_if, mac(segment, b_number))
                continue
            if len(hosts) == 1:
                node, ifname, number = hosts[0]
                veth(eng, port, port_mac, node, ifname,
                     mac(segment, number))
                self.points[segment] = (node, ifname)
            else:
                switch = self.node(f"sw{segment}")
                switch.bridge = ["up0"]
                veth(eng, port, port_mac, switch, "up0",
                     mac(segment, 0xf0))
                for count, (node, ifname, number) in enumerate(hosts, 1):
                    veth(switch, f"p{count}", mac(segment, 0xf0 + count),
                         node, ifname, mac(segment, number))
                    switch.bridge.append(f"p{count}")
                self.points[segment] = (switch, "up0")
            if segment not in self.bare:
                eng.addrs += self.addresses(segment, ENGINE, port)
        return lines

    def up(self):
        """Make it all: a process for the links and one for each namespace."""
        links = self.wires()
        lines = [f"netns add {n.netns}" for n in self.nodes.values()]
        subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                       input="\n".join(lines) + "\n")
        for node in self.nodes.values():
            node.open()
            node.write_sysctls(node.sysctls)
        subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                       input="\n".join(links) + "\n")
        jobs = []
        for node in self.nodes.values():
            head = [f"link set {dev} up" for dev in ["lo", *node.devs]]
            if node.bridge:
                head.append("link add br0 type bridge stp_state 0 "
                            "forward_delay 0 mcast_snooping 0")
                head += [f"link set {dev} master br0" for dev in node.bridge]
                head.append("link set br0 up")
            if node.nft:
                jobs.append((node, ["nft", "-f", "-"], node.nft))
            jobs.append((node, ["ip", "-batch", "-"],
                         "\n".join(head + node.addrs + node.batch) + "\n"))
        running = []
        for node, argv, text in jobs:
            proc = node.popen(argv, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            running.append((node, argv, text, proc))
        for node, argv, text, proc in running:
            out, err = proc.communicate(text, 60 * PATIENCE)
            if proc.returncode:
                raise Fail(f"{node.name}: {' '.join(argv)}: {err or out}\n{text}")

        self.settle()

    @staticmethod
    def one_cpu():
        """Everything started from now on takes turns: packets of a connection
        don't overtake each other where a processor is held up."""
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    @property
    def csum(self):
        """State of transport checksums of what sockets of the lab send."""
        return "partial" if self.offloaded == "offloaded" else "ok"

    def offloads(self, how):
        """Turn segmentation and checksums of every interface on or off."""
        if how == self.offloaded:
            return
        self.offloaded = how
        state = "on" if how == "offloaded" else "off"
        running = [node.popen(["ethtool", "-K", dev, *(
            word for what in ("tx", "gso", "tso", "gro")
            for word in (what, state))],
            stdout=subprocess.DEVNULL)
            for node in self.nodes.values() for dev in node.devs]
        if any([proc.wait() for proc in running]):
            raise Fail("ethtool failed")

    def settle(self):
        """Wait until every host and the engine have found each other."""
        for segment, hosts in self.hosts.items():
            for node, _, number in hosts:
                for f in () if segment in self.bare else FAMILIES:
                    flow.reach(f, node, f.host(segment, number),
                               f.host(segment, ENGINE))

    def down(self):
        """Nothing of it stays, whatever state it is in."""
        for node in self.nodes.values():
            node.close()
        names = [n.netns for n in self.nodes.values()
                 if os.path.exists(f"/run/netns/{n.netns}")]
        shutil.rmtree(self.tmp, ignore_errors=True)
        if names:
            subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                           input="\n".join(f"netns del {n}" for n in names) + "\n")
        os.close(self.home)
