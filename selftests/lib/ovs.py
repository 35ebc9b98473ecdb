# SPDX-License-Identifier: GPL-2.0-only
"""Open vSwitch in a namespace: its kernel datapath as an NSH-aware device."""
import os
import subprocess

from .ktap import PATIENCE, Fail, poll

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Ovs:
    """Database and switch of one namespace; all its files are below tmp."""

    def __init__(self, node, tmp):
        self.node = node
        self.dir = f"{tmp}/ovs-{node.name}"
        self.env = {**os.environ, **{f"OVS_{what}DIR": self.dir for what in
                                     ("RUN", "LOG", "DB", "SYSCONF")}}
        self.procs = []

    def run(self, *argv, stdin=None):
        return self.node.run(list(argv), stdin=stdin)

    def daemon(self, *argv):
        log = f"{self.dir}/{argv[0]}.log"
        with open(log, "w") as file:
            self.procs.append(self.node.popen(
                list(argv), env=self.env, stdout=file, stderr=file))

    def there(self, name):
        poll(f"{name} of Open vSwitch",
             lambda: os.path.exists(f"{self.dir}/{name}"), 20)

    def start(self):
        for name in ("openvswitch", "nsh", "vxlan"):
            subprocess.run(["modprobe", name], check=False)
        os.mkdir(self.dir)
        self.run("ovsdb-tool", "create", f"{self.dir}/conf.db", SCHEMA)
        self.daemon("ovsdb-server", f"{self.dir}/conf.db", "-vconsole:warn",
                    f"--remote=punix:{self.dir}/db.sock",
                    f"--unixctl={self.dir}/db.ctl")
        self.there("db.sock")
        self.daemon("ovs-vswitchd", f"unix:{self.dir}/db.sock",
                    "-vconsole:warn", f"--unixctl={self.dir}/vs.ctl")
        self.vsctl("--no-wait", "init")
        self.there("vs.ctl")

    def vsctl(self, *words):
        return self.run("ovs-vsctl", f"--db=unix:{self.dir}/db.sock",
                        f"--timeout={int(20 * PATIENCE)}", *words)

    def bridge(self, name, ports, flows):
        """A bridge of ports (name, {setting: value}), numbered from 1."""
        words = ["add-br", name, "--", "set", "bridge", name,
                 "fail-mode=secure"]
        for number, (port, settings) in enumerate(ports, 1):
            words += ["--", "add-port", name, port, "--", "set", "interface",
                      port, f"ofport_request={number}",
                      *(f"{key}={value}" for key, value in settings.items())]
        self.vsctl(*words)
        self.there(f"{name}.mgmt")
        self.flows(name, flows)

    def flows(self, name, flows):
        """These and no others."""
        self.run("ovs-ofctl", "-OOpenFlow13", "replace-flows",
                 f"{self.dir}/{name}.mgmt", "-",
                 stdin="\n".join(flows) + "\n")

    def close(self):
        """The datapath goes with its namespace, its modules stay."""
        for proc in reversed(self.procs):
            proc.terminate()
        for proc in reversed(self.procs):
            try:
                proc.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
                raise Fail("Open vSwitch did not end") from None


def reencap(match, path, index, ttl=63, ether=None):
    """A flow that takes the header off and puts one on with the index that
    follows, for that is how Open vSwitch sets it: its kernel datapath changes
    no header that is there. ether is (source, destination) of the frame."""
    packet = "dl_type=0x894f" if ether else "packet_type=(1,0x894f)"
    actions = ["decap()"] * (2 if ether else 1)
    actions += ["encap(nsh(md_type=1))", f"set_field:{path}->nsh_spi",
                f"set_field:{index - 1}->nsh_si",
                f"set_field:{ttl}->nsh_ttl"]
    if ether:
        actions += ["encap(ethernet)", f"set_field:{ether[0]}->eth_src",
                    f"set_field:{ether[1]}->eth_dst"]
    return (f"table=0,{match},{packet},nsh_spi={path},nsh_si={index},"
            f"actions={','.join(actions)},in_port")
