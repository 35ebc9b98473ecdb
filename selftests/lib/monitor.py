# SPDX-License-Identifier: GPL-2.0-only
"""What the engine says of itself, as it happens."""
import json
import select
import subprocess
import time

from .engine import PECTL
from .ktap import PATIENCE, poll, require


class Monitor:
    """pectl monitor events on a node, as JSON, until the context ends."""

    def __init__(self, node):
        self.node = node

    def __enter__(self):
        self.proc = subprocess.Popen(
            [PECTL, "-n", self.node.netns, "-j", "monitor", "events"],
            stdout=subprocess.PIPE, bufsize=0)
        listening = f"/proc/{self.proc.pid}/net/netlink"
        poll("listener", lambda: any(
            line.split()[3] == "00000002" or int(line.split()[3], 16)
            for line in open(listening).read().splitlines()[1:]
            if line.split()[2] == str(self.proc.pid)))
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
