#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion scripts: each shell that is here takes them, and bash (and fish) offer what --help names, for
# each command, and what fits behind an option.
builddir=${JVPN_BUILDDIR:-.}
command -v bash >/dev/null 2>&1 || { echo "skipped: bash is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
PATH=$builddir:$PATH
export PATH
status=0
bad() { echo "not ok: $*"; status=1; }

for program in jvpn-server jvpn-client; do
	for shell in bash zsh fish; do
		"$builddir/$program" completion $shell >"$work/$program.$shell" || bad "$program completion $shell"
		if command -v $shell >/dev/null 2>&1; then
			$shell -n "$work/$program.$shell" || bad "$shell does not take what $program prints"
		else
			echo "$shell is not installed: $program.$shell is not parsed"
		fi
	done
	if "$builddir/$program" completion tcsh >/dev/null 2>&1; then bad "$program completion tcsh"; fi
done

cat >"$work/ask" <<'END'
# ask PROGRAM WORD...: what is offered for the last word, one a line
. "$1/$2.bash"
function=_${2//-/_}
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$function 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
END
ask() { (cd "$work" && bash ask "$work" "$@"); }
# offers WHAT PROGRAM WORD...
offers() {
	what=$1
	shift
	ask "$@" | grep -qxF -e "$what" || bad "[$*] does not offer $what"
}
lacks() {
	what=$1
	shift
	if ask "$@" | grep -qxF -e "$what"; then bad "[$*] offers $what"; fi
}
count=0
for program in jvpn-server jvpn-client; do
	"$builddir/$program" --help >"$work/help"
	sed -n '/^Commands/,/^$/s/^  \([a-z-]*\( [a-z]\{1,\}\)\{0,1\}\) .*/\1/p' "$work/help" >"$work/commands"
	[ "$(grep -c . "$work/commands")" -ge 10 ] || bad "$program: no commands in --help"
	while read -r first second; do
		offers "$first" $program ""
		[ -z "$second" ] || offers "$second" $program "$first" ""
		for option in $("$builddir/$program" "$first" ${second:+"$second"} --help | sed -nE 's/^ .*(--[a-z-]+).*/\1/p'); do
			offers "$option" $program "$first" ${second:+"$second"} "--"
			count=$((count + 1))
		done
	done <"$work/commands"
	for option in $(sed -nE 's/^ .*(--[a-z-]+) .*/\1/p' "$work/help"); do
		offers "$option" $program "-"
	done
	: >"$work/office.yaml"
	mkdir -p "$work/folder"
	offers office.yaml $program -c "off"
	offers office.yaml $program status --config "="  "off"
	offers status $program -c office.yaml "sta"
	offers office.yaml $program policy check ""
	offers fish $program completion ""
	lacks status $program -c ""
	lacks --print-config $program status "--"
	lacks --to $program status "--"
	offers --to $program switch "--"
done
[ "$count" -ge 60 ] || bad "only $count options were compared"
offers folder jvpn-server init ""
lacks office.yaml jvpn-server init ""
offers office.yaml jvpn-server audit verify office.yaml "o"
lacks office.yaml jvpn-server policy check office.yaml "o"

if command -v fish >/dev/null 2>&1; then
	fish_offers() { # WHAT LINE
		HOME=$work fish --no-config -c "source $work/jvpn-server.fish; complete -C '$2'" | cut -f1 | grep -qxF -e "$1" ||
			bad "fish: [$2] does not offer $1"
	}
	fish_offers audit 'jvpn-server '
	fish_offers verify 'jvpn-server audit '
	fish_offers --early-ms 'jvpn-server audit verify --'
	fish_offers status 'jvpn-server -c x.yaml '
	fish_offers zsh 'jvpn-server completion '
fi
[ $status = 0 ] && echo "ok: $count options of commands"
exit $status
