# SPDX-License-Identifier: GPL-2.0-only
"""The module and pectl, as tests use them."""
import json
import os
import struct
import subprocess

from .ktap import Fail, expect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
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


class Engine:
    """The engine of one namespace."""

    def __init__(self, lab, node=None):
        self.lab = lab
        self.node = node or lab.eng
        self.serial = 0

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

    def try_pectl(self, *args, stdin=None, env=None):
        """(exit status, stdout, stderr) of pectl -n NETNS ARGS."""
        out = subprocess.run([PECTL, "-n", self.node.netns, *args],
                             text=True, input=stdin, capture_output=True,
                             timeout=60, check=False,
                             env={**os.environ, **(env or {})})
        return out.returncode, out.stdout, out.stderr

    def pectl(self, *args, stdin=None):
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
        """Reasons (with _ for -) and how many more packets than before."""
        after = self.drops()
        seen = {k: v - before.get(k, 0) for k, v in after.items()
                if v != before.get(k, 0)}
        expect("drops", seen, {k.replace("_", "-"): v
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


class Zygote:
    """pectl, started once and run many times; see zygote.c."""

    def __init__(self, lab, node=None):
        self.netns = (node or lab.eng).netns
        self.dir = f"{lab.tmp}/zygote"
        os.mkdir(self.dir)
        preload = f"{TOP}/build/selftests/zygote.so"
        if not os.path.exists(preload):
            raise Fail(f"{preload} is missing: run make -C selftests")
        self.proc = subprocess.Popen(
            [PECTL], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "LD_PRELOAD": preload})
        lab.suite.defer(self.close)

    def try_pectl(self, *args, stdin=""):
        """As Engine.try_pectl()."""
        with open(f"{self.dir}/in", "w") as file:
            file.write(stdin)
        words = (self.dir, "pectl", "-n", self.netns, *args)
        request = b"".join(word.encode() + b"\0" for word in words)
        self.proc.stdin.write(struct.pack("I", len(request)) + request)
        self.proc.stdin.flush()
        status = struct.unpack("i", self.proc.stdout.read(4))[0]
        with open(f"{self.dir}/out") as out, open(f"{self.dir}/err") as err:
            return os.waitstatus_to_exitcode(status), out.read(), err.read()

    def pectl(self, *args, stdin=""):
        status, out, err = self.try_pectl(*args, stdin=stdin)
        if status:
            raise Fail(f"pectl {' '.join(args)} exited {status}\n{err}{out}")
        return out

    def close(self):
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.proc.wait(10)
