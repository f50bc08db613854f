#!/usr/bin/env python3
"""Makes v1.txt after docs/formats/{keyring,sealed-record,sealed-row}.md, and shares no code with the
room: what both agree on is what the documents say. Needs pyca/cryptography.

    ./generate.py 1 > v1.txt; ./generate.py 2 > v2.txt; ./generate.py anchor > anchor.txt

v2.txt has what changed since: format 2 of the keyring, and the announcements of signers. Old files stay: a new format version gets a file of its own.
"""

import hashlib
import hmac
import struct
import sys
import textwrap

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def u8(n):
    return struct.pack(">B", n)


def u16(n):
    return struct.pack(">H", n)


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


def blob(data):
    data = data.encode() if isinstance(data, str) else data
    return u32(len(data)) + data


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_sha512(key, salt, info, size):
    """RFC 5869, from its text."""
    extracted = hmac.new(salt, key, hashlib.sha512).digest()
    block, out, counter = b"", b"", 1
    while len(out) < size:
        block = hmac.new(extracted, block + info + u8(counter), hashlib.sha512).digest()
        out += block
        counter += 1
    return out[:size]


def example(name, size=32):
    """Bytes that stand for random ones: anyone can make them again."""
    return hashlib.sha512(b"coffer example " + name.encode()).digest()[:size]


def example_uuid(name):
    raw = bytearray(example(name, 16))
    raw[6] = (raw[6] & 0x0F) | 0x40
    raw[8] = (raw[8] & 0x3F) | 0x80
    return bytes(raw)


def emit(name, value):
    for number, line in enumerate(textwrap.wrap(value.hex(), 80)):
        print(f"{name} = {line}" if number == 0 else f"  {line}")


# The token and the vault. The signing key is that of RFC 6979 appendix A.2.5.
VAULT = example_uuid("vault")
TOKEN = example_uuid("token")
SERIAL = "0123456789abcdef"
KEK = example("kek")
SIGN = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
KEYS = [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)]  # record has two versions


def ring(name, version):
    return example(f"keyring {name} {version}")


def token_wrap(iv, key, context):
    return iv + AESGCM(KEK).encrypt(iv, key, context)


def recipient(wrapped):
    return TOKEN + u32(1) + blob("aes-gcm") + blob(wrapped)


def keyring():
    private = ec.derive_private_key(SIGN, ec.SECP256R1())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    keyring_key, iv = example("keyring key"), example("keyring iv", 12)
    context = blob("coffer keyring v1 wrap") + blob(VAULT) + blob(TOKEN) + u32(1)
    wrapped = token_wrap(example("keyring wrap iv", 12), keyring_key, context)
    header = b"CFKR" + u8(1) + u8(1) + VAULT + u8(1)
    header += blob(SERIAL) + u32(1) + blob(spki) + recipient(wrapped)
    listed = b"".join(u8(name) + u32(version) + ring(name, version) for name, version in KEYS)
    body = header + iv + blob(AESGCM(keyring_key).encrypt(iv, listed, header))
    der = private.sign(
        blob("coffer keyring v1") + blob(body),
        ec.ECDSA(hashes.SHA256(), deterministic_signing=True),
    )
    r, s = utils.decode_dss_signature(der)
    emit("vault", VAULT)
    emit("token", TOKEN)
    emit("serial", SERIAL.encode())
    emit("kek", KEK)
    emit("sign_scalar", SIGN.to_bytes(32, "big"))
    emit("sign_public_key", spki)
    emit("keyring_key", keyring_key)
    emit("keyring_wrap_context", context)
    emit("keyring_wrapped", wrapped)
    emit("keyring_iv", iv)
    emit("keyring_list", listed)
    emit("keyring", body + r.to_bytes(32, "big") + s.to_bytes(32, "big"))


MOUNT = example_uuid("mount")


def record():
    record_id, salt = example_uuid("record"), example("record salt")
    iv, data_key = example("record iv", 12), example("data key")
    bind, path, version, suite = ring(2, 1), "app/db", 3, 1
    value = b'{"password":"correct horse"}'
    wrap_context = blob("coffer sealed-record v1 wrap")
    wrap_context += blob(VAULT) + blob(record_id) + blob(TOKEN) + u32(1)
    wrapped = token_wrap(example("record wrap iv", 12), data_key, wrap_context)
    header = b"CFSR" + u8(1) + u8(suite) + VAULT + record_id + u32(1) + u8(1) + recipient(wrapped)
    context = blob("coffer sealed-record v1 content") + blob(VAULT) + blob(record_id)
    context += blob(MOUNT) + blob(path) + u64(version) + u8(suite)
    derived = hkdf_sha512(data_key + bind, salt, context, 64)
    content = AESGCM(derived[:32]).encrypt(iv, value, context)
    header_mac = mac(bind, b"coffer sealed-record v1 recipients" + header)
    emit("mount", MOUNT)
    emit("bind_key", bind)
    emit("record_id", record_id)
    emit("record_path", path.encode())
    emit("record_version", u64(version))
    emit("record_value", value)
    emit("record_salt", salt)
    emit("record_iv", iv)
    emit("record_data_key", data_key)
    emit("record_wrap_context", wrap_context)
    emit("record_wrapped", wrapped)
    emit("record_content_context", context)
    emit("record_content_key", derived[:32])
    emit("record_commitment", derived[32:])
    emit("record_mac", header_mac)
    emit("record", header + header_mac + salt + derived[32:] + iv + content)


def row():
    space, parent, name = MOUNT + u16(1), "app/", "db"
    value = b'{"current_version":3}'
    salt, iv = example("row salt", 16), example("row iv", 12)
    name_key, record_key, version = ring(3, 1), ring(1, 2), 2
    parent_half = mac(name_key, u8(1) + space + blob(parent))[:16]
    key = parent_half + mac(name_key, u8(2) + space + blob(parent) + blob(name))[:16]
    sealing_key = mac(record_key, b"coffer sealed-row v1 key" + salt)
    aad = blob("coffer sealed-row v1") + u8(1) + blob(VAULT) + blob(key) + u32(version)
    body = space + blob(parent) + blob(name) + value
    emit("name_key", name_key)
    emit("record_key", record_key)
    emit("row_parent", parent.encode())
    emit("row_name", name.encode())
    emit("row_value", value)
    emit("row_key", key)
    emit("row_salt", salt)
    emit("row_iv", iv)
    emit("row_sealing_key", sealing_key)
    emit("row_additional_data", aad)
    emit("row_body", body)
    emit("row", b"CFRW" + u8(1) + u32(version) + salt + iv + AESGCM(sealing_key).encrypt(iv, body, aad))


def public(scalar):
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(scalar, message):
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    der = private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


FIRST_SIGN = int.from_bytes(example("first sign scalar"), "big")
INSTALLED = 1_790_000_000 * 10**9


def keyring2():
    """Two tokens: the third kek and the second sign key of one, another of which only public halves
    are known. What is wrapped to that one, and its RSA key, are any bytes: opening reads neither."""
    keyring_key, iv = example("keyring 2 key"), example("keyring 2 iv", 12)
    context = blob("coffer keyring v1 wrap") + blob(VAULT) + blob(TOKEN) + u32(3)
    wrapped = token_wrap(example("keyring 2 wrap iv", 12), keyring_key, context)
    other, other_sign = example_uuid("other token"), example("other sign key")
    other_kek, other_wrapped = example("other kek"), example("other wrap", 64) * 6
    header = b"CFKR" + u8(2) + u8(1) + VAULT + u8(2)
    header += blob(SERIAL) + u32(2) + blob(public(SIGN)) + blob("main")
    header += blob("") + u64(INSTALLED) + u8(2) + u32(1) + u32(2)
    header += TOKEN + u32(3) + blob("aes-gcm") + blob(wrapped)
    header += blob("fedcba9876543210") + u32(1) + blob(other_sign) + blob("in the safe")
    header += blob(other_kek) + u64(INSTALLED) + u8(0)
    header += other + u32(1) + blob("rsa-oaep-sha256") + blob(other_wrapped)
    listed = b"".join(u8(name) + u32(version) + ring(name, version) for name, version in KEYS)
    body = header + iv + blob(AESGCM(keyring_key).encrypt(iv, listed, header))
    emit("keyring2_key", keyring_key)
    emit("keyring2_iv", iv)
    emit("keyring2_wrap_context", context)
    emit("keyring2_wrapped", wrapped)
    emit("keyring2_other_token", other)
    emit("keyring2_other_sign", other_sign)
    emit("keyring2_other_kek", other_kek)
    emit("keyring2_other_wrapped", other_wrapped)
    emit("keyring2", body + sign(SIGN, blob("coffer keyring v1") + blob(body)))


def announcements():
    """The first sign key of the example's token tells of its second."""
    told = blob(public(FIRST_SIGN)) + blob(public(SIGN)) + blob(SERIAL) + u32(2) + u64(INSTALLED)
    message = blob("coffer signer announcement v1") + blob(VAULT) + told
    emit("first_sign_public_key", public(FIRST_SIGN))
    emit("announcement_message", message)
    emit("signers", b"CFSA" + u8(1) + VAULT + u16(1) + told + blob(sign(FIRST_SIGN, message)))


def anchor():
    node, incarnation = example_uuid("node"), example_uuid("incarnation")
    commitment, root = example("commitment"), example("log root")
    written = 1_767_225_600 * 10**9
    body = b"CFAN" + u8(1) + VAULT + node + incarnation + u64(7) + u64(1)
    body += u64(1234) + commitment + u64(5678) + root + u64(written)
    message = blob("coffer anchor v1") + body
    emit("anchor_node", node)
    emit("anchor_incarnation", incarnation)
    emit("anchor_commitment", commitment)
    emit("anchor_log_root", root)
    emit("anchor_message", message)
    emit("anchor", body + blob(sign(SIGN, message)))


if sys.argv[1:] == ["anchor"]:
    anchor()
elif sys.argv[1:] == ["2"]:
    keyring2()
    announcements()
else:
    keyring()
    record()
    row()
