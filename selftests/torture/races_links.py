#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces and neighbours change under traffic, and the module goes.

Interfaces are renamed, taken down, moved to another namespace and back,
deleted and made again, get other addresses and MTUs; neighbours are forgotten;
the module is unloaded and loaded. No packet is misdelivered, and when all is
as it was, all services work.
"""
import ctypes
import fcntl
import os
import random
import subprocess
import termios
import time

from lib import engine
from lib.addr import ENGINE, mac
from lib.ktap import Suite, diag, poll, require
from lib.lab import LIBC
from races_lab import LONG, PORTS, SEED, Race, conf, second_cpu

SECONDS = 240 if LONG else 15
LOADS = 100 if LONG else 8

suite = Suite(__doc__)
race = Race(suite)
dice = random.Random(SEED)


class Batch:
    """ip(8), started once and told line by line; what fails is told, too, for
    an interface may not be there."""

    def __init__(self, node):
        self.node = node
        self.proc = node.popen(["ip", "-force", "-batch", "-"],
                               stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, bufsize=1)

    def say(self, *lines):
        """No faster than they are carried out."""
        for line in lines:
            self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()
        poll("commands read", self.read, 60)

    def read(self):
        left = fcntl.ioctl(self.proc.stdin, termios.FIONREAD, bytes(4))
        return left == bytes(4)

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(60)


def renamed(port):
    yield (f"link set i{port} down", f"link set i{port} name x{port}",
           f"link set x{port} up")
    yield (f"link set x{port} down", f"link set x{port} name i{port}",
           f"link set i{port} up", *race.settings(port))


def down(port):
    yield (f"link set i{port} down",)
    yield (f"link set i{port} up", *race.settings(port))


def other_address(port):
    yield (f"link set i{port} address {mac(port, ENGINE + 1)}",)
    yield (f"link set i{port} address {mac(port, ENGINE)}",)


def other_mtu(port):
    """Below what any protocol allows, too."""
    yield (f"link set i{port} mtu {dice.choice((68, 576, 1279, 1280, 1400))}",)
    yield (f"link set i{port} mtu 1500", *race.settings(port))


def neighbours_forgotten(port):
    yield (f"neigh flush dev i{port}",)


def moved_away(port):
    """Where it is then, it has another address: what comes from there cannot
    be the engine's."""
    yield (f"link set i{port} netns {away.netns}",
           f"netns exec {away.netns} ip link set i{port} address "
           f"{mac(port, 0x77)} up")
    yield (f"netns exec {away.netns} ip link set i{port} down",
           f"netns exec {away.netns} ip link set i{port} address "
           f"{mac(port, ENGINE)}",
           f"netns exec {away.netns} ip link set i{port} netns "
           f"{race.lab.eng.netns}",
           f"link set i{port} up", *race.settings(port))


def deleted(port):
    yield (f"link del i{port}",)
    yield (f"link add i{port} address {mac(port, ENGINE)} type veth peer name "
           f"o{port} address {mac(port, 1)} netns {race.far.netns}",
           f"link set i{port} up",
           f"netns exec {race.far.netns} ip link set o{port} arp off up",
           *race.settings(port))


WAYS = (renamed, down, other_address, other_mtu, neighbours_forgotten,
        moved_away, deleted)
away = race.lab.node("away")


@suite.case(*(way.__name__ for way in WAYS), "all")
def interfaces(what):
    ways = [w for w in WAYS if what in ("all", w.__name__)]
    count = 0
    batch = Batch(race.lab.eng)
    with race.traffic():
        end = time.monotonic() + SECONDS / (1 if what == "all" else 4)
        # Those who receive wait for the kernel, too, when it deletes.
        while race.goes_on(end, count):
            port = dice.choice(PORTS)
            for lines in dice.choice(ways)(port):
                batch.say(*lines)
                time.sleep(dice.random() / 20)
            count += 1
        batch.close()
    diag(f"{count} times")
    race.works()


def delete_module():
    if LIBC.delete_module(b"pe", os.O_NONBLOCK):
        raise OSError(ctypes.get_errno(), "delete_module")


@suite.case()
def module():
    """Between two packets, and with a configuration each time."""
    text = [race.pe.file(conf(which)) for which in (0, 1)]
    with race.traffic():
        for number in range(LOADS):
            race.pe.pectl("apply", "-f", text[number & 1])
            race.pause(dice.random() / 5)
            delete_module()
            require(not engine.loaded(), "the module is still there")
            engine.load()
    diag(f"{LOADS} loads")
    race.pe.apply(conf(0))
    race.works()


def setup():
    race.up(kept=False)
    second_cpu()
    race.works()


suite.run(setup)
