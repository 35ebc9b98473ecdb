#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Path MTU discovery through a whole sequence, whichever link is narrow.

    u1 --- rc --- i0 [eng] i1 --- fw outside
                           i2 --- fw inside
                           i4 --- br outside
                           i5 --- br inside
                           i3 --- rs --- web

Real TCP with DF gets through, and its route remembers how much fits. See also
path_mtu.py.
"""
import threading
from itertools import product

from lib import engine, flow
from lib.addr import FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab

MTU = 1400
SIZE = 60000
MODES = ("loopback", "nat")

suite = Suite(__doc__)
lab = Lab(suite)
rc = lab.gateway("rc", 0, 1, behind=9)
u1 = lab.client("u1", 9)
fw = lab.router("fw", 1, 2)
lab.bridge("br", 4, 5)
rs = lab.gateway("rs", 3, 1, behind=10)
web = lab.server("web", 10)
for family in FAMILIES:
    rs.batch.append(f"route add {family.vips} via {family.host(10, 1)}")
pe = engine.Engine(lab)

# Who sends too much, and the interface that takes less.
NARROW = {"on the client's side": ("u1", rc, "eth0"),
          "before the firewall": ("u1", lab.eng, "i1"),
          "behind the firewall": ("u1", fw, "in0"),
          "before the bridge": ("u1", lab.eng, "i4"),
          "at the server": ("u1", lab.eng, "i3"),
          "beyond the server's router": ("u1", rs, "in0"),
          "on the server's side": ("web", rs, "eth0"),
          "before the bridge, back": ("web", lab.eng, "i5"),
          "before the firewall, back": ("web", lab.eng, "i2"),
          "behind the firewall, back": ("web", fw, "out0"),
          "at the client": ("web", lab.eng, "i0"),
          "beyond the client's router": ("web", rc, "in0")}

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device br {{ inline transparent outside dev i4 inside dev i5; }}
device loopback {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
""" + "".join(f"""
device nat{f.name} {{ server address {f.host(10, 1)} mode nat; }}
service loopback{f.name} {{ vip {f.W1} tcp port 80; sequence fw, br, loopback; }}
service nat{f.name} {{ vip {f.W2} tcp port 80; \
sequence fw, br, nat{f.name} port 8080; }}
""" for f in FAMILIES)


class narrow:
    """While this lasts one interface takes less."""

    def __init__(self, f, where):
        self.who, self.node, self.dev = NARROW[where]

    def __enter__(self):
        self.node.ip(f"link set {self.dev} mtu {MTU}")
        return self.who

    def __exit__(self, *_):
        """The ends forget what they learned."""
        self.node.ip(f"link set {self.dev} mtu 1500")
        for node in (u1, web):
            node.run(["ip", "-6", "route", "flush", "cache"])
            node.write_sysctls({"ipv4/route/flush": 1})


def transfer(sender, receiver):
    data = bytes(range(251)) * (SIZE // 251)
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    got = b""
    try:
        while len(got) < len(data):
            got += flow.take("data", receiver.recv, 65536) or b"?"
    finally:
        thread.join(1)
    expect("bytes in order", got == data, True)


@suite.case(*product(MODES, NARROW, FAMILIES))
def tcp(mode, where, f):
    lab.offloads("offloaded")
    u = (f.host(9, 1), flow.port())
    w, s = ((f.W2, 80), (f.host(10, 1), 8080)) if mode == "nat" else \
        ((f.W1, 80), (f.W1, 80))
    before = pe.drops()
    with narrow(f, where) as who, \
            flow.bound(web, f, flow.STREAM, *s) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        flow.take("connect", c.connect, w)
        a, _ = listener.accept()
        with a:
            a.settimeout(flow.TIMEOUT)
            transfer(*((c, a) if who == "u1" else (a, c)))
        node, to, own = (u1, w, u) if who == "u1" else (web, u, s)
        route = node.run(["ip", "route", "get", to[0], "from", own[0]])
    require(f"mtu {MTU}" in route, f"the sender's route: {route}")
    after = pe.drops()
    expect("reasons for drops", {k for k, n in after.items()
                                 if n != before.get(k, 0)} - {"mtu"}, set())


suite.run(lambda: pe.start(CONF))
