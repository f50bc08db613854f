#!/usr/bin/env python3
"""Makes v1.txt from docs/formats/leaks.md alone: another implementation of the format, to hold ours
against. Run it only for a new format: `generate.py > v2.txt`."""

import hashlib
import hmac
import struct


def text(data):
    return struct.pack(">I", len(data)) + data


key = bytes(range(32))
version = 3
value = "wJalrXUtnFEMI\r\nK7MDENG \n".encode()
canonical = value.strip().replace(b"\r\n", b"\n")
mount = bytes.fromhex("7f2dec94792e4a98b941e43e050025a2")
path, number, pointer = b"app/db", 7, b"/users/0/a~1b"

fingerprint = hmac.new(key, text(b"coffer fingerprint v1") + canonical, hashlib.sha256).digest()[:16]
leaf = struct.pack(">I", version) + fingerprint
rows = {
    "key": key,
    "value": value,
    "canonical": canonical,
    "fingerprint": fingerprint,
    "fingerprint_parent": leaf,
    "fingerprint_name": mount + text(path) + struct.pack(">Q", number) + text(pointer),
    "fingerprint_row": b"\x01",
    "mark_parent": mount + struct.pack(">H", 3) + text(path),
    "mark_row": b"\x01" + text(path) + struct.pack(">QI", number, 1) + leaf + text(pointer),
}
for name, content in rows.items():
    print(f"{name} = {content.hex()}")
