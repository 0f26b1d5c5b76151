# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2120,SC2119
#
# Common to the end-to-end tests, the benches and the demo: namespaces, NAT, processes, checks.
# Sourced by executables; touches nothing outside the namespaces it creates (their names carry the
# pid) and its own temporary directory.
#
#        c: client             r: router, NAT                  s: server               w: web
#   +----------------+   +------------------------+   +----------------------+   +---------------+
#   | jvpn-client    |   | lan               wan  |   | wan   jvpn-server    |   |  nginx        |
#   |           eth0 |---| .1  nft snat      .1-3 |---| .254            dmz  |---| eth0          |
#   | jvpn0     .2   |   | or udp-relay      .66  |   |          jvpn0  .1   |   | .2            |
#   +----------------+   +------------------------+   +----------------------+   +---------------+
#        192.168.77.0/24           203.0.113.0/24               198.51.100.0/24
#        fd00:77::/64              2001:db8:113::/64            2001:db8:51::/64
#   uplinks.sh adds a second uplink of the client (wlan0, router r2) to the same server address.
#   inside the tunnel: 10.77.0.0/24 and fd77:77::/64; 203.0.113.66 is where attacks come from
#
# JVPN_BUILDDIR  which binaries (default: build/)      JVPN_KEEP=1  keep logs and captures
# JVPN_TRACE=1   set -x                          JVPN_WORKERS=N  threads of the server
#
# A test prints one line per check ("ok - what", "not ok - what", "skip - what: reason") and ends
# with finish: exit 0 all held, 1 something did not, 77 nothing could be checked.
set -Eeuo pipefail
[[ ${JVPN_TRACE:-} != 1 ]] || set -x

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
srcdir=$(cd "$here/../.." && pwd)
builddir=${JVPN_BUILDDIR:-$srcdir/build}
[[ $builddir == /* ]] || builddir=$(cd "$builddir" 2>/dev/null && pwd || echo "$builddir")
test_name=$(basename "$0")

readonly server4=203.0.113.254 server6=2001:db8:113::254 port=4433
readonly web4=198.51.100.2 web6=2001:db8:51::2
readonly attacker4=203.0.113.66 attacker6=2001:db8:113::66
readonly relay4=192.168.77.1 relay6=fd00:77::1
readonly pool4=10.77.0.0/24 pool6=fd77:77::/64
readonly tun=jvpn0
# Sanitizers and a loaded machine are slower; deadlines, not delays.
readonly deadline=${JVPN_DEADLINE:-15}

exec 3>&1 # results go here, also from inside a redirected condition
passed=0 failed=0 skipped=0
declare -A pid_of=() exit_of=()
namespaces=()
event_files=()
work=
cleaned=
aborted_at=

# --- results ---

say() { printf '# %s\n' "$*" >&3; }
ok() {
	passed=$((passed + 1))
	printf 'ok - %s: %s\n' "$test_name" "$*" >&3
}
not_ok() {
	failed=$((failed + 1))
	printf 'not ok - %s: %s\n' "$test_name" "$*" >&3
}
skip_one() { # WHAT: REASON
	skipped=$((skipped + 1))
	printf 'skip - %s: %s\n' "$test_name" "$*" >&3
}
# check WHAT COMMAND...: one check, the command's exit status decides.
check() {
	local what=$1
	shift
	if "$@" 2>/dev/null; then ok "$what"; else not_ok "$what"; fi
}
# check_not WHAT COMMAND...
check_not() {
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then not_ok "$what"; else ok "$what"; fi
}
# check_eq WHAT EXPECTED GOT
check_eq() {
	if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1 (expected '$2', got '$3')"; fi
}
# The whole test cannot go on.
fail() {
	not_ok "$*"
	show_logs
	exit 1
}
# Nothing of this test can be checked here.
skip() {
	printf 'skip - %s: %s\n' "$test_name" "$*" >&3
	skipped=$((skipped + 1))
	exit 77
}

finish() {
	stop_all
	check_events
	[[ $failed -eq 0 ]] || show_logs
	[[ $failed -eq 0 ]] || exit 1
	[[ $passed -gt 0 || $skipped -eq 0 ]] || exit 77
	exit 0
}

show_logs() {
	local file
	for file in "$work"/*.log; do
		[[ -s $file ]] || continue
		printf '# --- %s\n' "$(basename "$file")"
		tail -n 25 "$file" | cut -c1-300 | sed 's/^/#   /'
	done >&3
}

# --- waiting: always for a condition, with a deadline ---

# poll SECONDS COMMAND...: true as soon as the command is, false at the deadline.
poll() {
	local limit=$1 end
	shift
	end=$((${EPOCHREALTIME/[.,]/} + ${limit%.*} * 1000000))
	until "$@" >/dev/null 2>&1; do
		[[ ${EPOCHREALTIME/[.,]/} -lt $end ]] || return 1
		sleep 0.03
	done
}
# wait_for WHAT COMMAND...: the test ends when it does not come true.
wait_for() {
	local what=$1
	shift
	poll "$deadline" "$@" || fail "waited $deadline s for: $what"
}
now_ns() { "$builddir/tests/lib/probe" --now; }

# --- namespaces and processes ---

ns_name() { printf 'jv%s%s' "$$" "$1"; }
# in_ns NS COMMAND...
in_ns() {
	local ns=$1
	shift
	ip netns exec "$(ns_name "$ns")" "$@"
}
add_ns() {
	local ns
	for ns in "$@"; do
		ip netns add "$(ns_name "$ns")"
		namespaces+=("$ns")
		ip -n "$(ns_name "$ns")" link set lo up
		in_ns "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv4.ip_forward=0
	done
}
# link NS1 DEV1 NS2 DEV2
link() {
	ip -n "$(ns_name "$1")" link add "$2" type veth peer name "$4" netns "$(ns_name "$3")"
	ip -n "$(ns_name "$1")" link set "$2" up
	ip -n "$(ns_name "$3")" link set "$4" up
}
# address NS DEV PREFIX...
address() {
	local ns dev
	ns=$(ns_name "$1") dev=$2
	shift 2
	for prefix in "$@"; do
		if [[ $prefix == *:* ]]; then
			ip -n "$ns" addr add "$prefix" dev "$dev" nodad
		else
			ip -n "$ns" addr add "$prefix" dev "$dev"
		fi
	done
}

# spawn NAME NS COMMAND...: in the background, output in $work/NAME.log (stdout in NAME.out when
# JVPN_SPLIT=1); its pid is the command's own.
spawn() {
	local name=$1 ns=$2
	shift 2
	unset "exit_of[$name]"
	if [[ ${JVPN_SPLIT:-} == 1 ]]; then
		ip netns exec "$(ns_name "$ns")" "$@" >>"$work/$name.out" 2>>"$work/$name.log" </dev/null 3>&- &
	else
		ip netns exec "$(ns_name "$ns")" "$@" >>"$work/$name.log" 2>&1 </dev/null 3>&- &
	fi
	pid_of[$name]=$!
}
is_alive() { [[ -n ${pid_of[$1]:-} ]] && kill -0 "${pid_of[$1]}" 2>/dev/null && [[ $(ps -o stat= -p "${pid_of[$1]}") != Z* ]]; }
is_gone() { ! is_alive "$1"; }
# reap NAME: its exit status in exit_of[NAME]; waits at most $deadline.
reap() {
	[[ -n ${pid_of[$1]:-} ]] || return 0
	if ! poll "$deadline" is_gone "$1"; then
		say "$1 did not end; killed"
		kill -KILL "${pid_of[$1]}" 2>/dev/null || true
	fi
	local status=0
	{ wait "${pid_of[$1]}" || status=$?; } 2>/dev/null
	exit_of[$1]=$status
	unset "pid_of[$1]"
}
# stop NAME [SIGNAL]
stop() {
	[[ -n ${pid_of[$1]:-} ]] || return 0
	kill -"${2:-TERM}" "${pid_of[$1]}" 2>/dev/null || true
	reap "$1"
}
stop_all() {
	local name
	for name in client client2 server; do stop "$name"; done
	for name in "${!pid_of[@]}"; do stop "$name"; done
}

cleanup() {
	local status=$? ns pid
	[[ -z $cleaned ]] || return 0
	cleaned=1
	trap '' INT TERM HUP
	trap - ERR
	set +e
	if [[ $status -eq 129 || $status -eq 130 || $status -eq 143 ]]; then
		printf '\n# %s: interrupted\n' "$test_name" >&3
	elif [[ $failed -eq 0 && $status -ne 0 && $status -ne 77 ]]; then
		not_ok "ended early with status $status (${aborted_at:-signal})"
		show_logs
	fi
	for pid in "${pid_of[@]}"; do kill -TERM "$pid" 2>/dev/null; done
	poll 3 all_gone
	for ns in "${namespaces[@]}"; do
		for pid in $(ip netns pids "$(ns_name "$ns")" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null; done
	done
	for pid in "${pid_of[@]}"; do kill -KILL "$pid" 2>/dev/null; done
	wait 2>/dev/null
	for ns in "${namespaces[@]}"; do ip netns del "$(ns_name "$ns")" 2>/dev/null; done
	if [[ -n $work ]]; then
		if [[ ${JVPN_KEEP:-} == 1 ]]; then say "kept: $work"; else rm -rf "$work"; fi
	fi
	return "$status"
}
all_gone() {
	local name
	for name in "${!pid_of[@]}"; do is_gone "$name" || return 1; done
}

# begin [TOOL...]: root, tools, binaries, temporary directory, traps.
begin() {
	local tool
	[[ $(id -u) -eq 0 ]] || skip "needs root"
	[[ -c /dev/net/tun ]] || skip "no /dev/net/tun"
	for tool in ip nft conntrack ping python3 "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed (contrib/setup --tests does it)"
	done
	for tool in "$builddir"/tests/lib/{probe,udp-relay,wire} $(programs); do
		[[ -x $tool ]] || skip "$tool is not built"
	done
	ip netns add "$(ns_name probe)" 2>/dev/null || skip "no permission to create network namespaces"
	ip netns del "$(ns_name probe)"
	work=$(mktemp -d "${TMPDIR:-/tmp}/jvpn-$test_name.XXXXXX")
	chmod 755 "$work"
	trap cleanup EXIT
	trap 'aborted_at="line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:exitcode=99}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1:exitcode=99}
}
programs() { [[ ${JVPN_NO_PROGRAMS:-} == 1 ]] || echo "$builddir/jvpn-server $builddir/jvpn-client"; }

# --- topology ---

topology() {
	add_ns c r s w
	link c eth0 r lan
	uplink_cable r wan
	link s dmz w eth0
	address c eth0 192.168.77.2/24 fd00:77::2/64
	address r lan 192.168.77.1/24 fd00:77::1/64
	address r wan 203.0.113.{1,2,3,66}/24 2001:db8:113::{1,2,3,66}/64
	address s wan $server4/24 $server6/64
	address s dmz 198.51.100.1/24 2001:db8:51::1/64
	address w eth0 $web4/24 $web6/64
	in_ns r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$(ns_name c)" route add default via 192.168.77.1
	ip -n "$(ns_name c)" route add default via fd00:77::1
	ip -n "$(ns_name w)" route add default via 198.51.100.1
	ip -n "$(ns_name w)" route add default via 2001:db8:51::1
	nat_apply
	nat_silent r
	wire_up r
}
# nat_silent ROUTER: what arrives for a mapping that is gone is dropped in silence, as a NAT does.
nat_silent() {
	local n
	n=$(net_of "$1")
	in_ns "$1" nft -f - <<-END
		table inet filter {
			chain input {
				type filter hook input priority 0; policy accept;
				iifname "wan" ip daddr { 203.0.$n.1, 203.0.$n.2, 203.0.$n.3 } udp sport $port ct state new drop
				iifname "wan" ip6 daddr { 2001:db8:$n::1, 2001:db8:$n::2, 2001:db8:$n::3 } udp sport $port ct state new drop
			}
		}
	END
}
# shellcheck source=tests/netns/uplinks.sh
. "$here/uplinks.sh"
# relay_up [OPTION...]: the relay in r instead of the NAT; the client's server address is then
# $relay4 (or with JVPN_OUTER=6 $relay6).
relay_up() {
	local sources=(--from 203.0.113.1 --from 203.0.113.2 --from 203.0.113.3)
	local listen=$relay4:$port to=$server4:$port
	if [[ ${JVPN_OUTER:-4} == 6 ]]; then
		sources=(--from 2001:db8:113::1 --from 2001:db8:113::2 --from 2001:db8:113::3)
		listen="[$relay6]:$port" to="[$server6]:$port"
	fi
	in_ns r nft delete table inet filter # the relay's own sockets are no NAT's
	spawn relay r "$builddir/tests/lib/udp-relay" --listen "$listen" --to "$to" "${sources[@]}" \
		--ctl "$work/relay.ctl" "$@"
	wait_for "the relay" test -S "$work/relay.ctl"
}
relay() { "$builddir/tests/lib/udp-relay" --send "$work/relay.ctl" "$*"; }
# relay_rebind port|addr: the answer's time goes to $work/rebindings for probe.
relay_rebind() { relay rebind "$1" | sed -E 's/.*"kind":"([a-z]+)".*"t_ns":([0-9]+).*/\2 \1/' >>"$work/rebindings"; }

# nat_apply [ROUTER]: a router's NAT: everything from the client's network leaves from its public
# address nat_address and a port of range nat_index. JVPN_NAT=masquerade takes the kernel's random
# ports instead.
declare -A nat_index=([r]=0 [r2]=0) nat_address=([r]=1 [r2]=1)
net_of() { if [[ $1 == r2 ]]; then echo 114; else echo 113; fi; } # 203.0.N.0/24
lan_of() { if [[ $1 == r2 ]]; then echo 78; else echo 77; fi; }   # 192.168.N.0/24
nat_apply() {
	local router=${1:-r} n lan low to4 to6
	n=$(net_of "$router") lan=$(lan_of "$router")
	low=$((20000 + nat_index[$router] % 400 * 100))
	to4="snat to 203.0.$n.${nat_address[$router]}:$low-$((low + 99))"
	to6="snat to [2001:db8:$n::${nat_address[$router]}]:$low-$((low + 99))"
	if [[ ${JVPN_NAT:-} == masquerade ]]; then to4="masquerade fully-random" to6="masquerade fully-random"; fi
	in_ns "$router" nft -f - <<-END
		table ip nat
		delete table ip nat
		table ip nat {
			chain post {
				type nat hook postrouting priority 100; policy accept;
				oifname "wan" ip saddr 192.168.$lan.0/24 meta l4proto { tcp, udp } $to4
				oifname "wan" ip saddr 192.168.$lan.0/24 snat to 203.0.$n.${nat_address[$router]}
			}
		}
		table ip6 nat
		delete table ip6 nat
		table ip6 nat {
			chain post {
				type nat hook postrouting priority 100; policy accept;
				oifname "wan" ip6 saddr fd00:$lan::/64 meta l4proto { tcp, udp } $to6
				oifname "wan" ip6 saddr fd00:$lan::/64 snat to 2001:db8:$n::${nat_address[$router]}
			}
		}
	END
}
# nat_rebind port|addr [ROUTER]: new rule first, then the entry goes: the client's next datagram gets
# the new public port (and address), what comes back to the old one is dropped.
nat_rebind() {
	local router=${2:-r}
	nat_index[$router]=$((nat_index[$router] + 1))
	[[ $1 != addr ]] || nat_address[$router]=$((nat_address[$router] % 3 + 1))
	nat_apply "$router"
	in_ns "$router" conntrack -D -p udp --dport $port >/dev/null 2>&1 || true
	in_ns "$router" conntrack -D -f ipv6 -p udp --dport $port >/dev/null 2>&1 || true
	echo "$(now_ns) $1" >>"$work/rebindings"
}
# nat_mapping [ROUTER]: "address port" of the client as the server sees it; nothing when there is no
# entry.
nat_mapping() {
	{
		in_ns "${1:-r}" conntrack -L -p udp --dport $port 2>/dev/null || true
		in_ns "${1:-r}" conntrack -L -f ipv6 -p udp --dport $port 2>/dev/null || true
	} | sed -nE 's/.* src=[^ ]+ dst=([^ ]+) sport=[0-9]+ dport=([0-9]+) .*/\1 \2/p' | head -n 1
}
mapping_differs() {
	local now
	now=$(nat_mapping)
	[[ -n $now && $now != "$1" ]]
}

# --- the programs ---

# make_server [KEY: VALUE lines on stdin are added to server.yaml]: CA, certificate, tokens and
# configuration in $work/server.
make_server() {
	if [[ ! -d $work/server ]]; then
		"$builddir/jvpn-server" init "$work/server" --name vpn.test --address "$server4" \
			>"$work/init.log" 2>&1 || fail "jvpn-server init: $(tail -n 3 "$work/init.log")"
	fi
	server_yaml >"$work/server/server.yaml"
}
# What the tests run with. Arguments of the tests come as variables.
server_yaml() {
	cat <<-END
		version: 1
		node_id: test-server
		listen: [ "0.0.0.0:$port", "[::]:$port" ]
		tls:
		  certificate: server.crt
		  key: server.key
		state_dir: state
		auth:
		  tokens: tokens
		public:
		  address: "$server4:$port"
		  name: vpn.test
		pool:
		  ipv4: ${JVPN_POOL4:-$pool4}
		  ipv6: ${JVPN_POOL6:-$pool6}
		routes: [ ${JVPN_ROUTES:-198.51.100.0/24, "2001:db8:51::/64"} ]
		tun:
		  name: $tun
		${JVPN_WORKERS:+workers: $JVPN_WORKERS}
		${JVPN_SERVER_POLICY:+policy: $JVPN_SERVER_POLICY}
		control:
		  socket: ${JVPN_SERVER_SOCKET:-$work/server.sock}
		events:
		  output: ${JVPN_SERVER_EVENTS:-$work/server.jsonl}
		log:
		  level: ${JVPN_LOG_LEVEL:-info}
		${JVPN_SERVER_EXTRA:-}
	END
}
# add_client NAME: the configuration that add-client prints, with the tests' own values.
add_client() {
	local name=$1
	[[ -f $work/$name.printed.yaml ]] || "$builddir/jvpn-server" add-client "$name" -c "$work/server/server.yaml" \
		>"$work/$name.printed.yaml" 2>"$work/add-$name.log" ||
		fail "jvpn-server add-client $name: $(tail -n 3 "$work/add-$name.log")"
	! is_alive server || kill -HUP "${pid_of[server]}" # reads the tokens again
	client_yaml "$name" >"$work/$name.yaml"
	chmod 600 "$work/$name.yaml"
}
client_token() { sed -nE 's/^ *token: *"?([^" ]+)"?.*/\1/p' "$work/$1.printed.yaml" | head -n 1; }
client_yaml() {
	local name=$1
	cat <<-END
		version: 1
		node_id: test-$name
		server:
		  address: "${JVPN_SERVER_ADDRESS:-$server4:$port}"
		  name: ${JVPN_SERVER_NAME:-vpn.test}
		tls:
		  ca: ${JVPN_CA:-$work/server/ca.crt}
		auth:
		  token: ${JVPN_TOKEN:-$(client_token "$name")}
		${JVPN_LABEL:+label: $JVPN_LABEL}
		$(client_interfaces)
		state_dir: ${JVPN_CLIENT_STATE:-none}
		tun:
		  name: $tun
		${JVPN_CLIENT_POLICY:+policy: $JVPN_CLIENT_POLICY}
		control:
		  socket: ${JVPN_CLIENT_SOCKET:-$work/$name.sock}
		events:
		  output: ${JVPN_CLIENT_EVENTS:-$work/$name.jsonl}
		log:
		  level: ${JVPN_LOG_LEVEL:-info}
		${JVPN_CLIENT_EXTRA:-}
	END
}
# JVPN_INTERFACES="eth0, wlan0" (or auto) lets the client use several; without it the one uplink.
client_interfaces() {
	case ${JVPN_INTERFACES:-} in
	'') echo "interfaces: [ eth0 ]" ;;
	auto) echo "interfaces: auto" ;;
	*) echo "interfaces: [ $JVPN_INTERFACES ]" ;;
	esac
}
start_server() {
	event_files+=("$work/server.jsonl")
	spawn server s setarch -R "$builddir/jvpn-server" -c "$work/server/server.yaml" "$@"
	wait_for "the server to listen" server_ready
}
server_ready() {
	is_alive server || fail "the server ended: $(tail -n 2 "$work/server.log")"
	has_event "$work/server.jsonl" NodeStarted && [[ -n $(in_ns s ss -Hlnu "sport = :$port") ]]
}
# start_client [NAME [NS]]
start_client() {
	local name=${1:-client}
	event_files+=("$work/$name.jsonl")
	spawn "$name" "${2:-c}" setarch -R "$builddir/jvpn-client" -c "$work/$name.yaml"
}
wait_tunnel() {
	local name=${1:-client} ns=${2:-c}
	wait_for "$name's tunnel" tunnel_ready "$name" "$ns"
	inner4=$(tun_address "$ns" 4)
	inner6=$(tun_address "$ns" 6)
}
tunnel_ready() {
	is_alive "$1" || fail "$1 ended: $(tail -n 2 "$work/$1.log")"
	[[ -n $(tun_address "$2" 4) && -n $(tun_address "$2" 6) ]] && is_attached "$work/$1.jsonl"
}
is_attached() { [[ $(last_state "$1") == ATTACHED ]]; }
tun_address() { # NS 4|6
	ip -n "$(ns_name "$1")" -"$2" -o addr show dev $tun scope global 2>/dev/null |
		awk '{ sub("/.*", "", $4); print $4; exit }'
}
# The usual start: server, one client called "client", tunnel up.
tunnel() {
	make_server
	add_client client
	start_server
	start_client
	wait_tunnel
}

# A policy that allows what benches need: no cooldown, 600 switches a minute.
bench_policy() {
	cat <<-END
		version: bench
		switching:
		  switch_cooldown_ms: 0
		  max_switches_per_min: 600
		  max_switches_per_hour: 36000
		security:
		  reattach_rate_per_session_per_s: 50
		  reattach_burst: 100
	END
}

# --- events ---

# has_event FILE TYPE [FIXED STRING...]: a line of this type that contains every string.
has_event() { [[ $(count_events "$@") -gt 0 ]]; }
count_events() {
	local file=$1 type=$2 lines
	shift 2
	lines=$(grep -F "\"event_type\":\"$type\"" "$file" 2>/dev/null || true)
	while [[ $# -gt 0 ]]; do
		lines=$(grep -F -- "$1" <<<"$lines" || true)
		shift
	done
	grep -c . <<<"$lines" || true
}
last_state() {
	{ grep -F '"event_type":"SessionStateChange"' "$1" 2>/dev/null || true; } | tail -n 1 |
		sed -nE 's/.*"(to|new_state|to_state)":"([A-Z]+)".*/\2/p'
}
session_ids() { { grep -oE '"session_id":"[0-9a-f]{32}"' "$1" || true; } | sort -u | cut -d'"' -f4; }
switches() { count_events "$1" TransportSwitch; }
switches_at_least() { [[ $(switches "$1") -ge $2 ]]; }
# Every event file of the run is valid line by line (docs/events.schema.json), and the invariants hold.
check_events() {
	local file checker=$srcdir/tests/lib/validate-events
	[[ -x $checker ]] || checker=$builddir/tests/lib/validate-events
	for file in $(printf '%s\n' "${event_files[@]}" | sort -u); do
		[[ -s $file ]] || continue
		if [[ ! -x $checker ]]; then
			skip_one "events of $(basename "$file"): validate-events is not there"
		elif "$checker" "$file" >"$work/validate.log" 2>&1; then
			ok "$(basename "$file"): $(wc -l <"$file") events are valid"
		else
			not_ok "$(basename "$file"): $(head -n 3 "$work/validate.log" | tr '\n' ' ')"
		fi
	done
	prove_events
}
# The invariants of every session hold in what both ends told (tests/lib/prove-events).
# JVPN_PROVE_LATE_MS: how late a deadline may be, for a test that stops processes.
prove_events() {
	local file options=(--late-ms "${JVPN_PROVE_LATE_MS:-1000}") files=()
	[[ -z ${JVPN_SANITIZERS:-} ]] || options=(--late-ms "$((${JVPN_PROVE_LATE_MS:-1000} + 4000))" --early-ms 50)
	for file in "${event_files[@]}"; do
		[[ ! -s $file || " ${files[*]} " == *" $file "* ]] || files+=("$file")
	done
	[[ ${#files[@]} -gt 0 ]] || return 0
	for file in "$work"/*.yaml "$work"/*/*.yaml; do
		[[ -s $file ]] || continue
		grep -q '^node_id:' "$file" || ! grep -qE '^(session|volatility|switching|security|transport):' "$file" ||
			options+=(--policy "$file")
	done
	if "$srcdir/tests/lib/prove-events" "${options[@]}" "${files[@]}" >"$work/prove.log" 2>&1; then
		ok "the invariants hold: $(tr '\n' ' ' <"$work/prove.log")"
	else
		not_ok "the invariants do not hold: $(head -n 3 "$work/prove.log" | sed "s|$work/||g" | tr '\n' ' ')"
	fi
	verify_events "${options[@]}" "${files[@]}"
}
# The second opinion: audit verify must agree. It takes no policy that the server would refuse.
verify_events() {
	local options=()
	while [[ $1 == --* ]]; do
		if [[ $1 != --policy ]] || "$builddir/jvpn-server" policy check "$2" >/dev/null 2>&1; then
			options+=("$1" "$2")
		fi
		shift 2
	done
	if "$builddir/jvpn-server" audit verify "${options[@]}" "$@" >"$work/verify.log" 2>&1; then
		ok "audit verify agrees: $(tail -n 1 "$work/verify.log")"
	else
		not_ok "audit verify finds: $(head -n 3 "$work/verify.log" | sed "s|$work/||g" | tr '\n' ' ')"
	fi
}
# metrics_table TITLE [--probe NAME=FILE] METRIC...: evaluation metrics of the run so far (tests/lib/metrics).
metrics_table() {
	local title=$1 file files=()
	shift
	for file in "${event_files[@]}"; do
		[[ ! -s $file || " ${files[*]} " == *" $file "* ]] || files+=("$file")
	done
	"$srcdir/tests/lib/metrics" --title "$title" "$@" -- "${files[@]}" | sed 's/^/# /' >&3
}
# No TCP connection was reset in these namespaces since they exist (tcp_resets NS...).
tcp_resets() {
	local ns total=0 n
	for ns in "$@"; do
		n=$(in_ns "$ns" awk '/^Tcp:/ && head { for (i = 1; i <= NF; i++) v[name[i]] = $i } /^Tcp:/ { head = 1; for (i = 1; i <= NF; i++) name[i] = $i } END { print v["EstabResets"] + v["OutRsts"] }' /proc/net/snmp)
		total=$((total + n))
	done
	echo "$total"
}

# --- traffic ---

# ping_once NS ADDRESS [OPTION...]
ping_once() {
	local ns=$1 to=$2
	shift 2
	in_ns "$ns" ping -n -q -c 1 -W 2 "$@" "$to" >/dev/null 2>&1
}
# probe_start NAME OPTION...: between the client's inner address and the web host.
probe_start() {
	local name=$1
	shift
	: >"$work/rebindings"
	"$builddir/tests/lib/probe" --ns-a "$(ns_name c)" --ns-b "$(ns_name w)" --addr-a "$inner4" \
		--addr-b $web4 --events "$work/rebindings" "$@" >"$work/$name.json" 2>"$work/$name.log" 3>&- &
	pid_of[$name]=$!
}
# json FILE PYTHON-EXPRESSION on d
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }
json_true() { [[ $(json "$1" "$2") == True ]]; }
