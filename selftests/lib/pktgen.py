# SPDX-License-Identifier: GPL-2.0-only
"""pktgen, the kernel's generator of packets, in the caller's namespace."""
import re

from .ktap import poll, require

DIR = "/proc/thread-self/net/pktgen"
THREAD = f"{DIR}/kpktgend_0"


def write(path, *lines):
    for line in lines:
        with open(path, "w") as file:
            file.write(line + "\n")


def use(dev, *lines):
    """Packets leave by this interface, and look as these lines say."""
    write(THREAD, "rem_device_all", f"add_device {dev}")
    write(f"{DIR}/{dev}", *lines)


def ended(dev):
    with open(f"{DIR}/{dev}") as file:
        shown = file.read()
    return shown if "usec" in shown.split("Result: ")[1] else None


def send(dev, count):
    """Send so many; microseconds that it took, and how many were dropped. For
    these it sends more, which may be of other flows."""
    write(f"{DIR}/{dev}", f"count {count}")
    write(f"{DIR}/pgctrl", "start")
    # That does not wait for a thread which begins late.
    shown = poll("end of pktgen", lambda: ended(dev), 60)
    result = shown.split("Result: ")[1].split()
    require((result[0], int(result[3])) == ("OK:", count), f"pktgen: {result}")
    errors = int(re.search(r"errors: (\d+)", shown)[1])
    return int(result[1].split("(")[0]), errors


def one(dev, count, *lines):
    """Send so many of these, and none is dropped; then the interface may go.
    Microseconds that it took."""
    use(dev, *lines)
    took, errors = send(dev, count)
    write(THREAD, "rem_device_all")
    require(not errors, f"pktgen: {errors} of {count} packets were dropped")
    return took
