#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""5H: one server behind address translation.

    u1 --- i0 [eng] i1 --- web (only its own address S1)

U1>W1:P1 enters i0 and leaves i1 as U1>S1:P1; the answer S1:P1>U1 enters i1
and leaves i0 as W1:P1>U1. Checksums are right, offloaded and not; ICMP errors
of both ends are translated outside and inside. Path MTU: path_mtu.py.
"""
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import F4, FAMILIES
from lib.ktap import Fail, Suite, expect
from lib.lab import OFFLOADS, Lab
from lib.wire import UDP, Capture, check_walk, got, put, quoted, show

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
web = lab.server("web", 1, mode="nat")
pe = engine.Engine(lab)

CONF = "".join(
    f"device web{f.name} {{ server address {f.host(1, 1)} mode nat; }}\n" +
    "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; "
            f"sequence web{f.name}; }}\n" for p in ("tcp", "udp")) +
    f"service port{f.name} {{ vip {f.W1} udp port 20; "
    f"sequence web{f.name} port 2020; }}\n"
    for f in FAMILIES)


@suite.case(*product(OFFLOADS, FAMILIES, ("tcp", "udp")))
def steered(how, f, proto):
    lab.offloads(how)
    u, w, s = (f.U1, flow.port()), (f.W1, 80), (f.host(1, 1), 80)
    with Capture(lab) as capture:
        peer = flow.talk(proto, f, u1, *u, w, web, s)
        rows = capture.stop()
    check_walk(rows, [got(0, 1, u, w, 64), put(1, 1, u, s, 63)],
               [got(1, 1, s, u, 64), put(0, 1, w, u, 63)], csum=lab.csum)
    told.check(pe, rows, proto, u, w)
    expect("the server's client", peer, u)


@suite.case(*FAMILIES)
def port_and_address(f):
    u, w, s = (f.U1, flow.port()), (f.W1, 20), (f.host(1, 1), 2020)
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web, s)
        rows = capture.stop()
    check_walk(rows, [got(0, 1, u, w, 64), put(1, 1, u, s, 63)],
               [got(1, 1, s, u, 64), put(0, 1, w, u, 63)])
    told.check(pe, rows, "udp", u, w)


@suite.case()
def udp_without_checksum():
    """IPv4 allows it, and it stays so."""
    f = F4
    u, w, s = (f.U1, flow.port()), (f.W1, 80), (f.host(1, 1), 80)
    whole = packet.udp(u, w)
    bare = packet.ip(u[0], w[0], UDP, whole[20:26] + bytes(2) + whole[28:])
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender, \
            flow.bound(web, f, flow.DGRAM, *s) as sock:
        sender.send(bare)
        expect("data", flow.take("datagram", sock.recv, 100), b"payload")
        check_walk(capture.stop(),
                   [got(0, 1, u, w, 64), put(1, 1, u, s, 63)], csum="none")


def refused(f, sock, who):
    try:
        sock.settimeout(3)
        sock.recv(1)
    except ConnectionRefusedError:
        return
    except TimeoutError:
        pass
    raise Fail(f"the {who} was not told that the port is unreachable")


def check_error(f, rows, link, direction, saddr, daddr, inner):
    """One ICMP error on a link, with these addresses outside and inside."""
    errors = [r for r in rows if r.proto == f.icmp and r.link == link and
              r.dir == direction]
    if len(errors) != 1:
        raise Fail(f"one ICMP error expected on {link}:\n{show(rows)}")
    row = errors[0]
    if row.csum != "ok":
        raise Fail(f"checksum of the error:\n{show([row])}")
    expect("outside", (row.saddr, row.daddr), (saddr, daddr))
    expect("inside", quoted(row), inner)


@suite.case(*product(FAMILIES, (80, 20)))
def error_from_server_to_client(f, port):
    """Nobody listens at the server."""
    own = {80: 80, 20: 2020}[port]
    lab.offloads("plain")         # else the error quotes an unfinished checksum
    u, w, s = (f.U1, flow.port()), (f.W1, port), (f.host(1, 1), own)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.connect(w)
        sock.send(b"is anybody there?")
        refused(f, sock, "client")
        rows = capture.stop()
    check_error(f, rows, "i1", "in", s[0], u[0], (*u, *s, True))
    check_error(f, rows, "i0", "out", w[0], u[0], (*u, *w, True))


@suite.case(*product(FAMILIES, (80, 20)))
def error_from_client_to_server(f, port):
    """The client went away before the server answers."""
    own = {80: 80, 20: 2020}[port]
    lab.offloads("plain")         # else the error quotes an unfinished checksum
    u, w, s = (f.U1, flow.port()), (f.W1, port), (f.host(1, 1), own)
    with Capture(lab) as capture, flow.bound(web, f, flow.DGRAM, *s) as sock:
        sock.connect(u)
        sock.send(b"are you still there?")
        refused(f, sock, "server")
        rows = capture.stop()
    check_error(f, rows, "i0", "in", u[0], w[0], (*w, *u, True))
    check_error(f, rows, "i1", "out", u[0], s[0], (*s, *u, True))


@suite.case(*FAMILIES)
def tcp_refused(f):
    with flow.bound(u1, f, flow.STREAM, f.U1, flow.port()) as sock:
        try:
            sock.connect((f.W1, 80))
        except ConnectionRefusedError:
            return
    raise Fail("connection to a closed port was not refused")


suite.run(lambda: pe.start(CONF))
