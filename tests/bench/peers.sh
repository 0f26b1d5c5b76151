# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034
#
# wireguard-go and OpenVPN as products of recovery-set and compare, in the same namespaces and with the
# same inner addresses. Ours to configure: keepalives as their manuals recommend (WireGuard
# PersistentKeepalive 25, OpenVPN keepalive 10 60 and float).
# JVPN_WIREGUARD_GO, JVPN_OPENVPN: the programs; by default what Debian has installed.

readonly peer_net=10.77.0
# The uplink that the kernel's routing takes; it changes with the link, not with the path.
kernel_active() { in_ns c ip -o route get $server4 | sed -nE 's/.* dev ([a-z0-9]+) .*/\1/p'; }
kernel_has_moved() { flows_pass; }
kernel_is_ready() { flows_pass; }

# --- WireGuard ---
wireguard_keys() {
	local end
	for end in server client; do
		(umask 077 && wg genkey >"$work/$end.key")
		wg pubkey <"$work/$end.key" >"$work/$end.pub"
	done
}
wireguard_device() { # NS DEV: it is there; finer than poll, whose pause would count as set-up time
	local try
	for ((try = 0; try < 2000; try++)); do
		! in_ns "$1" wg show "$2" >/dev/null 2>&1 || return 0
		sleep 0.002
	done
	return 1
}
# The devices have names of their own: wireguard-go's control sockets lie in one folder for all.
wireguard_run() { # END
	local ns=s dev=s$$ address=$peer_net.1
	[[ $1 == server ]] || ns=c dev=c$$ address=$peer_net.2
	spawn "$1" "$ns" env WG_PROCESS_FOREGROUND=1 "${JVPN_WIREGUARD_GO:-wireguard-go}" -f "$dev"
	wireguard_device "$ns" "$dev" || fail "wireguard-go makes no device"
	if [[ $1 == server ]]; then
		in_ns s wg set "$dev" listen-port $port private-key "$work/server.key" \
			peer "$(cat "$work/client.pub")" allowed-ips $peer_net.2/32
	else
		in_ns c wg set "$dev" private-key "$work/client.key" peer "$(cat "$work/server.pub")" \
			allowed-ips 0.0.0.0/0 endpoint $server4:$port persistent-keepalive 25
	fi
	ip -n "$(ns_name $ns)" addr replace $address/24 dev "$dev"
	ip -n "$(ns_name $ns)" link set "$dev" up
	[[ $1 == server ]] || ip -n "$(ns_name c)" route replace 198.51.100.0/24 dev "$dev"
}
wireguard_serve() {
	wireguard_keys
	wireguard_run server
}
wireguard_start() {
	wireguard_serve
	wireguard_run client
	inner4=$peer_net.2
	wait_for "packets through WireGuard" packets_pass
}
peer_cleanup() { rm -f "/var/run/wireguard/s$$.sock" "/var/run/wireguard/c$$.sock"; }
wireguard_kill() { kill -KILL "${pid_of[$1]}" && { wait "${pid_of[$1]}" || true; } 2>/dev/null; }
wireguard_again() { wireguard_run "$1"; }
wireguard_active() { kernel_active; }
wireguard_has_moved() { kernel_has_moved; }
wireguard_is_ready() { kernel_is_ready; }

# --- OpenVPN ---
openvpn_certificate() { # NAME EXTENSION
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 30 \
		-extfile <(printf 'keyUsage=digitalSignature\nextendedKeyUsage=%s\n' "$2") -out "$work/$1.pem" 2>/dev/null
}
openvpn_run() { # END
	local common=(--dev "$tun" --dev-type tun --proto udp4 --ca "$work/ca.pem" --cert "$work/$1.pem"
		--key "$work/$1.key" --data-ciphers AES-256-GCM --verb 3 --float)
	if [[ $1 == server ]]; then
		spawn server s "${JVPN_OPENVPN:-openvpn}" "${common[@]}" --server $peer_net.0 255.255.255.0 --topology subnet --dh none \
			--port $port --keepalive 10 60 --ifconfig-pool-persist "$work/pool" 1 --multihome
	else
		spawn client c "${JVPN_OPENVPN:-openvpn}" "${common[@]}" --client --remote $server4 $port --nobind --remote-cert-tls server \
			--persist-tun --persist-key --route 198.51.100.0 255.255.255.0 --connect-retry 1 5
	fi
}
openvpn_serve() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -days 30 \
		-keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
	openvpn_certificate server serverAuth
	openvpn_certificate client clientAuth
	openvpn_run server
}
openvpn_start() {
	openvpn_serve
	openvpn_run client
	inner4=$peer_net.2
	wait_for "packets through OpenVPN" packets_pass
}
openvpn_kill() { wireguard_kill "$1"; }
openvpn_again() { openvpn_run "$1"; }
openvpn_active() { kernel_active; }
openvpn_has_moved() { kernel_has_moved; }
openvpn_is_ready() { kernel_is_ready; }
