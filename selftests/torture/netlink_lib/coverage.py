#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How much of the module was come by, by file, and what never was.

    coverage.py MODULE OFFSETS
"""
import collections
import pathlib
import re
import subprocess
import sys


def places(module):
    """The places that kcov knows: behind its calls, as (offset, function)."""
    text = subprocess.run(["objdump", "-dr", "-j", ".text", module], text=True,
                          capture_output=True, check=True).stdout
    function, called = None, False
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:", line)
        insn = re.match(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t", line)
        if insn and called:
            yield int(insn[1], 16), function
            called = False
        if head:
            function = head[1]
        elif "__sanitizer_cov_trace_pc" in line:
            called = True


def files():
    """File of each function of the module."""
    kmod = pathlib.Path(__file__).resolve().parents[3] / "kmod"
    found = {}
    for path in kmod.rglob("*.c"):
        for name in re.findall(r"^[a-z_].*?\b(\w+)\(", path.read_text(), re.M):
            found.setdefault(name, str(path.relative_to(kmod)))
    return found


def main():
    module, path = sys.argv[1:]
    with open(path, encoding="ascii") as file:
        hit = {int(line, 16) for line in file}
    known = list(places(module))
    where = files()
    total, seen = collections.Counter(), collections.Counter()
    functions = collections.defaultdict(lambda: [0, 0])
    for offset, function in known:
        name = where.get(function.partition(".")[0], "headers")
        for count in (total, seen)[:1 + (offset in hit)]:
            count[name] += 1
        functions[name, function][0] += 1
        functions[name, function][1] += offset in hit
    print(f"# coverage: {sum(seen.values())} of {sum(total.values())} places")
    for name in sorted(total):
        print(f"# {name}: {100 * seen[name] // total[name]} % "
              f"({seen[name]} of {total[name]})")
    for (name, function), (count, came) in sorted(functions.items()):
        if name.startswith(("control/", "model/")) and came < count:
            print(f"# {name} {function}: {came} of {count}")


main()
