# SPDX-License-Identifier: GPL-2.0-only
"""Figures as a table, against their targets, and against those committed."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = f"{HERE}/targets.json"
FIGURES = f"{HERE}/figures.json"
WORSE = 0.01            # a figure may be that much above the committed one
# With many services there is luck in it: the hash of the address table is keyed
# at random, and a packet may be looked up for nothing, or in another bucket.
LUCK = 100

# What else is in a figure: measured in the same boot, it is no doing of the
# engine's.
BASES = ("floor", "floor6", "forward", "forward6")


def load(path):
    with open(path) as file:
        return json.load(file)


# --- the table ----------------------------------------------------------------

def ordered(results):
    """Names of figures: a row's numbers of services one after the other."""
    names = list(dict.fromkeys(name for r in results for name in r))
    rows = list(dict.fromkeys(name.partition("@")[0] for name in names))
    return sorted(names, key=lambda n: rows.index(n.partition("@")[0]))


def table(kernels, results):
    """A line for each row, a column for each kernel."""
    print(f"{'instructions':26}" +
          "".join(f"{'Linux ' + k:>12} spread" for k in kernels))
    for name in ordered(results):
        line = f"{name:26}"
        for result in results:
            if name not in result:
                line += f"{'-':>12}       "
                continue
            runs = result[name]["runs"]
            line += f"{result[name]['least']:12.0f} {max(runs) - min(runs):6.1f}"
        print(line)


# --- targets ------------------------------------------------------------------

def formula(target):
    """A target as one writes it."""
    words = []
    if "base" in target:
        words.append(target["base"])
        if "times" in target:
            words.append(f"* {target['times']}")
    if "plus" in target:
        words.append(f"+ {target['plus']}" if words else str(target["plus"]))
    return " ".join(words)


def judge(target, name, result):
    """(limit, measured, verdict) of one figure."""
    if "missing" in target:
        return None, None, target["missing"]
    base = target.get("base")
    if name not in result or (base and base not in result):
        return None, None, "not measured"
    limit = target.get("plus", 0)
    if base:
        limit += result[base]["least"] * target.get("times", 1)
    figure = result[name]["least"]
    if figure <= limit:
        return limit, figure, "ok"
    return limit, figure, f"MISSED by {figure - limit:.0f}"


def verdicts(kernels, results):
    """A line for each figure that has a target; they are also returned."""
    found = []
    print(f"\n{'targets':26}{'Linux':8}{'measured':>10}{'at most':>10}  verdict")
    for target in load(TARGETS):
        print(f"{target['what']}: at most {formula(target)}")
        for name in target["figure"]:
            for kernel, result in zip(kernels, results):
                limit, figure, verdict = judge(target, name, result)
                shown = [f"{x:10.0f}" if x is not None else f"{'-':>10}"
                         for x in (figure, limit)]
                print(f"  {name:24}{kernel:8}{shown[0]}{shown[1]}  {verdict}")
                found.append({"what": target["what"], "figure": name,
                              "kernel": kernel, "formula": formula(target),
                              "limit": limit, "measured": figure,
                              "verdict": verdict})
    return found


# --- against what is committed ------------------------------------------------

def base_of(name):
    """The row that a figure is compared beside: what it is made of without the
    engine."""
    row = name.partition("@")[0]
    routed = row.rstrip("6") in ("miss", "nat", "reply", "state-reply")
    return ("forward" if routed else "floor") + ("6" if row.endswith("6") else "")


class Comparison:
    """Figures against those committed, as KTAP."""

    def __init__(self, tests):
        self.number = self.failed = 0
        print(f"KTAP version 1\n1..{tests}")

    def say(self, passed, text):
        self.number += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.number} {text}", flush=True)

    def figure(self, kernel, name, committed, measured, moved):
        """moved: by how much the base is another than when committed."""
        if measured is None:
            self.say(False, f"Linux {kernel}: {name}: committed "
                     f"{committed:.1f}, not measured")
            return
        many = "@" in name and not name.endswith("@1")
        limit = (committed + moved) * (1 + WORSE) + LUCK * many
        text = (f"Linux {kernel}: {name}: committed {committed:.1f}, "
                f"measured {measured:.1f}")
        if moved:
            text += f", the kernel's own part {moved:+.1f}"
        more = 100 * (measured / (committed + moved) - 1)
        if abs(more) > 100 * WORSE:
            text += f": {more:+.1f} %"
        self.say(measured <= limit, text)
        if more < -100 * WORSE:
            print("# better: 'make bench-figures' makes this the figure to hold")

    def kernel(self, kernel, committed, version, result):
        """Another kernel costs something else itself: then figures are
        compared by what is above their base."""
        same = committed["version"] == version
        figures = committed["figures"]
        if not same:
            print(f"# Linux {kernel}: {version} now, the committed figures are "
                  f"of {committed['version']}: what is above plain forwarding "
                  "and the floor is compared; make bench-figures renews them")
        for name, old in figures.items():
            measured = result.get(name, {}).get("least")
            if name in BASES:
                if same:
                    self.figure(kernel, name, old, measured, 0)
                else:
                    self.say(measured is not None, f"Linux {kernel}: {name}: "
                             f"committed {old:.1f}, measured {measured}")
                continue
            moved = 0
            if not same:
                base = base_of(name)
                moved = result[base]["least"] - figures[base]
            self.figure(kernel, name, old, measured, moved)


def compare(kernels, versions, results):
    """0 if nothing is worse than what is committed."""
    committed = load(FIGURES)
    for kernel in kernels:
        if kernel not in committed:
            committed[kernel] = {"version": "none", "figures": {}}
    out = Comparison(sum(len(committed[k]["figures"]) for k in kernels))
    for kernel, version, result in zip(kernels, versions, results):
        if not committed[kernel]["figures"]:
            print(f"# Linux {kernel}: no figures are committed")
            out.failed += 1
        out.kernel(kernel, committed[kernel], version, result)
    return int(out.failed > 0)


def renew(kernels, versions, results):
    """Make the committed figures these; those of other kernels stay."""
    figures = load(FIGURES) if os.path.exists(FIGURES) else {}
    for kernel, version, result in zip(kernels, versions, results):
        figures[kernel] = {"version": version, "figures": {
            name: result[name]["least"] for name in ordered([result])
            if name != "floor again"}}
    with open(FIGURES, "w") as file:
        json.dump(figures, file, indent="\t")
        file.write("\n")
