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


class Profile:
    """Instructions a packet, by function and by place in the engine."""

    def __init__(self, directory):
        symbols = Symbols(f"{directory}/kallsyms")
        self.functions = collections.Counter()
        self.places = collections.Counter()
        with open(f"{directory}/profile") as file:
            for line in file:
                address, count = line.split()
                name, module, offset = symbols.find(int(address, 16))
                each = int(count) / PACKETS
                self.functions[name, module] += each
                if module == "pe":
                    self.places[name, offset] += each

    def all(self):
        return sum(self.functions.values())

    def less(self, other):
        """By how much another row takes less, function by function."""
        self.functions.subtract(other.functions)

    def engine(self, path, source):
        """The engine's, by what was inlined, or by line of the source."""
        resolved = Lines(path).resolve(self.places)
        found = collections.Counter()
        for place, each in self.places.items():
            chain = resolved.get(place, [(place[0], "?")])
            if source:
                where = chain[0][1].split(" ")[0].split("/kmod/")[-1]
                found[f"{where:28} {chain[0][0]}"] += each
            else:
                found[" < ".join(name for name, _ in chain)] += each
        return found


def show(profile, path, source=False):
    """Print it; path is that of the engine's module."""
    print(f"{profile.all():9.1f}  all")
    for (name, module), each in sorted(profile.functions.items(),
                                       key=lambda item: -item[1]):
        if abs(each) >= LEAST:
            print(f"{each:9.1f}  {name}{f' [{module}]' if module else ''}")
    if not profile.places:
        return
    print(f"\n{sum(profile.places.values()):9.1f}  the engine, by "
          f"{'line' if source else 'function, inlined ones apart'}")
    for name, each in profile.engine(path, source).most_common():
        if each >= LEAST:
            print(f"{each:9.1f}  {name}")
