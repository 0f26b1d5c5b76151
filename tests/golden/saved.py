#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/saved-v1.hex from the table in docs/internals/client-state.md, independently of
the C code. The file is what a client of format version 1 wrote: it never changes; a new format gets a
new file and this one stays readable or is refused by its version.

usage: tests/golden/saved.py > tests/golden/saved-v1.hex
"""
import hashlib
import struct


def u16(v):
    return struct.pack(">H", v)


def u64(v):
    return struct.pack(">Q", v)


def text(v):
    return bytes([len(v)]) + v


def part(v):
    return u16(len(v)) + v


def octets(first, count):
    return bytes(range(first, first + count))


# tests/golden/record.py has the same layout in words
numbers = [0, 12, 12, 14, 3600000, 0, 28800000, 600000, 3, 128, 0]
record = (
    u16(1) + u16(0)
    + bytes([2])  # ATTACHED
    + octets(0, 16)
    + b"".join(u64(v) for v in numbers)
    + struct.pack(">I", 0)
    + u64(0) + u64(0)  # an empty window
    + u64(1790000000123) + u64(86400456) + octets(0xA0, 16)
    + bytes([2])
    + bytes([4, 32, 10, 9, 0, 2])
    + bytes([6, 128]) + bytes.fromhex("fd000000000000000000000000000002")
    + bytes([0])  # no user
    + u16(0)  # no seal
)
routes = (
    bytes([4]) + bytes(4) + b"\xff" * 4 + bytes([0])
    + bytes([6]) + b"\x20" + bytes(15) + b"\x3f" + b"\xff" * 15 + bytes([0])
)
body = (
    text(b"vpn.example.org") + octets(0x20, 32) + text(b"laptop") + text(b"wlan0")
    + text(bytes([0xC1, 0xC2, 0xC3])) + text(b"192.0.2.1:443") + text(b"jvpn0")
    + struct.pack(">I", 1406)
    + octets(0x40, 32) + octets(0x80, 32)
    + part(record) + part(routes) + part(b"opaqu")
)
head = b"jvpnsave" + u16(1) + struct.pack(">I", 14 + len(body) + 32)
print((head + body + hashlib.sha256(head + body).digest()).hex())
