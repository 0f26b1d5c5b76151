#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Documents and registry agree: generated parts, hand-written ones, examples of configurations and
# policies, schema against every event type, manual pages against the command line, the validator against streams that break each rule once.
srcdir=${JVPN_SRCDIR:-.}
builddir=${JVPN_BUILDDIR:-.}
dump=$builddir/tests/lib/registry_dump
validate=$srcdir/tests/lib/validate-events
command -v python3 >/dev/null 2>&1 || { echo "skipped: python3 is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# A file, because some checks run in the subshell of a pipe.
fail() { echo "not ok: $*"; : >"$work/failed"; }

"$srcdir/docs/generate" --dump "$dump" --check "$srcdir" ||
	fail "generated parts are stale: run make update-docs"

"$srcdir/tests/lib/check-documents" --dump "$dump" "$srcdir" || fail "hand-written documents"
"$srcdir/tests/lib/check-examples" "$builddir" "$srcdir" || fail "examples"

"$dump" --samples >"$work/samples.jsonl"
"$validate" --lines-only --quiet "$work/samples.jsonl" || fail "a sample event breaks the schema"
for type in $(sed -n 's/.*"event_type":"\([A-Za-z]*\)".*/\1/p' "$work/samples.jsonl" | sort -u); do
	grep -q "\"$type\"" "$srcdir/docs/events.schema.json" || fail "$type is not in the schema"
done

"$srcdir/tests/lib/check-siem" "$srcdir" || fail "files of contrib/siem, tables of docs/siem.md"
# It finds a member and an event type that are not there, in every file that has them, and a row that is missing.
mkdir -p "$work/top/docs" && mkdir "$work/top/contrib" && cp -R "$srcdir/contrib/siem" "$work/top/contrib/"
cp "$srcdir/docs/siem.md" "$srcdir/docs/events.schema.json" "$work/top/docs/"
chmod -R u+w "$work/top"
notices() { # FILE SED-EXPRESSION
	cp "$work/top/$1" "$work/whole"
	sed "$2" "$work/whole" >"$work/top/$1"
	if ! cmp -s "$work/whole" "$work/top/$1" && "$srcdir/tests/lib/check-siem" "$work/top" >/dev/null; then
		fail "check-siem does not notice: $1, $2"
	fi
	cp "$work/whole" "$work/top/$1"
}
for file in "$srcdir"/contrib/siem/*.* "$srcdir"/contrib/siem/*/*; do
	notices "${file#"$srcdir/"}" 's/event_type/event_tipe/g'
done
notices contrib/siem/vector.toml 's/SecurityReplayDetected/SecurityReplayDetekted/'
notices contrib/siem/datadog/pipeline.json 's/@severity/@severety/'
notices docs/siem.md '/^| `KeyRotated`/d'
notices docs/siem.md '/^| `inner_ipv6`/d'
notices docs/siem.md 's/| event.sequence |/| event.id |/'
notices contrib/siem/elastic/index-template.json 's/"state_version"/"state"/'

# line SEQ TYPE SEVERITY REST: one line of a stream
line() {
	printf '{"ts_ms":1,"ts":"1970-01-01T00:00:00.001Z","seq":%s,"pid":7,"event_type":"%s","severity":"%s","node_id":"n","role":"server","policy_version":"1"%s}\n' "$@"
}
id='"session_id":"000102030405060708090a0b0c0d0e0f"'
change() { # SEQ VERSION FROM TO REASON
	line "$1" SessionStateChange info ",$id,\"state_version\":$2,\"from\":\"$3\",\"to\":\"$4\",\"reason_code\":\"$5\""
}
over() { # SEQ VERSION
	line "$1" SessionTerminated notice ",$id,\"state_version\":$2,\"reason_code\":\"client_closed\",\"session_age_ms\":1,\"transportless_age_ms\":0,\"total_switches\":0,\"tx_packets\":0,\"tx_bytes\":0,\"rx_packets\":0,\"rx_bytes\":0"
}
good_start() { line 1 NodeStarted info ""; change 2 2 BIRTH ATTACHED attached_to_transport; }
accepts() {
	"$validate" --quiet - >"$work/out" || fail "refused: $1: $(cat "$work/out")"
}
refuses() { # WHAT PATTERN
	if "$validate" --quiet - >"$work/out"; then
		fail "accepted: $1"
	elif ! grep -q "$2" "$work/out"; then
		fail "$1: expected \"$2\", got: $(cat "$work/out")"
	fi
}
{ good_start; change 3 3 ATTACHED TERMINATED client_closed; over 4 3; } | accepts "a short life"
{ good_start; line 5 TelemetryDegraded warning ',"count":2,"reason_code":"sink_slow"'; change 6 9 VOLATILE DEGRADED volatile_persisted; } |
	accepts "an announced gap"
{ good_start; line 1 NodeStarted info ""; change 2 3 ATTACHED VOLATILE node_restart; } | accepts "two runs in one file"
{ good_start; { line 1 NodeStarted info ""; line 2 NodeStopped info ""; } | sed 's/"pid":7/"pid":8/'; change 3 3 ATTACHED VOLATILE transport_dead; } |
	accepts "two processes in one file"
{ good_start; change 4 3 ATTACHED VOLATILE transport_dead; } | refuses "a silent gap" "announces the gap"
{ good_start; line 5 TelemetryDegraded warning ',"count":1,"reason_code":"sink_slow"'; } | refuses "a wrong count" "but count is 1"
{ good_start; change 3 4 ATTACHED VOLATILE transport_dead; } | refuses "a skipped version" "state_version 4 after 2"
{ good_start; change 3 2 ATTACHED VOLATILE transport_dead; } | refuses "a repeated version" "state_version 2 after 2"
{ good_start; change 3 3 VOLATILE DEGRADED volatile_persisted; } | refuses "a jump" "but the state was ATTACHED"
{ good_start; change 3 3 ATTACHED RECOVERING loss_recovery; } | refuses "an illegal transition" "fits no alternative"
{ good_start; change 3 3 ATTACHED VOLATILE reattach_success; } | refuses "an illegal reason" "\"reattach_success\" is not in the registry"
{ good_start; change 3 3 ATTACHED VOLATILE no_such_reason; } | refuses "an unknown reason" "not in the registry"
{ good_start; change 3 3 ATTACHED TERMINATED client_closed; over 4 3; over 5 3; } | refuses "two ends" "that is over"
{ good_start; over 3 2; } | refuses "an end without a transition" "but the state is ATTACHED"
{ good_start; line 3 NoSuchEvent info ""; } | refuses "an unknown type" "fits no alternative"
{ good_start; line 3 NodeStopped info ',"surprise":1'; } | refuses "a foreign member" "surprise does not belong here"
{ good_start; line 3 NodeStopped warning ""; } | refuses "another severity" "severity"
{ good_start; line 3 TelemetryDegraded warning ',"reason_code":"sink_slow"'; } | refuses "a missing member" "count is missing"
{ good_start; line 3 NodeStopped info ',"detail":"a","detail":"b"'; } | refuses "a member twice" "stands twice"
{ good_start; printf '{"ts_ms":1'; } | refuses "half a line" "half a line"
echo '{"type":"object","if":{}}' >"$work/schema.json"
"$validate" --schema "$work/schema.json" --quiet /dev/null 2>"$work/out" && fail "accepted: a schema with an unknown keyword"

# Every long option that --help knows is in the manual page.
for program in jvpn-server jvpn-client; do
	source=$srcdir/src/${program#jvpn-}/options.c
	page=$srcdir/man/$program.8
	for option in $(sed -n 's/^[[:space:]]*{[^"]*, "\([a-z-]*\)", \("[^"]*"\|NULL\), ".*/\1/p' "$source" \
		"$srcdir/src/common/config/program.h" "$srcdir/src/common/runtime/operate.c"); do
		grep -Eq -- "Fl (. , )?-$option" "$page" || fail "$page does not know --$option"
	done
done

if command -v mandoc >/dev/null 2>&1; then
	for page in "$srcdir"/man/*.[1-9]; do
		mandoc -T lint -W warning "$page" || fail "$page"
	done
fi
[ ! -e "$work/failed" ] || exit 1
echo "documents and registry agree"
