#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whatever pectl -j prints is what Documentation/pectl.schema.json says.

    u1 --- i0 [eng] i1 --- fw outside
                    i2 --- fw inside
                    i3 --- web
                    i4 --- ids
"""
import copy
import json
import select
import subprocess
import tempfile

import jsonschema

from lib import engine, flow
from lib.addr import F4, F6, mac
from lib.engine import DIFFERS
from lib.ktap import Suite, diag, expect, poll, require
from lib.lab import Lab
from lib.watching import Trace

suite = Suite(__doc__)
lab = Lab(suite)
u1 = lab.client("u1")
lab.router("fw", 1, 2)
web = lab.server("web", 3)
lab.tap("ids", 4)
pe = engine.Engine(lab)

with open(f"{engine.TOP}/Documentation/pectl.schema.json") as file:
    SCHEMA = json.load(file)
DOCUMENTS = {item["$ref"].split("/")[-1] for item in SCHEMA["anyOf"]}

# Everything that can be said, once.
CONF = f"""
device ids {{ tap dev i4 lladdr {mac(4, 1)}; }}
device ids2 {{ tap dev i4 lladdr {mac(4, 2)}; }}
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} \
inside dev i2 lladdr {mac(2, 1)}; measure; owner alice; }}
device fw2 {{ inline outside dev i1 via {F4.host(1, 99)} \
inside dev i2 lladdr {mac(2, 99)}; guard; }}
device bridge {{ inline transparent outside dev i4 inside dev i0; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
device nat {{ server address {F4.host(3, 1)} mode nat; guard; }}
device dead {{ server dev i3 lladdr {mac(3, 77)} mode loopback; }}
pool webs {{ members web weight 2, dead; policy maglev; key client; \
detect packets 3 window 50ms; revive 2s; owner bob; }}
pool away {{ members dead; policy failover; oneway; }}
pool spare {{ members fw, fw2; policy failover; detect off; revive; }}
acl guests {{ owner bob; permit udp from {F4.vip(1)} sport 1-9 port 53,60-70 \
iif i0 count; deny tcp flags syn,!ack dscp 10; permit icmpv6 type 128 code 0 \
to {F6.vip(0)}; permit fragments; deny udp port 99 count; default permit; }}
service web {{ vip {F4.W1} udp port 80; sequence ids, fw, web; acl guests; \
limit packets 100000 bytes 100000000; owner alice; }}
service nat {{ vip {F4.W2} tcp port 80 dynamic 1025-1125; \
sequence spare fail open, nat; }}
service pool {{ vip {F4.W3} udp port 1,5-9 iif i0; track dscp 9; dscp 3; \
state flows 1000 timeout 60s; sequence ids, fw, webs; }}
service lan {{ vip {F6.W1} announce dev i0; dscp forward 10; dscp reverse 8; \
priority 5; mark 6; sequence web; }}
service isp {{ client 198.51.100.0/25; sequence fw; exit table 100; }}
service far {{ client 2001:db8:99::/64 proto 47; sequence fw; \
exit via {F6.host(1, 7)} dev i1; }}
service vpn {{ vip {F4.vip(30)} udp port 1194; \
sequence fw, fw2 emits tcp port 80, web; }}
"""
seen = set()


def definition(name):
    return {**SCHEMA, "anyOf": [{"$ref": f"#/definitions/{name}"}]}


def is_valid(document, name):
    """An error, or None."""
    validator = jsonschema.Draft7Validator(definition(name))
    return jsonschema.exceptions.best_match(validator.iter_errors(document))


def valid(name, document):
    """It is what the schema says, and what is spoilt is not."""
    error = is_valid(document, name)
    require(not error, f"{name}: {error and error.message}\n"
            f"at {error and list(error.absolute_path)}\n"
            f"{json.dumps(document, indent=1)[:4000]}")
    seen.add(name)
    for key in document:
        spoilt = copy.deepcopy(document)
        spoilt[key] = 2 if key == "version" else [{}] \
            if isinstance(document[key], list) and document[key] else [None]
        if key in SCHEMA["definitions"][name].get("properties", {}):
            require(is_valid(spoilt, name), f"{name} with another {key}")
    return document


def said(name, *words, status=0):
    """What a command prints."""
    got, out, err = pe.try_pectl("-j", *words)
    expect(f"{' '.join(words)}: {err}", got, status)
    return valid(name, json.loads(out))


@suite.case()
def schema_itself():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for name in DOCUMENTS:
        require(is_valid({"version": 1}, name), f"{name} is anything")


@suite.case()
def shown():
    pe.apply(CONF)
    pe.pectl("engine", "replace", "limit", "packets", "1000000")
    flow.udp(F4, u1, F4.U1, flow.port(), (F4.W1, 80), web, (F4.W1, 80))
    for options in ((), ("-s",), ("-d",), ("-s", "-d"), ("-br",)):
        whole = said("config", *options, "show")
        for noun in ("device", "pool", "acl", "service", "engine"):
            one = said("config", *options, noun, "show")
            plural = noun if noun == "engine" else noun + "s"
            expect(plural, [o["name"] for o in one[plural]],
                   [o["name"] for o in whole[plural]])
    said("config", "-s", "service", "show", "web")
    flow.udp(F4, u1, F4.U1, flow.port(), (F4.W3, 5), web, (F4.W3, 5))
    said("config", "-s", "service", "show", "pool")
    said("stats", "stats")
    kept = said("flows", "-s", "flow", "show", "service", "pool")["flows"]
    expect("flows", [one["client"] for one in kept], [F4.U1])
    expect("forgotten", said("forgotten", "flow", "flush")["forgotten"], 1)


@suite.case()
def explained():
    pe.apply(CONF)
    for words in (("to", F4.W1, "udp", "port", "80"),
                  ("to", F4.W2, "tcp", "port", "80"),
                  ("to", F4.W3, "udp", "port", "1"),
                  ("to", "203.0.113.9")):
        said("explained", "explain", "from", F4.U1, *words, "iif", "i0")


@suite.case()
def changed():
    keep = ("--state", tempfile.mkdtemp(dir=lab.tmp))
    pe.pectl("flush")
    said("applied", "apply", "--check", "-f", pe.file(CONF))
    said("applied", "apply", *keep, "-f", pe.file(CONF))
    other = pe.file(CONF.replace("port 80;", "port 81;").replace(
        "weight 2", "weight 3").replace("service lan", "service lan2"))
    said("differences", "diff", "-f", other, status=DIFFERS)
    said("differences", "diff", "-f", pe.file(CONF))
    said("applied", "apply", *keep, "--confirm", "60s", "-f", other)
    said("revisions", "revision", "show", *keep)
    said("confirmed", "confirm", *keep)
    said("config", "revision", "show", "1", *keep)
    said("applied", "rollback", "--comment", "why", *keep)
    said("revisions", "revision", "show", *keep)
    said("replaced", "device", "replace", "ids", "with", "ids2", "--check")


@suite.case()
def monitored():
    pe.apply(CONF)
    proc = lab.eng.popen([engine.PECTL, "-j", "-t", "monitor"],
                         stdout=subprocess.PIPE)
    suite.defer(proc.kill)
    poll("listener", lambda: ear_is_open(proc))
    pe.pectl("device", "state", "dead", "down")
    pe.pectl("service", "change", "web", "udp", "port", "82")
    pe.pectl("acl", "add", "new", "permit", "owner", "carol")
    pe.pectl("acl", "del", "new")
    wanted = {"add", "change", "delete", "device-state"}
    events = set()
    while not wanted <= events:
        line = json.loads(proc.stdout.readline())
        valid("told", line)
        events.add(line["event"])
    proc.kill()
    proc.wait()


def ear_is_open(proc):
    """It has asked for the groups: a change is told."""
    pe.pectl("device", "change", "dead", "guard", "address", "10.8.8.8")
    pe.pectl("device", "replace", "dead", "server", "dev", "i3", "lladdr",
             mac(3, 77), "mode", "loopback")
    return select.select([proc.stdout], [], [], 0.05)[0]


@suite.case()
def traced():
    pe.apply(CONF)
    with Trace(pe, "to", F4.W1, "udp") as trace:
        flow.udp(F4, u1, F4.U1, flow.port(), (F4.W1, 80), web, (F4.W1, 80))
        trace.wait(4)
        for line in trace.end():
            valid("traced", line)


@suite.case()
def checked():
    pe.apply(CONF)
    status, out, err = pe.try_pectl("-j", "check", "timeout", "300ms",
                                    "device", "web", "dead", "ids")
    require(status in (0, 5), err)
    found = valid("checks", json.loads(out))
    expect("checked", len(found["checks"]), 3)
    status, out, err = pe.try_pectl("-j", "service", "validate", "web")
    require(status in (0, 5), err)
    valid("checks", json.loads(out))
    proc = lab.eng.popen([engine.PECTL, "-j", "watch", "interval", "100ms",
                          "fall", "1", "device", "nat"],
                         stdout=subprocess.PIPE)
    suite.defer(proc.kill)
    # Nothing listens at its port.
    require(select.select([proc.stdout], [], [], 5)[0], "nothing is told")
    valid("checked", json.loads(proc.stdout.readline()))
    proc.kill()
    proc.wait()


@suite.case()
def all_of_it():
    """Every document of the schema was seen."""
    expect("not seen", sorted(DOCUMENTS - seen), [])
    diag(f"{len(seen)} kinds of documents")


suite.run(lambda: pe.start(""))
