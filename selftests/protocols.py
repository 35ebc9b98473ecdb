#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Protocols beside TCP and UDP, with ports and without.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite
from lib.lab import OFFLOADS, Lab
from lib.wire import Capture, check_walk, got, put

TESTING, GRE = 253, 47
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
# In nat mode an address of the server's for each service address: an answer
# must tell which of them was meant.
OWN = {"W1": 1, "W2": 2, "W3": 3}
for number in (2, 3):
    web.addrs += lab.addresses(3, number, "eth0")
pe = engine.Engine(lab)


def conf(mode):
    """W1: every protocol and port; W2: each of them by name; W3: ports
    translated."""
    text = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
"""
    for f in FAMILIES:
        for vip, number in OWN.items():
            where = f"address {f.host(3, number)}" if mode == "nat" else \
                f"dev i3 lladdr {mac(3, 1)}"
            text += f"device {vip}{f.name} {{ server {where} mode {mode}; }}\n"
        for name, key, step in (
                ("all", f.W1, "W1"),
                ("sctp", f"{f.W2} sctp port 80", "W2"),
                ("echo", f"{f.W2} {'icmpv6' if f.v6 else 'icmp'}", "W2"),
                ("testing", f"{f.W2} proto {TESTING}", "W2"),
                ("port", f"{f.W3} sctp port 20", "W3")):
            text += f"service {name}{f.name} {{ vip {key}; " \
                f"sequence fw, {step}{f.name}" \
                f"{' port 2020' if name == 'port' else ''}; }}\n"
    return text


def ways(f, mode, u, w, s):
    return ([got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
             put(3, 1, u, s, 61)],
            [got(3, 1, s, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
             put(0, 1, w, u, 61)])


def server_of(f, mode, vip):
    return f.host(3, OWN[vip]) if mode == "nat" else getattr(f, vip)


@suite.case(*product(OFFLOADS, MODES, FAMILIES, ("W1", "W2")))
def sctp(how, mode, f, vip):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w = (f.U1, flow.port()), (getattr(f, vip), 80)
    s = (server_of(f, mode, vip), 80)
    with Capture(lab) as capture:
        flow.sctp(f, u1, *u, w, web, s)
        check_walk(capture.stop(), *ways(f, mode, u, w, s), csum=lab.csum)


@suite.case(*product(OFFLOADS, MODES, FAMILIES))
def sctp_with_port_translation(how, mode, f):
    lab.offloads(how)
    pe.apply(conf(mode))
    u, w = (f.U1, flow.port()), (f.W3, 20)
    s = (server_of(f, mode, "W3"), 2020)
    with Capture(lab) as capture:
        flow.sctp(f, u1, *u, w, web, s)
        check_walk(capture.stop(), *ways(f, mode, u, w, s))


@suite.case(*product(MODES, FAMILIES, ("W1", "W2")))
def echo(mode, f, vip):
    pe.apply(conf(mode))
    w = getattr(f, vip)
    with Capture(lab) as capture:
        flow.echo(f, u1, f.U1, w, count=2)
        check_walk(capture.stop(),
                   *ways(f, mode, (f.U1, 0), (w, 0),
                         (server_of(f, mode, vip), 0)), count=2, csum="ok")


@suite.case(*product(MODES, FAMILIES, ("W1", "W2")))
def no_ports(mode, f, vip):
    pe.apply(conf(mode))
    w = getattr(f, vip)
    s = server_of(f, mode, vip)
    with Capture(lab) as capture:
        flow.raw(f, TESTING, u1, f.U1, w, web, s)
        check_walk(capture.stop(),
                   *ways(f, mode, (f.U1, 0), (w, 0), (s, 0)), count=1)


@suite.case(*FAMILIES)
def gre(f):
    """Belongs to the service of everything, not to those named."""
    pe.apply(conf("loopback"))
    with Capture(lab) as capture:
        flow.raw(f, GRE, u1, f.U1, f.W1, web, f.W1)
        check_walk(capture.stop(),
                   *ways(f, "loopback", (f.U1, 0), (f.W1, 0), (f.W1, 0)))
    with Capture(lab) as capture, \
            u1.socket(f.af, flow.RAW, GRE) as sock:
        sock.sendto(b"none", (f.W2, 0))
        check_walk([r for r in capture.stop() if r.proto == GRE],
                   [got(0, 1, (f.U1, 0), (f.W2, 0), 64)], count=1)


suite.run(lambda: pe.start(conf("loopback")))
