#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""15D: a fail-over manager picks between two servers; the engine knows neither.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- manager i4 --+-- web1
                                        +-- web2
                    i5 --- ids

The manager is keepalived with IPVS in direct routing: it looks after web1 and
takes web2 when that does not answer. The servers accept any service address.
"""
import subprocess
from itertools import product

from lib import engine, flow, share, told
from lib.addr import FAMILIES, mac
from lib.keepalived import Keepalived
from lib.ktap import Suite, expect, poll
from lib.lab import Lab
from lib.wire import Capture, check_walk, got, put

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
manager = lab.server("manager", 3)
lab.forwards(manager)
manager.sysctl(**{"ipv4/conf/all/accept_local": 1})     # answers of the servers
lab.owners[4] = manager
webs = share.webs(lab, 4, (1, 2))
lab.tap("ids", 5)
pe = engine.Engine(lab)
running = {}

CONF = f"""
device ids {{ tap dev i5 lladdr {mac(5, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device manager {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"service w{f.name} {{ vip {f.W1} tcp port 80; "
              f"sequence ids, fw, manager; }}\n" for f in FAMILIES)

MANAGER = "global_defs {\n    checker_log_all_failures true\n}\n" + "".join(f"""
virtual_server {f.W1} 80 {{
    delay_loop 0.4
    lb_algo rr
    lb_kind DR
    protocol TCP
    sorry_server {f.host(4, 2)} 80
    sorry_server_lvs_method DR
    real_server {f.host(4, 1)} 80 {{
        TCP_CHECK {{
            connect_timeout 0.5
            retry 1
            delay_before_retry 0.2
        }}
    }}
}}
""" for f in FAMILIES)


def page(f):
    """The server that a page came from, and its way."""
    u, w = (f.U1, flow.port()), (f.W1, 80)
    with Capture(lab, segments=[0, 1, 2, 3, 5]) as capture:
        text = share.fetch(f, u1, w[0], u[1])
        rows = share.of(capture.stop(0.05), u, w)
    server, client, vip = text.split()
    expect("what the server saw", (client, vip), (f.U1, f.W1))
    check_walk(rows,
               [got(0, 1, u, w, 64), put(5, 1, u, w, 63, copy=True),
                put(1, 1, u, w, 63), got(2, 1, u, w, 62), put(3, 1, u, w, 61)],
               [got(3, 1, w, u, 63), put(2, 1, w, u, 62), got(1, 1, w, u, 61),
                put(5, 1, w, u, 60, copy=True), put(0, 1, w, u, 60)])
    told.check(pe, rows, "tcp", u, w)
    return server


def ask(f):
    """What comes of asking for a page, without much patience."""
    host = f"[{f.W1}]" if f.v6 else f.W1
    return u1.run(["curl", "-sS", "--max-time", "0.5", f"http://{host}/"],
                  check=False)


def served_by(f, name):
    """Until the manager has picked that server: only then it answers."""
    poll(f"page from {name}", lambda: ask(f)[1].startswith(name), 15, 0.1)


def chosen(name):
    for f in FAMILIES:
        served_by(f, name)
        expect("server", page(f), name)


@suite.case()
def one_serves():
    chosen("web1")


@suite.case()
def it_fails_and_comes_back():
    """The manager notices; the engine has nothing to do with it."""
    generation, drops = pe.generation(), pe.drops()
    running[1].close()
    chosen("web2")
    running.update(share.serve(lab, {1: webs[1]}))
    chosen("web1")
    expect("generation", pe.generation(), generation)
    pe.check_drops(drops)


@suite.case()
def it_vanishes():
    """Not even a reset comes from it."""
    switch = lab.nodes["sw4"]
    switch.ip("link set p1 down")
    chosen("web2")
    switch.ip("link set p1 up")
    chosen("web1")


DEAD = """table netdev dead {
    chain ingress {
        type filter hook ingress device eth0 priority 0; policy drop;
    }
}
"""


@suite.case()
def manager_itself_fails():
    """Then nobody answers: the engine never goes round it."""
    manager.run(["nft", "-f", "-"], stdin=DEAD)
    for f in FAMILIES:
        with Capture(lab, segments=[0, 3, 4]) as capture:
            expect("exit status of curl", ask(f)[0], 28)
            rows = [r for r in capture.stop(0.05) if f.W1 in (r.saddr, r.daddr)]
        expect("seen at", {(r.link, r.dir) for r in rows},
               {("i0", "in"), ("i3", "out")})
    manager.run(["nft", "delete", "table", "netdev", "dead"])
    for f in FAMILIES:
        served_by(f, "web1")


def setup():
    subprocess.run(["modprobe", "-a", "ip_vs", "ip_vs_rr"], check=False)
    pe.start(CONF)
    running.update(share.serve(lab, webs))
    share.ready(running)
    path = f"{lab.tmp}/manager.conf"
    with open(path, "w") as file:
        file.write(MANAGER)
    keepalived = Keepalived(manager, lab.tmp, path, "--check")
    suite.defer(keepalived.close)


suite.run(setup)
