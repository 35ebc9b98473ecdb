#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Memory that nobody refers to any more, after every kind of object was used.

Runs where the kernel was booted with kmemleak=on. The long form runs every
selftest and torture program in it once more.
"""
import os
import re
import subprocess
import time

from lib import engine, genl
from lib.addr import mac
from lib.genl import CREATE, PE, Genl, attr
from lib.ktap import Fail, Suite, diag, expect, poll
from pairs import CONF, LONG, OTHER, Bench, Flood

KMEMLEAK = "/sys/kernel/debug/kmemleak"
HERE = os.path.dirname(os.path.abspath(__file__))
# An object counts as leaked when it is older than this, seconds.
AGE = 6

# What the kernel finds fault with only when most of it is there.
REFUSED = CONF + "service e { vip 192.0.2.10 udp; sequence web; }\n"

suite = Suite(__doc__)
bench = Bench(suite)


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
    names = sorted(os.listdir(f"{HERE}/..")) + \
        [f"torture/{name}" for name in sorted(os.listdir(HERE))]
    mine = f"torture/{os.path.basename(__file__)}"
    return [name for name in names if name.endswith(".py") and name != mine
            and os.access(f"{HERE}/../{name}", os.X_OK)]


@suite.case()
def every_object_is_used():
    """Made, replaced, refused, left in a transaction, reported, deleted."""
    for _ in range(3):
        pair = bench.pair()
        with Genl(pair, ["config", "events"]), Genl(pair) as half, Flood(pair):
            for text in (CONF, OTHER, CONF):
                pair.apply(text)
            expect("status of what is refused", bench.pectl(
                pair.engine, "apply", "-f", "-", text=REFUSED)[0],
                engine.REFUSED)
            for words in (["-s", "-d", "show"], ["stats"],
                          ["explain", "from", "10.0.0.1", "to", "192.0.2.10",
                           "udp", "port", "80", "iif", "i0"]):
                expect(f"status of {words[0]}",
                       bench.pectl(pair.engine, *words)[0], 0)
            half.ask(PE.PE_CMD_TXN_BEGIN)
            half.ask(PE.PE_CMD_DEVICE_NEW,
                     *genl.device("x", "i1", mac(1, 9)), flags=CREATE)
            half.ask(PE.PE_CMD_SERVICE_DEL, attr(PE.PE_SERVICE_NAME, "a"))
        expect("status of delete", bench.pectl(
            pair.engine, "-f", "-", text="service del a\nservice del c\n"
            "device del fw\n")[0], 0)
        pair.delete()


def program(name):
    done = subprocess.run([f"./{name}"], cwd=f"{HERE}/..", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    ran = len(re.findall("^ok", done.stdout, re.M))
    diag(f"{ran} results")
    # Its last result is that it has cleaned up.
    if done.returncode or ran < 2:
        raise Fail(f"exit status {done.returncode}\n{done.stdout}")


if LONG:
    suite.case(*programs())(program)


@suite.case()
def with_the_module_loaded():
    engine.load()
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
    bench.start()


suite.run(setup)
