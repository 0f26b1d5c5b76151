#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints tests/golden/protocol.txt: the test vectors of docs/protocol.md.

Written from docs/protocol.md with Python's hashlib, hmac and cryptography, not from the C code: that the unit
tests agree with it is the evidence that document and code say the same.
	tests/golden/protocol.py > tests/golden/protocol.txt
"""
import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LABEL = b"jvpn reattach v1"
CREATED, STATE, REQUEST, ACK, DENY, REQUIRED, HINT, TERMINATE = range(1, 9)
CAPSULE_BASE = 0x2A565000


def sequence(first, count):
    return bytes((first + i) & 255 for i in range(count))


SESSION_ID = sequence(0x00, 16)
SESSION_KEY = sequence(0x20, 32)
EXPORTER = sequence(0x40, 32)
CHALLENGE = sequence(0x60, 16)


def hkdf(key, info, length=32):
    prk = hmac.new(bytes(32), key, hashlib.sha256).digest()
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha256).digest()
        out, n = out + block, n + 1
    return out[:length]


K_C2S = hkdf(SESSION_KEY, b"jvpn c2s v1" + SESSION_ID)
K_S2C = hkdf(SESSION_KEY, b"jvpn s2c v1" + SESSION_ID)


def put(name, value):
    print(f"{name} = {value.hex() if isinstance(value, bytes) else value}")


def text(s):
    return bytes([len(s)]) + s.encode()


def varint(v):
    for size, flag, bits in ((1, 0, 6), (2, 1, 14), (4, 2, 30), (8, 3, 62)):
        if v < 1 << bits:
            return (v | flag << (size * 8 - 2)).to_bytes(size, "big")
    raise ValueError(v)


def message(name, number, body, key=None, covered=None, exporter=True):
    put(f"{name}.type", format(CAPSULE_BASE + number, "x"))
    value = body
    if key:
        given = LABEL + bytes([number]) + (covered if covered is not None else SESSION_ID + body)
        mac = hmac.new(key, given + (EXPORTER if exporter else b""), hashlib.sha256).digest()
        put(f"{name}.input", given)
        put(f"{name}.mac", mac)
        value = body + mac
    put(f"{name}.value", value)
    put(f"{name}.capsule", varint(CAPSULE_BASE + number) + varint(len(value)) + value)
    return value


def sf(data):
    return ":" + base64.b64encode(data).decode() + ":"


def request_covered(counter, version, age, challenge, ranking=b""):
    return (SESSION_ID + struct.pack(">QQQ", counter, version, age)
            + bytes([len(challenge)]) + challenge + ranking)


def main():
    print("# Made by tests/golden/protocol.py; read by the unit tests. Hexadecimal, or text.")
    put("session_id", SESSION_ID)
    put("session_key", SESSION_KEY)
    put("exporter", EXPORTER)
    put("challenge", CHALLENGE)
    put("k_c2s", K_C2S)
    put("k_s2c", K_S2C)

    message("session_created", CREATED,
            SESSION_ID + struct.pack(">QQQQ", 1, 0, 28800000, 600000) + text("wlan0#1")
            + bytes([3]) + bytes([0x09, 0xA5, 0x07]))
    # VOLATILE (3), transport_dead (10)
    message("session_state", STATE, struct.pack(">BHQQQ", 3, 10, 2, 61000, 5), K_S2C)
    # planned_handover (13)
    why = (text("lower p95 latency: lte0#2 loss=0ppm p95=20000us stable=12s")
           + struct.pack(">I", 301250))
    for name, challenge, ranking in (("reattach_request", b"", b""),
                                     ("reattach_request_challenge", CHALLENGE, b""),
                                     ("reattach_request_ranking", b"", why),
                                     ("reattach_request_both", CHALLENGE, why)):
        body = (SESSION_ID + struct.pack(">QQQH", 65, 4, 61234, 13) + text("lte0")
                + bytes([len(challenge)]) + challenge + (ranking or bytes(1)))
        message(name, REQUEST, body, K_C2S, request_covered(65, 4, 61234, challenge, ranking))
    message("reattach_ack", ACK, struct.pack(">QQQ", 65, 7, 61250) + text("lte0#2"), K_S2C,
            exporter=False)
    # cooldown_active (47)
    deny = struct.pack(">QHQQQ", 65, 47, 900, 4, 61250)
    message("reattach_deny", DENY, deny, K_S2C, exporter=False)
    # path_change_observed (11)
    message("reattach_required", REQUIRED,
            struct.pack(">H", 11) + CHALLENGE + struct.pack(">QQQ", 4, 61250, 6), K_S2C)
    message("transport_hint", HINT,
            bytes([2]) + bytes([4, 192, 0, 2, 1]) + struct.pack(">H", 443)
            + bytes([6]) + bytes.fromhex("20010db8000000000000000000000001")
            + struct.pack(">H", 8443))
    # client_closed (31) by the client, operator_terminated (30) by the server
    message("terminate_client", TERMINATE, struct.pack(">HQ", 31, 7), K_C2S)
    message("terminate_server", TERMINATE, struct.pack(">HQ", 30, 8), K_S2C)

    proof = hmac.new(K_C2S, LABEL + bytes([REQUEST]) + request_covered(65, 4, 61234, b"") + EXPORTER,
                     hashlib.sha256).digest()
    put("field.create", 'v=1, op=create, label="wlan0"')
    put("field.attach", f'v=1, op=attach, sid={sf(SESSION_ID)}, ctr=65, ver=4, age=61234, '
                        f'proof={sf(proof)}, label="lte0"')
    mac = hmac.new(K_S2C, LABEL + bytes([DENY]) + SESSION_ID + deny, hashlib.sha256).digest()
    put("field.refused", "v=1, op=refused, reason=cooldown_active, ctr=65, ver=4, age=61250, "
                         f"retry=900, mac={sf(mac)}")
    put("field.refused_bare", "v=1, op=refused, reason=reattach_refused")
    put("field.ok", "v=1, op=ok")

    # config id 2, server id a1b2, worker 7, 8 random octets
    put("cid.encoded_len", bytes([2 << 5 | 11]) + bytes.fromhex("a1b2") + bytes([7]) + sequence(0x81, 8))
    put("cid.random_low", bytes([2 << 5 | 0x1F]) + bytes.fromhex("a1b2") + bytes([7]) + sequence(0x81, 8))
    put("cid.route_prefix", bytes([2 << 5 | 11]) + bytes.fromhex("a1b2") + bytes([7]))
    put("cid.initial", bytes([2 << 5 | 11]) + bytes.fromhex("a1b2") + bytes([7]) + sequence(0x90, 8))

    nonce = sequence(0xC0, 16)
    put("challenge.key", SESSION_KEY)
    put("challenge.nonce", nonce)
    label = b"jvpn challenge v1"
    epoch = struct.pack(">Q", 3)  # 90 s .. 120 s
    remote4 = bytes([4, 203, 0, 113, 9]) + bytes(12) + struct.pack(">H", 50000)
    local4 = bytes([4, 192, 0, 2, 1]) + bytes(12) + struct.pack(">H", 443)
    remote6 = bytes([6]) + bytes.fromhex("20010db8000000000000000000000009") + struct.pack(">H", 50000)
    for name, remote, local in (("ipv4", remote4, local4), ("ipv6_no_local", remote6, bytes(19))):
        put(f"challenge.{name}", hmac.new(SESSION_KEY, label + nonce + epoch + remote + local,
                                          hashlib.sha256).digest()[:16])

    put("connectip.assign", varint(1) + bytes([4, 10, 7, 0, 2, 32]) + varint(0) + bytes([6])
        + bytes.fromhex("fd0000000000000000070000000000" "00") + bytes([80]))
    put("connectip.request", varint(1) + bytes([4, 0, 0, 0, 0, 32]) + varint(16384) + bytes([6])
        + bytes(16) + bytes([128]))
    put("connectip.routes", bytes([4, 0, 0, 0, 0, 9, 255, 255, 255, 0])
        + bytes([4, 11, 0, 0, 0, 255, 255, 255, 255, 0])
        + bytes([6]) + bytes(16) + b"\xff" * 16 + bytes([0]))
    # draft-ietf-masque-connect-ip-dns-06: the examples of its section 3.6, and others
    def domain(name):
        return varint(len(name)) + name.encode()

    def nameserver(priority, ipv4, ipv6, name="", parameters=b""):
        return (priority.to_bytes(2, "big") + varint(len(ipv4)) + b"".join(map(bytes, ipv4)) + varint(len(ipv6))
                + b"".join(map(bytes.fromhex, ipv6)) + domain(name) + varint(len(parameters)) + parameters)

    def configuration(nameservers, internal, search):
        return (varint(len(nameservers)) + b"".join(nameservers) + varint(len(internal)) + b"".join(map(domain, internal))
                + varint(len(search)) + b"".join(map(domain, search)))

    def parameter(key, value):
        return struct.pack(">HH", key, len(value)) + value

    doc6 = "20010db8000000000000000000000001"
    https = nameserver(1, [], [], "masque.example.org", parameter(1, b"\2h2\2h3") + parameter(7, b"/dns-query{?dns}"))
    split = configuration([nameserver(1, [[192, 0, 2, 33]], [doc6])], ["internal.corp.example"],
                          ["internal.corp.example", "corp.example"])
    put("dnsassign.https", configuration([https], [""], []))
    put("dnsassign.split", split)
    put("dnsassign.several", configuration([https], [""], []) + split
        + configuration([nameserver(1, [[198, 51, 100, 53]], [])], ["other.example"], []))
    put("dnsassign.root", configuration(
        [nameserver(1, [[10, 77, 0, 1]], []), nameserver(2, [], ["fd770077000000000000000000000001"])], [""], ["corp.example"]))
    put("connectip.dgram_prefix", varint(44 // 4) + varint(0))
    salt = sequence(0xE0, 32)
    key = hkdf(SESSION_KEY, b"jvpn seal v1" + salt)
    put("seal.record", bytes([1]) + salt + AESGCM(key).encrypt(bytes(12), K_C2S, SESSION_ID))
    put("token.hash", hashlib.sha256(b"correct horse battery staple").hexdigest())


if __name__ == "__main__":
    main()
