"""KV version 2 and the status paths in Vault's wire format, as a plain HTTP client sees them."""

import json

import pytest

ENVELOPE = ["request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings",
            "auth"]  # fmt: skip


def test_a_secret_goes_in_and_comes_out(shared_vault):
    written = shared_vault.put("app/db", {"username": "app", "password": "hunter2"})
    assert written["version"] == 1 and written["destroyed"] is False
    answer = shared_vault.client.get("secret/data/app/db")
    assert answer.status == 200
    assert list(answer.json) == ENVELOPE
    assert answer.data["data"] == {"username": "app", "password": "hunter2"}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_data_come_back_as_the_client_sent_them(shared_vault):
    raw = b'{"z": 1.0, "a":"\\u00e9\\n",  "n": [1,  2.50, {"x": null}], "big": 12345678901234567890}'
    body = b'{"data":' + raw + b'}'
    assert shared_vault.client.post("secret/data/raw", body).status == 200
    assert b'"data":{"data":' + raw in shared_vault.client.get("secret/data/raw").body


def test_a_body_of_one_mebibyte_fits(shared_vault):
    start, end = b'{"data":{"a":"', b'"}}'
    value = b"x" * (1024 * 1024 - len(start) - len(end))
    assert shared_vault.client.post("secret/data/large", start + value + end).status == 200
    assert shared_vault.read("large") == {"a": value.decode()}


def test_versions_and_check_and_set(shared_vault):
    assert shared_vault.put("cas", {"n": 1}, cas=0)["version"] == 1
    refused = shared_vault.client.post("secret/data/cas", {"data": {}, "options": {"cas": 0}})
    assert refused.status == 400
    assert refused.errors == ["check-and-set parameter did not match the current version"]
    assert shared_vault.put("cas", {"n": 2}, cas=1)["version"] == 2
    assert shared_vault.read("cas") == {"n": 2}
    assert shared_vault.read("cas", version=1) == {"n": 1}
    assert shared_vault.read("cas", version=9) is None


def test_a_deleted_version_is_404_with_its_metadata(shared_vault):
    shared_vault.put("deleted", {"p": "x"})
    assert shared_vault.client.delete("secret/data/deleted").status == 204
    answer = shared_vault.client.get("secret/data/deleted")
    assert answer.status == 404
    assert answer.data["data"] is None
    assert answer.data["metadata"]["deletion_time"] != ""


def test_missing_is_404_with_empty_errors(shared_vault):
    for answer in (
        shared_vault.client.get("secret/data/none"),
        shared_vault.client.list("secret/metadata/none"),
        shared_vault.client.get("secret/metadata/none?list=true"),
    ):
        assert answer.status == 404
        assert answer.errors == []


def test_lists_by_verb_and_by_query(shared_vault):
    shared_vault.put("list/b", {})
    shared_vault.put("list/a/x", {})
    for answer in (
        shared_vault.client.list("secret/metadata/list"),
        shared_vault.client.list("secret/metadata/list/"),
        shared_vault.client.get("secret/metadata/list?list=true"),
    ):
        assert answer.data == {"keys": ["a/", "b"]}


@pytest.mark.parametrize("path", ["secret/data/x", "secret/metadata/?list=true", "nosuch", "sys/mounts"])
@pytest.mark.parametrize("token", [None, "hvs.wrong", "x" * 600])
def test_without_a_good_token_everything_is_403(shared_vault, path, token):
    answer = shared_vault.client.get(path, token=token)
    assert answer.status == 403
    assert answer.errors == ["1 error occurred:\n\t* permission denied\n\n"]


def test_bearer_is_a_token_too(shared_vault):
    headers = {"Authorization": f"Bearer {shared_vault.root_token}"}
    shared_vault.put("bearer", {"p": "x"})
    answer = shared_vault.client.get("secret/data/bearer", token=None, headers=headers)
    assert answer.status == 200


def test_health_and_seal_status_are_open_and_bare(shared_vault):
    health = shared_vault.client.get("sys/health", token=None)
    assert health.status == 200
    assert health.json["initialized"] is True and health.json["sealed"] is False
    seal = shared_vault.client.get("sys/seal-status", token=None)
    assert seal.json["sealed"] is False and seal.json["t"] == 1
    assert shared_vault.request("HEAD", "sys/health", token=None).body == b""


def test_mount_of_a_path(shared_vault):
    answer = shared_vault.client.get("sys/internal/ui/mounts/secret/app/db")
    assert answer.data["path"] == "secret/"
    assert answer.data["options"] == {"version": "2"}
    assert shared_vault.client.get("sys/internal/ui/mounts/secret/a", token=None).status == 403
    assert shared_vault.client.get("sys/internal/ui/mounts/nosuch/a").status == 403


def test_unknown_verbs_and_paths(shared_vault):
    assert shared_vault.request("OPTIONS", "secret/data/x").status == 405
    assert shared_vault.request("HEAD", "secret/data/x").status == 405
    assert shared_vault.request("PUT", "sys/health", {}).status == 405
    assert shared_vault.client.get("nosuch/thing").status == 404
    assert shared_vault.client.get("/other").status == 404


def test_it_is_all_there_after_a_restart(vault):
    vault.put("kept", {"p": "x"})
    vault.restart()
    assert vault.read("kept") == {"p": "x"}
    code, text = vault.verify_audit()
    assert code == 0, text


def test_sigterm_ends_it_well_and_takes_the_socket_away(vault):
    assert vault.stop() == 0
    assert not vault.socket_path.exists()
    assert [line["type"] for line in vault.audit_lines()[-2:]] == ["stop", "anchor"]


def test_every_request_has_its_two_lines_and_no_value(vault):
    vault.put("audited", {"password": "value-canary"})
    vault.read("audited")
    vault.client.get("secret/data/audited", token="hvs.token-canary")
    vault.stop()
    lines = vault.audit_lines()
    text = json.dumps(lines)
    assert "value-canary" not in text and "token-canary" not in text
    requests = {line["request"]["id"] for line in lines if line["type"] == "request"}
    responses = {line["request"]["id"] for line in lines if line["type"] == "response"}
    assert requests == responses and len(requests) >= 3
    read = [line for line in lines if line["type"] == "response"
            and line["request"].get("path") == "secret/data/audited"][1]  # fmt: skip
    assert read["response"]["data"]["data"]["password"].startswith("hmac-sha256:")
    assert read["peer"]["uid"] >= 0 and read["rule"]["policy"] == "root"


def test_the_files_show_no_name_and_no_value(vault):
    vault.put("foldercanary/namecanary", {"fieldcanary": "valuecanary"})
    vault.stop()
    for path in vault.directory.iterdir():
        if path.name.startswith("store.db"):
            content = path.read_bytes()
            for canary in (b"canary", vault.root_token.encode()):
                assert canary not in content, path


def test_a_second_daemon_is_refused(vault, make_vault):
    second = make_vault(start=False)
    own = second.directory
    try:
        second.directory = vault.directory
        second.start(wait=False)
        assert second.wait_end() == 1
    finally:
        second.directory = own
    assert vault.read("none") is None
