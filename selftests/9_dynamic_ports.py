#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""9: ports that client and server negotiate belong to the service.

    u1 --- i0 [eng] i1 --- fw outside (nftables: ports 21 and 1025-1125)
                    i2 --- fw inside
                    i3 --- vsftpd, passive ports 1025-1125

curl asks W1:21 for a file and gets it over W1:D1, through the same sequence.
"""
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import F4, FAMILIES, mac
from lib.ktap import Fail, Suite, expect, require
from lib.lab import Lab
from lib.vsftpd import Vsftpd
from lib.wire import TCP, Capture, check_walk, got, put, show

FIRST, LAST = 1025, 1125
RULES = f"""
table inet fw {{
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        tcp dport {{ 21, {FIRST}-{LAST} }} ct state new accept
    }}
}}
"""

# mode: what the server listens on, and how it stands in the configuration
MODES = {"loopback": (21, "web"), "nat": (21, "nat"),
         "translated": (2121, "nat port 2121"),
         "port translated": (2121, "web port 2121")}

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2, nft=RULES)
web = lab.server("web", 3)
web.sysctl(**{"ipv6/ip_nonlocal_bind": 1})
pe = engine.Engine(lab)


def conf(mode, ports=f"port 21 dynamic {FIRST}-{LAST}"):
    text = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
"""
    for f in FAMILIES:
        server = MODES[mode][1].replace("nat", f"nat{f.name}")
        text += f"""
device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}
service ftp{f.name} {{ vip {f.W1} tcp {ports}; sequence fw, {server}; }}
"""
    return text


def fetch(f, how):
    """(status, text) of a transfer, passive in the given way."""
    args = {"PASV": ["--disable-epsv", "--no-ftp-skip-pasv-ip"],
            "EPSV": []}[how]
    host = f"[{f.W1}]" if f.v6 else f.W1
    status, out, _ = u1.run(
        ["curl", "-s", "--max-time", "10", "--ftp-pasv", *args,
         "--user", "anonymous:x", f"ftp://{host}/file"], check=False)
    return status, out


def paths(f, u, w, s):
    return ([got(0, 1, u, w, 64), put(1, 1, u, w, 63), got(2, 1, u, w, 62),
             put(3, 1, u, s, 61)],
            [got(3, 1, s, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
             put(0, 1, w, u, 61)])


def connections(rows):
    """(client's port, port asked) of each, in the order they began."""
    seen = []
    for row in rows:
        if (row.link, row.dir, row.flags) == ("i0", "in", "S") and \
                (row.sport, row.dport) not in seen:
            seen.append((row.sport, row.dport))
    return seen


WAYS = [(mode, f, how) for mode, f, how in
        product(MODES, FAMILIES, ("PASV", "EPSV")) if not (f.v6 and how == "PASV")]


@suite.case(*WAYS)
def transfer(mode, f, how):
    pe.apply(conf(mode))
    # What is offloaded never takes the short way of translation.
    lab.offloads("plain" if mode == "translated" else "offloaded")
    port = MODES[mode][0]
    own = f.host(3, 1) if "nat" in MODES[mode][1] else f.W1
    with Vsftpd(f, web, lab.tmp, port, FIRST, LAST, F4.W1) as server, \
            Capture(lab) as capture:
        status, text = fetch(f, how)
        rows = [row for row in capture.stop() if row.proto == TCP]
    if (status, text) != (0, server.text):
        raise Fail(f"curl exited {status}:\n{show(rows)}")
    control, data = connections(rows)
    expect("port of the control connection", control[1], 21)
    require(FIRST <= data[1] <= LAST, f"data went over port {data[1]}")
    check_walk(rows,
               *paths(f, (f.U1, control[0]), (f.W1, 21), (own, port)),
               *paths(f, (f.U1, data[0]), (f.W1, data[1]), (own, data[1])),
               ordered=False)
    told.check(pe, rows, "tcp", (f.U1, control[0]), (f.W1, 21))
    told.check(pe, rows, "tcp", (f.U1, data[0]), (f.W1, data[1]))


@suite.case(*FAMILIES)
def no_transfer_without_them(f):
    """The control connection is all that there is."""
    pe.apply(conf("loopback", "port 21"))
    with Vsftpd(f, web, lab.tmp, 21, FIRST, LAST, F4.W1), \
            Capture(lab) as capture:
        status, text = fetch(f, "EPSV")
        rows = [row for row in capture.stop() if row.proto == TCP]
    require(status and not text, f"curl exited {status}: {text[:40]}")
    expect("ports that the server saw",
           {row.dport for row in rows if (row.link, row.dir) == ("i3", "out")},
           {21})


@suite.case(*product((FIRST - 1, LAST + 1), FAMILIES))
def beside_the_range(port, f):
    """The neighbours of the range are no service's."""
    pe.apply(conf("nat"))
    u, w = (f.U1, flow.port()), (f.W1, port)
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.tcp(u, w))
        rows = [row for row in capture.stop() if row.proto == TCP]
    check_walk(rows, [got(0, 1, u, w, 64)], count=1)
    told.check(pe, rows, "tcp", u, w, ways=["forward"])


@suite.case(*FAMILIES)
def server_speaks_from_them(f):
    """What the server sends from a dynamic port is an answer, which the
    firewall gets; from one beside them it is its own."""
    pe.apply(conf("translated"))
    own, u = f.host(3, 1), (f.U1, flow.port())
    with Capture(lab) as capture, packet.Sender(web, 3, 1) as sender:
        sender.send(packet.tcp((own, FIRST), u, flags=packet.RST),
                    packet.tcp((own, LAST + 1), u, flags=packet.RST))
        check_walk([row for row in capture.stop() if row.proto == TCP],
                   [got(3, 1, (own, FIRST), u, 64),
                    put(2, 1, (f.W1, FIRST), u, 63)],
                   [got(3, 1, (own, LAST + 1), u, 64),
                    put(0, 1, (own, LAST + 1), u, 63)], count=1)


OVERLAPS = {
    "port in the range": "tcp port 1100",
    "range across its end": "tcp port 1100-1200",
    "another's dynamic ports": "tcp port 30 dynamic 1000-1025",
}


@suite.case(*product(OVERLAPS, FAMILIES))
def overlap_is_refused(what, f):
    """With both names, and nothing changes."""
    pe.apply(conf("nat"))
    before = pe.generation()
    status, _, err = pe.try_pectl(
        "-f", pe.file(f"service other {{ vip {f.W1} {OVERLAPS[what]}; "
                      "sequence fw, web; }\n"))
    expect("exit status", status, engine.REFUSED)
    for word in (f"ftp{f.name}", "other", "overlap"):
        require(word in err, f"{word} is not in {err}")
    expect("generation", pe.generation(), before)


@suite.case(*FAMILIES)
def beside_it_is_taken(f):
    """Lists and ranges on both sides of it, and UDP."""
    pe.apply(conf("nat", f"port 21,990,8000-8010 dynamic {FIRST}-{LAST},"
                  "9000-9009"))
    text = pe.pectl("service", "show", f"ftp{f.name}")
    require(f"tcp port 21,990,8000-8010 dynamic {FIRST}-{LAST},9000-9009" in
            text, text)
    pe.batch(f"service other {{ vip {f.W1} tcp port 1024,1126-7999; "
             "sequence fw, web; }\n"
             f"service udp {{ vip {f.W1} udp port 21 dynamic 1025-1125; "
             "sequence fw, web; }\n")


@suite.case()
def shown_as_read():
    pe.apply(conf("translated"))
    before = pe.generation()
    pe.apply(pe.pectl("show"))
    expect("generation", pe.generation(), before)
    shown = pe.service("ftp4")
    expect("ports", (shown["ports"], shown["dynamic"]),
           ([{"first": 21, "last": 21}], [{"first": FIRST, "last": LAST}]))


suite.run(lambda: pe.start(conf("loopback")))
