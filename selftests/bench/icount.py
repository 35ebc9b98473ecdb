# SPDX-License-Identifier: GPL-2.0-only
"""What something costs, in a machine whose nanosecond is an instruction.

Only in a machine of `scripts/vm --icount`: one processor, and a clock that
counts its instructions and leaps ahead while there is nothing to do.
"""
import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

IDLE = re.compile(r"\.(?:idle|iowait)_sleeptime\s*:\s*(\d+) nsecs")


def busy():
    """Instructions of the machine until now, but for those of idleness."""
    with open("/proc/timer_list") as file:
        text = file.read()
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) - \
        sum(int(n) for n in IDLE.findall(text))


def slept(seconds):
    """Instructions of the machine while nobody asks anything of it."""
    before = busy()
    time.sleep(seconds)
    return busy() - before


def run(argv, stdin=None):
    out = subprocess.run(argv, input=stdin, text=True, capture_output=True,
                         check=False)
    if out.returncode:
        sys.exit(f"{' '.join(argv)}: exited {out.returncode}: "
                 f"{out.stderr[-2000:]}{out.stdout[-2000:]}")
    return out.stdout


class Cost:
    """Instructions of commands: all of them, and those of userspace.

    The sum is exact. What is userspace's is told by the kernel's tick, 250 a
    second, and so is good to a part in the root of its number.
    """

    def __init__(self, total=0, user=0):
        self.total, self.user = total, user

    def __add__(self, other):
        return Cost(self.total + other.total, self.user + other.user)

    def __sub__(self, other):
        return Cost(self.total - other.total, self.user - other.user)

    def of(self, count):
        """That of one, where it was so many."""
        return Cost(self.total / count, self.user / count)

    @staticmethod
    def used():
        """What commands have used until now."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost((usage.ru_utime + usage.ru_stime) * 1e9,
                    usage.ru_utime * 1e9)

    @classmethod
    def measure(cls, argv, stdin=None, later=0):
        """Of the whole machine while a command runs, and for some seconds
        after it, in which is done what it left to be done."""
        idle = slept(later)
        used, before = cls.used(), busy()
        run(argv, stdin)
        cost = busy() - before
        user = (cls.used() - used).user
        return cls(cost + slept(later) - idle, user)

    @classmethod
    def processes(cls, argv):
        """Of a command's processes alone: where it is too short to be seen
        beside what else the machine does."""
        used = cls.used()
        run(argv)
        return cls.used() - used


class Bench:
    """Figures by name, and what is to be undone."""

    def __init__(self, path):
        self.path = path
        self.figures = {}
        self.undo = []

    def defer(self, function, *args):
        self.undo.append((function, args))

    @contextlib.contextmanager
    def apart(self):
        """What is deferred inside is done at its end."""
        keep = len(self.undo)
        try:
            yield
        finally:
            while len(self.undo) > keep:
                function, args = self.undo.pop()
                function(*args)

    def put(self, name, *runs, **more):
        """Write it down at once: the machine may not live."""
        runs = [round(r) for r in runs]
        more = {key: round(value) for key, value in more.items()}
        self.figures[name] = {"least": min(runs), "runs": runs, **more}
        with open(self.path, "w") as file:
            json.dump(self.figures, file, indent=1)
        print(f"{os.uname().release.split('-')[0]:>8} {name:28}"
              f"{min(runs):10}  +{max(runs) - min(runs)}",
              "".join(f"  {k} {v}" for k, v in more.items()),
              file=sys.stderr, flush=True)
