#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""11: three services, three intrusion detectors on one switch, told by MAC.

    u1 --+-- i0 [eng] i1 --- fw outside
    u2 --+            i2 --- fw inside
    u3 --+            i3 --- web
                      i4 --+-- ids1  W1
                           +-- ids2  W2
                           +-- ids3  W3

Each sees all packets of its service and no others.
"""
from lib import ids

ids.run(__doc__, {1: (4, 1), 2: (4, 2), 3: (4, 3)})
