# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of the kernel tests share: the cache, the kernels, and
# running a command in a Debian root. Sourced, from the top of the repository.
#
# The cache holds one small Debian root a release, where modules are built with
# the compiler that the release's kernels were built with, and where the
# kernels lie unpacked:
#
#	$CACHE/bookworm/usr/src/linux-headers-...	to build against
#	$CACHE/bookworm/boot/vmlinuz-...		to boot
#	$CACHE/bookworm/lib/modules/...			to take along
#	$CACHE/bookworm/kernels/6.1			the full name of "6.1"
#
# Nothing is installed on the machine itself, and its package sources are read
# and not changed.

# shellcheck disable=SC2034 # used by those who source this
CACHE=${GREENBOOST_KERNEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/greenboost/kernels}
LOGS=${GREENBOOST_KERNEL_LOGS:-build/kernel}
SEED=${GREENBOOST_KERNEL_SEED:-1}

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# mirror WORD: the mirror whose address ends in WORD, of those that the machine
# installs from; GREENBOOST_DEBIAN_MIRROR on a machine that is no Debian.
mirror() {
	local found
	# shellcheck disable=SC2016 # apt's own variable
	found=$(apt-get indextargets --no-release-info --format '$(SITE)' \
		'Created-By: Packages' 2>/dev/null |
		sort -u | grep -m 1 -E "/$1/?\$")
	if [[ -z $found && -n ${GREENBOOST_DEBIAN_MIRROR-} ]]; then
		found=${GREENBOOST_DEBIAN_MIRROR%/}/$1
	fi
	[[ -n $found ]] && echo "$found"
}

# Which Debian release a kernel comes from.
release_of() {
	case $1 in
	6.1 | 6.12 | debug) echo bookworm ;;
	7) echo trixie ;;
	*) die "no kernel '$1': there are 6.1, 6.12, 7 and debug" ;;
	esac
}

# The Debian root of a kernel.
root_of() {
	echo "$CACHE/$(release_of "$1")"
}

# A kernel's full name, as in /lib/modules; fails where it was not fetched.
full_name() {
	cat "$(root_of "$1")/kernels/$1" 2>/dev/null
}

# in_root ROOT COMMAND...: runs it there, in its top folder and an environment
# of its own, with a /proc, /dev and /sys that are gone afterwards.
in_root() {
	# shellcheck disable=SC2016 # expanded inside
	PATH=/usr/sbin:/usr/bin unshare --mount --pid --fork --kill-child sh -c '
		root=$1
		shift
		mount --rbind /dev "$root/dev" &&
			mount --rbind /sys "$root/sys" &&
			mount -t proc proc "$root/proc" &&
			exec chroot "$root" env -i PATH="$PATH" LC_ALL=C "$@"' \
		sh "$@"
}

# vmlinuz KERNEL: the file to boot.
vmlinuz() {
	local root name
	root=$(root_of "$1")
	name=$(full_name "$1")
	if [[ $1 == debug ]]; then
		echo "$root$(cat "$root/kernels/debug-tree")/arch/x86/boot/bzImage"
	elif [[ -f $root/boot/vmlinuz-$name ]]; then
		echo "$root/boot/vmlinuz-$name"
	else
		echo "$root/lib/modules/$name/vmlinuz"
	fi
}

# prepare KERNEL FOLDER SOURCE: everything that a boot of the module of SOURCE
# needs, into FOLDER.
prepare() {
	local kernel=$1 folder=$2 source=$3 modules=()
	local documents=(-p docs/abi/sysfs-class-greenboost=/sysfs-class-greenboost)
	mkdir -p "$folder" &&
		tests/kernel/fetch "$(release_of "$kernel")" || return
	if [[ $kernel == debug ]]; then
		tests/kernel/debug-kernel || return
	else
		modules=(-m vgem -m nvme -m ext4
			-m "vivid n_devs=1 node_types=0x1")
	fi
	tests/kernel/build-module "$kernel" "$folder/greenboost.ko" "$source" \
		>"$folder/build" 2>&1 ||
		{ say "the module does not build for $kernel:"
		  tail -n 30 "$folder/build" >&2
		  return 1; }
	rm -f "$folder"/disk* && truncate -s 64M "$folder/disk" &&
		truncate -s 16M "$folder/disk-slow" &&
		make -s -C tests/kernel/guest OUTPUT="$(realpath "$folder")/gbtest" &&
		tests/kernel/initramfs "$kernel" "$folder/greenboost.ko" \
			"$folder/initramfs" "${modules[@]}" "${documents[@]}" \
			"$folder/gbtest"
}

# boot KERNEL FOLDER TESTS...: what prepare made; the verdict is in FOLDER too.
# The kernel clears no pages by itself, or the clearing of the module would not
# show. The one that looks closely stops at the first thing that it finds.
boot() {
	local kernel=$1 folder=$2 options=() arguments=(-s "$SEED")
	shift 2
	if [[ $kernel == debug ]]; then
		options=(--stop-at-trouble
			--append panic_on_warn=1 --append kmemleak=on
			--append vivid.n_devs=1 --append vivid.node_types=0x1)
		arguments+=(-d)
	fi
	tests/kernel/boot "$(vmlinuz "$kernel")" "$folder/initramfs" "$folder" \
		--append init_on_alloc=0 --append init_on_free=0 \
		--disk "$folder/disk" \
		--disk "$folder/disk-slow,throttling.iops-total=50" \
		"${options[@]}" -- "${arguments[@]}" "$@" 2>&1 |
		tee "$folder/verdict"
	rm -f "$folder/initramfs" "$folder"/disk*
}
