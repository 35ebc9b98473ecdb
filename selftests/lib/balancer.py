# SPDX-License-Identifier: GPL-2.0-only
"""Balancers: haproxy and IPVS, each in a namespace."""
import os
import subprocess

from .ktap import poll

CONF = """
global
    maxconn 100
    stats socket {dir}/{name}.sock
defaults
    mode tcp
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout check 1s
    default-server inter 1s fastinter 200ms fall 2 rise 1
{sections}
"""


class Haproxy:
    """sections are haproxy's own language."""

    def __init__(self, node, directory, sections):
        self.node = node
        self.sock = f"{directory}/{node.name}.sock"
        path = f"{directory}/{node.name}.cfg"
        with open(path, "w") as file:
            file.write(CONF.format(dir=directory, name=node.name,
                                   sections=sections))
        self.proc = node.popen(["haproxy", "-db", "-q", "-f", path])
        poll("haproxy", lambda: os.path.exists(self.sock), 10, 0.05)

    def stat(self):
        """State of each server, by (section, server)."""
        out = self.node.run(["socat", "-", f"UNIX-CONNECT:{self.sock}"],
                            stdin="show stat\n")
        rows = [line.split(",") for line in out.splitlines() if line]
        head = rows[0]
        return {(row[0].lstrip("# "), row[1]): row[head.index("status")]
                for row in rows[1:]}

    def wait(self, server, state):
        """Until every server of that name has come to a state."""
        poll(f"{server} {state}", lambda: all(
            status.startswith(state) for (_, name), status in
            self.stat().items() if name == server), 10, 0.1)

    def close(self):
        self.proc.terminate()
        self.proc.wait(10)


def ipvs(node, services):
    """The kernel's own balancer, taking turns; services: the real servers of
    each (address, port), to which it translates."""
    def text(addr, port):
        return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"

    subprocess.run(["modprobe", "-a", "ip_vs", "ip_vs_rr"], check=False)
    lines = []
    for service, servers in services.items():
        lines.append(f"-A -t {text(*service)} -s rr")
        lines += [f"-a -t {text(*service)} -r {text(*server)} -m"
                  for server in servers]
    node.run(["ipvsadm", "-R"], stdin="\n".join(lines) + "\n")
