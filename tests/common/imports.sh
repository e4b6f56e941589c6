#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What common/ asks of libc: nothing that allocates, prints or takes locks, since
# it runs in other people's processes. A new name here wants a look at whether
# that still holds.
#	imports.sh LIBCOMMON.A
allowed='
__errno_location close fstat geteuid lstat mkdir open open64 secure_getenv
fstat64 lstat64 memcpy memset strchr strcspn strlen strspn
gb_option_count gb_option_table gb_runtime_dir_open gb_size_parse
_GLOBAL_OFFSET_TABLE_ __stack_chk_fail
'
command -v nm >/dev/null || { echo 'needs nm (binutils)'; exit 77; }
imports=$(nm -u "$1" | awk '$1 == "U" { print $2 }' | sort -u)
[ -n "$imports" ] || { echo "nm says nothing of $1"; exit 1; }
case $imports in
*__asan_*|*__tsan_*|*__ubsan_*) echo 'built with a sanitizer'; exit 77 ;;
esac
bad=0
for name in $imports; do
	case $allowed in
	*[[:space:]]"$name"[[:space:]]*) ;;
	*) echo "common/ imports $name"; bad=1 ;;
	esac
done
exit $bad
