"""The requests of the vault command line, and the fields that it needs back: without one of them it
prints nothing, asks for a wrong path, or panics."""

import pytest
from vault_cli import VaultCli

EMPTY = (200, 202, 204)  # what the command takes for "done"
POLICY = 'path "secret/data/app/*" {\n  capabilities = ["read"]\n}\n'


@pytest.fixture
def cli(shared_vault):
    return VaultCli(shared_vault.socket_path, shared_vault.root_token)


def done(answer):
    assert answer.status in EMPTY, answer
    assert answer.status != 204 or answer.body == b"", answer


def preflight(cli, path):
    """The first request of each kv command. The version is a string: a number makes it panic."""
    answer = cli.get(f"sys/internal/ui/mounts/{path}")
    assert answer.status == 200, answer
    assert answer.data["path"] == "secret/"
    assert answer.data["options"]["version"] == "2"


def kv_put(cli, path, data, **options):
    preflight(cli, f"secret/{path}")
    return cli.put(f"secret/data/{path}", {"data": data, "options": options})


def kv_get(cli, path, version=None):
    preflight(cli, f"secret/{path}")
    return cli.get(f"secret/data/{path}" + (f"?version={version}" if version else ""))


# kv.


def test_kv_put_and_get(cli):
    put = kv_put(cli, "app/db", {"password": "one"})
    assert put.status == 200
    for field in ("created_time", "deletion_time", "destroyed", "version"):
        assert field in put.data, field
    kv_put(cli, "app/db", {"password": "two"}, cas=1)
    latest = kv_get(cli, "app/db").data
    assert latest["data"] == {"password": "two"}
    assert latest["metadata"]["version"] == 2
    assert kv_get(cli, "app/db", version=1).data["data"] == {"password": "one"}


def test_kv_put_with_a_wrong_cas_is_an_error_with_its_text(cli):
    kv_put(cli, "app/cas", {})
    refused = kv_put(cli, "app/cas", {}, cas=7)
    assert refused.status == 400
    assert "check-and-set" in refused.json["errors"][0]


def test_kv_patch_reads_and_writes_with_cas(cli):
    kv_put(cli, "app/patch", {"a": "one", "b": "two"})
    read = kv_get(cli, "app/patch").data
    merged = {**read["data"], "b": "three"}
    written = kv_put(cli, "app/patch", merged, cas=read["metadata"]["version"])
    assert written.data["version"] == 2
    assert kv_get(cli, "app/patch").data["data"] == {"a": "one", "b": "three"}


def test_kv_patch_of_bao_sends_a_merge_patch(shared_vault, cli):
    kv_put(cli, "app/merge", {"a": "one", "b": "two"})
    merge = VaultCli(shared_vault.socket_path, shared_vault.root_token,
                     ["Content-Type: application/merge-patch+json"])  # fmt: skip
    body = {"data": {"b": "three"}, "options": {}}
    assert merge.send("PATCH", "secret/data/app/merge", body).data["version"] == 2
    assert kv_get(cli, "app/merge").data["data"] == {"a": "one", "b": "three"}


def test_kv_delete_undelete_destroy_name_versions_as_strings(cli):
    for number in range(4):
        kv_put(cli, "app/life", {"n": str(number)})
    done(cli.delete("secret/data/app/life"))
    gone = kv_get(cli, "app/life")
    assert gone.status == 404  # the command shows the metadata that comes with it
    assert gone.data["data"] is None
    assert gone.data["metadata"]["deletion_time"]
    done(cli.put("secret/undelete/app/life", {"versions": ["4"]}))
    assert kv_get(cli, "app/life").data["data"] == {"n": "3"}
    done(cli.put("secret/delete/app/life", {"versions": ["3"]}))
    assert kv_get(cli, "app/life", version=3).status == 404
    done(cli.put("secret/destroy/app/life", {"versions": ["4"]}))
    assert kv_get(cli, "app/life").data["metadata"]["destroyed"] is True


def test_kv_list(cli):
    kv_put(cli, "listed/one", {})
    kv_put(cli, "listed/sub/two", {})
    preflight(cli, "secret/listed")
    assert cli.get("secret/metadata/listed?list=true").data["keys"] == ["one", "sub/"]
    none = cli.get("secret/metadata/nothing?list=true")
    assert (none.status, none.json) == (404, {"errors": []})


def test_kv_metadata_put_get_delete(cli):
    preflight(cli, "secret/app/meta")
    done(cli.put("secret/metadata/app/meta", {"max_versions": 4, "delete_version_after": "0s"}))
    data = cli.get("secret/metadata/app/meta").data
    assert data["max_versions"] == 4
    done(cli.delete("secret/metadata/app/meta"))
    assert cli.get("secret/metadata/app/meta").status == 404


def test_kv_get_without_a_right_to_the_mount_is_403(shared_vault):
    nobody = VaultCli(shared_vault.socket_path, "hvs.wrong")
    refused = nobody.get("sys/internal/ui/mounts/secret/app/db")
    assert refused.status == 403
    assert len(refused.json["errors"]) == 1


# status, login.


def test_status_needs_no_token(shared_vault):
    cli = VaultCli(shared_vault.socket_path, None, ["X-Vault-Namespace: "])
    status = cli.get("sys/seal-status")
    assert status.status == 200
    for field in ("type", "initialized", "sealed", "t", "n", "progress", "version", "storage_type",
                  "cluster_name", "cluster_id"):  # fmt: skip
        assert field in status.json, field
    assert status.json["sealed"] is False
    assert cli.get("sys/leader").status == 200


def test_login_with_a_token(cli):
    data = cli.get("auth/token/lookup-self").data
    assert data["policies"] == ["root"]
    assert data["accessor"]
    assert data["id"] == cli.token  # the command keeps what it reads here
    for field in ("creation_time", "creation_ttl", "display_name", "entity_id", "expire_time",
                  "explicit_max_ttl", "meta", "num_uses", "orphan", "path", "renewable", "ttl", "type"):
        assert field in data, field  # fmt: skip


def test_login_with_a_wrong_token_is_403(shared_vault):
    nobody = VaultCli(shared_vault.socket_path, "hvs.wrong")
    assert nobody.get("auth/token/lookup-self").status == 403


# Policies and tokens.


def test_policy_write_read_list_delete(cli):
    done(cli.put("sys/policies/acl/replayed", {"policy": POLICY}))
    assert cli.get("sys/policies/acl/replayed").data["policy"] == POLICY
    assert set(cli.get("sys/policies/acl?list=true").data["keys"]) == {"default", "replayed", "root"}
    done(cli.delete("sys/policies/acl/replayed"))
    assert cli.get("sys/policies/acl/replayed").status == 404


def create_token(cli, **fields):
    body = {"policies": None, "metadata": None, "lease": "", "ttl": "0s", "explicit_max_ttl": "0s",
            "period": "0s", "display_name": "", "num_uses": 0, "renewable": True, "type": "service",
            "entity_alias": "", **fields}  # fmt: skip
    made = cli.post("auth/token/create", body)
    assert made.status == 200, made
    return made.auth


def test_token_create(cli):
    auth = create_token(cli, policies=["default"], ttl="1h0m0s")
    assert auth["client_token"].startswith("hvs.")
    assert auth["accessor"]
    assert auth["policies"] == auth["token_policies"] == ["default"]
    assert auth["lease_duration"] == 3600
    assert auth["renewable"] is True


def test_a_token_reads_what_its_policy_grants_and_no_more(shared_vault, cli):
    kv_put(cli, "app/shared", {"a": "b"})
    done(cli.put("sys/policies/acl/app", {"policy": POLICY}))
    token = create_token(cli, policies=["app"], ttl="1h0m0s")["client_token"]
    app = VaultCli(shared_vault.socket_path, token)
    preflight(app, "secret/app/shared")
    assert app.get("secret/data/app/shared").data["data"] == {"a": "b"}
    denied = app.put("secret/data/app/shared", {"data": {}, "options": {}})
    assert denied.status == 403
    assert "permission denied" in denied.json["errors"][0]


def test_token_lookup_renew_revoke(shared_vault, cli):
    made = create_token(cli, policies=["default"], ttl="1h0m0s")
    token = made["client_token"]
    looked_up = cli.post("auth/token/lookup", {"token": token}).data
    assert (looked_up["id"], looked_up["accessor"]) == (token, made["accessor"])
    renewed = cli.put("auth/token/renew", {"token": token, "increment": 7200}).auth
    assert renewed["lease_duration"] == 7200
    assert renewed["client_token"] == token
    itself = VaultCli(shared_vault.socket_path, token)
    assert itself.put("auth/token/renew-self", {"increment": 0}).auth["renewable"] is True
    by_accessor = cli.post("auth/token/lookup-accessor", {"accessor": made["accessor"]})
    assert by_accessor.data["accessor"] == made["accessor"]
    done(cli.put("auth/token/revoke", {"token": token}))
    assert itself.get("auth/token/lookup-self").status == 403


def test_token_revoke_self(shared_vault, cli):
    token = create_token(cli, policies=["default"])["client_token"]
    itself = VaultCli(shared_vault.socket_path, token)
    done(itself.put("auth/token/revoke-self", b"null"))
    assert itself.get("auth/token/lookup-self").status == 403


def test_token_capabilities(shared_vault, cli):
    done(cli.put("sys/policies/acl/capable", {"policy": POLICY}))
    token = create_token(cli, policies=["capable"])["client_token"]
    asked = cli.post("sys/capabilities", {"token": token, "path": "secret/data/app/db"})
    assert asked.data["capabilities"] == asked.json["capabilities"] == ["read"]
    itself = VaultCli(shared_vault.socket_path, token)
    own = itself.post("sys/capabilities-self", {"path": "secret/data/other"})
    assert own.data["capabilities"] == ["deny"]


# Mounts, auth methods, audit devices.


def mount_body(kind, options):
    config = {"options": None, "default_lease_ttl": "0s", "max_lease_ttl": "0s",
              "force_no_cache": False}  # fmt: skip
    return {"type": kind, "description": "", "config": config, "local": False, "seal_wrap": False,
            "external_entropy_access": False, "options": options}  # fmt: skip


@pytest.mark.parametrize(
    "kind, options, version",
    [("kv", {"version": "2"}, "2"), ("kv-v2", None, "2"), ("kv", {"version": "1"}, "1"), ("kv", None, "1")],
)
def test_secrets_enable_list_tune_disable(cli, kind, options, version):
    done(cli.post("sys/mounts/replayed", mount_body(kind, options)))
    mounted = cli.get("sys/mounts").data["replayed/"]
    assert mounted["type"] == "kv"
    assert (mounted["options"] or {}).get("version", "1") == version
    done(cli.post("sys/mounts/replayed/tune", {"default_lease_ttl": "1h0m0s", "max_lease_ttl": "2h0m0s"}))
    done(cli.delete("sys/mounts/replayed"))
    assert "replayed/" not in cli.get("sys/mounts").data


@pytest.mark.parametrize("listing, mount", [("mounts", "secret/"), ("auth", "token/"), ("audit", "file/")])
def test_listings_are_under_data_and_at_the_top(cli, listing, mount):
    # The command line reads `data`; older clients read the top level.
    answer = cli.get(f"sys/{listing}")
    assert answer.data[mount] == answer.json[mount]
    for field in ("type", "description", "options"):
        assert field in answer.data[mount], field
    if listing != "audit":
        assert answer.data[mount]["accessor"]


def test_path_help(cli):
    answer = cli.get("secret/data/app/db?help=1")
    assert answer.status == 200
    assert answer.json["help"]


def test_read_write_list_delete_of_a_kv_1_mount(cli):
    done(cli.post("sys/mounts/plain", mount_body("kv", {"version": "1"})))
    done(cli.put("plain/app", {"password": "x"}))
    read = cli.get("plain/app").json
    assert read["data"] == {"password": "x"}
    for field in ("lease_id", "lease_duration", "renewable"):
        assert field in read, field
    assert cli.get("plain/?list=true").data["keys"] == ["app"]
    done(cli.delete("plain/app"))
    assert cli.get("plain/app").json == {"errors": []}


def test_kv_commands_learn_the_version_of_a_mount_that_never_said_it(cli):
    done(cli.post("sys/mounts/old", mount_body("kv", None)))
    answer = cli.get("sys/internal/ui/mounts/old/app")
    assert answer.data["path"] == "old/"
    assert (answer.data["options"] or {}).get("version", "1") == "1"
    done(cli.delete("sys/mounts/old"))


def test_secrets_move_waits_for_its_success(cli):
    done(cli.post("sys/mounts/before", mount_body("kv", {"version": "2"})))
    done(cli.put("before/data/app", {"data": {"a": "b"}, "options": {}}))
    moved = cli.post("sys/remount", {"from": "before", "to": "after"})
    status = cli.get(f"sys/remount/status/{moved.data['migration_id']}").data
    assert status["migration_info"]["status"] == "success"
    assert cli.get("after/data/app").data["data"] == {"a": "b"}
    done(cli.delete("sys/mounts/after"))


def test_audit_enable_is_refused_with_a_reason(cli):
    body = {"type": "file", "description": "", "options": {"file_path": "/tmp/other.log"}, "local": False}
    refused = cli.put("sys/audit/f2", body)
    assert refused.status == 400
    assert "configuration" in refused.json["errors"][0]


def test_wrapping_that_was_asked_for_is_not_passed_over(shared_vault):
    wrapping = VaultCli(shared_vault.socket_path, shared_vault.root_token, ["X-Vault-Wrap-Ttl: 1m0s"])
    refused = wrapping.get("secret/data/app/db")
    assert refused.status == 400
    assert refused.json["errors"]


def test_operator_seal_status_unseal(vault):
    cli = VaultCli(vault.socket_path, vault.root_token)
    kv_put(cli, "app/sealed", {"a": "b"})
    done(cli.put("sys/seal", None))
    assert cli.get("sys/seal-status").json["sealed"] is True
    first_of_kv_get = cli.get("sys/internal/ui/mounts/secret/app/sealed")
    assert (first_of_kv_get.status, len(first_of_kv_get.json["errors"])) == (503, 1)
    # It asks for a key; the vault of a development needs none.
    opened = cli.put("sys/unseal", {"key": "", "reset": False, "migrate": False})
    assert (opened.status, opened.json["sealed"]) == (200, False)
    assert kv_get(cli, "app/sealed").data["data"] == {"a": "b"}
