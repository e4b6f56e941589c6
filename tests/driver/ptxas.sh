#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes machine code of the library's PTX for every GPU that the installed CUDA
# toolkit knows: it must be accepted, and no thread may want for registers.
# usage: ptxas.sh EMBEDDED (a .ptx.h)
ptxas=$(command -v ptxas || echo /usr/local/cuda/bin/ptxas)
if [ ! -x "$ptxas" ]; then
	echo "no CUDA toolkit: no ptxas" >&2
	exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The C string back to text.
sed -n '/^\t"/ { s/^\t"//; s/\\n";*$//; s/\\t/\t/g; s/\\"/"/g; s/\\\\/\\/g; p; }' \
	"$1" >"$work/code.ptx"
grep -q '^\.visible \.entry greenboost_carry' "$work/code.ptx" || {
	echo "no PTX in $1" >&2
	exit 1
}

tried=0
for arch in sm_50 sm_60 sm_61 sm_70 sm_75 sm_80 sm_86 sm_89 sm_90 sm_100 sm_120; do
	"$ptxas" --help | grep -q "'$arch'" || continue
	tried=$((tried + 1))
	if ! "$ptxas" -v -arch="$arch" "$work/code.ptx" -o "$work/code" >"$work/said" 2>&1; then
		cat "$work/said"
		echo "$arch: ptxas does not accept the code" >&2
		exit 1
	fi
	echo "$arch: $(sed -n 's/.*Used \([0-9]* registers\).*/\1/p' "$work/said" | tr '\n' ' ')"
	if grep 'spill stores' "$work/said" | grep -qv '0 bytes spill stores, 0 bytes spill loads'; then
		cat "$work/said"
		echo "$arch: registers are spilled" >&2
		exit 1
	fi
done
[ "$tried" -gt 0 ]
