#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""An engine that is a firewall itself: its connection tracking sees one
direction of a service at most, and must not drop it for that.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
"""
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Fail, Suite, expect
from lib.lab import Lab

RULES = """
table inet strict {
    counter invalid { }
    counter untracked { }
    counter tracked { }
    chain prerouting {
        type filter hook prerouting priority -150; policy accept;
        ct state invalid counter name invalid drop
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        meta l4proto ipv6-icmp accept
        ct state invalid counter name invalid drop
        ct state untracked counter name untracked accept
        counter name tracked accept
    }
}
"""

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.eng.nft = RULES
for f in FAMILIES:
    lab.eng.batch.append(f"route add {f.vips} via {f.host(3, 1)}")
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(
    f"device nat{f.name} {{ server address {f.host(3, 1)} mode nat; }}\n" +
    "".join(f"service {p}{f.name} {{ vip {f.W1} {p} port 80; sequence fw, web; }}\n"
            f"service {p}{f.name}-nat {{ vip {f.W2} {p} port 80; "
            f"sequence nat{f.name}; }}\n" for p in ("tcp", "udp"))
    for f in FAMILIES)


def counter(name):
    out = lab.eng.run(["nft", "list", "counter", "inet", "strict", name])
    words = out.split()
    if "packets" not in words:
        raise Fail(f"no counter {name}: {out}")
    return int(words[words.index("packets") + 1])


def served(f, proto, how):
    before = {n: counter(n) for n in ("invalid", "untracked", "tracked")}
    w, s = ((f.W1, 80), (f.W1, 80)) if how == "steered" else \
        ((f.W2, 80), (f.host(3, 1), 80))
    name = f"{proto}{f.name}" + ("-nat" if how != "steered" else "")
    packets = pe.counters(name)
    flow.talk(proto, f, u1, f.U1, flow.port(), w, web, s, 2)
    after = pe.counters(name)
    routed = after["reverse"][0] - packets["reverse"][0]
    if how == "nat, by rules":
        routed += after["forward"][0] - packets["forward"][0]
    expect("invalid", counter("invalid"), before["invalid"])
    expect("untracked", counter("untracked") - before["untracked"], routed)
    expect("tracked", counter("tracked"), before["tracked"])


@suite.case(*product(FAMILIES, ("tcp", "udp"), ("steered", "nat")))
def service(f, proto, how):
    served(f, proto, how)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def others_are_tracked_as_ever(f, proto):
    before = counter("tracked"), counter("untracked")
    flow.talk(proto, f, u1, f.U1, flow.port(), (f.W1, 81), web, (f.W1, 81))
    expect("untracked", counter("untracked"), before[1])
    expect("tracked more", counter("tracked") > before[0], True)


# With rules of the operator's it is the kernel that forwards to the server, for
# as long as the namespace is there.
@suite.case(*product(FAMILIES, ("tcp", "udp")))
def service_where_rules_are(f, proto):
    family = "-6" if f.v6 else "-4"
    lab.eng.run(["ip", family, "rule", "add", "iif", "i0", "lookup", "main",
                 "pref", "100"])
    try:
        served(f, proto, "nat, by rules")
    finally:
        lab.eng.run(["ip", family, "rule", "del", "pref", "100"])


suite.run(lambda: pe.start(CONF))
