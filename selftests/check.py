#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Devices are checked as the engine hands packets to them, whole and broken.

    u1 --- i0 [eng] i1 --- fw outside        (nftables, routes)
                    i2 --- fw inside
                    i3 --+-- web             (nginx, loopback)
                         +-- app             (nginx, nat)
                    i4 --- ids
                    i5 --- bridge outside    (nftables, bridges)
                    i6 --- bridge inside
                    i7 --- box               (one-armed)
"""
import threading
from itertools import product

from lib import engine, flow
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import PATIENCE, Suite, expect, poll, require
from lib.lab import Lab
from lib.nginx import Nginx
from lib.wire import Capture

DOWN = 5
# For what nobody answers, and what is asked for again; all else is waited for.
SHORT, LONG = "400ms", f"{int(2000 * PATIENCE)}ms"

RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        tcp dport 80 ct state new accept
        udp dport 80 accept
    }
}
"""
BRIDGE_RULES = """
table bridge fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        tcp dport { 80, 8080 } accept
        tcp sport { 80, 8080 } accept
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw = lab.router("fw", 1, 2, nft=RULES)
bridge = lab.bridge("bridge", 5, 6, nft=BRIDGE_RULES)
box = lab.one_armed("box", 7)
web = lab.server("web", 3, 1)
app = lab.server("app", 3, 2, mode="nat")
ids = lab.tap("ids", 4)
pe = engine.Engine(lab)
F4, F6 = FAMILIES


def conf(f):
    """Everything, for services of one family."""
    return f"""
device ids {{ tap dev i4 via {f.host(4, 1)}; }}
device deaf {{ tap dev i4 lladdr {mac(4, 1)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device bridge {{ inline transparent outside dev i5 inside dev i6; }}
device box {{ inline dev i7 lladdr {mac(7, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device app {{ server address {f.host(3, 2)} mode nat; guard; }}
device spare {{ server dev i3 lladdr {mac(3, 9)} mode loopback; }}
service www {{ vip {f.W1} tcp port 80; sequence ids, fw, box, bridge, web; }}
service shop {{ vip {f.W2} tcp port 80; sequence deaf, fw, bridge, \
app port 8080; }}
service dns {{ vip {f.W1} udp port 80; sequence fw, web; }}
"""


UP = {"ids": "up", "deaf": "unknown", "fw": "up", "bridge": "up", "box": "up",
      "web": "up", "app": "up", "spare": "unknown"}


def check(*args, wanted=None, timeout=LONG):
    """What pectl check says, by device."""
    status, out, err = pe.try_pectl("-j", "check", "timeout", timeout, *args)
    if wanted is not None:
        expect(f"exit code {err}{out}", status, wanted)
    return {c["device"]: c for c in engine.json.loads(out)["checks"]}


def health(checks):
    return {name: c["health"] for name, c in checks.items()}


def broken(device, cause, evidence, *args, others=()):
    """The device is down for that cause, and no other device is."""
    seen = check(*args, wanted=DOWN, timeout=SHORT if cause in
                 ("timeout", "one-way", "neighbour") else LONG)
    expect("down", {n for n, c in seen.items() if c["health"] == "down"},
           {device, *others})
    expect(f"cause ({seen[device]})", seen[device]["cause"], cause)
    require(evidence in seen[device]["evidence"],
            f"{evidence!r} is not in {seen[device]['evidence']!r}")


def counts():
    """Counters of everything, and drops but those of checks."""
    shown = pe.json("-s", "show")
    drops = {k: v for k, v in pe.drops().items() if k != "check"}
    return shown["devices"], shown["services"], drops


def listener():
    """Nginx behind both servers, and what they need."""
    for node, port in ((web, 80), (app, 8080)):
        server = Nginx(node, lab.tmp, port, f"{node.name}")
        suite.defer(server.close)


def start():
    pe.start(conf(F4))
    listener()
    check(timeout=SHORT)        # those with via find their neighbours


@suite.case(*FAMILIES)
def all_is_well(f):
    pe.apply(conf(f))
    poll("neighbour", lambda:
         check(timeout=SHORT)["ids"]["health"] == "up")
    before = counts()
    with Capture(lab) as capture:
        seen = check(wanted=0)
        rows = capture.stop()
    expect("health", health(seen), UP)
    expect("how", {n: (c.get("kind"), c.get("way")) for n, c in seen.items()},
           {"ids": ("arp", "at"), "deaf": (None, None),
            "fw": ("tcp", "through"), "bridge": ("tcp", "through"),
            "box": ("tcp", "through"), "web": ("tcp", "at"),
            "app": ("tcp", "routed"), "spare": (None, None)})
    expect("source", {seen[n]["from"] for n in ("web", "app")},
           {f.host(3, ENGINE)})
    expect("source", seen["fw"]["from"], f.host(1, ENGINE))
    expect("counters", counts(), before)
    tcp = [r for r in rows if r.proto == 6]
    expect("links", {r.link for r in tcp},
           {"i1", "i2", "i3", "i5", "i6", "i7"})
    expect("clients' link", [r for r in tcp if r.link == "i0"], [])


@suite.case(*FAMILIES)
def handshakes_on_the_wire(f):
    """The server is asked for a connection, which ends as soon as it answers;
    through a firewall go both."""
    pe.apply(conf(f))

    def steps(rows, server):
        return [(r.link, r.dir, r.flags, r.saddr == server)
                for r in rows if r.proto == 6]

    with Capture(lab, (1, 2, 3)) as capture:
        check("device", "web", wanted=0)
        rows = capture.stop()
    expect("segments", steps(rows, f.W1),
           [("i3", "out", "S", False), ("i3", "in", "SA", True),
            ("i3", "out", "R", False)])
    with Capture(lab, (1, 2, 3)) as capture:
        check("device", "fw", wanted=0)
        rows = capture.stop()
    expect("segments", steps(rows, f.W2),
           [("i1", "out", "S", False), ("i2", "in", "S", False),
            ("i2", "out", "SA", True), ("i1", "in", "SA", True),
            ("i1", "out", "R", False), ("i2", "in", "R", False)])


@suite.case(*FAMILIES)
def by_kind(f):
    pe.apply(conf(f))
    seen = check("icmp", "device", "web", "device", "app", wanted=0)
    expect("health", health(seen), {"web": "up", "app": "up"})
    seen = check("http", "device", "web", "app", wanted=0)
    expect("health", health(seen), {"web": "unknown", "app": "up"})
    expect("status", seen["app"]["evidence"], "status 200")
    require("mode nat" in seen["web"]["evidence"], seen["web"]["evidence"])
    seen = check("http", "page", "/well?deep=1", "device", "app", wanted=0)
    expect("health", health(seen), {"app": "up"})
    broken("app", "status", "status 503", "http", "page", "/ill",
           "device", "app")
    seen = check("udp", "device", "fw", wanted=0)
    expect("kind", seen["fw"]["kind"], "udp")
    broken("fw", "timeout", "did not come out by i2", "icmp", "device", "fw")


@suite.case(*FAMILIES)
def server_stopped(f):
    pe.apply(conf(f).replace("vip " + f.W1 + " tcp port 80",
                             "vip " + f.W1 + " tcp port 81"))
    seen = check("device", "web", wanted=DOWN)
    expect("cause", seen["web"]["cause"], "refused")
    pe.apply(conf(f).replace("app port 8080", "app port 8081"))
    seen = check("device", "app", wanted=DOWN)
    expect("cause", seen["app"]["cause"], "refused")
    pe.apply(conf(f))


@suite.case()
def nginx_stopped():
    """The same by the server itself."""
    with Nginx(web, lab.tmp, 82, "for a while"):
        pe.apply(conf(F4).replace(f"vip {F4.W1} tcp port 80",
                                  f"vip {F4.W1} tcp port 82"))
        expect("health", health(check("device", "web", wanted=0)),
               {"web": "up"})
    broken("web", "refused", "nobody listens at port 82", "device", "web")
    pe.apply(conf(F4))


@suite.case(*FAMILIES)
def server_unplugged(f):
    pe.apply(conf(f))
    web.ip("link set eth0 down")
    broken("web", "timeout", "no answer within 400 ms")
    web.ip("link set eth0 up", f"addr replace {F6.host(3, 1)}/64 dev eth0",
           *(f"route replace default via {g.host(3, ENGINE)}"
             for g in FAMILIES))
    poll("answer", lambda: check("device", "web", timeout=SHORT)["web"][
        "health"] == "up")


@suite.case(*FAMILIES)
def wrong_addresses(f):
    """Packets for an address that nobody has, and from one that is not told."""
    pe.apply(conf(f).replace(mac(3, 1), mac(3, 8)))
    broken("web", "timeout", "no answer")
    pe.apply(conf(f).replace(mac(2, 1), mac(2, 8)))
    broken("fw", "astray", f"came by i2 from {mac(2, 1)}")
    pe.apply(conf(f).replace(f"address {f.host(3, 2)}",
                             f"address {f.host(3, 7)}"))
    seen = check("device", "app", wanted=DOWN, timeout=SHORT)
    require(seen["app"]["cause"] in ("timeout", "neighbour"), seen["app"])
    pe.apply(conf(f).replace(f"via {f.host(4, 1)}", f"via {f.host(4, 9)}"))
    broken("ids", "neighbour", "not known")
    pe.apply(conf(f))


@suite.case(*FAMILIES)
def firewall_drops(f):
    pe.apply(conf(f))
    rule = ["nft", "insert", "rule", "inet", "fw", "forward"]
    fw.run([*rule, "tcp", "dport", "80", "drop"])
    broken("fw", "timeout", "what went in by i1 did not come out by i2")
    fw.run(["nft", "-f", "-"], stdin="flush ruleset\n" + RULES)
    fw.run([*rule, "tcp", "sport", "80", "drop"])
    broken("fw", "one-way", "went in by i2 did not come out by i1")
    fw.run(["nft", "-f", "-"], stdin="flush ruleset\n" + RULES)
    fw.run([*rule, "tcp", "dport", "80", "reject", "with", "icmpx",
            "admin-prohibited"])
    broken("fw", "rejected", f"rejected by {f.host(1, 1)}: unreachable")
    fw.run([*rule, "tcp", "dport", "80", "reject", "with", "tcp", "reset"])
    broken("fw", "refused", "it refuses port 80 itself")
    fw.run(["nft", "-f", "-"], stdin="flush ruleset\n" + RULES)
    check("device", "fw", wanted=0)


@suite.case()
def bridge_and_box_broken():
    pe.apply(conf(F4))
    bridge.ip("link set br0 down")
    broken("bridge", "timeout", "did not come out by i6")
    bridge.ip("link set br0 up")
    poll("bridge", lambda: check("device", "bridge", timeout=SHORT)["bridge"][
        "health"] == "up")
    box.write_sysctls({"ipv4/ip_forward": 0})
    broken("box", "timeout", "did not come out by i7")
    box.write_sysctls({"ipv4/ip_forward": 1})


@suite.case()
def interfaces():
    pe.apply(conf(F4))
    lab.eng.ip("link set i6 down")
    broken("bridge", "link", "interface i6 is down")
    lab.eng.ip("link set i6 up")
    bridge.ip("link set in0 down")
    poll("carrier", lambda: "no carrier" in
         check("device", "bridge", timeout=SHORT)["bridge"].get(
             "evidence", ""))
    bridge.ip("link set in0 up")
    poll("carrier", lambda:
         check("device", "bridge", timeout=SHORT)["bridge"][
             "health"] == "up")


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def clients_undisturbed(f, proto):
    """Traffic goes on while everything is checked again and again."""
    pe.apply(conf(f))
    done = threading.Event()
    sent = []

    def traffic():
        while not done.is_set():
            flow.talk(proto, f, u1, f.U1, flow.port(), (f.W1, 90), web,
                      (f.W1, 90), 3)
            sent.append(1)

    pe.batch(f"service x-{proto} {{ vip {f.W1} {proto} port 90; "
             f"sequence box, web; }}\n")
    thread = threading.Thread(target=traffic)
    before = pe.drops()
    thread.start()
    try:
        for _ in range(5):
            expect("health", health(check(wanted=0)), UP)
    finally:
        done.set()
        thread.join()
    require(len(sent) > 1, "no traffic")
    drops = {k: v - before.get(k, 0) for k, v in pe.drops().items()}
    expect("drops", {k for k, v in drops.items() if v} - {"check"}, set())


@suite.case()
def text_and_refusals():
    pe.apply(conf(F4))
    status, out, _ = pe.try_pectl("check", "device", "fw", "service", "www")
    expect("exit code", status, 0)
    require("through" not in out and " from i1 to i2" in out, out)
    expect("lines", len(out.splitlines()), 6)
    status, _, err = pe.try_pectl("check", "device", "nobody")
    expect("exit code", status, engine.REFUSED)
    require("no device 'nobody'" in err, err)
    status, _, err = pe.try_pectl("check", "timeout", "5")
    expect("exit code", status, engine.USAGE)
    require("is no time from" in err, err)


suite.run(start)
