# SPDX-License-Identifier: GPL-2.0-only
"""A real OpenVPN tunnel between two namespaces: TLS, one client."""
import hashlib
import os
import ssl
import subprocess

from .ktap import PATIENCE, Fail, poll

# Of the tunnel's inside; see addr.py for the rest.
INSIDE = {"4": ("203.0.113.241", "203.0.113.242"),
          "6": ("2001:db8:1ff::1", "2001:db8:1ff::2")}


class Key:
    """A key, and a certificate that is known by its fingerprint."""

    def __init__(self, directory):
        self.key, self.cert = f"{directory}/vpn.key", f"{directory}/vpn.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=vpn", "-keyout", self.key,
                        "-out", self.cert], check=True, capture_output=True)
        with open(self.cert) as file:
            digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read()))
        self.fingerprint = digest.digest().hex(":")


class Tunnel:
    """The gateway listens on an address and port; the client connects to it.
    Both have the same key. What is in the tunnel may have the same address."""

    def __init__(self, suite, directory, key, f, gateway, client, listen,
                 caddr):
        self.inside, self.client_inside = INSIDE[f.name]
        self.f, self.dev, self.caddr = f, f"tun{f.name}", caddr
        self.key, family = key, f"udp{f.name}"
        self.start(suite, directory, gateway, "gateway", [
            "--proto", family, "--local", listen[0], "--port", str(listen[1]),
            "--tls-server", "--dh", "none", *self.ends(False)])
        self.log = self.start(suite, directory, client, "client", [
            "--proto", family, "--local", caddr[0], "--lport", str(caddr[1]),
            "--remote", listen[0], str(listen[1]), "--tls-client",
            "--allow-recursive-routing", *self.ends(True)])

    def ends(self, mirrored):
        ends = (self.inside, self.client_inside)
        if mirrored:
            ends = ends[::-1]
        if self.f.v6:
            return ["--ifconfig-ipv6", f"{ends[0]}/64", ends[1]]
        return ["--ifconfig", *ends]

    def start(self, suite, directory, node, side, args):
        log = f"{directory}/openvpn-{side}{self.f.name}.log"
        proc = node.popen([
            "openvpn", "--dev", self.dev, "--dev-type", "tun", "--log", log,
            "--key", self.key.key, "--cert", self.key.cert,
            "--peer-fingerprint", self.key.fingerprint, "--verb", "3", "--connect-retry", "1", "1",
            "--hand-window", "20", "--reneg-sec", "0", *args],
            stdin=subprocess.DEVNULL)
        suite.defer(self.stop, proc)
        return log

    @staticmethod
    def stop(proc):
        proc.terminate()
        proc.wait(10 * PATIENCE)

    def said(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as file:
            return file.read()

    def wait(self):
        """Until both ends agree that it is up."""
        try:
            poll("tunnel", lambda: "Initialization Sequence Completed" in
                 self.said(), 20, 0.1)
        except Fail as error:
            raise Fail(f"{error}\n{self.said()[-2000:]}") from None
