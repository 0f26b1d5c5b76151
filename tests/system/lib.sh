# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034
#
# Debian trees for the tests that need a whole system: made by debootstrap once, kept as an archive in
# $JVPN_TREES (default: build/trees), unpacked for each test. Sourced by tests/system/*.
set -Eeuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
srcdir=$(cd "$here/../.." && pwd)
builddir=${JVPN_BUILDDIR:-$srcdir/build}
trees=${JVPN_TREES:-$srcdir/build/trees}
deadline=${JVPN_DEADLINE:-60}
test_name=$(basename "$0")
passed=0
failed=0
work=""
tree=""

say() { printf '# %s\n' "$*"; }
ok() { passed=$((passed + 1)) && printf 'ok - %s: %s\n' "$test_name" "$*"; }
not_ok() { failed=$((failed + 1)) && printf 'not ok - %s: %s\n' "$test_name" "$*"; }
# check WHAT COMMAND...
check() {
	local what=$1
	shift
	if "$@" >"$work/check.log" 2>&1; then ok "$what"; else not_ok "$what" && tail -n 5 "$work/check.log" | sed 's/^/#   /'; fi
}
check_not() {
	local what=$1
	shift
	if "$@" >"$work/check.log" 2>&1; then not_ok "$what"; else ok "$what"; fi
}
check_eq() { if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1 (expected '$2', got '$3')"; fi; }
fail() {
	not_ok "$*"
	type -t show_logs >/dev/null && show_logs
	exit 1
}
skip() { printf 'skip - %s: %s\n' "$test_name" "$*" && exit 77; }
finish() {
	if [[ $failed -gt 0 ]] && type -t show_logs >/dev/null; then show_logs; fi
	[[ $failed -eq 0 ]] || exit 1
	exit 0
}
# poll SECONDS COMMAND...
poll() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}
wait_for() {
	local what=$1
	shift
	poll "$deadline" "$@" || fail "waited $deadline s for: $what"
}

# The archive that apt is configured with.
archive() {
	# shellcheck disable=SC2016  # the variables are apt's
	apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(SITE)' 2>/dev/null |
		awk -F'|' '$1 == "Debian" && $2 == "main" && $3 !~ /-security/ { print $3; exit }'
}
# make_tree NAME PACKAGES: $tree is an unpacked Debian 12 with these packages
make_tree() {
	local name=$1 packages=$2 archive key fresh
	key=$(printf '%s' "$packages" | sha256sum | cut -c1-12)
	archive=$trees/$name-$key.tar
	tree=$work/tree
	mkdir -p "$trees" "$tree"
	exec 8>"$trees/.lock"
	flock 8
	if [[ ! -f $archive ]]; then
		say "debootstrap: $name ..."
		fresh=$work/fresh
		if ! debootstrap --variant=minbase ${packages:+--include="$packages"} bookworm "$fresh" "$(archive)" >"$work/debootstrap.log" 2>&1; then
			tail -n 5 "$work/debootstrap.log"
			fail "debootstrap"
		fi
		rm -f "$fresh"/var/cache/apt/archives/*.deb "$archive".part
		tar -C "$fresh" --one-file-system -cf "$archive.part" .
		mv "$archive.part" "$archive"
		rm -rf "$fresh"
	fi
	flock -u 8
	tar -C "$tree" -xpf "$archive"
}

begin() { # TOOL...
	local tool
	[[ $(id -u) -eq 0 ]] || skip "needs root"
	[[ -c /dev/net/tun ]] || skip "no /dev/net/tun"
	for tool in debootstrap ip nsenter unshare "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed (contrib/check --full does it)"
	done
	work=$(mktemp -d /tmp/jvpn-system-XXXXXX)
	trap 'cleanup' EXIT
	trap 'exit 130' INT TERM HUP
}
