#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The library exports the driver's names, those of nvml.def, and dlsym, all without
# versions; needs libc alone; and runs nothing when it is loaded that an empty
# library does not. exports.sh LIBRARY EMPTY-LIBRARY DRIVER-EXPORTS NVML.DEF
set -eu
export LC_ALL=C
library=$1 empty=$2 names=$3 nvml=$4
failed=0

fail() {
	echo "$*" >&2
	failed=1
}

exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)
nvml=$(sed -n 's/^GB_NVML(\(nvml[A-Za-z0-9_]*\),.*/\1/p' \
	"$(dirname "$names")/nvml.def")
expected=$( (cat "$names"; echo "$nvml"; echo dlsym) | sort)
if [ "$exported" != "$expected" ]; then
	fail "exports differ from the lists:"
	printf '%s\n' "$exported" >"${TMPDIR:-/tmp}/exported.$$"
	printf '%s\n' "$expected" | diff - "${TMPDIR:-/tmp}/exported.$$" >&2 || :
	rm -f "${TMPDIR:-/tmp}/exported.$$"
fi

needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ "$needed" = libc.so.6 ] || fail "needs more than libc:" $needed

# The sections of functions that run at load and unload, with their sizes.
started() {
	readelf -dW "$1" | awk '/(INIT|FINI|PREINIT)_ARRAYSZ/ { print $2, $3 }'
}
[ "$(started "$library")" = "$(started "$empty")" ] ||
	fail "has constructors of its own:" "$(started "$library")"

readelf -dW "$library" | grep -q 'FLAGS_1.*NOW' || fail "is bound lazily"
readelf -dW "$library" | grep -q SYMBOLIC || fail "is not symbolic"
! readelf -dW "$library" | grep -q TEXTREL || fail "has text relocations"
! readelf -lW "$library" | grep -q 'GNU_STACK.*E' || fail "wants an executable stack"
exit $failed
