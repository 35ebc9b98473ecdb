# SPDX-License-Identifier: GPL-2.0-only
"""keepalived in a namespace, with nothing of it outside a directory."""
import os
import signal

from .ktap import PATIENCE, diag


class Keepalived:
    """path is a configuration; words are more arguments. What it logs is shown
    when a test fails."""

    def __init__(self, node, directory, path, *words, env=None):
        self.log = f"{directory}/{node.name}-keepalived.log"
        with open(self.log, "w") as log:
            self.proc = node.popen(
                ["keepalived", "--dont-fork", "--log-console", "--log-detail",
                 "--use-file", path, *(
                     f"--{what}={directory}/{node.name}-{what}" for what in
                     ("pid", "vrrp_pid", "checkers_pid")), *words],
                stdout=log, stderr=log, env=env, start_new_session=True)
        self.group = self.proc.pid

    def said(self):
        with open(self.log) as log:
            return log.read()

    def stop(self):
        """It is told to end, and says good-bye to the others."""
        self.proc.terminate()
        self.proc.wait(20 * PATIENCE)

    def kill(self):
        """It ends without another word, all of its processes at once."""
        if self.proc.poll() is None:
            os.killpg(self.group, signal.SIGKILL)
            self.proc.wait(10)

    def close(self):
        self.kill()

    def show(self):
        diag(self.said())
