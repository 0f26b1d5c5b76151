#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/fuzz/corpus/ from the golden vectors and a few packets.
	tests/fuzz/corpus.py	(run it in the top folder)
"""
import os
import struct

TYPES = {"session_created": 1, "session_state": 2, "reattach_request": 3,
         "reattach_request_challenge": 3, "reattach_request_ranking": 3,
         "reattach_request_both": 3, "reattach_ack": 4, "reattach_deny": 5,
         "reattach_required": 6, "transport_hint": 7, "terminate_client": 8, "terminate_server": 8}


def write(target, name, data):
    folder = os.path.join("tests/fuzz/corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def checksum(data):
    s = sum(int.from_bytes(data[i:i + 2].ljust(2, b"\0"), "big") for i in range(0, len(data), 2))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return (~s & 0xFFFF).to_bytes(2, "big")


def ipv4(protocol, payload, frag=b"\x40\0"):
    h = (b"\x45\x01" + (20 + len(payload)).to_bytes(2, "big") + b"\x12\x34" + frag + b"\x40"
         + bytes([protocol]) + b"\0\0" + bytes([10, 7, 0, 2, 192, 0, 2, 5]))
    return h[:10] + checksum(h) + h[12:] + payload


def ipv6(next_header, payload):
    return (b"\x60\x20\0\0" + len(payload).to_bytes(2, "big") + bytes([next_header, 64])
            + bytes.fromhex("fd000000000000000007000000000002")
            + bytes.fromhex("20010db8000000000000000000000005") + payload)


def attribute(kind, data):
    return struct.pack("<HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def netlink(kind, body):
    return struct.pack("<IHHII", 16 + len(body), kind, 0, 1, 0) + body


def link(kind, index, flags, name, operstate, family=0):
    return netlink(kind, struct.pack("<BxHiII", family, 1, index, flags, 0)
                   + attribute(3, name + b"\0") + attribute(16, bytes([operstate])))


def address(kind, index, raw, flags):
    return netlink(kind, struct.pack("<BBBBI", 2 if len(raw) == 4 else 10, 24, flags & 255, 0, index)
                   + attribute(1, raw) + attribute(2, raw) + attribute(8, struct.pack("<I", flags)))


def route(kind, index):
    return netlink(kind, struct.pack("<BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0)
                   + attribute(4, struct.pack("<I", index)))


def netmon():
    global6 = bytes.fromhex("20010db8000000000000000000000007")
    up = link(16, 3, 0x11043, b"eth0", 6)
    write("netmon", "link", up)
    write("netmon", "address", address(20, 3, b"\xc0\0\2\7", 0x80))
    write("netmon", "life", up + address(20, 3, b"\xc0\0\2\7", 0x80) + address(20, 3, global6, 0xc0)
          + address(20, 3, global6, 0x80) + route(24, 3) + address(21, 3, b"\xc0\0\2\7", 0x80)
          + link(16, 3, 0x1003, b"eth0", 2) + link(17, 3, 0x1002, b"eth0", 2))
    write("netmon", "two", link(16, 1, 0x10049, b"lo", 0) + up + link(16, 4, 0x11043, b"jvpn0", 0)
          + link(16, 3, 0x11043, b"eth0", 6, 7) + route(25, 4))


def dns():
    question = b"\3vpn\7example\3net\0" + struct.pack(">HH", 1, 1)

    def answer(rcode, *records):
        return (struct.pack(">HHHHHH", 0x1234, 0x8180 | rcode, 1, len(records), 0, 0) + question
                + b"".join(records))

    def record(owner, kind, data):
        return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data

    here = b"\xc0\x0c"
    write("dns", "two", answer(0, record(here, 1, b"\xc0\0\2\1"), record(here, 1, b"\xc0\0\2\2")))
    write("dns", "alias", answer(0, record(here, 5, b"\1x" + b"\xc0\x10"),
                                 record(b"\1x\xc0\x10", 1, b"\xc0\0\2\1")))
    write("dns", "none", answer(3))


def main():
    netmon()
    dns()
    golden = {}
    with open("tests/golden/protocol.txt", encoding="ascii") as f:
        for line in f:
            if not line.startswith("#"):
                name, value = line.rstrip("\n").split(" = ", 1)
                golden[name] = value
    stream = b""
    for name, number in TYPES.items():
        write("jvmsg", name, bytes([number]) + bytes.fromhex(golden[name + ".value"]))
        capsule = bytes.fromhex(golden[name + ".capsule"])
        write("capsule", name, bytes([4]) + capsule)
        stream += capsule
    write("capsule", "all", bytes([16]) + stream)
    write("capsule", "unknown_between", b"\7\1\0" + b"\x17\5hello" + b"\2\0" + b"\0\3abc")
    with open("tests/golden/saved-v1.hex", encoding="ascii") as f:
        write("saved", "v1", bytes.fromhex(f.read().strip()))
    for i, name in enumerate(("assign", "request", "routes", "dgram_prefix")):
        write("connectip", name, bytes([i]) + bytes.fromhex(golden["connectip." + name]))
    for name in ("split", "root", "https", "several"):
        write("dnsassign", name, bytes.fromhex(golden["dnsassign." + name]))
    write("connectip", "path", b"\4/.well-known/masque/ip/*/%2A/")
    for name in ("create", "attach", "refused", "refused_bare", "ok"):
        write("jvfield", name, golden["field." + name].encode())
    write("jvfield", "odd", b'v=1;p="x", op=create, x=(1 "a" :AA==:;b ?0);c, y=@5, z=%"f%c3%bc", '
                            b'w=-1.5, label="wlan0", t=a/b:c')
    syn = bytes.fromhex("9c4001bb12345678000000007002ffff00000000020405b401010101")
    write("ippkt", "tcp4", ipv4(6, syn))
    write("ippkt", "tcp6", ipv6(6, syn))
    write("ippkt", "udp4", ipv4(17, bytes(60)))
    write("ippkt", "icmp4", ipv4(1, b"\x08\0" + bytes(30)))
    write("ippkt", "icmp6", ipv6(58, b"\x80\0" + bytes(30)))
    write("ippkt", "fragment4", ipv4(17, bytes(24), b"\x20\0"))
    write("ippkt", "chain6", ipv6(0, bytes([60]) + bytes(7) + bytes([43, 1]) + bytes(14)
                                  + bytes([44]) + bytes(7) + bytes([17, 0, 0, 1]) + bytes(4)
                                  + bytes(16)))


def event(seq, kind, text="", role="server"):
    session = '"session_id":"%s",' % ("5f" * 16) if text else ""
    return ('{"ts_ms":%d,"seq":%d,"pid":7,"event_type":"%s","node_id":"n","role":"%s","policy_version":"default",%s%s'
            % (1795255200000 + 1000 * seq, seq, kind, role, session, text)).rstrip(",") + "}\n"


def change(seq, version, old, new, reason):
    return event(seq, "SessionStateChange", '"state_version":%d,"from":"%s","to":"%s","reason_code":"%s"'
                 % (version, old, new, reason))


def write_events():
    switch = ('"state_version":5,"reason_code":"transport_dead","previous_transport":"eth0#1","new_transport":"wlan0#2",'
              '"candidate_count":1,"loss_ratio":0.25,"latency_estimate_ms":20.5,"detect_ms":2,"recover_ms":20.25,"explicit":true')
    totals = ('"state_version":6,"reason_code":"client_closed","session_age_ms":9000,"transportless_age_ms":0,"total_switches":1,'
              '"tx_packets":1,"tx_bytes":2,"rx_packets":3,"rx_bytes":4')
    life = (event(1, "NodeStarted")
            + event(2, "SessionCreated", '"state_version":1,"inner_ipv4":"10.77.0.2"')
            + change(3, 2, "BIRTH", "ATTACHED", "attached_to_transport")
            + event(4, "TransportAttached", '"state_version":2,"transport":"eth0#1"')
            + change(5, 3, "ATTACHED", "VOLATILE", "transport_dead")
            + change(6, 4, "VOLATILE", "RECOVERING", "dead_transport_recovery")
            + event(7, "ReattachAttempt", '"state_version":4,"counter":3,"request_version":4,"transport":"wlan0#2"')
            + change(8, 5, "RECOVERING", "ATTACHED", "reattach_success")
            + event(9, "TransportSwitch", switch)
            + change(10, 6, "ATTACHED", "TERMINATED", "client_closed")
            + event(11, "SessionTerminated", totals))
    write("event", "life", life.encode())
    write("event", "lost", (event(1, "NodeStarted") + event(5, "TelemetryDegraded")).encode())
    write("event", "restored", (event(1, "NodeStarted") + event(
        2, "SessionRestored", '"state_version":9,"from":"RECOVERING","to":"DEGRADED","session_age_ms":5')).encode())
    write("event", "odd", b'{"ts_ms":1,"unknown":[{"a":[1,2]},"\\u00e9"],"seq":2.5}\n{}\n[]\n{"a":"\\q"}\n\n')


if __name__ == "__main__":
    main()
    write_events()
