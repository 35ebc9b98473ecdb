# SPDX-License-Identifier: GPL-2.0-only
"""Names: dnsmasq in a namespace, which gives the addresses of a name in
another order each time it is asked, and clients that ask it."""
import os
import signal
import socket
import struct

from .ktap import Fail, poll

A, AAAA = 1, 28


def question(name, kind):
    labels = b"".join(struct.pack("B", len(label)) + label.encode()
                      for label in name.split("."))
    return struct.pack("!6H", 0x7065, 0x100, 1, 0, 0, 0) + labels + b"\0" + \
        struct.pack("!HH", kind, 1)


class Dns:
    """names: the addresses of each name."""

    def __init__(self, node, directory, addr, names):
        self.node, self.addr = node, addr
        self.hosts = f"{directory}/{node.name}.hosts"
        self.resolv = f"{directory}/{node.name}.resolv"
        self.write(names)
        with open(self.resolv, "w") as file:
            file.write(f"nameserver {addr}\n")
        for path in (directory, self.hosts, self.resolv):
            os.chmod(path, 0o755)
        self.proc = node.popen(
            ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
             "--no-resolv", "--no-hosts", f"--addn-hosts={self.hosts}",
             "--user=root", "--pid-file=", "--log-facility=/dev/null"])

    def write(self, names):
        with open(self.hosts, "w") as file:
            for name, addrs in names.items():
                file.write("".join(f"{addr} {name}\n" for addr in addrs))

    def ask(self, name, kind):
        """How many addresses the name has, None without an answer."""
        request = question(name, kind)
        with self.node.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            try:
                sock.sendto(request, (self.addr, 53))
                return struct.unpack_from("!H", sock.recv(4096), 6)[0]
            except OSError:
                return None

    def ready(self, name, kind, count):
        poll(f"{count} addresses of {name}",
             lambda: self.ask(name, kind) == count, 10, 0.05)

    def change(self, names):
        """Other addresses, without a restart."""
        self.write(names)
        self.proc.send_signal(signal.SIGHUP)

    def close(self):
        self.proc.terminate()
        self.proc.wait(10)


def browse(node, dns, f, name, *options):
    """(page, address that the name stood for) as curl got it, which asks the
    name server by the system's own resolver."""
    out = node.run(
        ["unshare", "-m", "sh", "-c",
         'mount --bind "$0" /etc/resolv.conf && exec curl "$@"', dns.resolv,
         "-s", "-6" if f.v6 else "-4", "--max-time", "20",
         "-w", "%{remote_ip}", *options, f"http://{name}/"])
    page, _, addr = out.rpartition("\n")
    if not page:
        raise Fail(f"no page of {name}: {out}")
    return page, addr
