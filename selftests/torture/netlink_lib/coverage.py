#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How much of the module was come by, by file, and what never was.

    coverage.py MODULE OFFSETS
"""
import collections
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


def files(module, offsets):
    """File and line of each offset."""
    out = subprocess.run(
        ["addr2line", "-e", module, "-j", ".text"], text=True,
        input="".join(f"{offset - 1:x}\n" for offset in offsets),
        capture_output=True, check=True).stdout.splitlines()
    for line in out:
        path, _, number = line.partition(" ")[0].rpartition(":")
        yield path.rpartition("/kmod/")[2], number


def main():
    module, path = sys.argv[1:]
    with open(path, encoding="ascii") as file:
        hit = {int(line, 16) for line in file}
    known = list(places(module))
    where = dict(zip((offset for offset, _ in known),
                     files(module, [offset for offset, _ in known])))
    total, seen = collections.Counter(), collections.Counter()
    functions = collections.defaultdict(lambda: [0, 0, None])
    missed = collections.defaultdict(set)
    for offset, function in known:
        name, line = where[offset]
        total[name] += 1
        functions[name, function][0] += 1
        if offset in hit:
            seen[name] += 1
            functions[name, function][1] += 1
        else:
            missed[name, function].add(line)
    print(f"# coverage: {sum(seen.values())} of {sum(total.values())} places")
    for name in sorted(total):
        print(f"# {name}: {100 * seen[name] // total[name]} % "
              f"({seen[name]} of {total[name]})")
    for (name, function), (count, came, _) in sorted(functions.items()):
        if not name.startswith(("control/", "model/")) or came == count:
            continue
        lines = ",".join(sorted(missed[name, function],
                                key=lambda line: (len(line), line)))
        print(f"# {name} {function}: {came} of {count}, never line {lines}")


main()
