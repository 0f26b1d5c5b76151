# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A machine for commands that are typed as a manual prints them: a network namespace of lib.sh with a view
# of the file system in which paths such as /etc/jvpn are the test's own. Sourced by executables after
# lib.sh. Nothing of that is seen outside.
#
#   machine_up NAME NS PATH[=AS]...   PATH (and with AS the same as that) is $work/NAME/PATH there;
#                                     $work/NAME/home is where it stands
#   on NAME COMMAND...           runs it there, with $work/bin first in PATH

declare -A machine_of=() machine_ns=()

# In the machine: PATH becomes SOURCE. What has no such directory gets a copy of the nearest one above,
# made of a tmpfs with everything bound into it that was there.
provide() {
	local path=$1 source=$2 dir=$1
	while [[ ! -d $dir ]]; do dir=$(dirname "$dir"); done
	if [[ $dir != "$path" ]]; then
		[[ $(stat -f -c %T "$dir") == tmpfs && -e $dir/.machine ]] || copy_of "$dir"
		mkdir -p "$path"
	fi
	mount --bind "$source" "$path"
}
copy_of() {
	local dir=$1 old entry
	old=$(mktemp -d "$hold/XXXXXX")
	mount --rbind "$dir" "$old"
	mount -t tmpfs -o mode=755 tmpfs "$dir"
	: >"$dir/.machine"
	for entry in "$old"/* "$old"/.[!.]*; do
		if [[ -L $entry || -f $entry ]]; then
			cp -a "$entry" "$dir/"
		elif [[ -d $entry ]]; then
			mkdir "$dir/${entry##*/}"
			mount --rbind "$entry" "$dir/${entry##*/}"
		fi
	done
}
# The first process of a machine: mounts, then waits for its end.
machine_main() {
	local base=$1 path
	shift
	hold=$base/hold
	for path in "$@"; do
		mkdir -p "$base${path#*=}"
		chmod 700 "$base${path#*=}"
		provide "${path%%=*}" "$base${path#*=}"
	done
	[[ ! -f $base/hosts ]] || mount --bind "$base/hosts" /etc/hosts
	: >"$base/ready"
	exec sleep infinity
}
machine_up() {
	local name=$1 base=$work/$1
	machine_ns[$name]=$2
	shift 2
	mkdir -p "$base/hold" "$base/home"
	unshare -m --propagation private bash -euc \
		"$(declare -f provide copy_of machine_main); machine_main \"\$@\"" machine "$base" "$@" \
		>"$work/machine-$name.log" 2>&1 3>&- </dev/null &
	machine_of[$name]=$!
	pid_of[machine-$name]=$! # ends with the others
	wait_for "the machine $name" test -e "$base/ready"
}
# The command line that leads there, in entry. What "ip netns exec" mounts anew (/sys, /etc/netns) is in a
# copy of that view.
entry_to() {
	entry=(nsenter -t "${machine_of[$1]}" -m ip netns exec "$(ns_name "${machine_ns[$1]}")"
		env -C "$work/$1/home" PATH="$work/bin:$PATH")
}
on() {
	local entry
	entry_to "$1"
	shift
	"${entry[@]}" "$@"
}
