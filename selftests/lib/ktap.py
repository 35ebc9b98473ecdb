# SPDX-License-Identifier: GPL-2.0-only
"""Cases, their plan and their result in KTAP, as kselftest's runner reads it.

A case is a function that returns when it passed and raises Fail when not.
Whatever a test leaves behind is undone by what it registered with defer().
"""
import os
import re
import signal
import sys
import time
import traceback

PASS, FAIL, SKIP = 0, 1, 4

# How much longer than usual to wait for what must happen: a debug kernel is slow.
PATIENCE = float(os.environ.get("PATIENCE", "1"))

# What must never be in the kernel's log, a regular expression a line.
SPLATS = os.environ.get("SPLATS", os.path.join(os.path.dirname(
    os.path.realpath(__file__)), "../../scripts/splats"))


class Fail(Exception):
    """What was expected and what was seen, a line each."""


class Skip(Exception):
    """The kernel under test cannot do this; never a missing tool."""


def expect(what, seen, wanted):
    """Fail unless what was seen is what was wanted."""
    if seen != wanted:
        raise Fail(f"{what}:\nwanted {wanted!r}\nseen   {seen!r}")


def require(condition, message):
    if not condition:
        raise Fail(message)


def poll(what, condition, timeout=5, step=0.01):
    """Wait until condition() is true, give its value back."""
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Fail(f"no {what} within {timeout} s")
        time.sleep(step)


def diag(text):
    for line in str(text).rstrip("\n").split("\n"):
        print(f"# {line}", flush=True)


class KernelLog:
    """The part of the kernel's log that was written since it was opened."""

    def __init__(self):
        with open(SPLATS) as file:
            self.splats = re.compile("|".join(
                f"(?:{line})" for line in file.read().splitlines() if line))
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self):
        out = []
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return out
            except BrokenPipeError:         # overwritten before we read it
                out.append("BUG: kernel log overrun")
                continue
            out.append(record.split(";", 1)[-1].split("\n")[0])

    def trouble(self):
        return [line for line in self.lines() if self.splats.search(line)]


class Suite:
    """The cases of one program."""

    def __init__(self, doc):
        self.doc = doc
        self.cases = []
        self.undo = []
        self.log = None

    def case(self, *params):
        """Decorator: a case, or one for each of params."""
        def add(func):
            title = func.__name__.replace("_", " ")
            if not params:
                self.cases.append((title, func, ()))
            for param in params:
                args = param if isinstance(param, tuple) else (param,)
                label = " ".join(str(arg) for arg in args)
                self.cases.append((f"{title} {label}", func, args))
            return func
        return add

    def defer(self, func, *args):
        self.undo.append((func, args))

    def clean(self):
        """Undo in reverse order; what fails is told, not hidden."""
        trouble = []
        while self.undo:
            func, args = self.undo.pop()
            try:
                func(*args)
            except Exception as error:      # the rest must still be undone
                trouble.append(f"{getattr(func, '__name__', func)}: {error}")
        return trouble

    def last(self):
        """What every program ends with: nothing left, nothing logged."""
        trouble = self.clean()
        trouble += self.log.trouble()
        if trouble:
            raise Fail("\n".join(trouble))

    def attempt(self, number, title, func, args):
        start = time.monotonic()
        try:
            func(*args)
        except Skip as why:
            print(f"ok {number} {title} # SKIP {why}", flush=True)
            return True
        except Exception as error:
            if isinstance(error, Fail):
                where = traceback.extract_tb(error.__traceback__)
                lines = [f"{os.path.basename(f.filename)}:{f.lineno}"
                         for f in where if "ktap.py" not in f.filename]
                diag(f"{error}\nat {' < '.join(reversed(lines))}")
            else:
                diag(traceback.format_exc())
            print(f"not ok {number} {title}", flush=True)
            return False
        spent = time.monotonic() - start
        print(f"ok {number} {title} # {spent:.1f} s", flush=True)
        return True

    def run(self, setup=None):
        def stop(signum, _frame):
            raise SystemExit(128 + signum)

        only = sys.argv[1:]
        cases = [c for c in self.cases
                 if not only or any(word in c[0] for word in only)]
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, stop)
        print(f"KTAP version 1\n1..{len(cases) + 1}", flush=True)
        diag(self.doc.strip().split("\n")[0])
        self.log = KernelLog()
        good = True
        try:
            broken = None
            start = time.monotonic()
            try:
                if setup:
                    setup()
            except Fail as error:
                broken = str(error)
            except Exception:
                broken = traceback.format_exc()
            diag(f"set up in {time.monotonic() - start:.1f} s")
            if broken:
                diag(broken)
            for number, (title, func, args) in enumerate(cases, 1):
                if broken:
                    print(f"not ok {number} {title}", flush=True)
                    good = False
                else:
                    good &= self.attempt(number, title, func, args)
            good &= self.attempt(len(cases) + 1, "clean up", self.last, ())
        finally:
            self.clean()
        sys.exit(PASS if good else FAIL)
