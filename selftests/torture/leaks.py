#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Memory that nobody refers to any more, after tests of every kind of object.

Runs where the kernel was booted with kmemleak=on; the torture programs and
selftests that it names are run in it once more.
"""
import os
import re
import subprocess
import time

from lib import engine
from lib.ktap import Fail, Suite, diag, poll
from pairs import LONG

KMEMLEAK = "/sys/kernel/debug/kmemleak"
HERE = os.path.dirname(os.path.abspath(__file__))
# An object counts as leaked when it is older than this, seconds.
AGE = 6

SHORT = ["torture/namespaces.py born", "txn.py", "bad_input.py wrong"]

suite = Suite(__doc__)


def command(text):
    with open(KMEMLEAK, "w") as file:
        file.write(text)


def scan(when):
    """Twice: what looked reachable by accident is not the second time."""
    for _ in range(2):
        time.sleep(AGE)
        command("scan")
    with open(KMEMLEAK) as file:
        found = file.read()
    count = len(re.findall("^unreferenced", found, re.M))
    if count:
        raise Fail(f"{count} leaks {when}:\n{found[:16000]}")


def programs():
    if not LONG:
        return SHORT
    names = sorted(os.listdir(f"{HERE}/..")) + \
        [f"torture/{name}" for name in sorted(os.listdir(HERE))]
    mine = f"torture/{os.path.basename(__file__)}"
    return [name for name in names if name.endswith(".py") and name != mine
            and os.access(f"{HERE}/../{name}", os.X_OK)]


@suite.case(*((text,) for text in programs()))
def program(text):
    name, *only = text.split()
    done = subprocess.run([f"./{name}", *only], cwd=f"{HERE}/..", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    ran = len(re.findall("^ok", done.stdout, re.M))
    diag(f"{ran} results")
    # Its last result is that it has cleaned up.
    if done.returncode or ran < 2:
        raise Fail(f"exit status {done.returncode}\n{done.stdout}")


@suite.case()
def with_the_module_loaded():
    engine.load()
    suite.defer(engine.unload)
    scan("while the module is loaded")


@suite.case()
def with_the_module_unloaded():
    engine.unload()
    poll("end of the module", lambda: not engine.loaded())
    scan("after the module was unloaded")


def setup():
    if not os.path.exists(KMEMLEAK):
        raise Fail("this kernel has no kmemleak")
    command("scan=off")
    # What the kernel itself seems to have lost since it was started.
    time.sleep(AGE)
    command("scan")
    command("clear")


suite.run(setup)
