# SPDX-License-Identifier: GPL-2.0-only
"""Many services: the engine's, and the like of them in nftables and IPVS."""
import os
import time

from icount import run
from lib import engine
from lib.addr import mac

# As many as they bear: IPVS takes longer for each, the more there are.
LIMIT = {"nft": 1000000, "ipvs": 20000}
PORTS = ("i1", "i2", "i3")
DEVICES = f"""\
device fw {{ inline outside dev i1 lladdr {mac(1, 1)} inside dev i2 lladdr {mac(2, 1)}; }}
device web {{ server dev i3 lladdr {mac(3, 1)} mode loopback; }}
"""
# Of the kernel's memory.
PARTS = ("Slab", "VmallocUsed", "Percpu")
SETTLE = 10             # seconds: RCU, its works, and tables that shrink
# What the firewall may be changed to.
ELSEWHERE = f"inline outside dev i1 lladdr {mac(1, 1)} inside dev i2 lladdr {mac(2, 2)}"


def sizes(name, wanted):
    """Numbers of services that this can be asked to have."""
    return sorted({min(size, LIMIT.get(name, size)) for size in wanted})


def vip(number):
    """The address of service number."""
    return ".".join(str(b) for b in (0x0a000000 + number).to_bytes(4, "big"))


def service(number, sequence="fw, web"):
    return f"{{ vip {vip(number)} tcp port 80; sequence {sequence}; }}"


def ports():
    """Interfaces for the devices; nothing needs to be behind them."""
    run(["ip", "-batch", "-"], "".join(
        f"link add {dev} type dummy\nlink set {dev} up\n" for dev in PORTS))


def memory():
    """Bytes of kernel memory by kind, without what can be had back."""
    time.sleep(SETTLE)
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3\n")
    time.sleep(1)
    with open("/proc/meminfo") as file:
        found = dict(line.split(":") for line in file)
    return {part: int(found[part].split()[0]) * 1024 for part in PARTS}


def less(a, b):
    return {part.lower(): a[part] - b[part] for part in PARTS}


class Engine:
    """Services through a firewall to a server."""

    def __init__(self, count):
        self.file = f"/tmp/pe-{count}.conf"
        if not os.path.exists(self.file):
            with open(self.file, "w") as file:
                file.write(DEVICES)
                file.writelines(f"service s{n} {service(n)}\n"
                                for n in range(count))
        self.load = [engine.PECTL, "apply", "-f", self.file]
        self.clear = [engine.PECTL, "flush"]


class Nft:
    """A map from address and port to a mark, with a counter for each."""

    def __init__(self, count):
        self.file = f"/tmp/nft-{count}"
        with open(self.file, "w") as file:
            file.write("table ip t {\nmap m {\n"
                       "type ipv4_addr . inet_service : mark\ncounter\n"
                       "elements = {\n")
            file.writelines(f"{vip(n)} . 80 : {n % 16 + 1},\n"
                            for n in range(count))
            file.write("}\n}\n}\n")
        self.load = ["nft", "-f", self.file]
        self.clear = ["nft", "flush", "ruleset"]


class Ipvs:
    """Services with one server each, direct routing."""

    def __init__(self, count):
        self.file = f"/tmp/ipvs-{count}"
        with open(self.file, "w") as file:
            for n in range(count):
                file.write(f"-A -t {vip(n)}:80 -s rr\n"
                           f"-a -t {vip(n)}:80 -r 10.255.0.1:80 -g\n")
        self.load = ["sh", "-c", f"ipvsadm -R < {self.file}"]
        self.clear = ["ipvsadm", "-C"]
