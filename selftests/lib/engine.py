# SPDX-License-Identifier: GPL-2.0-only
"""The module and pectl, as tests use them."""
import contextlib
import json
import os
import struct
import subprocess
import tempfile

from .ktap import PATIENCE, Fail, expect, poll

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
PECTL = os.environ.get("PECTL", f"{TOP}/userspace/pectl/pectl")
PE_KO = os.environ.get("PE_KO", f"{TOP}/pe.ko")

WAYS = ("forward", "reverse")
OK, USAGE, REFUSED, ABSENT, DIFFERS = 0, 1, 2, 3, 4


def loaded():
    return os.path.isdir("/sys/module/pe")


def insmod():
    return subprocess.run(["insmod", PE_KO], text=True, capture_output=True,
                          check=False)


def load():
    if loaded():
        return
    out = insmod()
    if out.returncode:                  # insmod does not look for what it needs
        needs = subprocess.run(["modinfo", "-F", "depends", PE_KO], text=True,
                               capture_output=True, check=False).stdout
        subprocess.run(["modprobe", "-a", *needs.strip().split(",")],
                       check=False)
        out = insmod()
    if out.returncode:
        raise Fail(f"insmod {PE_KO}: {out.stderr}")


def unload():
    if loaded():
        out = subprocess.run(["rmmod", "pe"], text=True,
                             capture_output=True, check=False)
        if out.returncode:
            raise Fail(f"rmmod pe: {out.stderr}")


class Zygote:
    """pectl, started once and run many times; see zygote.c."""

    preload = f"{TOP}/build/selftests/zygote.so"

    def __init__(self, lab):
        self.dir = tempfile.mkdtemp(prefix="zygote-", dir=lab.tmp)
        self.proc = subprocess.Popen(
            [PECTL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": self.preload})
        lab.suite.defer(self.close)

    def run(self, args, stdin):
        """(exit status, stdout, stderr)"""
        with open(f"{self.dir}/in", "w") as file:
            file.write(stdin)
        request = b"".join(word.encode() + b"\0"
                           for word in (self.dir, "pectl", *args))
        self.proc.stdin.write(struct.pack("I", len(request)) + request)
        self.proc.stdin.flush()
        status = struct.unpack("i", self.proc.stdout.read(4))[0]
        with open(f"{self.dir}/out") as out, open(f"{self.dir}/err") as err:
            return os.waitstatus_to_exitcode(status), out.read(), err.read()

    def close(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.wait(10)


class Engine:
    """The engine of one namespace."""

    def __init__(self, lab, node=None, zygote=None):
        self.lab = lab
        self.node = node or lab.eng
        self.serial = 0
        self.zygote = zygote
        # Without it (not made yet) everything takes longer.
        if not zygote and os.path.exists(Zygote.preload):
            self.zygote = Zygote(lab)

    def start(self, conf):
        """Load the module, make the lab, configure the engine."""
        load()
        self.lab.suite.defer(unload)
        self.lab.up()
        self.apply(conf)

    def file(self, text):
        self.serial += 1
        path = f"{self.lab.tmp}/{self.node.name}-{self.serial}.conf"
        with open(path, "w") as file:
            file.write(text)
        return path

    def try_pectl(self, *args, stdin=""):
        """(exit status, stdout, stderr) of pectl -n NETNS ARGS."""
        args = ("-n", self.node.netns, *args)
        if self.zygote:
            return self.zygote.run(args, stdin)
        out = subprocess.run([PECTL, *args], text=True, input=stdin,
                             capture_output=True, timeout=60 * PATIENCE,
                             check=False)
        return out.returncode, out.stdout, out.stderr

    def pectl(self, *args, stdin=""):
        status, out, err = self.try_pectl(*args, stdin=stdin)
        if status:
            raise Fail(f"pectl {' '.join(args)} exited {status}\n{err}{out}")
        return out

    def apply(self, text):
        return self.pectl("apply", "-f", self.file(text))

    def batch(self, text):
        return self.pectl("-f", self.file(text))

    def json(self, *args):
        return json.loads(self.pectl("-j", *args))

    def generation(self):
        return self.json("stats")["generation"]

    def drops(self):
        """Packets dropped so far, by reason."""
        found = self.json("stats").get("drops", {})
        if isinstance(found, list):
            return {d["reason"]: d["packets"] for d in found}
        return found

    def check_drops(self, before, **wanted):
        """Reasons (with _ for -) and how many more packets than before, as soon
        as so many have come."""
        def seen():
            return {k: v - before.get(k, 0) for k, v in self.drops().items()
                    if v != before.get(k, 0)}

        with contextlib.suppress(Fail):     # what is missing is told below
            poll("drops", lambda: sum(seen().values()) >= sum(wanted.values()))
        expect("drops", seen(), {k.replace("_", "-"): v
                                 for k, v in wanted.items()})

    def service(self, name):
        return self.json("-s", "-d", "service", "show", name)["services"][0]

    def device(self, name):
        return self.json("-s", "-d", "device", "show", name)["devices"][0]

    def counters(self, name):
        """Counters of a service: (packets, bytes) by "forward", "reverse" and
        (step, direction), and of its devices by (name, direction)."""
        shown = self.service(name)
        out = {way: pair(shown[way]) for way in WAYS}
        for number, step in enumerate(shown["sequence"]):
            for way in WAYS:
                out[number, way] = pair(step[way])
        return out

    def device_counters(self, name):
        shown = self.device(name)
        return {way: pair(shown[way]) for way in WAYS}


def pair(counter):
    return counter["packets"], counter["bytes"]
