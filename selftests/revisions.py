#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Revisions: kept, listed, compared with, gone back to; confirmed or undone.

    [eng] i1: the end of a wire
"""
import concurrent.futures
import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import tempfile
import termios
import time

from lib import engine
from lib.addr import F4, FAMILIES, mac
from lib.engine import DIFFERS, OK, REFUSED
from lib.ktap import PATIENCE, Suite, expect, poll, require
from lib.lab import Lab

USUAL = "/var/lib/pectl"

suite = Suite(__doc__)
lab = Lab(suite)
lab.server("web", 1)
pe = engine.Engine(lab)


def conf(*ports):
    return f"device web {{ server dev i1 lladdr {mac(1, 1)} mode loopback; }}\n" + \
        "pool farm { members web; policy failover; }\n" + \
        "".join(f"service s{p}-{f.name} {{ vip {f.W1} tcp port {p}; sequence farm; }}\n"
                for f in FAMILIES for p in ports)


class Store:
    """A directory of revisions, and pectl with it."""

    def __init__(self, path=None):
        self.path = path or tempfile.mkdtemp(dir=lab.tmp)
        self.args = ("--state", self.path)
        self.own = f"{self.path}/netns/{lab.eng.netns}"

    def run(self, *args):
        return pe.pectl(*args, *self.args)

    def try_run(self, *args):
        return pe.try_pectl(*args, *self.args)

    def apply(self, *ports, more=()):
        return json.loads(self.run("-j", "apply", "-f", pe.file(conf(*ports)), *more))

    def list(self):
        return json.loads(self.run("-j", "revision", "show"))["revisions"]

    def numbers(self):
        return [r["number"] for r in self.list()]

    def text(self, number):
        return self.run("revision", "show", str(number))

    def back(self, *args):
        return json.loads(self.run("-j", "rollback", *args))

    def files(self):
        return sorted(set(os.listdir(self.own)) - {"lock"})

    def refused(self, *args):
        """What was said; neither the kernel nor the revisions are others."""
        before = state(), self.files()
        status, out, err = self.try_run(*args)
        expect("exit status", status, REFUSED)
        expect("output", out, "")
        expect("afterwards", (state(), self.files()), before)
        return err


def state():
    return pe.pectl("show"), pe.generation()


def ports():
    services = pe.json("service", "show")["services"]
    return sorted({s["ports"][0]["first"] for s in services if "ports" in s})


def fresh(*ports_now):
    """The kernel has this, and no revision yet."""
    pe.apply(conf(*ports_now))
    return Store()


def fill(store):
    """Until there is room for nothing more."""
    fd = os.open(f"{store.own}/fill", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, b"x" * 4096)
    except OSError:
        pass
    finally:
        os.close(fd)


def full_pipe():
    """Both ends of a pipe that takes nothing more until somebody reads."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(into, True)
    return out, into


def watchers():
    """Processes that hold a file that something waits in."""
    out = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            files = [os.readlink(f"/proc/{pid}/fd/{fd}")
                     for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        if any(name.startswith((lab.tmp, USUAL)) and
               name.removesuffix(" (deleted)").endswith("confirm") for name in files):
            out.add(int(pid))
    return sorted(out)


@suite.case()
def kept_and_listed():
    store = fresh()
    pe.batch("flush\n")
    expect("first", store.apply(80, more=("--comment", "one")),
           {"version": 1, "added": 4, "changed": 0, "deleted": 0,
            "unchanged": 0, "revision": 2, "found": 1})
    shown, generation = state()
    expect("what it says", store.text(2), shown)
    expect("what was there before", store.text(1), "")
    require(0 <= time.time() - os.stat(f"{store.own}/2.conf").st_mtime < 60, "time")
    expect("second", store.apply(80, 81)["revision"], 3)
    first, last = store.list()[1:]
    expect("comment", first["comment"], "one")
    expect("generation", first["generation"], generation)
    require("comment" not in last and last["author"], last)
    expect("the same again", "revision" in store.apply(80, 81), False)
    expect("with a comment", store.apply(80, 81, more=("--comment", "é"))["revision"], 4)
    expect("numbers", store.numbers(), [1, 2, 3, 4])
    expect("fields", set(first), {"number", "time", "author", "generation", "comment"})
    # Each can be applied as it is.
    pe.pectl("apply", "-f", f"{store.own}/2.conf")
    expect("applied", pe.pectl("show"), shown)


@suite.case()
def compared():
    store = fresh(80)
    store.apply(80, 81)
    expect("the newest", store.run("diff", "rev", "2"), "")
    status, out, _ = store.try_run("diff", "rev", "1")
    expect("exit status", status, DIFFERS)
    expect("lines", [line.split()[:3] for line in out.splitlines()],
           [["-", "service", f"s81-{f.name}"] for f in FAMILIES])
    require("no revision 7" in store.refused("diff", "rev", "7"), "not told")


@suite.case()
def back_and_forth():
    """What is the same in both is not touched; a second rollback undoes the
    first; what somebody changed without a revision is not lost."""
    store = fresh(80)
    store.apply(80, 81)
    before = {s["name"]: s["generation"] for s in pe.json("-d", "show")["services"]}
    expect("back", store.back()["revision"], 3)
    expect("ports", ports(), [80])
    after = {s["name"]: s["generation"] for s in pe.json("-d", "show")["services"]}
    expect("untouched", after, {n: g for n, g in before.items() if n.startswith("s80")})
    expect("forth", store.back()["revision"], 4)
    expect("ports", ports(), [80, 81])
    expect("by number", store.back("rev", "1")["revision"], 5)
    expect("comments", [r.get("comment") for r in store.list()],
           ["as it was found", None, "back to revision 1", "back to revision 2",
            "back to revision 1"])
    expect("again", "revision" in store.back("rev", "1"), False)
    pe.batch(f"service del s80-{F4.name}\n")
    done = store.back("--comment", "who did that")
    expect("found and undone", (done["found"], done["revision"]), (6, 7))
    expect("text", store.text(7), store.text(5))
    expect("comment", store.list()[-1]["comment"], "who did that")
    status, out, _ = store.try_run("rollback", "--check")
    require(status == OK and out.startswith("would be:"), out)
    expect("after a check", store.numbers(), [1, 2, 3, 4, 5, 6, 7])


@suite.case()
def nothing_after_a_start():
    """As after the machine was started: that is no revision."""
    store = fresh(80)
    store.apply(80, 81)
    pe.pectl("flush")
    expect("what boot applies", "revision" in store.apply(80, 81), False)
    expect("ports", ports(), [80, 81])
    pe.pectl("flush")
    store.back()
    expect("flush undone", ports(), [80, 81])
    expect("back", store.back()["revision"], 3)
    expect("ports", ports(), [80])


@suite.case()
def nothing_kept():
    store = fresh(80)
    expect("without", "revision" in json.loads(pe.pectl(
        "-j", "apply", "-f", pe.file(conf(80, 81)), "--no-revision")), False)
    expect("nothing", store.list(), [])
    err = store.try_run("rollback")[2]
    require("there is no revision" in err, err)
    store.apply(80, 81)
    expect("what was found is what is wanted", store.numbers(), [1])
    err = store.refused("rollback")
    require("the only one" in err, err)


@suite.case()
def refused_by_the_kernel():
    """Then there is no revision of it, nor of what was found."""
    store = fresh(80)
    store.apply(80, 81)
    pe.batch(f"service del s80-{F4.name}\n")
    wrong = pe.file(conf(80) + f"service wrong {{ vip {F4.W2}; sequence none; }}\n")
    for more in ((), ("--confirm", "60")):
        err = store.refused("apply", "-f", wrong, *more)
        require("none" in err, err)
    expect("numbers", store.numbers(), [1, 2])
    poll("nobody", lambda: not watchers())
    store.refused("apply", "-f", pe.file(conf(90)), "--generation", "1")


@suite.case()
def refused_before_the_kernel():
    """A directory that is full, or cannot be written."""
    store = fresh(80)
    store.apply(80, 81)
    lab.eng.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", store.own])
    try:
        fill(store)
        for more in ((), ("--confirm", "60")):
            err = store.refused("apply", "-f", pe.file(conf(90)), *more)
            require("cannot keep revisions" in err and "No space" in err, err)
        lab.eng.run(["mount", "-o", "remount,ro", store.own])
        err = store.refused("apply", "-f", pe.file(conf(90)))
        require("Read-only" in err, err)
    finally:
        lab.eng.run(["umount", store.own])
    expect("numbers", store.numbers(), [1, 2])


@suite.case()
def full_when_it_is_to_be_undone():
    """Going back matters more than what is kept of it."""
    store = fresh(80)
    lab.eng.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", store.path])
    try:
        store.apply(80, 81, more=("--confirm", "2s"))
        fill(store)
        poll("undoing", lambda: ports() == [80], 15)
        poll("the end of it", lambda: not watchers())
        expect("numbers", store.numbers(), [1, 2])
        err = store.refused("rollback")
        require("No space" in err, err)
        store.run("rollback", "--no-revision")
        expect("ports", ports(), [80, 81])
        expect("numbers", store.numbers(), [1, 2])
    finally:
        lab.eng.run(["umount", store.path])


@suite.case()
def read_only_when_it_is_to_be_undone():
    """As a file system becomes by itself when the disk has an error."""
    store = fresh(80)
    lab.eng.run(["mount", "-t", "tmpfs", "none", store.path])
    try:
        store.apply(80, 81, more=("--confirm", "4s"))
        lab.eng.run(["mount", "-o", "remount,ro", store.path])
        err = store.refused("confirm")
        require("Read-only" in err, err)
        poll("undoing", lambda: ports() == [80], 15)
        poll("the end of it", lambda: not watchers())
        expect("numbers", store.numbers(), [1, 2])
    finally:
        lab.eng.run(["umount", store.path])


@suite.case("moved", "deleted")
def directory_that_is(what):
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "2s"))
    if what == "moved":
        os.rename(store.path, f"{store.path}-other")
    else:
        shutil.rmtree(store.path)
    expect("still", ports(), [80, 81])
    poll("undoing", lambda: ports() == [80], 15)
    poll("the end of it", lambda: not watchers())
    if what == "moved":
        expect("numbers", Store(f"{store.path}-other").numbers(), [1, 2, 3])


@suite.case()
def nobody_reads_what_it_prints():
    """The time begins all the same: a connection that is cut is just that."""
    store = fresh(80)
    out, into = full_pipe()
    with subprocess.Popen([engine.PECTL, "-n", lab.eng.netns, "apply", "-f",
                           pe.file(conf(80, 81)), "--confirm", "2s", *store.args],
                          stdout=into) as proc:
        poll("it", lambda: ports() == [80, 81])
        poll("undoing", lambda: ports() == [80], 15)
        expect("who prints", proc.poll(), None)
        os.close(into)
        os.read(out, 1 << 20)
        expect("exit status", proc.wait(10 * PATIENCE), OK)
    os.close(out)
    poll("the end of it", lambda: not watchers())


@suite.case()
def nobody_waits_for_who_reads():
    """A commit whose summary nobody reads keeps no other from being made."""
    store = fresh(80)
    out, into = full_pipe()
    with subprocess.Popen([engine.PECTL, "-n", lab.eng.netns, "apply", "-f",
                           pe.file(conf(80, 81)), *store.args],
                          stdout=into) as proc:
        poll("it", lambda: ports() == [80, 81])
        store.apply(80, 82)
        expect("numbers", store.numbers(), [1, 2, 3])
        expect("who prints", proc.poll(), None)
        os.close(into)
        os.read(out, 1 << 20)
        expect("exit status", proc.wait(10 * PATIENCE), OK)
    os.close(out)


@suite.case()
def overridden():
    """What waits is over with it."""
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "1h"))
    store.apply(90, more=("--override",))
    poll("the end of it", lambda: not watchers())
    expect("numbers", store.numbers(), [1, 2, 3])
    expect("ports", ports(), [90])
    store.apply(91, more=("--override",))
    require("nothing waits" in store.refused("confirm"), "still waits")


@suite.case()
def other_engine_dies():
    """Then keepalived's script must not be kept from announcing."""
    made = not os.path.isdir(USUAL)
    os.makedirs(USUAL, exist_ok=True)
    store = fresh(80)
    try:
        store = Store(USUAL)
        store.apply(80, 81, more=("--confirm", "1h"))
        numbers = store.numbers()
        proc = lab.eng.popen(
            [f"{engine.TOP}/scripts/two-engines/pe-engine-state",
             F4.host(1, lab.hop), "INSTANCE", "engine", "MASTER", "100"],
            env={**os.environ, "PE_CONF": pe.file(conf(90)), "PATH":
                 f"{os.path.dirname(engine.PECTL)}:{os.environ['PATH']}"})
        expect("exit status", proc.wait(20 * PATIENCE), OK)
        expect("ports", ports(), [90])
        poll("the end of it", lambda: not watchers())
        expect("numbers", store.numbers(), numbers)
        require("nothing waits" in store.refused("confirm"), "still waits")
    finally:
        shutil.rmtree(USUAL if made else store.own)


@suite.case()
def damaged():
    store = fresh(80)
    store.apply(80, 81)
    with open(f"{store.own}/1.conf", "r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("port 80", "port 90"))
    require("revision 1" in store.refused("rollback"), "not told")
    with open(f"{store.own}/1.conf", "r+") as file:
        file.truncate(len(text) - 10)
    expect("listed", store.list()[0], {"number": 1, "damaged": True})


@suite.case()
def at_the_same_time():
    """Revisions come in the order of the kernel's generations."""
    store = fresh(80)
    files = [pe.file(conf(100 + n)) for n in range(4)]

    def one(path):
        return subprocess.run([engine.PECTL, "-n", lab.eng.netns, "apply", "-f", path,
                               *store.args], capture_output=True, check=False).returncode

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        expect("exit statuses", list(pool.map(one, files)), [OK] * 4)
    rows = store.list()
    expect("numbers", [r["number"] for r in rows], list(range(1, 6)))
    require(all(a["generation"] < b["generation"] for a, b in zip(rows, rows[1:])), rows)
    expect("the newest", store.text(5), pe.pectl("show"))


@suite.case()
def undone():
    store = fresh(80)
    done = store.apply(80, 81, more=("--confirm", "2s", "--comment", "try"))
    expect("told", {k: done[k] for k in ("revision", "confirm", "back")},
           {"revision": 2, "confirm": 2, "back": 1})
    expect("at first", ports(), [80, 81])
    require("confirm_until" in store.list()[-1], store.list())
    poll("undoing", lambda: ports() == [80], 15)
    poll("the end of it", lambda: not watchers())
    last = store.list()[-1]
    expect("comment", last["comment"],
           "revision 2 was not confirmed within 2 s: back to revision 1")
    expect("text", store.text(3), store.text(1))
    require("nothing waits" in store.refused("confirm"), "confirmed too late")


@suite.case()
def confirmed():
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "60s"))
    expect("waits", len(watchers()), 1)
    for args in (("apply", "-f", pe.file(conf(90))),
                 ("apply", "-f", pe.file(conf(90)), "--confirm", "1h"),
                 ("rollback", "--confirm", "1m")):
        err = store.refused(*args)
        require("revision 2 waits to be confirmed until" in err, err)
    expect("confirmed", json.loads(store.run("-j", "confirm")),
           {"version": 1, "confirmed": 2})
    # Then nobody is left who could undo it.
    poll("the end of it", lambda: not watchers())
    expect("ports", ports(), [80, 81])
    expect("numbers", store.numbers(), [1, 2])


@suite.case()
def rolled_back_before():
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "1h"))
    store.back()
    expect("ports", ports(), [80])
    poll("the end of it", lambda: not watchers())
    require("nothing waits" in store.refused("confirm"), "still waits")
    # A rollback can be undone as well.
    store.back("--confirm", "2")
    expect("forth", ports(), [80, 81])
    poll("undoing", lambda: ports() == [80], 15)
    poll("the end of it", lambda: not watchers())


@suite.case()
def nothing_to_confirm():
    store = fresh(80)
    done = store.apply(80, more=("--confirm", "60"))
    expect("told", "confirm" in done, False)
    poll("nobody", lambda: not watchers())
    store.apply(80, 81)


@suite.case()
def others_meanwhile():
    """What others changed is undone with it, and is a revision."""
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "2s"))
    pe.batch(f"service add other {{ vip {F4.W2}; sequence web; }}\n")
    theirs = pe.pectl("show")
    poll("undoing", lambda: ports() == [80], 15)
    poll("the end of it", lambda: not watchers())
    expect("numbers", store.numbers(), [1, 2, 3, 4])
    expect("theirs", store.text(3), theirs)
    expect("undone", pe.pectl("show"), store.text(1))


@suite.case()
def who_should_undo_is_killed():
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "60"))
    for pid in watchers():
        os.kill(pid, signal.SIGKILL)
    poll("its end", lambda: not watchers())
    err = store.refused("apply", "-f", pe.file(conf(90)))
    require("the process that was to do it is gone" in err, err)
    require(store.list()[-1].get("unwatched"), store.list())
    store.back()
    expect("ports", ports(), [80])
    store.apply(90)


@suite.case()
def machine_started_again():
    """Nothing is undone then, and it is told."""
    store = fresh(80)
    store.apply(80, 81, more=("--confirm", "60"))
    for pid in watchers():
        os.kill(pid, signal.SIGKILL)
    path = f"{store.own}/confirm"
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("boot ", "boot not-"))
    status, _, err = store.try_run("apply", "-f", pe.file(conf(90)))
    require(status == OK and "started again" in err, err)
    expect("ports", ports(), [90])


@suite.case()
def terminal_hangs_up():
    """The operator loses the connection, and the change comes back."""
    store = fresh(80)
    main, side = pty.openpty()

    def session():
        os.setsid()
        fcntl.ioctl(side, termios.TIOCSCTTY, 0)

    proc = subprocess.Popen(
        ["sh", "-c", f"{engine.PECTL} -n {lab.eng.netns} apply -f {pe.file(conf(80, 81))} "
         f"--state {store.path} --confirm 2s; echo done; exec sleep 100"],
        stdin=side, stdout=side, stderr=side, preexec_fn=session)
    os.close(side)
    seen = b""
    while b"done" not in seen:
        seen += os.read(main, 1000)
    require(b"to be confirmed within 2 s" in seen, seen)
    os.close(main)                      # that hangs up
    expect("the shell", proc.wait(10 * PATIENCE), -signal.SIGHUP)
    expect("still", ports(), [80, 81])
    poll("undoing", lambda: ports() == [80], 10)
    poll("the end of it", lambda: not watchers())


suite.run(lambda: pe.start(conf(80)))
