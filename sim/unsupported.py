#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes a weak definition for each name in a list of exports.

Whatever the simulator implements overrides its weak twin when it is linked;
the rest is there, has an address of its own, and says so when called.
"""
import sys

with open(sys.argv[1], encoding='ascii') as names, \
     open(sys.argv[2], 'w', encoding='ascii') as out:
    out.write('#include "unsupported.h"\n\n')
    for name in names.read().split():
        out.write(f'SIM_UNSUPPORTED({name})\n')
