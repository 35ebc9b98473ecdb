#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A firewall is replaced in every service, in one commit, under traffic.

    u1 --- i0 [eng] i1 --+-- fw1 outside
                         +-- fw2 outside
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --- web

Nothing is lost, nothing arrives twice, nothing goes half by one and half by
the other.
"""
import subprocess
import time
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.echo import Echo, Loop
from lib.ktap import Suite, diag, expect, require
from lib.lab import Lab
from lib.wire import UDP, Capture, check_walk, got, put

ROUNDS = 12

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
for n in (1, 2):
    lab.router(f"fw{n}", 1, 2, n)
web = lab.server("web", 3)
pe = engine.Engine(lab)


def conf(number):
    return "".join(
        f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
        f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + \
        f"device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}\n" + \
        "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
                f"sequence fw{number}, web; }}\n"
                for f, p in product(FAMILIES, ("tcp", "udp")))


def delay(on):
    """Have packets stay inside the firewalls for a while, so that there always
    are some."""
    for n in (1, 2):
        for dev in ("out0", "in0"):
            lab.nodes[f"fw{n}"].run(
                ["tc", "qdisc", *(["add"] if on else ["del"]), "dev", dev,
                 "root", *(["netem", "delay", "10ms", "limit", "10000"] if on
                           else [])])


@suite.case()
def loses_nothing():
    """What is in the old firewall when it leaves the sequence goes on as the
    old sequence says: every packet is answered, none is dropped."""
    flows = [Echo(f, u1, [web], (f.W1, 80)) for f in FAMILIES]
    loop = Loop(flows)
    files = [pe.file(conf(n)) for n in (2, 1)]
    delay(True)
    before = {n: pe.device_counters(f"fw{n}") for n in (1, 2)}
    drops = pe.drops()
    rounds = 0
    proc = None
    last = time.monotonic()
    while rounds < ROUNDS or proc or (
            any(one.waits() for one in flows) and
            time.monotonic() - last < flow.TIMEOUT):
        if proc and proc.poll() is not None:
            expect("exit status of apply", proc.returncode, 0)
            rounds, proc, last = rounds + 1, None, time.monotonic()
        if not proc and rounds < ROUNDS:
            proc = subprocess.Popen([engine.PECTL, "-n", lab.eng.netns, "apply",
                                     "-f", files[rounds % 2]],
                                    stdout=subprocess.DEVNULL)
        for one in flows:
            if (proc or rounds < ROUNDS) and one.waits() < 32:
                one.send()
        loop.turn()
    delay(False)
    for one in flows:
        require(one.sent > 10 * ROUNDS, f"only {one.sent} were sent")
        expect("answers once each", sorted(one.back), list(range(one.sent)))
    diag(f"{sum(one.sent for one in flows)} packets were answered")
    pe.check_drops(drops)
    for n in (1, 2):
        require(pe.device_counters(f"fw{n}") != before[n],
                f"firewall {n} was never used")


@suite.case(*product((2, 1), FAMILIES))
def tcp_session_goes_on(number, f):
    """A connection that began through one firewall ends through the other,
    which has no state to miss."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with flow.bound(web, f, flow.STREAM, *w) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        c.connect(w)
        s, _ = listener.accept()
        with s:
            s.settimeout(flow.TIMEOUT)
            c.sendall(b"before")
            expect("data", flow.take("data", s.recv, 100), b"before")
            pe.apply(conf(number))
            with Capture(lab) as capture:
                c.sendall(b"after")
                expect("data", flow.take("data", s.recv, 100), b"after")
                s.sendall(b"answer")
                expect("data", flow.take("data", c.recv, 100), b"answer")
                rows = [r for r in capture.stop() if r.proto != UDP]
                check_walk(rows,
                           [got(0, 1, u, w, 64), put(1, number, u, w, 63),
                            got(2, number, u, w, 62), put(3, 1, u, w, 61)],
                           [got(3, 1, w, u, 64), put(2, number, w, u, 63),
                            got(1, number, w, u, 62), put(0, 1, w, u, 61)])


suite.run(lambda: pe.start(conf(1)))
