# SPDX-License-Identifier: GPL-2.0-only
"""What profile.c counted, by function: instructions for each packet."""
import bisect
import collections
import subprocess

PACKETS = 30000         # of a run, as cost.py makes it
LEAST = 0.5             # instructions a packet that are worth a line


class Symbols:
    """/proc/kallsyms as it was."""

    def __init__(self, path):
        table = []
        with open(path) as file:
            for line in file:
                address, kind, name, *module = line.split()
                if kind in "tTwW":
                    table.append((int(address, 16), name,
                                  module[0].strip("[]") if module else ""))
        table.sort()
        self.starts = [address for address, _, _ in table]
        self.table = table

    def find(self, address):
        """(name, module, offset)"""
        if address < 1 << 63:
            return "(userspace)", "", 0
        start, name, module = self.table[
            bisect.bisect_right(self.starts, address) - 1]
        return name, module, address - start


class Lines:
    """Source of a module's instructions, what was inlined apart."""

    def __init__(self, path):
        self.path = path
        self.sections = {}
        self.functions = {}
        out = subprocess.run(["readelf", "-sSW", path], text=True,
                             capture_output=True, check=True).stdout
        for line in out.splitlines():
            words = line.replace("[ ", "[").split()
            if words and words[0].startswith("[") and len(words) > 2:
                self.sections[words[0].strip("[]")] = words[1]
            elif len(words) == 8 and words[3] == "FUNC":
                self.functions[words[7]] = (self.sections[words[6]],
                                            int(words[1], 16))

    def resolve(self, places):
        """{(function, offset): [(inlined function, file:line), ...]} with the
        innermost first."""
        sections = collections.defaultdict(list)
        for name, offset in places:
            if name in self.functions:
                section, start = self.functions[name]
                sections[section].append(((name, offset), start + offset))
        found = {}
        for section, wanted in sections.items():
            out = subprocess.run(
                ["addr2line", "-aif", "-j", section, "-e", self.path],
                input="".join(f"{where:#x}\n" for _, where in wanted),
                text=True, capture_output=True, check=True).stdout
            chunks = out.split("0x")[1:]
            for (place, _), chunk in zip(wanted, chunks):
                lines = chunk.splitlines()[1:]
                found[place] = list(zip(lines[0::2], lines[1::2]))
        return found


def show(counts, symbols, module, source=False):
    """Print it: functions, and those of the engine's module by what was
    inlined, or by line of the source."""
    functions = collections.Counter()
    places = collections.Counter()
    with open(counts) as file:
        for line in file:
            address, count = line.split()
            name, where, offset = symbols.find(int(address, 16))
            each = int(count) / PACKETS
            functions[name, where] += each
            if where == "pe":
                places[name, offset] += each
    print(f"{sum(functions.values()):9.1f}  all")
    for (name, where), each in functions.most_common():
        if each < LEAST:
            break
        print(f"{each:9.1f}  {name}{f' [{where}]' if where else ''}")
    if not places:
        return
    print(f"\n{sum(places.values()):9.1f}  the engine, by "
          f"{'line' if source else 'function, inlined ones apart'}")
    resolved = Lines(module).resolve(places)
    inner = collections.Counter()
    for place, each in places.items():
        chain = resolved.get(place, [(place[0], "?")])
        if source:
            where = chain[0][1].split(" ")[0].split("/kmod/")[-1]
            inner[f"{where:28} {chain[0][0]}"] += each
        else:
            names = [name for name, _ in chain]
            inner[" < ".join(names)] += each
    for name, each in inner.most_common():
        if each >= LEAST:
            print(f"{each:9.1f}  {name}")
