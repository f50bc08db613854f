"""C12: what a client sends stays where it belongs. A canary of its own in every field, header, query
and broken body of every path; then the log, the audit log, the store, the error bodies, the command
line and the environment are searched for all of them, also in other spellings."""

import base64
import json
import re
import urllib.parse

import api_page
import pytest
from test_wrong_types import NEEDED

TOKEN_HEADERS = ["X-Vault-Token", "Authorization", "X-Vault-Wrap-TTL", "X-Vault-Namespace", "Cookie",
                 "X-Forwarded-For", "User-Agent", "X-Canary"]  # fmt: skip


# Names, not values: the log tells these in clear, as Vault's does (docs/formats/audit-log.md).
NAMES = {"policies", "display_name", "paths", "path"}
# The text of a policy: an error quotes the word that is wrong, as a compiler does.
TEXTS = {"policy", "rules"}


class Canaries:
    def __init__(self):
        self.all = []
        self.in_clear = {"name": set(), "text": set()}

    def new(self, field=""):
        canary = f"canary{len(self.all):05d}zq"
        self.all.append(canary)
        if field in NAMES or field in TEXTS:
            self.in_clear["name" if field in NAMES else "text"].add(canary)
        return canary


def spellings(canary):
    """As it is, backwards, in hexadecimal, percent-encoded, as JSON may write it, and in base64 at
    each of the three offsets."""
    raw = canary.encode()
    yield raw
    yield raw[::-1]
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for form in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}"):
        yield "".join(form.format(byte) for byte in raw).encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        yield whole[4:-4]


def found(canaries, haystack):
    """Those that stand in it in any spelling; one pass over the haystack."""
    words = {spelling: canary for canary in canaries for spelling in spellings(canary)}
    pattern = re.compile(b"|".join(re.escape(word) for word in words))
    return {words[hit] for hit in pattern.findall(haystack)}


def filled(kind, canary):
    """Right and wrong types, with the canary inside."""
    yield canary
    yield [canary]
    if kind != "object":
        yield {"a": canary}
    yield [[{"a": canary}]]
    yield f"1{canary}"


def sweep_fields(vault, canaries):
    """Gives the bodies of all errors."""
    for row in api_page.rows():
        path = row.concrete(PATH="file" if "audit-hash" in row.path else "c12")
        for field, kind in row.fields.items():
            for value in filled(kind, canaries.new(field)):
                holder, _, leaf = field.rpartition(".")
                body = {**NEEDED.get(str(row), {}), **({holder: {leaf: value}} if holder else {field: value})}
                if row.method == "GET":
                    text = value if isinstance(value, str) else json.dumps(value)
                    answer = vault.client.get(f"{path}?{urllib.parse.urlencode({field: text})}")
                else:
                    answer = vault.client.request(row.method, path, body, headers={
                        "Content-Type": "application/merge-patch+json" if row.method == "PATCH" else "application/json"})  # fmt: skip
                if answer.status >= 400:
                    yield answer.body


def sweep_heads_and_broken_bodies(vault, canaries):
    for header in TOKEN_HEADERS:
        for target in ("secret/data/c12", "sys/health", "nosuch"):
            value = f"Bearer {canaries.new()}" if header == "Authorization" else canaries.new()
            token = None if header in ("X-Vault-Token", "Authorization") else vault.root_token
            yield vault.client.get(target, token=token, headers={header: value}).body
    for text in ('{"data":{"a":"%s"', '{"data":{"a":"%s"}}x', '{"data":%s}', '["%s"]', '"%s"', "%s", "a=%s",
                 '{"data":{"a":"%s","a":1}}', '{"data":{"a":"%s\x01"}}', '{"data":{"a":"%s\\ud800"}}',
                 '{"data":{},"options":{"cas":"%s"}}', '{"data":"%s"}'):  # fmt: skip
        for path in ("secret/data/c12", "auth/token/create", "sys/policies/acl/c12", "sys/unseal"):
            yield vault.client.post(path, (text % canaries.new()).encode("latin-1")).body
    for query in ("version=%s", "%s", "x=%s", "list=%s", "version=1&version=%s", "version=%%zz%s", "a=%s;b"):
        canary = canaries.new("path" if query == "%s" else "")  # there it is a name
        yield vault.client.get(f"secret/data/c12?{query % canary}").body


@pytest.fixture(scope="module")
def swept(shared_vault):
    canaries = Canaries()
    api_page.enable_all(shared_vault.client)
    errors = [*sweep_fields(shared_vault, canaries), *sweep_heads_and_broken_bodies(shared_vault, canaries)]
    kept = canaries.new()  # what was really written, read, and used
    shared_vault.put("c12", {"a": kept})
    assert shared_vault.read("c12") == {"a": kept}
    shared_vault.canaries, shared_vault.errors = canaries.all, errors
    shared_vault.names, shared_vault.texts = canaries.in_clear["name"], canaries.in_clear["text"]
    return shared_vault


def test_c12_the_search_finds_every_spelling():
    raw = b"canary00007zq"
    escaped = (b"%63%61%6e%61%72%79%30%30%30%30%37%7a%71", b"".join(b"\\u%04X" % byte for byte in raw))
    for text in (raw, raw[::-1], raw.hex().encode(), *escaped, *(base64.b64encode(b"ab"[:n] + raw + b"cd") for n in range(3))):
        assert found(["canary00007zq"], b"x" + text + b"y") == {"canary00007zq"}, text
    assert not found(["canary00008zq"], raw)


def test_c12_no_error_tells_what_was_sent(swept):
    assert len(swept.errors) > 500
    assert found(swept.canaries, b"\n".join(swept.errors)) <= swept.texts


def test_c12_no_log_tells_what_was_sent(swept):
    assert not found(swept.canaries, swept.log.encode())
    audit = b"".join(path.read_bytes() for path in swept.audit_directory.iterdir() if path.is_file())
    assert audit.count(b"hmac-sha256:") > 500
    assert found(swept.canaries, audit) <= swept.names | swept.texts


def test_c12_the_store_tells_nothing(swept):
    files = [path for path in swept.directory.glob("store.db*") if path.is_file()]
    assert files and not found(swept.canaries, b"".join(path.read_bytes() for path in files))


def test_c12_neither_command_line_nor_environment_hold_a_secret(swept):
    for name in ("cmdline", "environ"):
        with open(f"/proc/{swept.pid}/{name}", "rb") as file:
            text = file.read()
        assert swept.root_token.encode() not in text and not found(swept.canaries, text)
