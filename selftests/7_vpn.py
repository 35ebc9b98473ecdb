#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""7: intrusion detector, firewall, VPN gateway, and the detector once more.

    u1 --- i0 [eng] i1 ----- fw outside
                    i2 --+-- fw inside
                         +-- vpn, one-armed: OpenVPN on udp W1:1194, what it
                         |   decrypts goes on to tcp W1:80
                         +-- a stranger
                    i3 ----- nginx, with W1 on its loopback or translated to
                    i4 ----- ids

The detector sees 1194 before the gateway and 80 behind it, both ways; the
firewall lets nothing but 1194 pass.
"""
import os
import subprocess
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Fail, Suite, expect
from lib.lab import Lab
from lib.nginx import Nginx
from lib.openvpn import Key, Tunnel
from lib.wire import TCP, Capture, check_walk, got, put, show

PORT = 1194
MODES = ("loopback", "nat")

RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        udp dport 1194 ct state new accept
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2, nft=RULES)
vpn = lab.one_armed("vpn", 2, 2)
stranger = lab.tap("stranger", 2, 9)
web = lab.server("web", 3)
ids = lab.tap("ids", 4)
pe = engine.Engine(lab)
tunnels = {}

# The gateway has the service's address itself. What comes out of the tunnel is
# not for it all the same, and what comes back has its own address as source.
vpn.sysctl(**{"ipv4/conf/all/accept_local": 1})
for family in FAMILIES:
    vpn.batch += [f"addr add {family.W1}/{family.bits} dev lo",
                  f"route add default via {family.host(2, ENGINE)} dev eth0 "
                  "table 100"]


def rules(node, f, *lines):
    node.run(["ip", f"-{f.name}", "-batch", "-"],
             stdin="".join(f"rule {line}\n" for line in lines))


def conf(mode):
    text = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device vpn {{ inline dev i2 lladdr {mac(2, 2)}; }}
"""
    for f in FAMILIES:
        where = f"address {f.host(3, 1)}" if mode == "nat" else \
            f"dev i3 lladdr {mac(3, 1)}"
        text += f"""
device web{f.name} {{ server {where} mode {mode}; }}
service vpn{f.name} {{ vip {f.W1} udp port {PORT}; sequence ids, fw, \
vpn emits tcp port 80, ids, web{f.name}; }}
"""
    return text


def start():
    if not os.path.exists("/dev/net/tun"):
        subprocess.run(["modprobe", "tun"], check=False)
    pe.start(conf("loopback"))
    key = Key(lab.tmp)
    for f in FAMILIES:
        rules(vpn, f, f"add pref 10 iif tun{f.name} table 100",
              "add pref 20 table local", "del pref 0")
        tunnels[f] = Tunnel(suite, lab.tmp, key, f, vpn, u1, (f.W1, PORT),
                            (f.U1, flow.port()))
    for f in FAMILIES:
        tunnels[f].wait()
        # To the same address by the tunnel where the client's end says so.
        u1.run(["ip", f"-{f.name}", "route", "add", "default", "dev",
                f"tun{f.name}", "table", "101"])
        rules(u1, f, f"add from {tunnels[f].client_inside} table 101")


def outer(u, w):
    return ([got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
             put(1, 1, u, w, 63), got(2, 1, u, w, 62), put(2, 2, u, w, 61)],
            [got(2, 2, w, u, 64), put(2, 1, w, u, 63), got(1, 1, w, u, 62),
             put(4, 1, w, u, 61, copy=True), put(0, 1, w, u, 61)])


def inner(t, w, s):
    return ([got(2, 2, t, w, 63), put(4, 1, t, w, 62, copy=True),
             put(3, 1, t, s, 62)],
            [got(3, 1, s, t, 64), put(4, 1, w, t, 63, copy=True),
             put(2, 2, w, t, 63)])


@suite.case(*product(MODES, FAMILIES))
def page_by_the_tunnel(mode, f):
    pe.apply(conf(mode))
    tunnel = tunnels[f]
    u, t = tunnel.caddr, (tunnel.client_inside, flow.port())
    w, page_at = (f.W1, PORT), (f.W1, 80)
    s = (f.host(3, 1) if mode == "nat" else f.W1, 80)
    with Nginx(web, lab.tmp, 80, "$remote_addr to $server_addr"), \
            Capture(lab) as capture:
        _, page, why = u1.run(
            ["curl", "-sS", "--max-time", "10", "--interface", t[0],
             "--local-port", str(t[1]),
             f"http://[{f.W1}]/" if f.v6 else f"http://{f.W1}/"], check=False)
        rows = capture.stop()
    if page != f"{t[0]} to {s[0]}\n":
        raise Fail(f"curl got {page!r} {why}\n{show(rows)}")
    check_walk(rows, *outer(u, w), *inner(t, page_at, s),
               ordered=False)
    told.check(pe, rows, "udp", u, w)
    clear = [r for r in rows if b"GET / HTTP" in r.payload]
    expect("where the request is seen in clear", [(r.link, r.dir) for r in clear],
           [("i2", "in"), ("i4", "out"), ("i3", "out")])


@suite.case(*FAMILIES)
def not_without_the_tunnel(f):
    """What the gateway emits is nobody else's to send."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.tcp(u, w))
        check_walk([r for r in capture.stop() if r.proto == TCP],
                   [got(0, 1, u, w, 64)], count=1)
    pe.check_drops(before, wrong_place=1)
    said = told.explain(pe, "tcp", u, w)
    expect("explained", [(h["action"], h.get("reason"))
                         for h in said["forward"]], [("drop", "wrong-place")])


@suite.case(*FAMILIES)
def not_from_beside_the_gateway(f):
    """The same wire, another MAC."""
    before = pe.drops()
    t, w = (tunnels[f].client_inside, 7000), (f.W1, 80)
    with Capture(lab) as capture, packet.Sender(stranger, 2, 9) as sender:
        sender.send(packet.tcp(t, w), packet.udp((f.W1, PORT), (f.U1, 7000)))
        rows = [r for r in capture.stop() if r.smac == mac(2, 9) or
                r.sport == 7000 or r.dport == 7000]
    expect("where it was seen", [(r.link, r.dir) for r in rows],
           [("i2", "in")] * 2)
    pe.check_drops(before, wrong_place=2)


@suite.case(*FAMILIES)
def firewall_denies(f):
    """Another service at the address, which it does not let pass."""
    pe.batch(f"service other{f.name} {{ vip {f.W1} udp port 99; "
             "sequence ids, fw, vpn; }\n")
    u, w = (f.U1, flow.port()), (f.W1, 99)
    with Capture(lab) as capture, flow.bound(u1, f, flow.DGRAM, *u) as sock:
        sock.sendto(b"let me in", w)
        check_walk([r for r in capture.stop() if r.dport == 99],
                   [got(0, 1, u, w, 64), put(4, 1, u, w, 63, copy=True),
                    put(1, 1, u, w, 63)], count=1)
    pe.pectl("service", "del", f"other{f.name}")


@suite.case(*FAMILIES)
def reset_by_the_detector(f):
    """A session inside the tunnel, ended by who looks at it behind the
    gateway: at the server at once, at the client through the tunnel."""
    pe.apply(conf("loopback"))
    t, w = (tunnels[f].client_inside, flow.port()), (f.W1, 80)
    with flow.bound(web, f, flow.STREAM, *w) as listener, \
            flow.bound(u1, f, flow.STREAM, *t) as c:
        listener.listen(1)
        flow.take("connection by the tunnel", c.connect, w)
        s, _ = flow.take("accept", listener.accept)
        with s, Capture(lab) as capture, packet.Sender(ids, 4, 1) as sender:
            s.settimeout(flow.TIMEOUT)
            c.sendall(b"attack")
            expect("data", flow.take("data", s.recv, 100), b"attack")
            seen = capture.wait("attack at the detector", lambda rows: [
                r for r in rows if r.link == "i4" and r.payload == b"attack"])
            _, seq, ack, _, data = [r for r in seen
                                    if r.payload == b"attack"][0].ident
            capture.more(0.2)
            del capture.rows[:]
            sender.send(packet.tcp(t, w, seq=seq + len(data), ack=ack,
                                   flags=packet.RST | packet.ACK),
                        packet.tcp(w, t, seq=ack, ack=seq + len(data),
                                   flags=packet.RST | packet.ACK))
            for end, name in ((s, "server"), (c, "client")):
                try:
                    end.recv(1)
                except ConnectionResetError:
                    continue
                except TimeoutError:
                    pass
                raise Fail(f"the session of the {name} goes on")
            rows = [r for r in capture.stop() if r.proto == TCP]
    check_walk(rows, [got(4, 1, t, w, 64), put(3, 1, t, w, 63)],
               [got(4, 1, w, t, 64), put(2, 2, w, t, 63)], count=1)


suite.run(start)
