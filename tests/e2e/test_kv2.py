"""KV version 2 whole: versions, patch, metadata, config, scan, and what is left of destroyed versions."""

import time

import pytest

HEADER = 43 + 95  # bytes of a sealed record up to its MAC, with one recipient
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def kv(shared_vault, request):
    return Kv(shared_vault, request.node.name.split("[")[0])


class Kv:
    """Requests below a folder of the test's own."""

    def __init__(self, vault, folder):
        self.vault, self.folder = vault, folder

    def call(self, method, where, path="", body=None, **more):
        return self.vault.request(method, f"secret/{where}/{self.folder}/{path}", body, **more)

    def post(self, where, path, **body):
        return self.call("POST", where, path, body)

    def patch(self, where, path, body, headers=MERGE_PATCH):
        return self.call("PATCH", where, path, body, headers=headers)

    def write(self, path, data):
        answer = self.post("data", path, data=data)
        assert answer.status == 200, answer.body
        return answer.data["version"]

    def status(self, path, version):
        return self.call("GET", "data", f"{path}?version={version}").status


def test_versions_are_deleted_undeleted_and_destroyed(kv):
    for n in range(3):
        kv.write("a", {"n": n})
    assert kv.post("delete", "a", versions=["1", "2"]).status == 204
    assert [kv.status("a", n) for n in (1, 2, 3)] == [404, 404, 200]
    assert kv.post("undelete", "a", versions=[1]).status == 204
    assert kv.call("PUT", "destroy", "a", {"versions": [2]}).status == 204
    assert kv.post("undelete", "a", versions=[2]).status == 204
    assert [kv.status("a", n) for n in (1, 2, 3)] == [200, 404, 200]
    answer = kv.call("GET", "data", "a?version=2")
    assert answer.data["data"] is None and answer.data["metadata"]["destroyed"] is True


def test_patch_merges_and_needs_its_content_type(kv):
    kv.write("a", {"keep": 1, "drop": 2})
    assert kv.patch("data", "a", {"data": {"drop": None, "new": {"x": None, "y": 3}}}).data["version"] == 2
    assert kv.call("GET", "data", "a").data["data"] == {"keep": 1, "new": {"y": 3}}
    assert kv.patch("data", "a", {"data": {}}, headers={}).status == 415
    assert kv.patch("data", "none", {"data": {}}).status == 404
    assert kv.patch("data", "a", {"data": {}, "options": {"cas": 1}}).status == 400


def test_subkeys_show_no_value(kv):
    kv.write("a", {"p": "value-canary", "n": {"x": ["value-canary"]}})
    answer = kv.call("GET", "subkeys", "a")
    assert answer.data["subkeys"] == {"p": None, "n": {"x": None}}
    assert b"value-canary" not in answer.body
    assert kv.call("GET", "subkeys", "a?depth=1").data["subkeys"] == {"p": None, "n": None}


def test_metadata_are_written_patched_and_deleted(kv):
    kv.write("f/a", {})
    settings = {"max_versions": 2, "delete_version_after": "90m", "custom_metadata": {"k": "v", "l": "w"}}
    assert kv.post("metadata", "f/a", **settings).status == 204
    assert kv.patch("metadata", "f/a", {"custom_metadata": {"k": None}}).status == 204
    data = kv.call("GET", "metadata", "f/a").data
    assert data["custom_metadata"] == {"l": "w"}
    assert (data["max_versions"], data["delete_version_after"]) == (2, "1h30m0s")
    assert list(data["versions"]) == ["1"]
    assert kv.call("DELETE", "metadata", "f/a").status == 204
    assert kv.call("GET", "metadata", "f/a").status == 404
    assert kv.call("LIST", "metadata").status == 404


def test_scan_lists_everything_below(kv):
    for path in ("b", "a/x", "a/y/z"):
        kv.write(path, {})
    for answer in (kv.call("SCAN", "metadata"), kv.call("GET", "metadata", "?scan=true")):
        assert answer.data == {"keys": ["a/x", "a/y/z", "b"]}
    assert kv.call("SCAN", "metadata", "none").status == 404


@pytest.mark.parametrize(
    "method, where, body, field",
    [
        ("POST", "data", {"data": [1]}, "data"),
        ("POST", "data", {"data": {}, "options": {"cas": "x"}}, "cas"),
        ("POST", "data", {"data": {}, "options": 1}, "options"),
        ("POST", "delete", {"versions": [-1]}, "versions"),
        ("POST", "undelete", {"versions": {}}, "versions"),
        ("POST", "destroy", {"versions": [1.5]}, "versions"),
        ("POST", "metadata", {"max_versions": -1}, "max_versions"),
        ("POST", "metadata", {"cas_required": "perhaps"}, "cas_required"),
        ("POST", "metadata", {"delete_version_after": "soon"}, "delete_version_after"),
        ("POST", "metadata", {"custom_metadata": {"k": 1}}, "custom_metadata"),
        ("GET", "data/a?version=99999999999999999999", None, "version"),
        ("GET", "subkeys/a?depth=x", None, "depth"),
    ],
)
def test_a_wrong_type_is_400_and_names_its_field(shared_vault, method, where, body, field):
    path = where if "?" in where else f"{where}/wrong-type"
    answer = shared_vault.request(method, f"secret/{path}", body)
    assert answer.status == 400
    assert f'"{field}"' in answer.errors[0]
    assert shared_vault.client.get("secret/metadata/wrong-type").status == 404


def test_the_mounts_config_holds_for_all_keys(vault):
    client = vault.client
    assert client.get("secret/config").data == {
        "cas_required": False, "delete_version_after": "0s", "max_versions": 0}  # fmt: skip
    assert client.post("secret/config", {"max_versions": 2, "cas_required": True}).status == 204
    refused = client.post("secret/data/a", {"data": {}})
    assert refused.status == 400
    assert refused.errors == ["check-and-set parameter required for this call"]
    for n in range(3):
        vault.put("a", {"n": n}, cas=n)
    assert vault.read("a", version=1) is None and vault.read("a", version=2) == {"n": 1}
    vault.restart()
    assert vault.client.get("secret/config").data["max_versions"] == 2


def destroy(vault):
    assert vault.client.post("secret/destroy/gone", {"versions": [1]}).status == 204


def delete_metadata(vault):
    assert vault.client.delete("secret/metadata/gone").status == 204


def write_beyond_the_limit(vault):
    assert vault.client.post("secret/metadata/gone", {"max_versions": 1}).status == 204
    vault.put("gone", {"p": "z"})


@pytest.mark.parametrize("erase", [destroy, delete_metadata, write_beyond_the_limit])
def test_a_destroyed_version_leaves_the_stores_files(vault, erase):
    """The sealed record is found by its own bytes, as someone would who has the disk."""
    vault.put("kept", {"p": "x" * 40})
    kept = headers(vault)
    vault.put("gone", {"p": "y" * 50_000})
    (lost,) = headers(vault) - kept
    erase(vault)
    deadline = time.monotonic() + 30
    while lost in headers(vault):
        assert time.monotonic() < deadline, "the record is still in the files"
        time.sleep(0.1)
    record_id, wrapped_key = lost[22:38], lost[-60:]
    vault.stop()
    for path in store_files(vault):
        content = path.read_bytes()
        assert record_id not in content and wrapped_key not in content, path
    vault.start()
    assert kept <= headers(vault)
    assert vault.read("kept") == {"p": "x" * 40}
    assert vault.read("gone", version=1) is None


def store_files(vault):
    return [p for p in vault.directory.iterdir() if p.name in ("store.db", "store.db-wal")]


def headers(vault):
    """The sealed records in the files, from their magic to the end of the one recipient's wrapped key
    (docs/formats/sealed-record.md: magic, format, suite, vault, id, bind version, 1 recipient)."""
    found = set()
    for path in store_files(vault):
        content = path.read_bytes()
        at = content.find(b"CFSR\x01\x01")
        while at >= 0:
            found.add(content[at : at + HEADER])
            at = content.find(b"CFSR\x01\x01", at + 1)
    return found
