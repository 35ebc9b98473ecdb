#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""12: proxies, whose own connections are services too.

    u1 ----+-- i0 [eng] i1 --+-- fw1 outside
    host --+                 +-- fw2 outside
                             +-- a stranger
                        i2 --+-- fw1 inside
                             +-- fw2 inside
                             +-- a stranger
                        i3 --+-- proxy1, squid
                             +-- proxy2, squid
                        i4 ----- ids

    W1, W2  ids, fw1, proxy1, a port of it for each
    W3      fw2, proxy2
    proxy1  what it sends: fw1, which gives it its own address
    proxy2  the same by fw2

A firewall is two devices: on the way from a proxy its inside comes first.
"""
from itertools import product

from lib import engine, flow, packet, told
from lib.addr import ENGINE, FAMILIES, mac
from lib.ktap import Suite, expect, require
from lib.lab import Lab
from lib.nginx import Nginx
from lib.squid import Squid
from lib.wire import TCP, Capture, check_walk, got, put, show

HOST, DENIED, STRANGER = 9, 10, 11
PROXIES = {1: 1, 2: 1, 3: 2}            # of each service; its firewall, too
PORTS = {1: 8080, 2: 8081, 3: 8080}     # of the proxy, for each service
PORT = 8080

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
host = lab.client("host", 0, HOST)
host.addrs += lab.addresses(0, DENIED, "eth0")
proxies = {n: lab.server(f"proxy{n}", 3, n, mode="nat") for n in (1, 2)}
lab.tap("ids", 4)
strangers = {s: lab.tap(f"stranger{s}", s, STRANGER) for s in (1, 2)}


def net(f, segment):
    base, length = f.prefix(segment)
    return f"{base}/{length}"


def rules():
    """Clients to the proxies; the proxies to the web, but for one host, as the
    firewall itself. What else comes from outside is dropped."""
    forward, post = "", ""
    for f in FAMILIES:
        ip = "ip6" if f.v6 else "ip"
        vips = ", ".join(f.vip(w) for w in PROXIES)
        forward += f"""
        iifname out0 {ip} daddr {{ {vips} }} tcp dport {PORT} accept
        iifname in0 {ip} daddr {f.host(0, DENIED)} meta l4proto tcp \
reject with tcp reset
        iifname in0 {ip} saddr {net(f, 3)} tcp dport 80 accept"""
        post += f"""
        oifname out0 {ip} saddr {net(f, 3)} masquerade"""
    return f"""
table inet fw {{
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept{forward}
    }}
    chain post {{
        type nat hook postrouting priority srcnat;{post}
    }}
}}
"""


firewalls = {}
for number in (1, 2):
    firewall = firewalls[number] = lab.router(f"fw{number}", 1, 2, number, nft=rules())
    firewall.batch += [f"route add {net(family, 3)} via "
                       f"{family.host(2, ENGINE)}" for family in FAMILIES]
pe = engine.Engine(lab)


def conf(exits=None, servers=None):
    """exits: the firewall of each proxy; servers: the proxy of each
    service."""
    exits, servers = exits or {1: 1, 2: 2}, servers or PROXIES
    text = f"device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}\n"
    for n in (1, 2):
        text += f"""
device fw{n} {{ inline outside dev i1 lladdr {mac(1, n)} \
inside dev i2 lladdr {mac(2, n)}; }}
device nat{n} {{ inline outside dev i2 lladdr {mac(2, n)} \
inside dev i1 lladdr {mac(1, n)}; }}
"""
    for f, n in product(FAMILIES, (1, 2)):
        text += f"""
device proxy{f.name}-{n} {{ server address {f.host(3, n)} mode nat; guard; }}
service out{f.name}-{n} {{ client {f.host(3, n)}/{f.bits} tcp port 80; \
sequence nat{exits[n]}; }}
"""
    for f, w in product(FAMILIES, PROXIES):
        text += f"""
service w{f.name}-{w} {{ vip {f.vip(w)} tcp port {PORT}; \
sequence {"" if w == 3 else "ids, "}fw{PROXIES[w]}, \
proxy{f.name}-{servers[w]} port {PORTS[w]}; }}
"""
    return text


def url(f, addr, port=80):
    return f"http://[{addr}]:{port}/" if f.v6 else f"http://{addr}:{port}/"


def fetch(f, w, number=HOST):
    """(status, page, client's address and port) of a page by a proxy."""
    u = (f.U1, flow.port())
    out = u1.run(["curl", "-sg", "--max-time", str(2 * flow.TIMEOUT),
                  "--local-port", str(u[1]), "-w", "\n%{http_code}",
                  "-x", url(f, f.vip(w), PORT), url(f, f.host(0, number))])
    page, _, status = out.rpartition("\n")
    return int(status), page.strip(), u


def of(rows, *ends):
    """What any of these ends sent or got: a proxy keeps other connections."""
    return [r for r in rows if any(
        end in ((r.saddr, r.sport), (r.daddr, r.dport)) for end in ends)]


def asker(rows, link, way, dst):
    """The only end that sent anything to dst by a link."""
    ends = {(r.saddr, r.sport) for r in rows if (r.link, r.dir) == (link, way)
            and (r.daddr, r.dport) == dst}
    require(len(ends) == 1, f"one connection to {dst} expected at {link}, "
            f"not {ends}:\n{show(rows)}")
    return ends.pop()


def front(f, w, n, u):
    """The client and a proxy, which has the service's port translated."""
    d, s, fw = (f.vip(w), PORT), (f.host(3, n), PORTS[w]), PROXIES[w]
    ids = w != 3
    return [[got(0, 1, u, d, 64),
             *([put(4, 1, u, d, 63, copy=True)] if ids else []),
             put(1, fw, u, d, 63), got(2, fw, u, d, 62), put(3, n, u, s, 61)],
            [got(3, n, s, u, 64), put(2, fw, d, u, 63), got(1, fw, d, u, 62),
             *([put(4, 1, d, u, 61, copy=True)] if ids else []),
             put(0, 1, d, u, 61)]]


def behind(n, fw, p, m, h):
    """The proxy and the host, which sees the firewall's address."""
    return [[got(3, n, p, h, 64), put(2, fw, p, h, 63), got(1, fw, m, h, 62),
             put(0, HOST, m, h, 61)],
            [got(0, HOST, h, m, 64), put(1, fw, h, m, 63),
             got(2, fw, h, p, 62), put(3, n, h, p, 61)]]


def explained(n, fw, p, h):
    """To the firewall and from it; that it translates only the firewall
    knows."""
    said = told.explain(pe, "tcp", p, h, "i3")
    there, back = said["forward"][0], said["reverse"][-1]
    expect("explained: to the firewall",
           [there[k] for k in ("action", "device", "oif", "lladdr")],
           ["steer", f"nat{fw}", "i2", mac(2, fw)])
    expect("explained: from the firewall to the proxy",
           [back[k] for k in ("action", "from", "iif", "oif", "lladdr")],
           ["deliver", f"nat{fw}", "i2", "i3", mac(3, n)])


def check_page(f, w, n, fw):
    """A page by proxy n and firewall fw, and every packet of it."""
    h = (f.host(0, HOST), 80)
    with Capture(lab) as capture:
        status, page, u = fetch(f, w)
        rows = capture.stop()
    own = f.host(1, fw)
    expect("page", (status, page), (200, f"{own} 1.1 proxy{n} (squid)"))
    p, m = asker(rows, "i3", "in", h), asker(rows, "i0", "out", h)
    expect("ends of the connection", (p[0], m[0]), (f.host(3, n), own))
    check_walk(of(rows, u, p, m), *front(f, w, n, u), *behind(n, fw, p, m, h))
    told.check(pe, of(rows, u), "tcp", u, (f.vip(w), PORT))
    explained(n, fw, p, h)


@suite.case(*product(FAMILIES, PROXIES))
def page_by_proxy(f, w):
    """W1 and W2 share a proxy."""
    pe.apply(conf())
    check_page(f, w, PROXIES[w], PROXIES[w])


@suite.case(*FAMILIES)
def other_firewall(f):
    """Of the proxies' own connections, changed in one commit."""
    pe.apply(conf(exits={1: 2, 2: 1}))
    check_page(f, 1, 1, 2)
    check_page(f, 3, 2, 1)


@suite.case(*FAMILIES)
def other_proxy(f):
    """One of two services that share a proxy moves; its way out is the other
    proxy's."""
    pe.apply(conf(servers={1: 1, 2: 2, 3: 2}))
    check_page(f, 2, 2, 2)
    check_page(f, 1, 1, 1)


@suite.case(*zip(FAMILIES, (1, 3)))
def host_denied(f, w):
    """By the firewall, which resets the connection: nothing reaches the
    host."""
    pe.apply(conf())
    n, h = PROXIES[w], (f.host(0, DENIED), 80)
    with Capture(lab) as capture:
        status, _, u = fetch(f, w, DENIED)
        rows = capture.stop()
    expect("status", status, 503)
    p = asker(rows, "i3", "in", h)
    # The firewall's own packets have the time to live of a host's.
    check_walk(of(rows, u, p), *front(f, w, n, u), behind(n, n, p, None, h)[0][:2],
               [got(2, n, h, p, 64), put(3, n, h, p, 63)])


def only_on(rows, *where):
    expect("where it was seen", [(r.link, r.dir) for r in rows], [*where])


def sender(segment, number):
    """Sends from a stranger or from a firewall itself."""
    if number == STRANGER:
        return packet.Sender(strangers[segment], segment, number)
    return packet.Sender(firewalls[number], segment, number,
                         "out0" if segment == 1 else "in0")


@suite.case(*product(FAMILIES, ((1, STRANGER), (1, 2), (2, 1))))
def proxys_packet_from_wrong_place(f, place):
    """Where its firewall lets it out, but from a stranger or from the other
    firewall; and from where its own firewall is given it."""
    segment, number = place
    p, h = (f.host(3, 1), flow.port()), (f.host(0, HOST), 80)
    before = pe.drops()
    with Capture(lab) as capture, sender(*place) as source:
        source.send(packet.tcp(p, h))
        only_on(of(capture.stop(), p), (f"i{segment}", "in"))
    pe.check_drops(before, wrong_place=1)
    if number != 1:
        said = told.explain(pe, "tcp", p, h, f"i{segment}")["forward"]
        expect("explained", [(hop["action"], hop.get("reason"))
                             for hop in said], [("drop", "wrong-place")])


@suite.case(*product(FAMILIES, (STRANGER, 2)))
def nobody_avoids_the_firewall(f, number):
    """Who sends with the proxy's address from anywhere else, the other
    firewall's inside included, begins where the proxy does."""
    p, h = (f.host(3, 1), flow.port()), (f.host(0, DENIED), 80)
    with Capture(lab) as capture, sender(2, number) as source:
        source.send(packet.tcp(p, h))
        rows = of(capture.stop(), p)
    check_walk(rows, [got(2, number, p, h, 64), put(2, 1, p, h, 63)],
               [got(2, 1, h, p, 64), put(3, 1, h, p, 63)], count=1)


@suite.case(*FAMILIES)
def answer_that_was_not_asked_for(f):
    """To the proxy itself, not to its firewall: the firewall gets it all the
    same, and knows of no such connection."""
    p, h = (f.host(3, 1), flow.port()), (f.host(0, HOST), 80)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(host, 0, HOST) as sender:
        sender.send(packet.tcp(h, p))
        rows = of(capture.stop(), p)
    check_walk(rows, [got(0, HOST, h, p, 64), put(1, 1, h, p, 63)], count=1)
    pe.check_drops(before)


@suite.case(*FAMILIES)
def proxy_without_service(f):
    """Its address is guarded: it is a proxy for those who use a service."""
    u, p = (f.U1, flow.port()), (f.host(3, 1), PORT)
    before = pe.drops()
    with Capture(lab) as capture, packet.Sender(u1, 0, 1) as sender:
        sender.send(packet.tcp(u, p))
        only_on(of(capture.stop(), u), ("i0", "in"))
    pe.check_drops(before, guard=1)


@suite.case(*FAMILIES)
def counted(f):
    """Each connection by its own service."""
    pe.apply(conf())
    names = [f"w{f.name}-{w}" for w in PROXIES] + \
        [f"out{f.name}-{n}" for n in (1, 2)]
    before = {name: pe.counters(name) for name in names}
    with Capture(lab) as capture:
        expect("status", fetch(f, 2)[0], 200)
        rows = [r for r in capture.stop() if r.proto == TCP]
    p, w, h = f.host(3, 1), f.vip(2), f.host(0, HOST)
    wanted = {name: (0, 0) for name in names}
    for name, link, there in (
            (f"w{f.name}-2", "i0", lambda r: (r.daddr == w, r.saddr == w)),
            (f"out{f.name}-1", "i2", lambda r: (
                (r.saddr, r.daddr) == (p, h), (r.saddr, r.daddr) == (h, p)))):
        wanted[name] = tuple(map(sum, zip(*(
            there(r) for r in rows if r.link == link))))
    after = {name: pe.counters(name) for name in names}
    expect("packets there and back",
           {name: tuple(after[name][way][0] - before[name][way][0]
                        for way in engine.WAYS) for name in names}, wanted)


@suite.case()
def read_back():
    shown = pe.pectl("show")
    pe.pectl("diff", "-f", pe.file(shown))
    pe.apply(shown)


def setup():
    pe.start(conf())
    lab.one_cpu()
    web = Nginx(host, lab.tmp, 80, "$remote_addr $http_via", wait=False)
    suite.defer(web.close)
    running = [web]
    for n, node in proxies.items():
        running.append(Squid(node, lab.tmp, sorted(set(PORTS.values())),
                             wait=False))
        suite.defer(running[-1].close)
    for server in running:
        server.ready()


suite.run(setup)
