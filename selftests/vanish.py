#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Interfaces, namespaces and the module itself go away under traffic.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
"""
import os
import socket
import subprocess
import threading
import time
from itertools import product

from lib import engine, flow, packet
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Fail, Suite, expect, poll, require
from lib.lab import Lab
from lib.monitor import listens

# The kernel patches its code when the first hook comes and the last one goes.
# Emulated processors do not survive that under traffic (an int3 that nobody
# knows in ip_rcv): a namespace beside keeps hooks of its own throughout.
HOOKS = """
table inet keep {
    chain prerouting { type filter hook prerouting priority 0; }
    chain forward { type filter hook forward priority 0; }
}
"""

MANY = 40

suite = Suite(__doc__)
pe = lab = u1 = web = None

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device tap {{ tap dev i3 lladdr {mac(3, 7)}; }}
""" + "".join(
    f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence tap, fw, web; }}\n"
    for f, p in product(FAMILIES, ("tcp", "udp")))


def build():
    """A lab of its own for each case: it will not survive it."""
    global lab, u1, web, pe
    expect("trouble with the one before", suite.clean(), [])
    lab = Lab(suite)
    u1 = lab.client("u1")
    lab.router("fw", 1, 2)
    lab.node("beside").nft = HOOKS
    web = lab.server("web", 3)
    pe = engine.Engine(lab)
    pe.start(CONF)
    works()


def works():
    for f in FAMILIES:
        flow.udp(f, u1, f.U1, flow.port(), (f.W1, 80), web, (f.W1, 80))


class Traffic:
    """Packets of both families, as fast as they go, of both ends by default.
    A socket of an end keeps its namespace alive."""

    def __init__(self, ends=2):
        self.ends = ends

    def __enter__(self):
        self.stop = False
        self.errors = 0
        self.sent = 0
        self.senders = [packet.Sender(*end) for end in
                        ((u1, 0, 1), (web, 3, 1))[:self.ends]]
        self.threads = [
            threading.Thread(target=self.send, args=(sender, [
                packet.udp(*((f.U1, 7000), (f.W1, 80))[::way])
                for f in FAMILIES]))
            for sender, way in zip(self.senders, (1, -1))]
        for thread in self.threads:
            thread.start()
        poll("traffic", lambda: self.sent > 100)
        return self

    def send(self, sender, packets):
        while not self.stop:
            try:
                sender.send(*packets)
                self.sent += len(packets)
            except OSError:             # its interface went away
                self.errors += 1
                time.sleep(0.01)

    def __exit__(self, *_):
        self.stop = True
        for thread in self.threads:
            thread.join()
        for sender in self.senders:
            sender.sock.close()


def gone(node, dev):
    with node.net():
        return dev not in [name for _, name in socket.if_nameindex()]


def drops_grow(reason):
    before = pe.drops()
    try:
        poll(f"drop for {reason}",
             lambda: pe.drops().get(reason, 0) > before.get(reason, 0))
    except Fail as error:
        raise Fail(f"{error}\n{before}\n{pe.drops()}") from None


def batch(text):
    subprocess.run(["ip", "-batch", "-"], text=True, check=True,
                   input=text + "\n")


def server_link():
    """The wire to the server once more, as it was."""
    batch(f"link add i3 netns {lab.eng.netns} address {mac(3, ENGINE)} "
          f"type veth peer name eth0 netns {web.netns} address {mac(3, 1)}")
    lab.eng.ip("link set i3 up", *(line for line in lab.eng.addrs
                                   if line.endswith(" i3")))
    web.ip("link set eth0 up", *web.addrs,
           *(line for line in web.batch if "default" in line))
    for f in FAMILIES:
        flow.reach(f, web, f.host(3, 1), f.host(3, ENGINE))


@suite.case()
def interface_goes_and_comes_back():
    build()
    before = pe.pectl("show")
    with Traffic():
        lab.eng.ip("link del i3")
        drops_grow("no-interface")
    expect("configuration", pe.pectl("show"), before)
    server_link()
    works()


@suite.case()
def interface_is_renamed_and_back():
    build()
    with Traffic():
        lab.eng.ip("link set i3 down", "link set i3 name other",
                   "link set other up")
        drops_grow("no-interface")
        lab.eng.ip("link set other down", "link set other name i3",
                   "link set i3 up",
                   *(line.replace("addr add", "addr replace")
                     for line in lab.eng.addrs if line.endswith(" i3")))
    works()


@suite.case()
def interface_moves_to_another_namespace():
    build()
    with Traffic():
        lab.eng.ip(f"link set i3 netns {u1.netns}")
        drops_grow("no-interface")
        u1.ip(f"link set i3 netns {lab.eng.netns}")
    lab.eng.ip("link set i3 up", *(line for line in lab.eng.addrs
                                   if line.endswith(" i3")))
    web.ip(*(line.replace("route add", "route replace")
             for line in web.batch))
    for f in FAMILIES:
        flow.reach(f, web, f.host(3, 1), f.host(3, ENGINE))
    works()


@suite.case()
def interface_is_told_of():
    build()
    monitor = lab.eng.popen([engine.PECTL, "-j", "monitor", "events"],
                            stdout=subprocess.PIPE)
    lines = []
    thread = threading.Thread(target=lambda: lines.extend(monitor.stdout))
    thread.start()
    try:
        listens(monitor)
        lab.eng.ip("link del i3")
        poll("word that it went", lambda: any("gone" in x for x in lines))
        server_link()
        poll("word that it is back", lambda: any("back" in x for x in lines))
    finally:
        monitor.terminate()
        thread.join()
        monitor.wait()
    for line in lines:
        require("i3" in line, f"told of another interface: {line}")


@suite.case()
def device_s_namespace_goes():
    build()
    with Traffic(ends=1):
        web.close()
        subprocess.run(["ip", "netns", "del", web.netns], check=True)
        poll("end of the engine's interface", lambda: gone(lab.eng, "i3"), 20)
        drops_grow("no-interface")


@suite.case(1, 2, 3)
def engine_s_namespace_goes(_number):
    """With everything configured, and traffic on its way."""
    build()
    held = f"/run/netns/{lab.eng.netns}"
    inode = os.stat(held).st_ino
    with Traffic():
        lab.eng.close()
        subprocess.run(["ip", "netns", "del", lab.eng.netns], check=True)
        # Its interfaces go when the last that held the namespace let go.
        poll("end of the client's interface", lambda: gone(u1, "eth0"), 20)
        poll("end of the server's interface", lambda: gone(web, "eth0"), 20)
    require(not os.path.exists(held), f"{inode} is still there")
    require(engine.loaded(), "the module is gone")


@suite.case(1, 2, 3)
def module_is_unloaded_and_loaded(_number):
    build()
    with Traffic():
        engine.unload()
        require(not engine.loaded(), "the module is still there")
        status, _, err = pe.try_pectl("show")
        expect("exit status without the module", status, engine.ABSENT)
        require(len(err.strip().split("\n")) == 1, f"one sentence, not {err!r}")
        engine.load()
        expect("configuration after loading", pe.json("show")["services"], [])
        pe.apply(CONF)
    works()


@suite.case("unload", "delete")
def many_namespaces(how):
    """All of them configured, all of it gone at once."""
    build()
    nodes = [lab.node(f"many{number}") for number in range(MANY)]
    batch("\n".join(f"netns add {node.netns}" for node in nodes))
    conf = "".join(
        f"device web{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n"
        f"service web{f.name} {{ vip {f.W1} tcp port 80; "
        f"sequence web{f.name}; }}\n" for f in FAMILIES)
    for node in nodes:
        other = engine.Engine(lab, node, pe.zygote)
        other.pectl("apply", "-f", "-", stdin=conf)
        expect("services", len(other.json("show")["services"]), 2)
    works()
    start = time.monotonic()
    if how == "unload":
        engine.unload()
        require(not engine.loaded(), "the module is still there")
    else:
        batch("\n".join(f"netns del {node.netns}" for node in nodes))
        works()
    spent = time.monotonic() - start
    require(spent < 30, f"took {spent:.0f} s")


@suite.case()
def unloaded_while_somebody_listens():
    """Whoever holds a socket does not hold the module."""
    build()
    held = lab.eng.popen([engine.PECTL, "monitor"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        listens(held)
        engine.unload()
        require(not engine.loaded(), "the module is still there")
    finally:
        held.terminate()
        held.wait()


suite.run()
