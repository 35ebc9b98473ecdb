# SPDX-License-Identifier: GPL-2.0-only
"""pectl trace and pectl capture at work beside a test."""
import json
import re
import signal
import subprocess
import threading
from collections import namedtuple

from .engine import PECTL
from .ktap import PATIENCE, Fail, poll

# A packet at an interface of the engine, as a trace or a capture tells it.
Seen = namedtuple("Seen", "link dir mac src dst")


class Watching:
    """A pectl that watches until stop(); the kernel has agreed already."""

    def __init__(self, pe, *args, **kwargs):
        self.proc = pe.node.popen([PECTL, *args], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, **kwargs)
        pe.lab.suite.defer(self.kill)
        self.said = self.proc.stderr.readline()
        if "watching" not in self.said:
            raise Fail(f"pectl {' '.join(args)}: {self.said}"
                       f"{self.proc.stderr.read()}")
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            self.lines.append(line)

    def wait(self, count, timeout=5):
        """Until there are that many lines."""
        poll(f"{count} lines", lambda: len(self.lines) >= count, timeout)

    def stop(self, number=signal.SIGINT):
        """What is counted at the end: (told, lost)."""
        if number:
            self.proc.send_signal(number)
        status = self.proc.wait(20 * PATIENCE)
        self.reader.join(20 * PATIENCE)
        text = self.proc.stderr.read()
        found = re.search(r"^pectl: (\d+) \w+, (\d+) lost$", text, re.M)
        if status or not found:
            raise Fail(f"pectl exited {status}: {text}")
        return int(found[1]), int(found[2])

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Trace(Watching):
    """What becomes of packets, as objects."""

    def __init__(self, pe, *args):
        super().__init__(pe, "-j", "trace", *args)

    def end(self, number=signal.SIGINT):
        """All that was told, after the packets of before have been."""
        told, lost = self.stop(number)
        out = [json.loads(line) for line in self.lines]
        if told != len(out) or lost:
            raise Fail(f"{told} told, {lost} lost, {len(out)} read")
        return out


def ends(sight):
    """((saddr, sport), (daddr, dport))"""
    return ((sight["saddr"], sight.get("sport", 0)),
            (sight["daddr"], sight.get("dport", 0)))


def seen(sights):
    """What a trace tells that there was on the wires."""
    out = []
    copied = False
    for sight in sights:
        if not copied:
            out.append(Seen(sight["iif"], "in", sight["source"],
                            *ends(sight["came"])))
        copied = sight["action"] == "copy"
        if "oif" in sight:
            out.append(Seen(sight["oif"], "out", sight["lladdr"], *ends(sight)))
    return out


def rows_seen(rows):
    """The same of captured rows."""
    return [Seen(r.link, r.dir, r.smac if r.dir == "in" else r.dmac,
                 (r.saddr, r.sport), (r.daddr, r.dport)) for r in rows]
