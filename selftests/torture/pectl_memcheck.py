#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pectl under valgrind, talking to a kernel: no byte that is not its own, or
that nobody wrote, and nothing left behind."""
import os
import subprocess

from lib import engine
from lib.addr import F4, F6, mac
from lib.ktap import PATIENCE, Suite, expect, require
from lib.lab import Lab

LONG = os.environ.get("TORTURE") == "long"
MEMCHECK = f"{engine.TOP}/userspace/tests/memcheck"
FOUND = 99

suite = Suite(__doc__)
lab = Lab(suite)
lab.client("u1")
lab.router("fw", 1, 2)
lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 via {F4.host(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device nat {{ server address {F6.host(3, 1)} mode nat; guard; }}
device tap {{ tap dev i2 lladdr {mac(2, 9)}; }}
service web {{ vip {F4.W1} tcp port 80, 8000-8080; sequence tap, fw, web; }}
service nat {{ vip {F6.W1} tcp port 80; sequence fw, nat port 8080; }}
service all {{ vip {F4.W2} iif i0; sequence web; }}
"""
OTHER = CONF.replace("8000-8080", "9000").replace("tap, fw", "fw") + \
    f"service new {{ vip {F4.W3}; sequence web; }}\n"
WRONG = CONF.replace("tap, fw", "tap, nobody")
BATCH = f"service del all\ndevice add new tap dev i1 lladdr {mac(1, 7)}\n" \
        "service change web sequence new, fw, web\n"
SAME = BATCH + f"service add same vip {F4.W1} tcp port 80 sequence web\n"

# Exit status, arguments; the upper-case words are files.
COMMANDS = (
    (0, "apply -f OTHER"),
    (2, "apply -f WRONG"),
    (0, "-f BATCH"),
    (0, "-j -p -s -d show"),
    (0, f"explain from {F4.U1} to {F4.W1} tcp port 80 iif i0"),
)
MORE = (
    (2, "-f SAME"),
    (0, "apply --check -f OTHER"),
    (2, "apply --generation 1 -f OTHER"),
    (4, "diff -f OTHER"),
    (4, "-j diff -f OTHER"),
    (0, "diff -f CONF"),
    (0, "-s -o show"),
    (0, "service show web"),
    (2, "service show nobody"),
    (0, "--brief device show"),
    (0, "-s stats"),
    (0, "-j stats"),
    (0, f"-j explain from {F6.U1} to {F6.W1} tcp port 80 iif i0"),
    (2, f"explain from {F4.U1} to {F4.W1} iif nowhere"),
    (2, "device del web"),
    (0, "service replace web vip 192.0.2.77 sequence web"),
    (0, "flush"),
)


def check(args):
    return subprocess.Popen(
        [MEMCHECK, engine.PECTL, "-n", lab.eng.netns, *args], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def judge(proc, code):
    _, err = proc.communicate(timeout=120 * PATIENCE)
    require(proc.returncode != FOUND and "\n==" not in f"\n{err}", err)
    expect(f"exit status ({err.strip()})", proc.returncode, code)


@suite.case(*COMMANDS, *(MORE if LONG else ()))
def memory(code, command):
    pe.apply(CONF)
    files = {"CONF": CONF, "OTHER": OTHER, "WRONG": WRONG, "BATCH": BATCH,
             "SAME": SAME}
    judge(check([pe.file(files[word]) if word in files else word
                 for word in command.split()]), code)


suite.run(lambda: pe.start(CONF))
