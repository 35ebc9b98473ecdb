# SPDX-License-Identifier: GPL-2.0-only
"""What the engine says of itself, as it happens."""
import json
import select
import subprocess
import time

from .engine import PECTL
from .ktap import PATIENCE, poll, require


def ears(proc):
    """Netlink ports, where a process is, that hear of the end of families. It
    is what pectl asks for last: whoever does hears everything."""
    with open(f"/proc/{proc.pid}/net/netlink") as file:
        rows = [line.split() for line in file.read().splitlines()[1:]]
    return {int(row[2]) for row in rows
            if row[1] == "16" and int(row[3], 16) >> 15 & 1}


def listens(proc):
    """Wait until pectl monitor hears what it is to print, of one kind."""
    poll("listener", lambda: proc.pid in ears(proc))


class Monitor:
    """pectl monitor events on a node, as JSON, until the context ends."""

    def __init__(self, node):
        self.node = node

    def __enter__(self):
        self.proc = subprocess.Popen(
            [PECTL, "-n", self.node.netns, "-j", "monitor", "events"],
            stdout=subprocess.PIPE, bufsize=0)
        listens(self.proc)
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()

    def until(self, **wanted):
        """Wait for an event with these values, give it back."""
        end = time.monotonic() + 10 * PATIENCE
        while True:
            left = end - time.monotonic()
            require(left > 0 and select.select([self.proc.stdout], [], [], left)[0],
                    f"no event with {wanted}")
            event = json.loads(self.proc.stdout.readline())
            if all(event.get(k) == v for k, v in wanted.items()):
                return event
