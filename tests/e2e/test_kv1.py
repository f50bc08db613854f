"""KV version 1: one value a path, from its mount to its end."""

import contextlib

import pytest


@pytest.fixture(scope="module")
def kv(shared_vault):
    mounted = shared_vault.request("POST", "sys/mounts/plain", {"type": "kv", "options": {"version": "1"}})
    assert mounted.status == 204, mounted
    return shared_vault.client


@pytest.fixture
def caller(shared_vault, kv):
    """caller(POLICY): a client whose token has that policy alone."""
    with contextlib.ExitStack() as open_clients:

        def make(text):
            assert kv.post("sys/policies/acl/kv1", {"policy": text}).status == 204
            made = kv.post("auth/token/create", {"policies": ["kv1"]})
            client = shared_vault.new_client(made.json["auth"]["client_token"])
            return open_clients.enter_context(contextlib.closing(client))

        yield make


def test_a_mount_of_its_own_says_what_it_is(kv):
    mount = kv.get("sys/mounts").data["plain/"]
    assert mount["type"] == "kv"
    assert mount["options"] == {"version": "1"}
    assert kv.post("sys/mounts/plain", {"type": "kv"}).status == 400, "the path is taken"


def test_a_value_from_its_first_write_to_its_end(kv):
    assert kv.get("plain/life").status == 404
    assert kv.post("plain/life", {"a": "1", "b": "2"}).status == 204
    answer = kv.get("plain/life")
    assert answer.data == {"a": "1", "b": "2"}
    assert answer.json["lease_id"] == ""
    assert answer.json["renewable"] is False
    assert answer.json["lease_duration"] == 768 * 3600
    assert kv.request("PUT", "plain/life", {"c": "3"}).status == 204
    assert kv.get("plain/life").data == {"c": "3"}, "the whole value is replaced"
    assert kv.delete("plain/life").status == 204
    assert kv.get("plain/life").status == 404
    assert kv.delete("plain/life").status == 204, "gone is gone"


def test_the_value_is_the_body_byte_for_byte(kv):
    raw = b'{"z": 1.0, "a":"\\u00e9\\n",  "n": [1,  2.50, {"x": null}], "big": 12345678901234567890}'
    assert kv.post("plain/raw", raw).status == 204
    assert b'"data":' + raw in kv.get("plain/raw").body


@pytest.mark.parametrize(
    "field, value, seconds",
    [("ttl", "90s", 90), ("ttl", "1h", 3600), ("ttl", 30, 30), ("ttl", "30", 30), ("lease", "2m", 120),
     ("ttl", "whenever", 768 * 3600), ("ttl", {"a": 1}, 768 * 3600), ("ttl", -5, 768 * 3600)],
)  # fmt: skip
def test_ttl_tells_readers_when_to_come_again(kv, field, value, seconds):
    assert kv.post("plain/lease", {"a": "1", field: value}).status == 204
    answer = kv.get("plain/lease")
    assert answer.json["lease_duration"] == seconds
    assert answer.data[field] == value, "and is data like any other"


def test_the_mounts_own_ttl_is_the_fallback(kv):
    assert kv.post("sys/mounts/tuned", {"type": "kv", "config": {"default_lease_ttl": "7m"}}).status == 204
    kv.post("tuned/a", {"a": "1"})
    assert kv.get("tuned/a").json["lease_duration"] == 420
    assert kv.post("sys/mounts/tuned/tune", {"default_lease_ttl": "9m"}).status == 204
    assert kv.get("tuned/a").json["lease_duration"] == 540
    assert kv.delete("sys/mounts/tuned").status == 204
    assert kv.get("tuned/a").status == 404


def test_what_is_no_value_is_refused(kv):
    for body in (None, {}, b"[]", b'"text"', b"{", b'{"a": 1, "a": 2}'):
        assert kv.post("plain/refused", body).status == 400, body
    merge = {"Content-Type": "application/merge-patch+json"}
    assert kv.request("PATCH", "plain/refused", {"a": "1"}, headers=merge).status == 405
    assert kv.post("plain/folder/", {"a": "1"}).status == 400
    assert kv.get("plain/refused").status == 404


def test_paths_that_mean_something_in_version_2_are_names_here(kv):
    for path in ("plain/data/a", "plain/metadata/a", "plain/config", "plain/destroy/a"):
        assert kv.post(path, {"path": path}).status == 204
        assert kv.get(path).data == {"path": path}


def test_create_and_update_are_two_capabilities(kv, caller):
    kv.post("plain/there", {"a": "1"})
    kv.delete("plain/new")
    creator = caller('path "plain/*" { capabilities = ["create"] }')
    assert creator.post("plain/there", {"a": "2"}).status == 403
    assert creator.post("plain/new", {"a": "1"}).status == 204
    assert creator.post("plain/new", {"a": "2"}).status == 403, "now it is there"
    assert creator.get("plain/new").status == 403
    kv.delete("plain/new")
    updater = caller('path "plain/*" { capabilities = ["update"] }')
    assert updater.post("plain/new", {"a": "1"}).status == 403
    assert updater.post("plain/there", {"a": "3"}).status == 204
    assert updater.delete("plain/there").status == 403
    assert kv.get("plain/there").data == {"a": "3"}


def test_lists_show_names_and_folders(kv):
    for path in ("tree/b", "tree/a", "tree/a/b", "tree/c/d/e"):
        kv.post(f"plain/{path}", {"x": "1"})
    assert kv.list("plain/tree").data["keys"] == ["a", "a/", "b", "c/"]
    assert kv.get("plain/tree?list=true").data["keys"] == ["a", "a/", "b", "c/"]
    assert kv.list("plain/tree/c").data["keys"] == ["d/"]
    assert kv.list("plain/none").status == 404
    assert kv.list("plain/tree/b").status == 404


def test_a_scan_shows_what_the_caller_may_read(kv, caller):
    for path in ("scan/open/a", "scan/open/deep/b", "scan/shut/c"):
        kv.post(f"plain/{path}", {"x": "1"})
    everything = ["open/a", "open/deep/b", "shut/c"]
    assert kv.request("SCAN", "plain/scan").data["keys"] == everything
    assert kv.get("plain/scan?scan=true").data["keys"] == everything
    some = caller("""
        path "plain/scan/*" { capabilities = ["scan"] }
        path "plain/scan/open/*" { capabilities = ["scan", "read"] }
    """)
    assert some.request("SCAN", "plain/scan").data["keys"] == ["open/a", "open/deep/b"]
    assert some.list("plain/scan").status == 403


def test_a_mount_is_taken_to_version_2_as_it_stands(shared_vault):
    client = shared_vault.client
    assert client.post("sys/mounts/rising", {"type": "kv", "options": {"version": "1"}}).status == 204
    for n in range(3):
        assert client.post("rising/app/db", {"n": n}).status == 204
    done = shared_vault.coffer("kv", "enable-versioning", "rising/")
    assert (done.returncode, done.stdout) == (0, "Success! Tuned the secrets engine at: rising/\n"), done.stderr
    assert client.get("rising/data/app/db").data["data"] == {"n": 2}
    assert client.list("rising/metadata/app").data["keys"] == ["db"]
    version = client.post("rising/data/app/db", {"data": {"n": 3}}).data["version"]
    assert client.get(f"rising/data/app/db?version={version - 1}").data["data"] == {"n": 2}
    down = client.post("sys/mounts/rising/tune", {"options": {"version": "1"}})
    assert (down.status, "version" in down.errors[0]) == (400, True)


def test_values_outlive_the_daemon(make_vault):
    vault = make_vault()
    assert vault.request("POST", "sys/mounts/plain", {"type": "kv", "options": {"version": "1"}}).status == 204
    assert vault.request("POST", "plain/a", {"a": "needle-of-version-1", "ttl": "5s"}).status == 204
    vault.kill()
    vault.start()
    answer = vault.request("GET", "plain/a")
    assert answer.data == {"a": "needle-of-version-1", "ttl": "5s"}
    assert answer.json["lease_duration"] == 5
    assert vault.coffer("kv", "get", "-field=a", "plain/a").stdout == "needle-of-version-1"
    vault.stop()
    for path in (vault.store_path, *vault.audit_directory.iterdir()):
        assert b"needle-of-version-1" not in path.read_bytes(), path
