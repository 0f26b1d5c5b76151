# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# The client's second uplink and what happens to uplinks. Sourced by lib.sh.
#
#      c: client               r, r2: routers, NAT                      s: server
#   +------------+   +---------------------------------+   +--------------------------------+
#   | eth0    .2 |---| lan 192.168.77.1   wan  .113.1-3 |---| wan  203.0.113.254  <- the one  |
#   | wlan0   .2 |---| lan 192.168.78.1   wan  .114.1-3 |---| wan2 203.0.114.254     address  |
#   +------------+   +---------------------------------+   +--------------------------------+
#
# The server has one address, 203.0.113.254 (2001:db8:113::254), which both uplinks reach: r2 routes
# to it by way of wan2. Answers leave the server the way the question came, because the two NATs have
# networks of their own. In the client eth0's default route is the better one; a socket bound to
# wlan0 finds wlan0's.

# JVPN_RTT_MS=20 (before topology) gives both uplinks that round trip: a "wire" (tests/lib/wire.c)
# lies between each router and the server, behind the NAT. wire ROUTER COMMAND changes it while it
# runs: delay, jitter, loss, ce, rate, queue, each UP [DOWN]; blackhole on|off|up|down.
uplink_cable() { # ROUTER DEVICE-OF-S
	local end
	if [[ -z ${JVPN_RTT_MS:-} ]]; then
		link "$1" wan s "$2"
		return
	fi
	if [[ " ${namespaces[*]} " != *" x "* ]]; then
		add_ns x
		in_ns x sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	fi
	link "$1" wan x "$1-a"
	link x "$1-b" s "$2"
	ip -n "$(ns_name "$1")" link set wan gso_max_segs 1
	ip -n "$(ns_name s)" link set "$2" gso_max_segs 1
}
wire_up() { # ROUTER
	[[ -n ${JVPN_RTT_MS:-} ]] || return 0
	spawn "wire-$1" x "$builddir/tests/lib/wire" --a "$1-a" --b "$1-b" --ctl "$work/wire-$1.ctl" \
		--set "delay $(awk "BEGIN { print $JVPN_RTT_MS / 2 }")" --realtime
	wait_for "the wire of $1" test -S "$work/wire-$1.ctl"
}
wire() { # ROUTER COMMAND...
	local router=$1
	shift
	"$builddir/tests/lib/udp-relay" --send "$work/wire-$router.ctl" "$*"
}

# second_uplink: after topology.
second_uplink() {
	add_ns r2
	link c wlan0 r2 lan
	uplink_cable r2 wan2
	address c wlan0 192.168.78.2/24 fd00:78::2/64
	address r2 lan 192.168.78.1/24 fd00:78::1/64
	address r2 wan 203.0.114.{1,2,3,66}/24 2001:db8:114::{1,2,3,66}/64
	address s wan2 203.0.114.254/24 2001:db8:114::254/64
	in_ns r2 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$(ns_name r2)" route add $server4 via 203.0.114.254
	ip -n "$(ns_name r2)" route add $server6 via 2001:db8:114::254
	uplink_routes wlan0
	nat_apply r2
	nat_silent r2
	wire_up r2
}
router_of() { if [[ $1 == wlan0 ]]; then echo r2; else echo r; fi; } # of an interface of the client
# uplink_routes DEV: (again) the default routes of an interface of the client.
uplink_routes() {
	local ns lan metric=0 metric6=1024
	ns=$(ns_name c) lan=$(lan_of "$(router_of "$1")")
	[[ $1 != wlan0 ]] || metric=600 metric6=2048
	ip -n "$ns" route replace default via "192.168.$lan.1" dev "$1" metric $metric
	ip -n "$ns" route replace default via "fd00:$lan::1" dev "$1" metric $metric6
}

# cut_path ROUTER [up|down|both]: packets vanish, both ends see nothing but silence. "up" is what
# the client sends. Everything that the router forwards is cut, living NAT entries included.
cut_path() {
	local router=$1 match=
	case ${2:-both} in
	up) match='iifname "lan"' ;;
	down) match='oifname "lan"' ;;
	esac
	in_ns "$router" nft -f - <<-END
		table inet cut
		delete table inet cut
		table inet cut {
			chain forward {
				type filter hook forward priority -10; policy accept;
				$match counter drop
			}
		}
	END
}
heal_path() { in_ns "$1" nft delete table inet cut 2>/dev/null || true; }
# loss_spike ROUTER PERCENT: random loss in both directions; 0 ends it.
loss_spike() {
	local which="numgen random mod 100 < $2"
	[[ $2 -lt 100 ]] || which=
	in_ns "$1" nft -f - <<-END
		table inet loss
		delete table inet loss
		table inet loss {
			chain forward {
				type filter hook forward priority -9; policy accept;
				$which counter drop
			}
		}
	END
}
# link_down DEV: an interface of the client goes away: admin down, its routes and IPv6 addresses go.
link_down() { ip -n "$(ns_name c)" link set "$1" down; }
# link_up DEV [HOST]: it comes back, with host number HOST (default: the one it has) in its networks.
link_up() {
	local ns lan host=${2:-}
	ns=$(ns_name c) lan=$(lan_of "$(router_of "$1")")
	if [[ -n $host ]]; then
		ip -n "$ns" addr flush dev "$1" scope global
	else
		host=$(ip -n "$ns" -4 -o addr show dev "$1" | sed -nE 's/.* inet [0-9]+\.[0-9]+\.[0-9]+\.([0-9]+).*/\1/p' | head -n 1)
	fi
	ip -n "$ns" addr replace "192.168.$lan.$host/24" dev "$1"
	ip -n "$ns" link set "$1" up
	ip -n "$ns" addr replace "fd00:$lan::$host/64" dev "$1" nodad
	uplink_routes "$1"
}
# carrier_down DEV, carrier_up DEV: the far end of the cable; addresses stay, operstate is DOWN.
carrier_down() { ip -n "$(ns_name "$(router_of "$1")")" link set lan down; }
carrier_up() {
	local ns lan router
	router=$(router_of "$1")
	ns=$(ns_name "$router") lan=$(lan_of "$router")
	ip -n "$ns" link set lan up
	ip -n "$ns" addr replace "fd00:$lan::1/64" dev lan nodad # IPv6 addresses went with the link
	poll "$deadline" carrier_is_up "$1"
	uplink_routes "$1"
}
carrier_is_up() { [[ $(in_ns c cat "/sys/class/net/$1/operstate") == up ]]; }
# path_works DEV [FAMILY]: the server answers a ping over this interface of the client.
path_works() {
	local to=$server4
	[[ ${2:-4} == 4 ]] || to=$server6
	in_ns c ping -n -q -c 1 -W 1 -I "$1" "$to" >/dev/null 2>&1
}

# standing FILE: the binding's label and those of its candidates, by the events in FILE. Two transports
# of one label may be there for a moment, so they are told apart by their ids; a client learns the
# number of a candidate's id only when it binds it.
standing() {
	awk '
		function member(name,   at, text) {
			at = index($0, "\"" name "\":\"")
			if (!at) return ""
			text = substr($0, at + length(name) + 4)
			sub(/".*/, "", text)
			return text
		}
		function label(id) { sub(/#.*/, "", id); return id }
		/"event_type":"TransportAttached"/ { bound = member("transport") }
		/"event_type":"TransportCandidateAdded"/ { there[member("transport")] = 1 }
		/"event_type":"TransportCandidateRemoved"/ { delete there[member("transport")] }
		/"event_type":"TransportSwitch"/ {
			bound = member("new_transport")
			delete there[bound]
			delete there[label(bound)]
		}
		END {
			printf "%s", label(bound)
			for (id in there) if (label(id) != label(bound) && !said[label(id)]++) printf " %s", label(id)
			print ""
		}' "$1"
}
