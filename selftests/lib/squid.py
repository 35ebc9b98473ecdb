# SPDX-License-Identifier: GPL-2.0-only
"""A real HTTP proxy in a namespace, with nothing of it outside a directory."""
import os

from . import flow
from .ktap import PATIENCE

CONF = """
{ports}
http_access allow all
visible_hostname {name}
httpd_suppress_version_string on
forwarded_for delete
server_persistent_connections off
connect_timeout 10 seconds
pid_filename {dir}/{name}.pid
cache_log {dir}/{name}.log
coredump_dir {dir}
access_log none
cache_store_log none
netdb_filename none
cache deny all
cache_mem 0
memory_pools off
max_filedescriptors 256
mime_table /dev/null
pinger_enable off
dns_nameservers 127.0.0.1
hosts_file none
"""


class Squid:
    """It caches nothing, has a connection of its own for each page, and tells
    the server its node's name in the Via header."""

    def __init__(self, node, directory, ports, wait=True):
        self.node, self.ports = node, ports
        top = f"{directory}/squid-{node.name}"
        os.mkdir(top)
        os.chmod(directory, 0o755)      # squid gives up being root
        os.chmod(top, 0o777)
        with open(f"{top}/conf", "w") as file:
            file.write(CONF.format(
                dir=top, name=node.name,
                ports="\n".join(f"http_port {port}" for port in ports)))
        self.proc = node.popen(["squid", "-N", "-C", "-f", f"{top}/conf"])
        if wait:
            self.ready()

    def ready(self):
        """Several that were started without waiting start at once."""
        for port in self.ports:
            flow.listening(self.node, port)

    def close(self):
        self.proc.kill()                # asked to end, it takes two seconds
        self.proc.wait(10 * PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
