#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""21: a service is validated by a handshake at every leg of it.

    u1 --- i0 [eng] i1 --+-- fw1 outside     (nftables)
                         +-- fw2 outside     (nftables)
                    i2 --+-- fw1 inside
                         +-- fw2 inside
                    i3 --- web               (nginx)
                    i4 --- ids

W10 is a copy of W1 with another firewall, which is told to be wrong before a
client finds out.
"""
from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.nginx import Nginx
from lib.wire import Capture

DOWN = 5

RULES = """
table inet fw {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        tcp dport %s ct state new accept
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
fw1 = lab.router("fw1", 1, 2, 1, nft=RULES % 80)
fw2 = lab.router("fw2", 1, 2, 2, nft=RULES % 443)
web = lab.server("web", 3)
ids = lab.tap("ids", 4)
pe = engine.Engine(lab)

CONF = f"""
device ids {{ tap dev i4 via {FAMILIES[0].host(4, 1)}; }}
""" + "".join(
    f"device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} "
    f"inside dev i2 lladdr {mac(2, n)}; }}\n" for n in (1, 2)) + f"""
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"service w1-{f.name} {{ vip {f.W1} tcp port 80; "
    f"sequence ids, fw1, web; }}\n" for f in FAMILIES)


def validate(name, wanted):
    status, out, err = pe.try_pectl("-j", "service", "validate", name)
    expect(f"exit code {out}{err}", status, wanted)
    return engine.json.loads(out)["checks"]


def legs(checks):
    return [(c["step"], c["device"], c["health"]) for c in checks]


def start():
    pe.start(CONF)
    server = Nginx(web, lab.tmp, 80, "welcome")
    suite.defer(server.close)
    flow.reach(FAMILIES[0], lab.eng, FAMILIES[0].host(4, 14),
               FAMILIES[0].host(4, 1))


@suite.case(*FAMILIES)
def a_copy_by_another_firewall(f):
    old, new = f"w1-{f.name}", f"w10-{f.name}"
    expect("legs", legs(validate(old, 0)),
           [(1, "ids", "up"), (2, "fw1", "up"), (3, "web", "up")])
    pe.pectl("service", "copy", old, "to", new, "vip", f.vip(20),
             "sequence", "ids,", "fw2,", "web")
    seen = validate(new, DOWN)
    expect("legs", legs(seen),
           [(1, "ids", "up"), (2, "fw2", "down"), (3, "web", "up")])
    expect("cause", seen[1]["cause"], "timeout")
    expect("address", {c["to"] for c in seen[1:]}, {f.vip(20)})
    fw2.run(["nft", "-f", "-"], stdin="flush ruleset\n" + RULES % 80)
    expect("legs", legs(validate(new, 0)),
           [(1, "ids", "up"), (2, "fw2", "up"), (3, "web", "up")])
    host = f"[{f.vip(20)}]" if f.v6 else f.vip(20)
    page = u1.run(["curl", "-s", "--max-time", "5", f"http://{host}/"])
    expect("page", page, "welcome\n")
    fw2.run(["nft", "-f", "-"], stdin="flush ruleset\n" + RULES % 443)


@suite.case(*FAMILIES)
def handshake_at_each_leg(f):
    """Seen where the packets of clients would be, and nowhere else."""
    before = pe.counters(f"w1-{f.name}")
    with Capture(lab) as capture:
        validate(f"w1-{f.name}", 0)
        rows = [r for r in capture.stop() if r.proto == 6]
    seen = {}
    for r in rows:
        seen.setdefault(r.link, []).append(r.flags)
    expect("segments", seen, {"i1": ["S", "SA", "R"], "i2": ["S", "SA", "R"],
                              "i3": ["S", "SA", "R"]})
    expect("counters", pe.counters(f"w1-{f.name}"), before)


@suite.case()
def a_server_that_does_not_listen():
    f = FAMILIES[0]
    pe.pectl("service", "copy", f"w1-{f.name}", "to", "deaf", "port", "80,81",
             "vip", f.vip(21))
    expect("legs", legs(validate("deaf", 0))[2], (3, "web", "up"))
    pe.pectl("service", "change", "deaf", "port", "81")
    seen = validate("deaf", DOWN)
    expect("legs", [c["health"] for c in seen], ["up", "down", "down"])
    expect("cause", seen[2]["cause"], "refused")


@suite.case()
def members_of_a_pool():
    f = FAMILIES[0]
    pe.batch("pool fws { members fw1, fw2; policy failover; }\n"
             f"service pooled {{ vip {f.vip(22)} tcp port 80; "
             "sequence fws, web; }\n")
    expect("legs", legs(validate("pooled", DOWN)),
           [(1, "fw1", "up"), (1, "fw2", "down"), (2, "web", "up")])
    pe.pectl("service", "del", "pooled")
    pe.pectl("pool", "del", "fws")


@suite.case()
def text():
    status, out, _ = pe.try_pectl("service", "validate",
                                  f"w1-{FAMILIES[0].name}")
    expect("exit code", status, 0)
    lines = out.splitlines()
    expect("lines", len(lines), 3)
    for number, (line, device) in enumerate(zip(lines, ("ids", "fw1", "web")),
                                            1):
        require(line.startswith(f"w1-4 step {number}  {device}") and
                " up " in line, line)
    status, _, err = pe.try_pectl("service", "validate", "nothing")
    expect("exit code", status, engine.REFUSED)
    require("no service 'nothing'" in err, err)


suite.run(start)
