#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces, namespaces and the module come and go, under traffic, with
neighbours being asked for and configuration being applied.
"""
import subprocess
import threading
import time

from lib import engine
from lib.ktap import Suite, diag, expect, poll
from pairs import CONF, LONG, OTHER, Bench, Flood, ip, rounds

ROUNDS = 40 if LONG else 6

suite = Suite(__doc__)
bench = Bench(suite)


def beside(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@suite.case()
def interfaces_move_to_another_namespace():
    """There they are deleted; here the engine knows that they are gone."""
    for _ in rounds(max(2, ROUNDS // 8)):
        pair = bench.pair()
        pair.apply()
        other = f"other{bench.lab.suffix}"
        with Flood(pair):
            ip(f"netns add {other}")
            for dev in ("i3", "i2"):
                ip(f"link set {dev} netns {other}", netns=pair.engine)
            ip("link del i3", "link del i2", netns=other)
            ip(f"netns del {other}")
            expect("status of show",
                   bench.pectl(pair.engine, "-d", "show")[0], 0)
        pair.delete()


@suite.case()
def interfaces_are_renamed_and_deleted():
    pair = bench.pair()
    pair.apply()
    over = []
    applied = []
    monitor = subprocess.Popen([engine.PECTL, "-n", pair.engine, "monitor"],
                               stdout=subprocess.DEVNULL)
    suite.defer(monitor.kill)

    def configure():
        while not over:
            status, _, _ = bench.pectl(pair.engine, "apply", "-f", "-",
                                       text=(CONF, OTHER)[len(applied) % 2])
            applied.append(status)

    with Flood(pair) as flood:
        thread = beside(configure)
        for n in rounds(ROUNDS):
            this, other = n % 4, (n + 1) % 4
            ip(f"link set i{this} down", f"link set i{this} name q",
               "link set q up", "link set q down",
               f"link set q name i{this}",
               f"link set i{this} address 02:00:00:00:0{this}:0f",
               f"link set i{this} address 02:00:00:00:0{this}:0e",
               f"link set i{this} mtu 1280", f"link set i{this} mtu 1500",
               f"neigh flush dev i{this}", f"link del i{other}",
               netns=pair.engine, check=False)
            pair.restore(this)
            pair.restore(other)
        over.append(True)
        thread.join()
        diag(f"{len(applied)} configurations, {flood.sent} packets")
    # What was refused for an interface that was away is taken now.
    pair.apply()
    monitor.terminate()
    monitor.wait()
    pair.delete()


@suite.case()
def namespaces_are_born_and_killed():
    """By turns the engine's and that around it, and while it is configured."""
    sent = 0
    for n in rounds(ROUNDS):
        pair = bench.pair()
        pair.apply()
        with Flood(pair) as flood:
            thread = beside(lambda: bench.pectl(
                pair.engine, "apply", "-f", "-", text=OTHER))
            ip(f"netns del {(pair.engine, pair.around)[n % 2]}")
            thread.join()
        sent += flood.sent
        pair.delete()
    diag(f"{sent} packets")


@suite.case()
def module_goes_from_many_namespaces():
    """While one of them dies."""
    pairs = [bench.pair() for _ in range(5)]
    longest = 0
    with Flood(pairs[0]), Flood(pairs[1]):
        for _ in rounds(max(2, ROUNDS // 8)):
            for pair in pairs:
                pair.apply()
            thread = beside(pairs[-1].delete)
            start = time.monotonic()
            engine.unload()
            longest = max(longest, time.monotonic() - start)
            thread.join()
            engine.load()
            pairs[-1] = bench.pair()
    diag(f"unloaded in {longest:.1f} s at most")
    for pair in pairs:
        pair.delete()


@suite.case()
def nothing_holds_a_namespace():
    """All of those are gone: their memory, too, as the module tells."""
    poll("end of namespaces", lambda: not subprocess.run(
        ["ip", "netns", "list"], text=True, capture_output=True,
        check=True).stdout)
    engine.unload()


suite.run(bench.start)
