"""database/ as hvac and node-vault spell it, on a real PostgreSQL."""

import os
import pathlib
import urllib.parse

import client_kit
import databases
import hvac
import pytest
import requests_unixsocket

ENVELOPE = {"request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"}


@pytest.fixture(scope="module")
def server():
    with databases.Postgresql(pathlib.Path("/tmp") / f"coffer-client-pg-{os.getpid()}") as started:
        yield started


@pytest.fixture(scope="module")
def client(shared_vault):
    url = "http+unix://" + urllib.parse.quote(str(shared_vault.socket_path), safe="")
    made = hvac.Client(url=url, token=shared_vault.root_token, session=requests_unixsocket.Session())
    made.sys.enable_secrets_engine("database")
    return made


@pytest.fixture
def configured(client, server):
    engine = client.secrets.database
    given = server.config()
    engine.configure(name="pg", plugin_name=given["plugin_name"], allowed_roles="*",
                     connection_url=given["connection_url"], username=given["username"],
                     password=given["password"])  # fmt: skip
    engine.create_role(name="app-role", db_name="pg", creation_statements=server.creation,
                       default_ttl="1h", max_ttl="24h")  # fmt: skip
    return engine


def test_hvac_configures_reads_and_revokes(client, configured, server):
    assert configured.list_connections()["data"]["keys"] == ["pg"]
    told = configured.read_connection("pg")["data"]
    assert told["plugin_name"] == "postgresql-database-plugin"
    assert "password" not in told["connection_details"]
    assert configured.list_roles()["data"]["keys"] == ["app-role"]
    assert configured.read_role("app-role")["data"]["creation_statements"] == server.creation
    answer = configured.generate_credentials("app-role")
    assert set(answer) >= ENVELOPE and answer["auth"] is None and answer["wrap_info"] is None
    assert answer["lease_id"].startswith("database/creds/app-role/")
    data = answer["data"]
    assert server.logs_in(data["username"], data["password"])
    assert client.sys.renew_lease(answer["lease_id"])["renewable"] is True
    client.sys.revoke_lease(answer["lease_id"])


def test_hvac_keeps_static_roles(client, configured, server):
    configured.create_static_role(name="own", db_name="pg", username="app_owner",
                                  rotation_statements=[], rotation_period="86400s")  # fmt: skip
    assert configured.list_static_roles()["data"]["keys"] == ["own"]
    data = configured.get_static_credentials("own")["data"]
    assert server.logs_in(data["username"], data["password"])
    assert data["rotation_period"] == 86400
    # What this hvac has no method for goes by its adapter.
    client.write("database/rotate-role/own")
    assert not server.logs_in("app_owner", data["password"])
    configured.delete_static_role("own")


def test_hvac_resets_and_rotates_the_administrator(configured, server):
    configured.reset_connection("pg")
    configured.rotate_root_credentials("pg")
    assert not server.logs_in(databases.ADMIN, databases.ADMIN_PASSWORD)
    assert configured.generate_credentials("app-role")["data"]["username"]
    server.reset_admin()
    configured.delete_role("app-role")
    configured.delete_connection("pg")
    with pytest.raises(hvac.exceptions.InvalidPath):
        configured.read_connection("pg")


def test_node_vault_reads_renews_and_revokes(shared_vault, configured):
    node = [client_kit.tool("node"), str(client_kit.node_folder() / "database.js")]
    assert client_kit.run(node, shared_vault) == ["creds", "renew", "revoke"]
