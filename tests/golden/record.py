#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tests/golden/record-v1.hex from the table in docs/internals/store.md, independently of the C
code. The file is what a server of format version 1 stored: it never changes; a new format gets a
new file and this one stays readable or is refused by its version.

usage: tests/golden/record.py > tests/golden/record-v1.hex
"""
import struct


def u16(v):
    return struct.pack(">H", v)


def u64(v):
    return struct.pack(">Q", v)


window = {0: 0x8000000000000001, 5: 0xFF, 63: 1}
replay = u64(4097) + u64(sum(1 << i for i in window)) + b"".join(u64(window[i]) for i in sorted(window))
numbers = [0x1122334455667788, 42, 40, 0, 3600000, 1500, 0, 0, 7, 99, 17]
head = (
    u16(1)  # version
    + u16(1)  # plain
    + bytes([3])  # VOLATILE
    + bytes(range(16))  # session id
    + b"".join(u64(v) for v in numbers)
    + struct.pack(">I", 5)
    + replay
    + u64(1790000000123) + u64(86400456) + bytes(range(0xA0, 0xB0))
    + bytes([2])
    + bytes([4, 32, 10, 9, 0, 2])
    + bytes([6, 128]) + bytes.fromhex("fd000000000000000000000000000002")
    + bytes([5]) + b"alice"
)
seal = bytes((i * 7) & 0xFF for i in range(113))
print((head + u16(len(seal)) + seal).hex())
