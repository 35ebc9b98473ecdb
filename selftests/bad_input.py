#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What cannot be done is refused with one sentence and the right exit code,
and changes nothing.

    [eng] i1, i2, i3: ends of wires
"""
import os
import re
import subprocess

from lib import engine
from lib.addr import F4, mac
from lib.engine import ABSENT, OK, REFUSED, USAGE
from lib.ktap import Fail, Suite, expect, require
from lib.lab import Lab

NAME_MAX = 31

suite = Suite(__doc__)
lab = Lab(suite)
lab.router("fw", 1, 2)
lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; }}
device fw2 {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 9)}; }}
device twin {{ inline dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device spare {{ server dev i3 lladdr {mac(3, 2)} mode loopback; }}
service web {{ vip {F4.W1} tcp port 80; sequence fw, web; }}
service range {{ vip {F4.W2} tcp port 1000-2000; sequence web; }}
service all {{ vip {F4.W3}; sequence web; }}
"""
NEW = f"service new {{ vip {F4.vip(20)} tcp port 80; sequence web; }}"


def new(vip=F4.vip(20), key="tcp port 80", sequence="web", name="new"):
    return f"service {name} {{ vip {vip} {key}; sequence {sequence}; }}"


def device(ports, name="new"):
    return f"device {name} {{ {ports}; }}"


# name: statement, words that the sentence must have, exit code
CASES = {
    "unknown word": (f"service new {{ vop {F4.W1}; }}", ["vop"], USAGE),
    "unknown statement": ("servise new { }", ["servise"], USAGE),
    "abbreviated word": (f"service new {{ vip {F4.vip(20)}; seq web; }}",
                         ["seq"], USAGE),
    "missing value": ("service new { vip; sequence web; }", [], USAGE),
    "missing port": (new(key="tcp port"), [], USAGE),
    "missing sequence": (f"service new {{ vip {F4.vip(20)}; }}",
                         ["sequence"], USAGE),
    "missing vip": ("service new { tcp port 80; sequence web; }", ["vip"],
                    USAGE),
    "missing brace": (f"service new {{ vip {F4.vip(20)}; sequence web;", [],
                      USAGE),
    "missing lladdr": (device("server dev i3 mode loopback"), ["lladdr"],
                       USAGE),
    "bad lladdr": (device("tap dev i3 lladdr 02:00:00:00:01"),
                   ["02:00:00:00:01"], USAGE),
    "lladdr of letters": (device("tap dev i3 lladdr 02:00:00:00:01:zz"),
                          ["02:00:00:00:01:zz"], USAGE),
    "multicast lladdr": (device("tap dev i3 lladdr 03:00:00:00:01:01"),
                         ["03:00:00:00:01:01"], USAGE),
    "bad address": (new(vip="192.0.2.256"), ["192.0.2.256"], USAGE),
    "bad address of IPv6": (new(vip="2001:db8::1::2"), ["2001:db8::1::2"],
                            USAGE),
    "prefix for an address": (new(vip="192.0.2.0/24"), ["192.0.2.0/24"],
                              USAGE),
    "bad prefix": (new(vip="192.0.2.0/33"), ["192.0.2.0/33"], USAGE),
    "port 0": (new(key="tcp port 0"), ["0", "port"], USAGE),
    "port 65536": (new(key="tcp port 65536"), ["65536"], USAGE),
    "port of letters": (new(key="tcp port http"), ["http"], USAGE),
    "range backwards": (new(key="tcp port 90-80"), ["90", "80"], USAGE),
    "port without protocol": (new(key="port 80"), ["port"], USAGE),
    "protocol 256": (new(key="proto 256"), ["256"], USAGE),
    "duplicate name": (new(name="web"), ["web"], REFUSED),
    "duplicate name of a device": (
        device(f"tap dev i3 lladdr {mac(3, 5)}", "web"), ["web"], REFUSED),
    "missing device": (new(sequence="fw, nobody, web"), ["nobody", "new"],
                       REFUSED),
    "device in use": ("device del web", ["web"], REFUSED),
    "no such device": ("device del nobody", ["nobody"], REFUSED),
    "no such service": ("service del nobody", ["nobody"], REFUSED),
    "same key": (new(vip=F4.W1), ["web", "new"], REFUSED),
    "overlapping ranges": (new(vip=F4.W2, key="tcp port 1500-2500"),
                           ["range", "new", "1500", "1000"], REFUSED),
    "port in a range": (new(vip=F4.W2, key="tcp port 2000"),
                        ["range", "new"], REFUSED),
    "same address for everything": (new(vip=F4.W3, key=""), ["all", "new"],
                                    REFUSED),
    "ambiguous stages": (new(sequence="fw, twin, web"), ["new", "fw", "twin"],
                         REFUSED),
    "device visited twice": (new(sequence="fw, fw, web"), ["new", "fw"],
                             REFUSED),
    "ambiguous outsides": (new(sequence="fw, fw2, web"), ["new", "fw", "fw2"],
                           REFUSED),
    "emits what it is handed": (
        new(sequence="fw emits tcp port 80, web"), ["fw", "new"], REFUSED),
    "emits a part of it": (
        new(key="tcp port 80-90", sequence="fw emits tcp port 85, web"),
        ["fw", "new"], REFUSED),
    "emits the protocol it is handed": (
        new(sequence="fw emits tcp, web"), ["fw", "new"], REFUSED),
    "emits where everything is handed to it": (
        new(key="", sequence="fw emits udp port 5, web"), ["fw", "new"],
        REFUSED),
    "tap emits": (
        device(f"tap dev i3 lladdr {mac(3, 7)}", "eye") + "\n" +
        new(sequence="eye emits udp port 5, web"), ["eye", "new"], REFUSED),
    "server emits": (new(sequence="fw, web emits udp port 5"),
                     ["web", "new"], REFUSED),
    "emits a port of a protocol without": (
        new(sequence="fw emits icmp port 5, web"), ["fw", "port 5"], REFUSED),
    "emits what is another's": (
        new(vip=F4.W1, key="udp port 9", sequence="fw emits tcp port 80, web"),
        ["new", "web", "80", "fw"], REFUSED),
    "emits what is in another's range": (
        new(vip=F4.W2, key="udp port 9",
            sequence="fw emits tcp port 1500, web"),
        ["new", "range", "1500"], REFUSED),
    "two services emit the same": (
        new(key="udp port 9", sequence="fw emits tcp port 9, web") + "\n" +
        new(key="udp port 10", sequence="fw emits tcp port 9, web",
            name="new2"), ["new", "new2", "9"], REFUSED),
    "once a port and once none": (
        device(f"inline dev i3 lladdr {mac(3, 7)}", "box") + "\n" +
        new(sequence="fw emits udp port 9, box emits tcp, web"),
        ["box", "new"], REFUSED),
    "legs of the same port in one place": (
        device(f"inline dev i3 lladdr {mac(3, 7)}", "box") + "\n" +
        device(f"tap dev i3 lladdr {mac(3, 8)}", "eye") + "\n" +
        new(sequence="eye, fw emits udp port 9, box emits tcp port 80, eye, "
            "web"), ["eye", "new", "1", "4"], REFUSED),
    "dynamic alone": (new(key="tcp dynamic 1025-1125"), ["dynamic"], USAGE),
    "dynamic over its own port": (
        new(key="tcp port 1100 dynamic 1025-1125"), ["1025-1125"], USAGE),
    "overlapping dynamic ports": (
        new(vip=F4.W2, key="tcp port 21 dynamic 1500-2500"),
        ["range", "new", "1500", "1000"], REFUSED),
    "translated to a dynamic port": (
        new(key="tcp port 21 dynamic 1025-1125", sequence="web port 1100"),
        ["1100", "web", "new", "1025-1125"], REFUSED),
    "several ports translated to one": (
        new(key="tcp port 21,22 dynamic 1025-1125", sequence="web port 2121"),
        ["new", "2121", "one port"], REFUSED),
    "server in the middle": (new(sequence="web, fw"), ["web"], REFUSED),
    "interface not there": (device(f"tap dev nowhere lladdr {mac(1, 5)}"),
                            ["nowhere", "new"], REFUSED),
    "interface that is no Ethernet": (
        device(f"tap dev lo lladdr {mac(1, 5)}"), ["lo", "new"], REFUSED),
    "name of interface too long": (
        device(f"tap dev interface-of-16x lladdr {mac(1, 5)}"), ["15"], USAGE),
    "name past the limit": (new(name="n" * (NAME_MAX + 1)), [str(NAME_MAX)],
                            USAGE),
    "name with a slash": (new(name="a/b"), ["a/b"], USAGE),
    "33 steps": (new(sequence=", ".join(["web"] * 33)), ["32"], USAGE),
    "17 ranges": (new(key="tcp port " + ",".join(
        str(port) for port in range(100, 134, 2))), ["16"], USAGE),
    "via and lladdr": (device(f"tap dev i3 lladdr {mac(3, 5)} "
                              f"via {F4.host(3, 5)}"), [], USAGE),
    "nat without address": (device("server mode nat"), ["address"], USAGE),
    "transparent with a MAC": (device(
        f"inline transparent outside dev i1 lladdr {mac(1, 1)} "
        f"inside dev i2"), ["transparent"], USAGE),
    "guard without address": (device(
        f"server dev i3 lladdr {mac(3, 5)} mode loopback; guard"), ["guard"],
        USAGE),
    "announce clients": (
        "service new { client 198.51.100.0/25 announce dev i1; "
        "sequence fw; }", ["new", "announce", "vip"], REFUSED),
    "families mixed": (device("server address 2001:db8::7 mode nat", "new6") +
                       "\n" + new(sequence="new6"), ["new", "new6"], REFUSED),
    "last change wrong": (
        "\n".join(new(vip=F4.vip(30 + n), name=f"n{n}") for n in range(20)) +
        "\n" + new(vip=F4.W1, name="last"), ["last", "web"], REFUSED),
    "first change wrong": (
        new(vip=F4.W1, name="first") + "\n" +
        "\n".join(new(vip=F4.vip(30 + n), name=f"n{n}") for n in range(20)),
        ["first", "web"], REFUSED),
}


def state():
    return pe.pectl("show"), pe.generation()


def check_sentence(err, words, where=None):
    """Where, one sentence, then the line and a caret; nothing else."""
    lines = err.rstrip("\n").split("\n")
    head = re.fullmatch(r"(?:(?P<where>[^ ]+:\d+:\d+)|[^ ]+): error: "
                        r"(?P<text>.*)", lines[0])
    if not head:
        raise Fail(f"no sentence:\n{err}")
    if where and not (head["where"] or "").startswith(f"{where}:"):
        raise Fail(f"no place in {where}:\n{err}")
    if head["where"]:
        number, column = map(int, head["where"].split(":")[-2:])
        require(number > 0 and column > 0, f"no place: {err}")
        expect("lines", len(lines), 3)
        require(re.fullmatch(r"\s*\^~*", lines[2]), f"no caret:\n{err}")
    for word in words:
        require(word in head["text"], f"{word!r} is not named:\n{err}")
    require(not head["text"].endswith("."), f"ends with a full stop:\n{err}")
    require("\n" not in head["text"], "more than a sentence")


def refused(args, words, code, where=None, **kwargs):
    before = state()
    status, out, err = pe.try_pectl(*args, **kwargs)
    expect(f"exit status ({err.strip()})", status, code)
    expect("output", out, "")
    check_sentence(err, words, where)
    expect("configuration and generation", state(), before)


@suite.case(*CASES)
def batch(name):
    text, words, code = CASES[name]
    path = pe.file("# a comment\n\n" + text + "\n")
    refused(["-f", path], words, code, where=path)


@suite.case(*(name for name in CASES if CASES[name][2] == USAGE))
def apply(name):
    """The whole configuration with one thing wrong in it."""
    text, words, code = CASES[name]
    path = pe.file(CONF + text + "\n")
    refused(["apply", "-f", path], words, code, where=path)


@suite.case("same key", "overlapping ranges", "missing device",
            "ambiguous stages", "interface not there", "last change wrong")
def apply_refused_by_the_kernel(name):
    text, words, code = CASES[name]
    path = pe.file(CONF + text + "\n")
    refused(["apply", "-f", path], words, code, where=path)


@suite.case(*(name for name, (text, _, _) in CASES.items()
              if text.startswith(("service new { vip 1", "device del",
                                  "service del")) and "\n" not in text and
              text.count("{") == text.count("}")))
def arguments(name):
    text, words, code = CASES[name]
    args = text.replace("service new {", "service add new")
    for mark in "{};":
        args = args.replace(mark, " ")
    refused(args.split(), words, code)


@suite.case()
def duplicate_in_one_file():
    path = pe.file(CONF + NEW + "\n" + NEW + "\n")
    refused(["apply", "-f", path], ["new"], USAGE, where=path)


@suite.case()
def device_in_use_left_out():
    """apply of a file in which a device is missing that a service names."""
    path = pe.file("\n".join(line for line in CONF.split("\n")
                             if not line.startswith("device web")))
    refused(["apply", "-f", path], ["web"], REFUSED)


@suite.case()
def check_changes_nothing():
    before = state()
    pe.pectl("apply", "--check", "-f", pe.file(CONF + NEW + "\n"))
    expect("configuration and generation", state(), before)
    text = CASES["same key"][0]
    refused(["apply", "--check", "-f", pe.file(CONF + text + "\n")],
            ["web", "new"], REFUSED)


@suite.case()
def name_at_the_limit():
    name = "n" * NAME_MAX
    pe.batch(new(name=name))
    expect("service", pe.service(name)["name"], name)
    pe.pectl("service", "del", name)


@suite.case()
def steps_at_the_limit():
    taps = "".join(device(f"tap dev i3 lladdr {mac(3, 0x40 + n)}", f"t{n}") +
                   "\n" for n in range(31))
    pe.batch(taps + new(sequence=", ".join(
        [f"t{n}" for n in range(31)] + ["web"]), name="long"))
    expect("steps", len(pe.service("long")["sequence"]), 32)
    pe.apply(CONF)


@suite.case()
def no_such_file():
    refused(["apply", "-f", f"{lab.tmp}/nowhere"], ["nowhere"], USAGE)


@suite.case()
def no_such_command():
    refused(["aply"], ["aply"], USAGE)


@suite.case()
def no_such_option():
    refused(["--jsom", "show"], ["--jsom"], USAGE)


@suite.case()
def no_such_namespace():
    out = subprocess.run([engine.PECTL, "-n", "nowhere-at-all", "show"],
                         capture_output=True, text=True, check=False)
    require(out.returncode in (USAGE, REFUSED), f"exit {out.returncode}")
    require("nowhere-at-all" in out.stderr, out.stderr)


def as_nobody(*args):
    with lab.eng.net():
        out = subprocess.run([engine.PECTL, *args], capture_output=True,
                             text=True, check=False, user=65534, group=65534,
                             extra_groups=[])
    return out.returncode, out.stdout, out.stderr


@suite.case("service del web", "flush", f"service add new vip {F4.vip(20)} "
            "sequence web", "apply -f FILE")
def no_privilege(command):
    before = state()
    path = pe.file(CONF + NEW)
    os.chmod(lab.tmp, 0o755)
    status, out, err = as_nobody(*command.replace("FILE", path).split())
    expect(f"exit status ({err.strip()})", status, REFUSED)
    expect("output", out, "")
    check_sentence(err, ["CAP_NET_ADMIN"])
    expect("configuration and generation", state(), before)


@suite.case()
def who_may_not_change_may_look():
    expect("show", as_nobody("show"), (OK, pe.pectl("show"), ""))


@suite.case()
def outdated_generation():
    """Named a generation that is not the one there is."""
    now = pe.generation()
    path = pe.file(CONF + NEW)
    refused(["apply", "--generation", str(now - 1), "-f", path], [], REFUSED)
    pe.pectl("apply", "--generation", str(now), "-f", path)
    expect("generation", pe.generation(), now + 1)
    pe.apply(CONF)


@suite.case()
def two_writers_at_once():
    """One wins whole, the other is told."""
    files = [pe.file(CONF + "".join(
        new(vip=F4.vip(30 + n), sequence=who, name=f"{who}{n}") + "\n"
        for n in range(40))) for who in ("web", "spare")]
    whole = []
    for path in files:
        pe.pectl("apply", "-f", path)
        whole.append(pe.pectl("show"))
    for _ in range(10):
        pe.apply(CONF)
        now = str(pe.generation())
        procs = [subprocess.Popen(
            [engine.PECTL, "-n", lab.eng.netns, "apply", "--generation", now,
             "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True) for path in files]
        errs = [proc.communicate(timeout=60)[1] for proc in procs]
        codes = [proc.returncode for proc in procs]
        expect(f"exit statuses ({errs})", sorted(codes), [OK, REFUSED])
        expect("configuration", pe.pectl("show"), whole[codes.index(OK)])
        check_sentence(errs[codes.index(REFUSED)], [])
    pe.apply(CONF)


@suite.case("show", "service del web", "flush", "stats",
            "apply -f FILE", "explain from 192.0.2.1 to 192.0.2.10 iif i1")
def module_absent(command):
    engine.unload()
    path = pe.file(CONF)
    try:
        status, out, err = pe.try_pectl(*command.replace("FILE", path).split())
    finally:
        engine.load()
        pe.apply(CONF)
    expect(f"exit status ({err.strip()})", status, ABSENT)
    expect("output", out, "")
    check_sentence(err, ["pe", "load"])


suite.run(lambda: pe.start(CONF))
