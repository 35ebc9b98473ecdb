#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Owners: who acts as one touches what is that owner's, and nothing else.

    [eng] i1, i2, i3: ends of wires
"""
import errno
import json
import struct
import tempfile

from lib import engine, genl
from lib.addr import F4, mac
from lib.engine import DIFFERS, OK, REFUSED, USAGE
from lib.genl import CREATE, DUMP, EXCL, PE, REPLACE, Genl, attr, u32
from lib.ktap import Suite, expect, require
from lib.lab import Lab

suite = Suite(__doc__)
lab = Lab(suite)
lab.router("fw", 1, 2)
lab.server("web", 3)
pe = engine.Engine(lab)

# The firewall and one server are nobody's, the rest is alice's or bob's.
FW = f"device fw {{ inline outside dev i1 lladdr {mac(1, 1)} " \
     f"inside dev i2 lladdr {mac(2, 1)}; }}\n"
WEB = f"device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}\n"


def part(owner, n, said=True):
    """All that an owner has: one of each noun."""
    own = f" owner {owner};" if said else ""
    return f"""
device {owner}-srv {{ server dev i3 lladdr {mac(3, n)} mode loopback;{own} }}
pool {owner}-pool {{ members {owner}-srv, web; policy failover;{own} }}
acl {owner}-acl {{{own} permit from 10.0.0.0/8; permit udp; default deny; }}
service {owner}-svc {{ vip {F4.vip(n)} tcp port 80; sequence fw, {owner}-pool; \
acl {owner}-acl;{own} }}
"""


CONF = FW + WEB + part("alice", 11) + part("bob", 12)
NOUNS = {"device": "srv", "pool": "pool", "acl": "acl", "service": "svc"}
CHANGES = {"device": ("guard", "address", "10.9.9.9"),
           "pool": ("policy", "maglev"),
           "acl": ("default", "permit"),
           "service": ("tcp", "port", "81")}


def state():
    return pe.pectl("show"), pe.generation()


def as_(owner, *args):
    return pe.pectl("--owner", owner, *args)


def refused(sentence, *args, status=REFUSED):
    """One sentence that holds this, and nothing has changed."""
    before = state()
    got, out, err = pe.try_pectl(*args)
    expect(f"{' '.join(args)}: status and output", (got, out), (status, ""))
    require(sentence in err, f"{' '.join(args)}: no {sentence!r} in\n{err}")
    expect(f"after {' '.join(args)}", state(), before)
    return err


def owners(noun):
    plural = noun + "s"
    return {o["name"]: o.get("owner") for o in pe.json(noun, "show")[plural]}


@suite.case()
def said_and_shown():
    """Of each noun: set, changed, taken away, and the same when read again."""
    pe.apply(CONF)
    shown = pe.pectl("show")
    for noun, what in NOUNS.items():
        expect(noun, {k: v for k, v in owners(noun).items() if v},
               {f"{o}-{what}": o for o in ("alice", "bob")})
        pe.pectl(noun, "change", f"alice-{what}", "owner", "carol")
        expect("changed", owners(noun)[f"alice-{what}"], "carol")
        pe.pectl(noun, "change", f"alice-{what}", *CHANGES[noun])
        expect("kept", owners(noun)[f"alice-{what}"], "carol")
    status, out, _ = pe.try_pectl("diff", "-f", pe.file(shown))
    expect("differs in", (status, out.count("~ ")), (DIFFERS, 4))
    pe.apply(shown)
    expect("applied again", pe.pectl("show"), shown)
    pe.apply(shown.replace(" owner alice;", ""))
    expect("nobody's", owners("pool")["alice-pool"], None)
    pe.apply(shown)
    as_table = pe.pectl("-br", "show")
    expect("in tables", as_table.count("owner alice"), 4)


@suite.case()
def own_objects():
    """Made without a word of the owner, changed, deleted."""
    pe.apply(FW + WEB + part("bob", 12))
    expect("as alice", as_("alice", "-f", pe.file(part("alice", 11, False))), "")
    for noun, what in NOUNS.items():
        name = f"alice-{what}"
        expect(noun, owners(noun)[name], "alice")
        as_("alice", noun, "change", name, *CHANGES[noun])
        as_("alice", noun, "change", name, "owner", "alice")
        expect("still", owners(noun)[name], "alice")
    as_("alice", "acl", "insert", "alice-acl", "position", "1", "deny", "tcp")
    as_("alice", "acl", "delete", "alice-acl", "position", "2")
    expect("rules", pe.pectl("-o", "acl", "show", "alice-acl"),
           "acl alice-acl { owner alice; deny tcp; permit udp; "
           "default permit; }\n")
    as_("alice", "device", "state", "alice-srv", "drain")
    expect("state", pe.device("alice-srv")["state"], "drain")
    as_("alice", "device", "state", "alice-srv", "up")
    as_("alice", "service", "copy", "bob-svc", "to", "alice-2", "vip",
        F4.vip(13))
    expect("copied", owners("service")["alice-2"], "alice")
    for noun, what in reversed(NOUNS.items()):
        if noun == "service":
            as_("alice", noun, "del", "alice-2")
        as_("alice", noun, "del", f"alice-{what}")
    shown = pe.pectl("show")
    require("alice" not in shown and shown.count("owner bob") == 4,
            f"not what was bob's is left:\n{shown}")


@suite.case(*NOUNS)
def others_objects(noun):
    """In no way, and the refusal names object, owner and what to do."""
    pe.apply(CONF)
    what = NOUNS[noun]
    mine = f"{noun} bob-{what} is owned by bob, so who acts as alice may not " \
        f"touch it: use another name, or act as bob"
    whole = part("bob", 12, False).split(f"{noun} bob-{what} ")[1]
    body = whole[2:whole.index("}")].split()
    for args in (("change", f"bob-{what}", *CHANGES[noun]),
                 ("replace", f"bob-{what}", "{", *body, "}"),
                 ("add", f"bob-{what}", "{", *body, "}"),
                 ("del", f"bob-{what}")):
        err = refused(mine, "--owner", "alice", noun, *args)
        require("^~~~" in err, f"without a place:\n{err}")
    batch = pe.file(f"{noun} add alice-new {{ {' '.join(body)} }}\n"
                    f"{noun} del bob-{what}\n")
    err = refused(mine, "--owner", "alice", "-f", batch)
    require(":2:" in err, f"the second line is not named:\n{err}")
    refused(f"cannot become bob's by a transaction that acts as alice",
            "--owner", "alice", noun, "change", f"alice-{what}", "owner", "bob")
    pe.pectl(noun, "change", f"bob-{what}", *CHANGES[noun])     # as nobody
    as_("bob", noun, "change", f"bob-{what}", *CHANGES[noun])


@suite.case()
def nobodys_objects():
    pe.apply(CONF)
    theirs = "device fw has no owner, so who acts as alice may not touch it"
    for args in (("device", "change", "fw", "address", "10.9.9.9"),
                 ("device", "del", "fw"), ("device", "state", "fw", "down")):
        refused(theirs, "--owner", "alice", *args)
    for args in (("engine", "add", "limit", "packets", "1000000"),
                 ("-f", pe.file("engine { limit flows 9; }\n"))):
        refused("the engine is nobody's, so who acts as alice may not touch it",
                "--owner", "alice", *args)
    refused("device bob-srv is owned by bob", "--owner", "alice", "device",
            "state", "bob-srv", "down")
    refused("cannot become bob's", "--owner", "alice", "device", "add", "new",
            "tap", "dev", "i3", "lladdr", mac(3, 99), "owner", "bob")


@suite.case()
def rule_by_rule():
    pe.apply(CONF)
    bobs = "acl bob-acl is owned by bob"
    refused(bobs, "--owner", "alice", "acl", "insert", "bob-acl", "position",
            "1", "permit")
    refused(bobs, "--owner", "alice", "acl", "delete", "bob-acl", "position",
            "1")
    refused("one rule is inserted here, which has no owner", "acl", "insert",
            "bob-acl", "position", "1", "permit", "owner", "alice",
            status=USAGE)


@suite.case()
def list_by_name():
    """A list that another's service would be asked for, for it has its name."""
    pe.apply(CONF.replace("acl bob-acl;", ""))
    refused("acl bob-svc has the name of a service that is not alice's",
            "--owner", "alice", "acl", "add", "bob-svc", "permit")
    as_("bob", "acl", "add", "bob-svc", "permit")
    pe.pectl("acl", "change", "bob-svc", "owner", "alice")
    as_("alice", "acl", "insert", "bob-svc", "position", "1", "deny")
    refused("acl bob-svc has the name of a service that is not alice's",
            "--owner", "alice", "acl", "del", "bob-svc")
    as_("alice", "acl", "add", "alice-svc", "permit")


@suite.case()
def consequences():
    """What others' objects become by one's own is no touch."""
    pe.apply(CONF + f"service bob-2 {{ vip {F4.vip(14)} tcp; "
             "sequence alice-srv; acl alice-acl; owner bob; }\n")
    as_("alice", "device", "change", "alice-srv", "server", "dev", "i3",
        "lladdr", mac(3, 77))
    as_("alice", "acl", "change", "alice-acl", "default", "permit")
    expect("bob's", owners("service")["bob-2"], "bob")
    refused("is in use by service bob-2", "--owner", "alice", "flush")


@suite.case()
def flush():
    pe.apply(CONF)
    as_("alice", "flush")
    shown = pe.pectl("show")
    require("alice" not in shown and shown.count("owner bob") == 4 and
            "device fw" in shown, f"not alice's alone are gone:\n{shown}")
    before = pe.generation()
    as_("alice", "flush")
    expect("nothing there", (pe.pectl("show"), pe.generation()),
           (shown, before + 1))
    as_("bob", "-f", pe.file("flush\n" + part("bob", 12)))
    expect("and again", pe.pectl("show"), shown)
    refused("cannot be changed: it was deleted before", "--owner", "bob", "-f",
            pe.file("flush\nservice change bob-svc tcp port 80\n"))
    pe.pectl("flush")
    expect("everything", pe.pectl("show"), "")


@suite.case()
def shown_as():
    pe.apply(CONF)
    shown = as_("alice", "show")
    expect("lines", (shown.count("owner alice"), shown.count("{")), (4, 4))
    expect("one noun", [d["name"] for d in json.loads(
        as_("alice", "-j", "device", "show"))["devices"]], ["alice-srv"])
    refused("device 'fw' is not alice's", "--owner", "alice", "device", "show",
            "fw")
    expect("nobody there", as_("carol", "show"), "")
    refused("--owner NAME goes with show", "--owner", "alice", "stats",
            status=USAGE)
    refused("'a/b' is no name of an owner", "--owner", "a/b", "show",
            status=USAGE)


@suite.case()
def applied_as():
    """Compared with what is that owner's; the rest stays, and is not asked."""
    pe.apply(CONF)
    text = part("alice", 11, False).replace("port 80", "port 8080")
    path = pe.file(text)
    status, out, _ = pe.try_pectl("--owner", "alice", "diff", "-f", path)
    expect("diff", (status, out.count("\n"), "~ service alice-svc" in out),
           (DIFFERS, 2, True))
    done = json.loads(as_("alice", "-j", "apply", "--no-revision", "-f", path))
    expect("applied", [done[k] for k in ("added", "changed", "deleted",
                                         "unchanged")], [0, 1, 0, 3])
    expect("no difference", pe.try_pectl("--owner", "alice", "diff", "-f",
                                         path)[0], OK)
    as_("alice", "apply", "--no-revision", "-f",
        pe.file(text.split("service")[0]))
    expect("services", owners("service"), {"bob-svc": "bob"})
    refused("device 'bob-srv' is of bob, which who acts as alice may not touch",
            "--owner", "alice", "apply", "--no-revision", "-f",
            pe.file(part("bob", 12)), status=USAGE)
    refused("device fw has no owner", "--owner", "alice", "apply",
            "--no-revision", "-f", pe.file(FW + text))
    as_("alice", "apply", "--no-revision", "-f", pe.file(""))
    shown = pe.pectl("show")
    require("alice" not in shown and shown.count("owner bob") == 4,
            f"not alice's alone are gone:\n{shown}")


@suite.case()
def device_replaced():
    pe.apply(CONF + f"""
device new {{ server dev i3 lladdr {mac(3, 50)} mode loopback; }}
service a {{ vip {F4.vip(21)}; sequence web; owner alice; }}
service b {{ vip {F4.vip(22)}; sequence web; owner bob; }}
""")
    expect("as alice", as_("alice", "device", "replace", "web", "with", "new"),
           "1 service and 1 pool changed\n")
    steps = {s["name"]: s["sequence"][-1]["device"]
             for s in pe.json("service", "show")["services"]}
    expect("servers", (steps["a"], steps["b"]), ("new", "web"))
    expect("members", {p["owner"]: [m["device"] for m in p["members"]]
                       for p in pe.json("pool", "show")["pools"]},
           {"alice": ["alice-srv", "new"], "bob": ["bob-srv", "web"]})
    refused("no service and no pool of carol uses device web", "--owner", "carol",
            "device", "replace", "web", "with", "new")


@suite.case()
def revisions():
    """A revision is the whole, and says as whom; each goes back by himself."""
    keep = ("--state", tempfile.mkdtemp(dir=lab.tmp))
    pe.pectl("apply", *keep, "-f", pe.file(CONF))

    def kept():
        return json.loads(pe.pectl("-j", "revision", "show",
                                   *keep))["revisions"]

    def ports():
        return {s["name"]: s["ports"][0]["first"]
                for s in pe.json("service", "show")["services"]}

    def apply(owner, n, port):
        as_(owner, "apply", *keep, "-f", pe.file(
            part(owner, n, False).replace("port 80", f"port {port}")))

    first = kept()[-1]["number"]
    apply("alice", 11, 81)
    apply("bob", 12, 82)
    expect("as whom", [r.get("owner") for r in kept()[-3:]],
           [None, "alice", "bob"])
    expect("the whole", pe.pectl("revision", "show", str(kept()[-1]["number"]),
                                 *keep), pe.pectl("show"))
    expect("alice's part", as_("alice", "revision", "show",
                               str(kept()[-1]["number"]), *keep),
           as_("alice", "show"))
    as_("alice", "rollback", *keep)
    expect("alice's back", ports(), {"alice-svc": 80, "bob-svc": 82})
    as_("alice", "rollback", *keep)
    expect("and forth", ports(), {"alice-svc": 81, "bob-svc": 82})
    expect("differs", pe.try_pectl("--owner", "bob", "diff", "rev",
                                   str(first), *keep)[0], DIFFERS)
    as_("bob", "rollback", "rev", str(first), *keep)
    expect("bob's", ports(), {"alice-svc": 81, "bob-svc": 80})
    refused("in which carol has anything else", "--owner", "carol", "rollback",
            *keep)
    pe.pectl("rollback", "rev", str(first), *keep)
    expect("all", ports(), {"alice-svc": 80, "bob-svc": 80})
    expect("once more", kept()[-1].get("owner"), None)


@suite.case()
def confirmed_as():
    """What waits is ended as the owner that it was done as, or as none."""
    keep = ("--state", tempfile.mkdtemp(dir=lab.tmp))
    pe.pectl("apply", *keep, "-f", pe.file(CONF))
    before = pe.pectl("show")
    text = part("alice", 11).replace("port 80", "port 81")
    as_("alice", "apply", *keep, "--confirm", "60s", "-f", pe.file(text))
    bobs = pe.file(part("bob", 12))
    for args in (("confirm",), ("rollback",), ("apply", "-f", bobs)):
        refused("waits to be confirmed", "--owner", "bob", *args, *keep)
    as_("alice", "rollback", *keep)
    expect("gone back", pe.pectl("show"), before)
    as_("alice", "apply", *keep, "--confirm", "60s", "-f", pe.file(text))
    as_("alice", "confirm", *keep)
    refused("nothing waits", "confirm", *keep)


def tap(name, *more):
    return [*genl.device(name, "i3", mac(3, 0x30)), *more]


@suite.case()
def messages():
    """Single commands that act as an owner, and what is blamed."""
    pe.apply(CONF)
    alice, bob = (attr(PE.PE_DEVICE_ACTS_AS, o) for o in ("alice", "bob"))
    new = CREATE | EXCL
    with Genl(lab.eng) as sock:
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap("t1", alice), flags=new)
        expect("made", owners("device")["t1"], "alice")
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *tap("t1", bob),
                           flags=CREATE | REPLACE)
        expect("errno", why.errno, errno.EACCES)
        at = struct.unpack("III", why.cookie[:12])
        expect("change, attribute", at[:2], (sock.seq, PE.PE_DEVICE_NAME))
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *tap(
            "t1", attr(PE.PE_DEVICE_OWNER, "bob"), alice),
            flags=CREATE | REPLACE)
        body = b"".join(tap("t1"))
        expect("attribute", why.offset, 20 + len(body))
        why = sock.refused(PE.PE_CMD_DEVICE_DEL,
                           attr(PE.PE_DEVICE_NAME, "t1"), bob)
        require("owned by alice" in why.text, why.text)
        why = sock.refused(PE.PE_CMD_DEVICE_STATE,
                           attr(PE.PE_DEVICE_NAME, "t1"),
                           attr(PE.PE_DEVICE_STATE, u32(1)), bob)
        expect("state: attribute", (why.errno, why.offset), (errno.EACCES, 20))
        for wrong in ("", "-a", "a b"):
            why = sock.refused(PE.PE_CMD_DEVICE_DEL,
                               attr(PE.PE_DEVICE_NAME, "t1"),
                               attr(PE.PE_DEVICE_ACTS_AS, wrong))
            require("no name of an owner" in why.text, why.text)
        sock.ask(PE.PE_CMD_DEVICE_DEL, attr(PE.PE_DEVICE_NAME, "t1"), alice)
        require("t1" not in owners("device"), "still there")
    with Genl(lab.eng) as sock:
        sock.ask(PE.PE_CMD_TXN_BEGIN, attr(PE.PE_TXN_OWNER, "alice"))
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *tap("t2", bob), flags=new)
        require("acts as bob, but is part of a transaction that acts as alice"
                in why.text, why.text)
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap("t2", alice), flags=new)
        why = sock.refused(PE.PE_CMD_DEVICE_STATE,
                           attr(PE.PE_DEVICE_NAME, "bob-srv"),
                           attr(PE.PE_DEVICE_STATE, u32(1)))
        require("owned by bob" in why.text, why.text)
        sock.ask(PE.PE_CMD_DEVICE_DEL, attr(PE.PE_DEVICE_NAME, "t2"))
        sock.ask(PE.PE_CMD_DEVICE_NEW, *tap("t3"), flags=new)
        sock.ask(PE.PE_CMD_TXN_COMMIT)
        expect("made and unmade", owners("device").get("t3"), "alice")
        sock.ask(PE.PE_CMD_TXN_BEGIN)
        why = sock.refused(PE.PE_CMD_DEVICE_NEW, *tap("t2", bob), flags=new)
        require("part of a transaction that acts as no owner" in why.text,
                why.text)


@suite.case()
def notified():
    pe.apply(CONF)
    with Genl(lab.eng, ("config",)) as sock:
        as_("alice", "acl", "change", "alice-acl", "default", "permit")
        as_("alice", "service", "del", "alice-svc")
        seen = []
        while len(seen) < 2:
            seen += [(m.cmd, genl.text(dict(m.attrs)[
                {PE.PE_CMD_ACL_NEW: PE.PE_ACL_OWNER}.get(
                    m.cmd, PE.PE_SERVICE_OWNER)])) for m in sock.receive()
                if m.cmd in (PE.PE_CMD_ACL_NEW, PE.PE_CMD_SERVICE_DEL)]
        expect("told", seen, [(PE.PE_CMD_ACL_NEW, "alice"),
                              (PE.PE_CMD_SERVICE_DEL, "alice")])
        parts = sock.answer(sock.send(PE.PE_CMD_ACL_GET, flags=DUMP))[0]
        expect("dumped", sorted(genl.text(dict(m.attrs)[PE.PE_ACL_OWNER])
                                for m in parts), ["alice", "bob"])


suite.run(lambda: pe.start(CONF))
