#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""9C: the server tells the client to go on at another address and port, which
is a service of its own with another firewall.

    u1 --- i0 [eng] i1 --- fw1 outside, i2 fw1 inside: lets 21 and 80 pass
                    i5 --- fw2 outside, i6 fw2 inside: lets what is > 1024 pass
                    i3 --- web

HTTP: W1:80 sends the client to APP1:D1. FTP: W1:21 opens APP1:D1 for the data.
"""
from lib import engine, flow, packet, told
from lib.addr import F4, FAMILIES, mac
from lib.ktap import Fail, Suite, expect, require
from lib.lab import Lab
from lib.nginx import Nginx
from lib.vsftpd import Vsftpd
from lib.wire import TCP, Capture, check_walk, got, put, show

D1 = 20001


def rules(ports):
    return f"""
table inet fw {{
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        tcp dport {{ {ports} }} ct state new accept
    }}
}}
"""


suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw1", 1, 2, nft=rules("21, 80"))
lab.router("fw2", 5, 6, nft=rules("1025-65535"))
web = lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device fw1 {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device fw2 {{ inline outside dev i5 lladdr {mac(5, 1)} \
inside dev i6 lladdr {mac(6, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}
service web{f.name} {{ vip {f.W1} tcp port 80; sequence fw1, web; }}
service app{f.name} {{ vip {f.W2} tcp port 1025-65535; sequence fw2, web; }}
service ftp{f.name} {{ vip {f.W1} tcp port 21; sequence fw1, nat{f.name}; }}
service ftpdata{f.name} {{ vip {f.W3} tcp port 1025-65535; \
sequence fw2, nat{f.name}; }}
""" for f in FAMILIES)


def paths(outside, inside, u, w, s):
    """Through the firewall between two segments."""
    return ([got(0, 1, u, w, 64), put(outside, 1, u, w, 63),
             got(inside, 1, u, w, 62), put(3, 1, u, s, 61)],
            [got(3, 1, s, u, 64), put(inside, 1, w, u, 63),
             got(outside, 1, w, u, 62), put(0, 1, w, u, 61)])


def asked(rows, addr):
    """(client, service) of the connection to an address."""
    for row in rows:
        if (row.link, row.dir, row.daddr, row.flags) == ("i0", "in", addr, "S"):
            return (row.saddr, row.sport), (row.daddr, row.dport)
    raise Fail(f"nobody asked {addr}:\n{show(rows)}")


def host(f, addr):
    return f"[{addr}]" if f.v6 else addr


@suite.case(*FAMILIES)
def redirected(f):
    with Nginx(web, lab.tmp, 80, f"http://{host(f, f.W2)}:{D1}/"), \
            Nginx(web, lab.tmp, D1, "$server_addr port $server_port"), \
            Capture(lab) as capture:
        page = u1.run(["curl", "-s", "-L", "--max-time", "10",
                       f"http://{host(f, f.W1)}/"])
        rows = [row for row in capture.stop() if row.proto == TCP]
    expect("page", page, f"{f.W2} port {D1}\n")
    (u, w), (v, x) = asked(rows, f.W1), asked(rows, f.W2)
    check_walk(rows, *paths(1, 2, u, w, w), *paths(5, 6, v, x, x),
               ordered=False)
    told.check(pe, rows, "tcp", u, w)
    told.check(pe, rows, "tcp", v, x)


@suite.case()
def data_at_another_address():
    """Only IPv4's PASV names an address."""
    f = F4
    with Vsftpd(f, web, lab.tmp, 21, D1, D1 + 9, f.W3) as server, \
            Capture(lab) as capture:
        status, text, why = u1.run(
            ["curl", "-sSv", "--max-time", "10", "--disable-epsv",
             "--no-ftp-skip-pasv-ip", "--user", "anonymous:x",
             f"ftp://{f.W1}/file"], check=False)
        rows = [row for row in capture.stop() if row.proto == TCP]
    if (status, text) != (0, server.text):
        raise Fail(f"curl exited {status}:\n{why}")
    (u, w), (v, x) = asked(rows, f.W1), asked(rows, f.W3)
    s = f.host(3, 1)
    check_walk(rows, *paths(1, 2, u, w, (s, 21)),
               *paths(5, 6, v, x, (s, x[1])), ordered=False)
    told.check(pe, rows, "tcp", v, x)


@suite.case(*FAMILIES)
def not_by_the_first_firewall(f):
    """An answer of the other service that comes by this one's device."""
    before = pe.drops()
    u, w = (f.U1, flow.port()), (f.W2, D1)
    with Capture(lab) as capture, \
            packet.Sender(lab.nodes["fw1"], 2, 1, "in0") as sender:
        sender.send(packet.tcp(w, u, flags=packet.RST))
        rows = [row for row in capture.stop() if row.proto == TCP]
    check_walk(rows, [got(2, 1, w, u, 64)], count=1)
    pe.check_drops(before, wrong_place=1)


@suite.case(*FAMILIES)
def below_it_is_no_service(f):
    u, w = (f.U1, flow.port()), (f.W2, 1024)
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.tcp(u, w))
        rows = [row for row in capture.stop() if row.proto == TCP]
    check_walk(rows, [got(0, 1, u, w, 64)], count=1)
    require("forward" in told.check(pe, rows, "tcp", u, w, ways=["forward"]),
            "not explained")


suite.run(lambda: pe.start(CONF))
