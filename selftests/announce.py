#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Service addresses on the clients' own link: the engine answers for them.

    u1 --+-- i0 [eng] i1 --- web (loopback)
    u2 --+
    web0-+            i5 --- u5 (an interface without any address)
                      i8 --- u8 (another link)
    other engine --+--(the links of i0 and i1)
"""
import json
import threading
from subprocess import PIPE
from itertools import product

from lib import engine, flow, told
from lib.addr import ENGINE, F6, FAMILIES, mac
from lib.ktap import Suite, expect, poll, require
from lib.lab import Lab
from lib.link import (ALL_NODES, BROADCAST, NS, OVERRIDE, REPLY, REQUEST,
                      SOLICITED, ZERO_MAC, Ear, arp, claim, claims,
                      is_answer, nd, option, question, solicited_node)
from lib.nginx import Nginx
from lib.packet import raw_addr
from lib.wire import Capture, check_walk, got, put

ENG = mac(0, ENGINE)
U1, U2, U8 = mac(0, 1), mac(0, 2), mac(8, 1)
OTHER = 13                              # number of the other engine
OTHER_MAC = mac(0, OTHER)

suite = Suite(__doc__)
lab = Lab(suite)
u1, u2, u8 = lab.client("u1"), lab.client("u2", 0, 2), lab.client("u8", 8)
web, web0 = lab.server("web", 1), lab.server("web0", 0, 5)
u5 = lab.node("u5")
lab.attach(u5, 5, 1, address=False)
second = lab.node("second")
lab.forwards(second)
lab.attach(second, 0, OTHER, "e0")
lab.attach(second, 1, OTHER, "e1")
pe = engine.Engine(lab)
rival = engine.Engine(lab, second)


def vip(f):
    """In the prefix of the clients' own link."""
    return f.host(0, 100)


for f in FAMILIES:
    for node in (web, web0):
        node.batch += [f"route add local {f.host(0, n)}/{f.bits} dev lo"
                       for n in (100, 101)]
    u5.batch += [f"addr add {f.host(5, 1)}/{f.prefix(5)[1]} dev eth0",
                 f"route add {f.vip(20)}/{f.bits} dev eth0"]
    lab.eng.batch += [f"route add {f.host(5, 1)}/{f.bits} dev i5",
                      f"neigh add {f.host(5, 1)} lladdr {mac(5, 1)} dev i5"]

DEVICES = f"""
device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}
device box {{ inline dev i0 lladdr {mac(0, 6)}; }}
device web0 {{ server dev i0 lladdr {mac(0, 5)} mode loopback; }}
"""
CONF = DEVICES + "".join(f"""
service tcp{f.name} {{ vip {vip(f)} tcp port 80 announce dev i0; sequence web; }}
service udp{f.name} {{ vip {vip(f)} udp port 80 announce dev i0; sequence web; }}
service on5-{f.name} {{ vip {f.vip(20)} udp port 80 announce dev i5; sequence web; }}
service not{f.name} {{ vip {f.host(0, 102)} udp port 80; sequence web; }}
""" for f in FAMILIES)


def is_told(f, words, addr, eng=ENG):
    """Who has the address now, as everybody on the link is told."""
    return claims(f, words, addr, eng)


def answer(f, addr, to, eng=ENG):
    """What the engine says to who asks."""
    if f.v6:
        return ("na", eng, to, addr, addr, eng, SOLICITED | OVERRIDE)
    return ("reply", eng, to, addr, None, eng, 0)


def expect_answer(f, word, addr, to=U1, eng=ENG):
    wanted = answer(f, addr, to, eng)
    expect("answer", (*word[:4], word.target if f.v6 else None, *word[5:]),
           wanted)


def silent(f, ear, smac, src, addr, own, *asked):
    """Nothing is said of the address before the kernel answers for itself."""
    ear.words.clear()
    ear.send(*asked or (question(f, smac, src, addr),))
    ear.send(question(f, smac, src, own))
    ear.answers(own)
    require(not [w for w in ear.words if is_answer(w, addr)],
            f"somebody answers for {addr}: {ear.words}")


def lan_is_silent(f, addr):
    with Ear(u1) as ear:
        silent(f, ear, U1, f.U1, addr, f.host(0, ENGINE))


def entry(node, addr):
    """The neighbour entry of an address: its MAC and its states."""
    out = node.run(["ip", "-j", "neigh", "show", addr, "dev", "eth0"])
    found = json.loads(out or "[]")
    return (found[0].get("lladdr"), found[0].get("state", [])) if found \
        else (None, [])


@suite.case(*FAMILIES)
def told_when_it_begins(f):
    """Three times, a second apart; services at one address are one."""
    addr = vip(f)
    with Ear(u1) as ear:
        pe.pectl("service", "add", "new", "vip", f.host(0, 101), "tcp", "port",
                 "80", "announce", "dev", "i0", "sequence", "web")
        ear.wait("announcements", lambda words:
                 len(is_told(f, words, f.host(0, 101))) == 3)
        ear.words.clear()
        pe.pectl("service", "add", "more", "vip", f.host(0, 101), "udp",
                 "announce", "dev", "i0", "sequence", "web")
        pe.pectl("service", "change", "more", "udp", "port", "81")
        silent(f, ear, U1, f.U1, f.host(0, 102), f.host(0, ENGINE))
        require(not is_told(f, ear.words, f.host(0, 101)),
                "announced again for another service")
        pe.pectl("service", "del", "new")
        ear.words.clear()
        ear.send(question(f, U1, f.U1, f.host(0, 101)))
        expect_answer(f, ear.answers(f.host(0, 101))[0], f.host(0, 101))
        pe.pectl("service", "del", "more")
        silent(f, ear, U1, f.U1, f.host(0, 101), f.host(0, ENGINE))
        ear.send(question(f, U1, f.U1, addr))
        expect_answer(f, ear.answers(addr)[0], addr)


@suite.case(*product(FAMILIES, ("tcp", "udp")))
def clients_find_the_service(f, proto):
    for node in (u1, u2):
        node.ip("neigh flush dev eth0")
    for node, number in ((u1, 1), (u2, 2)):
        u, w = (f.host(0, number), flow.port()), (vip(f), 80)
        with Capture(lab) as capture:
            flow.talk(proto, f, node, *u, w, web, w)
            rows = capture.stop()
            check_walk(rows, [got(0, number, u, w, 64), put(1, 1, u, w, 63)],
                       [got(1, 1, w, u, 64), put(0, number, w, u, 63)])
            told.check(pe, rows, proto, u, w)
        expect("the neighbour", entry(node, vip(f))[0], ENG)


@suite.case(*FAMILIES)
def page_from_nginx(f):
    host = f"[{vip(f)}]" if f.v6 else vip(f)
    u2.ip("neigh flush dev eth0")
    with Nginx(web, lab.tmp, 80, "$remote_addr to $server_addr"):
        page = u2.run(["curl", "-s", "--max-time", "5", f"http://{host}/"])
    expect("page", page, f"{f.U2} to {vip(f)}\n")


@suite.case(*FAMILIES)
def every_way_of_asking(f):
    """Of everybody or of the engine, with or without an address that is of
    this link, or with none at all."""
    addr, far = vip(f), f.host(3, 9)
    group = solicited_node(addr) if f.v6 else ""
    asked = [
        nd(NS, U1, f.U1, group, addr, option(1, U1)),
        nd(NS, U1, f.U1, group, addr),
        nd(NS, U1, f.U1, addr, addr, dmac=ENG),
        nd(NS, U1, f.U1, addr, addr, option(1, U1), dmac=ENG),
        nd(NS, U1, far, group, addr, option(1, U1)),
        nd(NS, U1, f.U1, group, addr, option(14, U2) + option(1, U1)),
    ] if f.v6 else [
        arp(REQUEST, U1, f.U1, ZERO_MAC, addr),
        arp(REQUEST, U1, f.U1, ENG, addr, dst=ENG),
        arp(REQUEST, U1, "0.0.0.0", ZERO_MAC, addr),
        arp(REQUEST, U1, far, ZERO_MAC, addr),
        arp(REQUEST, U1, f.U1, ZERO_MAC, addr, hard=6),
    ]
    with Ear(u1) as ear:
        for number, frame in enumerate(asked, 1):
            ear.send(frame)
            for word in ear.answers(addr, number):
                expect_answer(f, word, addr)
    if not f.v6:
        return
    with Ear(u1) as ear:                # may I have it?
        ear.send(nd(NS, U1, "::", group, addr))
        ear.wait("answer", lambda words: is_told(f, words, addr))


@suite.case(*FAMILIES)
def what_is_no_question(f):
    addr, own = vip(f), f.host(0, ENGINE)
    group = solicited_node(addr) if f.v6 else ""
    asked = [
        nd(NS, U1, f.U1, group, addr, option(1, U1), hops=254),
        nd(NS, U1, f.U1, group, addr, option(1, U1), code=1),
        nd(NS, U1, f.U1, group, addr, option(1, U1), broken=True),
        nd(NS, U1, f.U1, group, addr, option(1, U1), cut=20),
        nd(NS, U1, f.U1, group, addr, option(1, U1, 0)),
        nd(NS, U1, f.U1, group, addr, option(1, U1, 2)),
        nd(NS, U1, f.U1, group, addr, option(1, U1, 2) + bytes(8)),
        nd(NS, U1, f.U1, group, addr, option(1, U1)[:5]),
        nd(NS, U1, f.U1, group, addr, option(1, BROADCAST)),
        nd(NS, U1, f.U1, group, group, option(1, U1)),
        nd(NS, U1, "::", group, addr, option(1, U1)),
        nd(NS, U1, "::", addr, addr, dmac=ENG),
        nd(NS, U1, ALL_NODES, group, addr, option(1, U1)),
    ] if f.v6 else [
        arp(REPLY, U1, f.U1, ENG, addr, dst=ENG),
        arp(3, U1, f.U1, ZERO_MAC, addr),
        arp(REQUEST, U1, f.U1, ZERO_MAC, addr, hard=7),
        arp(REQUEST, U1, f.U1, ZERO_MAC, addr, proto=0x86dd),
        arp(REQUEST, U1, f.U1, ZERO_MAC, addr)[:40],
        arp(REQUEST, BROADCAST, f.U1, ZERO_MAC, addr),
        arp(REQUEST, ZERO_MAC, f.U1, ZERO_MAC, addr),
        arp(REQUEST, ENG, f.U1, ZERO_MAC, addr),
    ]
    with Ear(u1) as ear:
        for frame in asked:
            silent(f, ear, U1, f.U1, addr, own, frame)


@suite.case(*FAMILIES)
def other_addresses_and_links(f):
    lan_is_silent(f, f.host(0, 101))    # nobody's
    lan_is_silent(f, f.host(0, 102))    # a service's, not announced
    lan_is_silent(f, f.vip(20))         # announced elsewhere
    with Ear(u8) as ear:
        silent(f, ear, U8, f.host(8, 1), vip(f), f.host(8, ENGINE))


@suite.case(*FAMILIES)
def interface_without_an_address(f):
    """The engine is nobody on that link but the service."""
    lab.eng.ip("addr flush dev i5", "link set i5 addrgenmode none")
    u5.ip("neigh flush dev eth0")
    u, w = (f.host(5, 1), flow.port()), (f.vip(20), 80)
    with Capture(lab) as capture:
        flow.udp(f, u5, *u, w, web, w)
        check_walk(capture.stop(), [got(5, 1, u, w, 64), put(1, 1, u, w, 63)],
                   [got(1, 1, w, u, 64), put(5, 1, w, u, 63)])


def changed(what, f, *lines, eng=ENG):
    """After the lines everybody is told, and who asks is answered."""
    with Ear(u1) as ear:
        lab.eng.ip(*lines)
        ear.wait(f"announcement after {what}",
                 lambda words: is_told(f, words, vip(f), eng))
        ear.words.clear()
        ear.send(question(f, U1, f.U1, vip(f)))
        expect_answer(f, ear.answers(vip(f))[0], vip(f), eng=eng)


@suite.case(*FAMILIES)
def another_mac(f):
    """Clients that never asked again follow at once."""
    new = mac(0, 0x2e)
    flow.udp(f, u1, f.U1, flow.port(), (vip(f), 80), web, (vip(f), 80))
    changed("another MAC", f, f"link set i0 address {new}", eng=new)
    poll("neighbour entry with the new MAC",
         lambda: entry(u1, vip(f))[0] == new)
    flow.udp(f, u1, f.U1, flow.port(), (vip(f), 80), web, (vip(f), 80))
    changed("the old MAC", f, f"link set i0 address {ENG}")
    poll("neighbour entry with the old MAC",
         lambda: entry(u1, vip(f))[0] == ENG)


def groups(dev="i0"):
    """Groups of an interface of the engine, as /proc shows them."""
    with lab.eng.net(), open("/proc/thread-self/net/igmp6") as file:
        return [line.split()[2] for line in file if line.split()[1] == dev]


def addresses(dev="i0"):
    """Lines that give it back what it loses when it goes down."""
    return [line.replace("addr add", "addr replace")
            for line in lab.addresses(0, ENGINE, dev)]


def in_group(dev="i0", addr=vip(F6)):
    """Does the engine hear what is asked for an address?"""
    return raw_addr(solicited_node(addr)).hex() in groups(dev)


@suite.case()
def interface_down_and_up():
    lab.eng.ip("link set i0 down")
    changed("up", FAMILIES[0], "link set i0 up")
    lab.eng.ip("link set i0 down")
    changed("up", FAMILIES[1], "link set i0 up",
            *addresses())
    require(in_group(), f"not in the group: {groups()}")


@suite.case(*FAMILIES)
def carrier_lost_and_found(f):
    switch = lab.nodes["sw0"]
    with Ear(u1) as ear:
        switch.ip("link set up0 down", "link set up0 up")
        ear.wait("announcement", lambda words: is_told(f, words, vip(f)))


@suite.case()
def interface_of_another_name():
    """What it is called decides; the group goes with the name."""
    require(in_group(), f"not in the group: {groups()}")
    lab.eng.ip("link set i0 down", "link set i0 name gone",
               "link set gone up", *addresses("gone"))
    poll("group left", lambda: not in_group("gone"))
    for f in FAMILIES:
        lan_is_silent(f, vip(f))
    lab.eng.ip("link set gone down", "link set gone name i0")
    changed("the name is back", FAMILIES[0], "link set i0 up")
    poll("group joined", in_group)
    lab.eng.ip(*addresses())


@suite.case()
def interface_too_small_for_ipv6():
    lab.eng.ip("link set i0 mtu 1000")
    poll("no groups", lambda: not groups())
    lab.eng.ip("link set i0 mtu 1500")
    poll("group joined", in_group)
    lab.eng.ip(*addresses())
    with Ear(u1) as ear:
        ear.send(question(F6, U1, F6.U1, vip(F6)))
        expect_answer(F6, ear.answers(vip(F6))[0], vip(F6))


@suite.case()
def interface_that_is_made_anew():
    """Both families on a link that goes and comes back while announced."""
    def make():
        lab.eng.ip(f"link add j0 address {mac(9, ENGINE)} type veth "
                   f"peer name j1 address {mac(9, 1)}",
                   "link set j1 up", "link set j0 up")

    make()
    pe.batch("".join(f"service j{f.name} {{ vip {f.vip(30)} udp announce "
                     f"dev j0; sequence web; }}\n" for f in FAMILIES))
    for _ in range(2):
        poll("group joined", lambda: in_group("j0", F6.vip(30)))
        lab.eng.ip("link del j0")
        make()
        with Ear(lab.eng, "j1") as ear:
            for f in FAMILIES:
                ear.wait("announcement", lambda words, f=f: is_told(
                    f, words, f.vip(30), mac(9, ENGINE)))
    pe.batch("".join(f"service del j{f.name}\n" for f in FAMILIES))
    poll("group left", lambda: not in_group("j0", F6.vip(30)))
    lab.eng.ip("link del j0")


@suite.case()
def switch_that_snoops():
    """It learns where the questions go, and where not any more."""
    f, switch = F6, lab.nodes["sw0"]

    def listens():
        found = json.loads(switch.run(["bridge", "-j", "mdb", "show"]))
        return [entry for part in found for entry in part.get("mdb", ())
                if entry["port"] == "up0" and
                entry["grp"] == solicited_node(f.host(0, 0x4321))]

    switch.ip("link set br0 type bridge mcast_snooping 1")
    try:
        pe.pectl("service", "add", "snooped", "vip", f.host(0, 0x4321), "udp",
                 "announce", "dev", "i0", "sequence", "web")
        poll("group at the switch", listens)
        pe.pectl("service", "del", "snooped")
        poll("group left at the switch", lambda: not listens())
    finally:
        switch.ip("link set br0 type bridge mcast_snooping 0")


@suite.case(*FAMILIES)
def claimed_by_another(f):
    """It is told of, once, and not argued about."""
    lines = []
    monitor = lab.eng.popen([engine.PECTL, "-j", "monitor"], stdout=PIPE)
    thread = threading.Thread(target=lambda: lines.extend(monitor.stdout))
    thread.start()
    try:
        poll("monitor that listens", lambda: pe.pectl(
            "device", "change", "web", "mode", "loopback") or lines)
        with Ear(u1) as ear, Ear(u2) as other:
            other.send(claim(f, ENG, vip(f)))           # itself is none
            other.send(*[claim(f, U2, vip(f))] * 3)
            poll("event", lambda: any("claimed" in line for line in lines))
            ear.send(question(f, U1, f.U1, vip(f)))
            expect_answer(f, ear.answers(vip(f))[0], vip(f))
    finally:
        monitor.terminate()
        thread.join()
        monitor.communicate()
    said = [json.loads(line) for line in lines]
    expect("events", [(e["event"], e["dev"], e["address"], e["lladdr"])
                      for e in said if "dev" in e],
           [("address-claimed", "i0", vip(f), U2)])


@suite.case(*FAMILIES)
def server_on_the_clients_link(f):
    """The engine sends back where it came from, and the server answers by
    itself. Behind a device there no client would be one, but for iif."""
    w = (f.host(0, 101), 80)
    say = ("vip", w[0], "udp", "port", "80", "announce", "dev", "i0",
           "sequence")
    status, _, err = pe.try_pectl("service", "add", "hairpin", *say, "box,",
                                  "web0")
    expect("status", status, engine.REFUSED)
    require("say iif i0" in err, err)
    pe.pectl("service", "add", "hairpin", *say, "box,", "web0", "iif", "i0")
    pe.pectl("service", "replace", "hairpin", *say, "web0")
    u = (f.U1, flow.port())
    with Capture(lab) as capture:
        flow.udp(f, u1, *u, w, web0, w)
        check_walk(capture.stop(), [got(0, 1, u, w, 64), put(0, 5, u, w, 63)])
    pe.pectl("service", "del", "hairpin")


REFUSALS = {
    "no interface": (("announce", "dev", "nothere"), "is not there"),
    "no ARP there": (("announce", "dev", "noarp"), "ARP is off"),
    "other clients": (("iif", "i8", "announce", "dev", "i0"), "same interface"),
    "the router's own": (("announce", "dev", "i0"), "router's own"),
}


@suite.case(*product(FAMILIES, REFUSALS))
def refused(f, what):
    words, sentence = REFUSALS[what]
    addr = f.host(0, ENGINE if what == "the router's own" else 101)
    lab.eng.ip("link add noarp type dummy")
    before = pe.pectl("show")
    try:
        status, _, err = pe.try_pectl("service", "add", "bad", "vip", addr,
                                      "udp", *words, "sequence", "web")
        expect("status", status, engine.REFUSED)
        require(sentence in err, err)
        expect("configuration", pe.pectl("show"), before)
    finally:
        lab.eng.ip("link del noarp")


@suite.case(*FAMILIES)
def moved_to_another_link(f):
    """A change of the interface is heard on the new one, and no more on the
    old one."""
    name = f"udp{f.name}"
    pe.pectl("service", "del", f"tcp{f.name}")
    with Ear(u8) as ear:
        pe.pectl("service", "change", name, "announce", "dev", "i8")
        ear.wait("announcement", lambda words: is_told(
            f, words, vip(f), mac(8, ENGINE)))
        ear.send(question(f, U8, f.host(8, 1), vip(f)))
        expect_answer(f, ear.answers(vip(f))[0], vip(f), U8, mac(8, ENGINE))
    lan_is_silent(f, vip(f))
    pe.apply(CONF)


@suite.case(*FAMILIES)
def another_engine_takes_over(f):
    """Clients follow, and a connection goes on, while the first still
    believes that it has the address."""
    w, u = (vip(f), 80), (f.U1, flow.port())
    with flow.bound(web, f, flow.STREAM, *w) as listener, \
            flow.bound(u1, f, flow.STREAM, *u) as c:
        listener.listen(1)
        c.connect(w)
        s, _ = listener.accept()

        def exchanged(*ways):
            with Capture(lab, points=[("e0", second, "e0")]) as capture:
                for one, other in ((c, s), (s, c)):
                    one.sendall(b"x" * 100)
                    seen = b""
                    while len(seen) < 100:
                        seen += other.recv(100 - len(seen))
                rows = capture.more()
            expect("where the data came by", {
                r.link for r in rows if (r.saddr, r.sport) == u and
                r.flags == "PA" and r.link in ("i0", "e0")}, set(ways))

        with s:
            s.settimeout(5)
            exchanged("i0")
            rival.apply(f"""
device web {{ server dev e1 lladdr {mac(1, 1)} mode loopback; }}
service tcp {{ vip {w[0]} tcp port 80 announce dev e0; sequence web; }}
""")
            poll("neighbour entry of the other engine",
                 lambda: entry(u1, w[0])[0] == OTHER_MAC)
            exchanged("e0")
            rival.pectl("flush")
            with Ear(u1) as ear:
                pe.pectl("flush")
                pe.apply(CONF)
                ear.wait("announcement", lambda words: is_told(f, words, w[0]))
            poll("neighbour entry of the first engine",
                 lambda: entry(u1, w[0])[0] == ENG)
            exchanged("i0")


@suite.case(*FAMILIES)
def shown_as_said(f):
    text = pe.pectl("service", "show", f"tcp{f.name}")
    require(f"vip {vip(f)} tcp port 80 announce dev i0;" in text, text)
    expect("announce", pe.service(f"tcp{f.name}")["announce"], "i0")
    expect("difference", pe.try_pectl("diff", "-f", pe.file(CONF))[0],
           engine.OK)


def stopped():
    for f in FAMILIES:
        lan_is_silent(f, vip(f))
    poll("group left", lambda: not in_group())


@suite.case()
def stops_when_flushed():
    pe.pectl("flush")
    stopped()
    pe.apply(CONF)
    poll("group joined", in_group)


@suite.case()
def stops_when_the_module_goes():
    """A client that asks finds nobody."""
    engine.unload()
    stopped()
    u1.ip("neigh flush dev eth0")
    for f in FAMILIES:
        with flow.bound(u1, f, flow.DGRAM, f.U1, flow.port()) as sock:
            sock.sendto(b"anybody?", (vip(f), 80))
    for f in FAMILIES:
        poll("failed entry", lambda f=f: "FAILED" in entry(u1, vip(f))[1])
    engine.load()
    pe.apply(CONF)
    for f in FAMILIES:
        flow.udp(f, u1, f.U1, flow.port(), (vip(f), 80), web, (vip(f), 80))


suite.run(lambda: pe.start(CONF))
