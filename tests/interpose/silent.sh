#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command, which must succeed and say nothing: silent.sh LIBRARY COMMAND...
LD_PRELOAD=$1
shift
said=$(export LD_PRELOAD && exec "$@" 2>&1) || { echo "$said"; exit 1; }
[ -z "$said" ] || { echo "it said: $said"; exit 1; }
