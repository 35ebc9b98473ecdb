# SPDX-License-Identifier: GPL-2.0-only
"""Metrics as a monitoring system reads them, and what their judge says."""
import re
import subprocess

from .ktap import Fail, expect

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})?'
                    r" ([0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
HISTOGRAM = re.compile(r"(.+)_(?:bucket|sum|count)")
META = re.compile(r"# (HELP|TYPE) ([a-z_]+) (.+)")
END = "# EOF\n"


def parse(text):
    """({(name, label, ...): value} in the order in which they come, {name:
    type}); a label is a pair. Fails where the form is not as it must be."""
    samples, kinds, helps = {}, {}, []
    if not text.endswith(END):
        raise Fail(f"does not end with # EOF: {text[-80:]!r}")
    for line in text[:-len(END)].splitlines():
        meta = META.fullmatch(line)
        sample = SAMPLE.fullmatch(line)
        if meta and meta[1] == "HELP":
            helps.append(meta[2])
        elif meta:
            kinds[meta[2]] = meta[3]
        elif sample:
            name = sample[1]
            if kinds[helps[-1]] == "histogram":
                name = HISTOGRAM.fullmatch(name)[1]
            expect("sample is of the family above", name, helps[-1])
            key = (sample[1], *LABEL.findall(sample[2] or ""))
            if key in samples:
                raise Fail(f"twice: {line}")
            samples[key] = (float if "." in sample[3] else int)(sample[3])
        else:
            raise Fail(f"neither sample nor metadata: {line!r}")
    expect("families with help, once each", helps, list(kinds))
    return samples, kinds


def scrape(pe):
    """The text and its samples."""
    text = pe.pectl("stats", "--openmetrics")
    return text, parse(text)[0]


def judge(text):
    """Fails where promtool has anything to say."""
    out = subprocess.run(["promtool", "check", "metrics"], input=text,
                         text=True, capture_output=True, check=False)
    expect("promtool", (out.returncode, out.stdout, out.stderr), (0, "", ""))


def pair(samples, what, *labels):
    """Packets and bytes of something in one direction."""
    return tuple(samples[f"pe_{what}_{unit}_total", *labels]
                 for unit in ("packets", "bytes"))
