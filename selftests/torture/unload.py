#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The module is unloaded and loaded again and again, under traffic."""
from lib import engine, genl
from lib.addr import mac
from lib.genl import CREATE, PE, Genl, attr
from lib.ktap import Suite, diag, expect
from pairs import CONF, LONG, OTHER, Bench, Flood, rounds

LOADS = 100 if LONG else 12

suite = Suite(__doc__)
bench = Bench(suite)


@suite.case()
def module_goes_and_comes():
    pair = bench.pair()
    with Flood(pair) as flood:
        loads = 0
        for n in rounds(LOADS):
            pair.apply((CONF, OTHER)[n % 2])
            engine.unload()
            engine.load()
            loads += 1
        diag(f"{loads} loads, {flood.sent} packets")
    pair.apply()
    expect("status of diff", bench.pectl(pair.engine, "diff", "-f", "-",
                                         text=CONF)[0], 0)
    pair.delete()


@suite.case()
def module_goes_from_open_transactions():
    """Half of a configuration is in them; somebody listens."""
    pair = bench.pair()
    for _ in rounds(LOADS // 4):
        pair.apply()
        with Genl(pair, ["config", "events"]), Genl(pair) as one, \
                Genl(pair) as other, Flood(pair):
            for sock, name in ((one, "x"), (other, "y")):
                sock.ask(PE.PE_CMD_TXN_BEGIN)
                sock.ask(PE.PE_CMD_DEVICE_NEW,
                         *genl.device(name, "i1", mac(1, 9)), flags=CREATE)
                sock.ask(PE.PE_CMD_SERVICE_DEL, attr(PE.PE_SERVICE_NAME, "a"))
            engine.unload()
        engine.load()
    pair.delete()


suite.run(bench.start)
