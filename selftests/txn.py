#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Transactions, dumps and notifications, spoken directly.

    [eng] i1, i3: ends of wires
"""
import errno
import random
import struct
import subprocess

from lib import engine, genl
from lib.addr import F4, mac
from lib.genl import CREATE, EXCL, PE, REPLACE, Genl, attr, u32
from lib.ktap import Fail, Suite, diag, expect, require
from lib.lab import Lab
from lib.monitor import listens

suite = Suite(__doc__)
lab = Lab(suite)
lab.client("u1")
lab.server("web", 3)
pe = engine.Engine(lab)

CONF = f"""
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
service web {{ vip {F4.W1} tcp port 80; sequence web; }}
"""
NEW = CREATE | EXCL


def state():
    return pe.pectl("show"), pe.generation()


def tap(n):
    return genl.device(f"tap{n}", "i3", mac(3, 0x20 + n))


def svc(n, *steps, vip=20):
    return genl.service(f"svc{n}", F4.vip(vip + n), 80, *(steps or ("web",)))


def begin(sock, *attrs):
    sock.ask(PE.PE_CMD_TXN_BEGIN, *attrs)


def commit(sock, *attrs):
    return sock.try_(PE.PE_CMD_TXN_COMMIT, *attrs)


@suite.case()
def nothing_before_commit_all_after():
    before = state()
    with Genl(lab.eng) as sock:
        begin(sock)
        for n in range(3):
            sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(n), flags=NEW)
            sock.ask(PE.PE_CMD_SERVICE_NEW, *svc(n, f"tap{n}", "web"),
                     flags=NEW)
        expect("before commit", state(), before)
        _, why = commit(sock)
        expect("commit", why, None)
    shown, generation = state()
    expect("generation", generation, before[1] + 1)
    for n in range(3):
        require(f"tap{n}, web" in shown, f"svc{n} is not in\n{shown}")
    pe.apply(CONF)


@suite.case()
def socket_closed_halfway():
    before = state()
    sock = Genl(lab.eng)
    begin(sock)
    sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
    sock.ask(PE.PE_CMD_SERVICE_DEL, attr(PE.PE_SERVICE_NAME, "web"))
    sock.close()
    expect("after close", state(), before)
    with Genl(lab.eng) as sock:         # and another one can begin
        begin(sock)


@suite.case()
def abort():
    before = state()
    with Genl(lab.eng) as sock:
        begin(sock)
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
        sock.ask(PE.PE_CMD_TXN_ABORT)
        expect("after abort", state(), before)
        why = sock.refused(PE.PE_CMD_TXN_COMMIT)
        require(why.text, "commit of nothing is refused without a word")
    expect("after all", state(), before)


@suite.case()
def last_change_wrong():
    """Nothing of it stays; the cookie says which change it was."""
    before = state()
    with Genl(lab.eng) as sock:
        begin(sock)
        for n in range(5):
            sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(n), flags=NEW)
        seq = sock.send(PE.PE_CMD_SERVICE_NEW, *svc(1, "tap1", "nobody", "web"),
                        flags=NEW | genl.ACK)
        why = sock.answer(seq)[1] or commit(sock)[1]
        require(why, "a missing device was accepted")
        require("nobody" in why.text, f"not named: {why.text!r}")
        if why.cookie:
            at = struct.unpack("III", why.cookie[:12])
            expect("change, attribute, which", at, (seq, PE.PE_SERVICE_STEP, 1))
    expect("after refusal", state(), before)


@suite.case()
def two_at_once():
    """Who began first and commits last is told."""
    with Genl(lab.eng) as a, Genl(lab.eng) as b:
        now = pe.generation()
        begin(a, attr(PE.PE_TXN_GENERATION, u32(now)))
        begin(b, attr(PE.PE_TXN_GENERATION, u32(now)))
        a.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
        b.ask(PE.PE_CMD_DEVICE_NEW, *tap(2), flags=NEW)
        expect("second to begin", commit(b)[1], None)
        why = commit(a)[1]
        require(why and why.text, "the other was not told")
    names = [d["name"] for d in pe.json("device", "show")["devices"]]
    expect("devices", sorted(names), ["tap2", "web"])
    expect("generation", pe.generation(), now + 1)
    pe.apply(CONF)


@suite.case()
def two_that_conflict():
    """Without a generation, too, nothing inconsistent comes about: one takes
    away the device that the other uses."""
    pe.batch(f"device spare {{ server dev i3 lladdr {mac(3, 9)} "
             "mode loopback; }\n")
    with Genl(lab.eng) as a, Genl(lab.eng) as b:
        begin(a)
        begin(b)
        a.ask(PE.PE_CMD_SERVICE_NEW, *svc(1, "spare"), flags=NEW)
        b.ask(PE.PE_CMD_DEVICE_DEL, attr(PE.PE_DEVICE_NAME, "spare"))
        results = [commit(a)[1], commit(b)[1]]
    require(sum(why is not None for why in results) == 1,
            f"not one of two was refused: {results}")
    pe.apply(CONF)


@suite.case()
def expected_generation():
    now = pe.generation()
    with Genl(lab.eng) as sock:
        why = sock.refused(PE.PE_CMD_TXN_BEGIN,
                           attr(PE.PE_TXN_GENERATION, u32(now + 7)))
        require(why.text, "refused without a word")
        begin(sock, attr(PE.PE_TXN_GENERATION, u32(now)))


@suite.case()
def begin_twice():
    """Refused, and the first goes on."""
    before = state()
    with Genl(lab.eng) as sock:
        begin(sock)
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
        why = sock.refused(PE.PE_CMD_TXN_BEGIN)
        require(why.text, "refused without a word")
        expect("before commit", state(), before)
        expect("commit", commit(sock)[1], None)
    require("tap1" in pe.pectl("show"), "the first came to nothing")
    pe.apply(CONF)


@suite.case()
def check_only():
    before = state()
    with Genl(lab.eng) as sock:
        begin(sock)
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
        expect("commit", commit(sock, attr(PE.PE_TXN_CHECK, b""))[1], None)
    expect("after check", state(), before)


def heard(sock, count):
    """Notifications: (command, name)."""
    out = []
    while len(out) < count:
        try:
            out += [(m.cmd, genl.text(dict(m.attrs)[PE.PE_DEVICE_NAME]))
                    for m in sock.receive() if m.type == sock.family]
        except TimeoutError:
            raise Fail(f"{len(out)} of {count} notifications: {out}") from None
    return out


def quiet(sock):
    sock.sock.settimeout(0.2)
    try:
        raise Fail(f"unexpected notification {sock.receive()}")
    except TimeoutError:
        sock.sock.settimeout(5)


@suite.case()
def notifications():
    """After commit, each change once; nothing of what came to nothing."""
    require(PE.PE_DEVICE_NAME == PE.PE_SERVICE_NAME, "names differ in type")
    with Genl(lab.eng, ["config"]) as ear, Genl(lab.eng) as sock:
        begin(sock)
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=NEW)
        sock.ask(PE.PE_CMD_SERVICE_NEW, *svc(1, "tap1", "web"), flags=NEW)
        quiet(ear)
        expect("commit", commit(sock)[1], None)
        expect("heard", sorted(heard(ear, 2)),
               sorted([(PE.PE_CMD_DEVICE_NEW, "tap1"),
                       (PE.PE_CMD_SERVICE_NEW, "svc1")]))
        begin(sock)
        sock.ask(PE.PE_CMD_SERVICE_DEL, attr(PE.PE_SERVICE_NAME, "svc1"))
        sock.ask(PE.PE_CMD_TXN_ABORT)
        quiet(ear)
        sock.ask(PE.PE_CMD_SERVICE_DEL, attr(PE.PE_SERVICE_NAME, "svc1"))
        sock.ask(PE.PE_CMD_DEVICE_DEL, attr(PE.PE_DEVICE_NAME, "tap1"))
        expect("heard", heard(ear, 2), [(PE.PE_CMD_SERVICE_DEL, "svc1"),
                                        (PE.PE_CMD_DEVICE_DEL, "tap1")])
        pe.apply(CONF)                  # nothing differs: nothing to tell
        quiet(ear)


@suite.case()
def monitor_prints_what_others_change():
    monitor = lab.eng.popen([engine.PECTL, "monitor", "config"],
                            stdout=subprocess.PIPE)
    try:
        listens(monitor)
        pe.batch(f"device new {{ tap dev i3 lladdr {mac(3, 8)}; }}\n")
        line = monitor.stdout.readline()
        require(line.startswith("add device new "), f"heard {line!r}")
        pe.pectl("device", "del", "new")
        line = monitor.stdout.readline()
        require(line.startswith("delete") and "new" in line, f"heard {line!r}")
    finally:
        monitor.terminate()
        monitor.communicate()
    pe.apply(CONF)


@suite.case()
def create_and_replace_flags():
    with Genl(lab.eng) as sock:
        dev = genl.device("web", "i3", mac(3, 1), PE.PE_DEVICE_KIND_SERVER)
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *dev, flags=NEW)
        expect("create what exists", why.errno, errno.EEXIST)
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *tap(1), flags=REPLACE)
        expect("change what does not", why.errno, errno.ENOENT)
        require("tap1" in why.text, f"not named: {why.text!r}")
        sock.ask(PE.PE_CMD_DEVICE_NEW, *dev, flags=CREATE | REPLACE)


@suite.case()
def refusals_name_the_attribute():
    with Genl(lab.eng) as sock:
        good = tap(1)
        bad = [a for a in good if a[2] != PE.PE_DEVICE_KIND] + \
            [attr(PE.PE_DEVICE_KIND, u32(77))]
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *bad, flags=NEW)
        expect("attribute", why.offset, 20 + sum(map(len, bad[:-1])))
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *good,
                           attr(PE.PE_DEVICE_MAX + 5, b"1234"), flags=NEW)
        expect("attribute", why.offset, 20 + sum(map(len, good)))
        why = sock.refused(PE.PE_CMD_SERVICE_GET)
        require(why.text or why.missing, "refused without a word")


@suite.case()
def dump_survives_changes():
    """Objects that stay are in every dump once, whatever others do."""
    names = [f"t{n:03}" for n in range(200)]
    pe.batch("".join(f"device {name} {{ tap dev i3 lladdr 02:00:00:01:"
                     f"{n // 256:02x}:{n % 256:02x}; }}\n"
                     for n, name in enumerate(names)))
    with Genl(lab.eng) as sock, Genl(lab.eng) as other:
        whole = torn = 0
        for turn in range(20):
            sock.send(PE.PE_CMD_DEVICE_GET, flags=genl.DUMP)
            got, torn_here, done = [], False, False
            while not done:
                for m in sock.receive():
                    torn_here |= bool(m.flags & genl.DUMP_INTR)
                    if m.type == genl.NLMSG_DONE:
                        done = True
                    elif m.type == sock.family:
                        got.append(genl.text(dict(m.attrs)[PE.PE_DEVICE_NAME]))
                if not done:
                    extra = genl.device("x", "i3", mac(3, 9))
                    if turn % 2:
                        other.try_(PE.PE_CMD_DEVICE_DEL,
                                   attr(PE.PE_DEVICE_NAME, "x"))
                    else:
                        other.try_(PE.PE_CMD_DEVICE_NEW, *extra,
                                   flags=CREATE | REPLACE)
            whole += not torn_here
            torn += torn_here
            expect("names once", len(set(got)), len(got))
            if not torn_here:
                expect("names", [n for n in names if n not in got], [])
        diag(f"{whole} consistent dumps, {torn} marked as interrupted")
    pe.apply(CONF)


@suite.case()
def nonsense():
    """Whatever the bytes are: an answer, and no change by who has not the
    right to one."""
    rand = random.Random()
    seed = rand.randrange(1 << 30)
    rand.seed(seed)
    diag(f"seed {seed}")
    answers = 0
    with Genl(lab.eng) as sock:
        for _ in range(3000):
            cmd, attrs = genl.random_message(rand)
            seq = sock.send(cmd, attrs, flags=genl.ACK | rand.choice(
                (0, CREATE, NEW, REPLACE, CREATE | REPLACE)))
            sock.answer(seq)
            answers += 1
    expect("answers", answers, 3000)
    pe.apply(CONF)
    require(F4.W1 in pe.pectl("show"), "apply after nonsense")


suite.run(lambda: pe.start(CONF))
