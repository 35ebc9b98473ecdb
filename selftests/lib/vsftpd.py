# SPDX-License-Identifier: GPL-2.0-only
"""A real FTP server in a namespace, with nothing of it outside a directory."""
import os

from . import flow
from .ktap import PATIENCE

CONF = """
listen={ipv4}
listen_ipv6={ipv6}
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
local_enable=NO
anon_root={dir}/root
secure_chroot_dir={dir}/empty
xferlog_enable=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
pasv_min_port={first}
pasv_max_port={last}
pasv_address={address}
"""


class Vsftpd:
    """Passive connections get ports from first to last; IPv4 clients are told
    the address given."""

    def __init__(self, f, node, directory, port, first, last, address):
        top = f"{directory}/ftp-{node.name}"
        for name in ("root", "empty"):
            os.makedirs(f"{top}/{name}", exist_ok=True)
        for path in (directory, top, f"{top}/root"):
            os.chmod(path, 0o755)
        self.text = "".join(f"line {n} of the file\n" for n in range(40))
        with open(f"{top}/root/file", "w") as file:
            file.write(self.text)
        with open(f"{top}/conf", "w") as file:
            file.write(CONF.format(
                dir=top, port=port, first=first, last=last, address=address,
                ipv4="NO" if f.v6 else "YES", ipv6="YES" if f.v6 else "NO"))
        self.proc = node.popen(["vsftpd", f"{top}/conf"])
        flow.listening(node, port)

    def close(self):
        self.proc.terminate()
        self.proc.wait(10 * PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
