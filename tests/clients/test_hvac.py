"""Debian's hvac, unchanged, over the socket with a requests adapter."""

import urllib.parse

import hvac
import pytest
import requests_unixsocket


@pytest.fixture
def client(shared_vault):
    url = "http+unix://" + urllib.parse.quote(str(shared_vault.socket_path), safe="")
    return hvac.Client(url=url, token=shared_vault.root_token, session=requests_unixsocket.Session())


def test_write_read_version_delete_list(client):
    kv = client.secrets.kv.v2
    written = kv.create_or_update_secret(path="hvac/app", secret={"password": "one"})
    assert written["data"]["version"] == 1
    kv.create_or_update_secret(path="hvac/app", secret={"password": "two"}, cas=1)
    assert kv.read_secret_version(path="hvac/app")["data"]["data"] == {"password": "two"}
    old = kv.read_secret_version(path="hvac/app", version=1)
    assert old["data"]["data"] == {"password": "one"}
    assert kv.list_secrets(path="hvac")["data"]["keys"] == ["app"]
    kv.delete_latest_version_of_secret(path="hvac/app")
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_version(path="hvac/app")


def test_versions_are_deleted_undeleted_and_destroyed(client):
    kv = client.secrets.kv.v2
    for n in range(3):
        kv.create_or_update_secret(path="hvac/versions", secret={"n": n})
    kv.delete_secret_versions(path="hvac/versions", versions=[1, 2])
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_version(path="hvac/versions", version=1)
    kv.undelete_secret_versions(path="hvac/versions", versions=[1])
    assert kv.read_secret_version(path="hvac/versions", version=1)["data"]["data"] == {"n": 0}
    kv.destroy_secret_versions(path="hvac/versions", versions=[2])
    versions = kv.read_secret_metadata(path="hvac/versions")["data"]["versions"]
    assert [versions[n]["destroyed"] for n in ("1", "2", "3")] == [False, True, False]


def test_patch_sets_what_is_given(client):
    kv = client.secrets.kv.v2
    kv.create_or_update_secret(path="hvac/patch", secret={"a": "one", "b": "two"})
    assert kv.patch(path="hvac/patch", secret={"b": "three"})["data"]["version"] == 2
    assert kv.read_secret_version(path="hvac/patch")["data"]["data"] == {"a": "one", "b": "three"}
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.patch(path="hvac/none", secret={})


def test_metadata_are_written_read_and_deleted(client):
    kv = client.secrets.kv.v2
    kv.update_metadata(path="hvac/meta", max_versions=3, cas_required=True, delete_version_after="3h25m19s")
    data = kv.read_secret_metadata(path="hvac/meta")["data"]
    assert (data["max_versions"], data["cas_required"]) == (3, True)
    assert data["delete_version_after"] == "3h25m19s"
    with pytest.raises(hvac.exceptions.InvalidRequest, match="check-and-set parameter required"):
        kv.create_or_update_secret(path="hvac/meta", secret={})
    # This hvac has no parameter for it.
    client.write("secret/metadata/hvac/meta", custom_metadata={"owner": "team"})
    written = kv.create_or_update_secret(path="hvac/meta", secret={"a": "b"}, cas=0)
    assert written["data"]["custom_metadata"] == {"owner": "team"}
    kv.delete_metadata_and_all_versions(path="hvac/meta")
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_metadata(path="hvac/meta")


def test_the_mount_is_configured(client):
    kv = client.secrets.kv.v2
    kv.configure(max_versions=20, cas_required=False, delete_version_after="0s")
    data = kv.read_configuration()["data"]
    assert data == {"max_versions": 20, "cas_required": False, "delete_version_after": "0s"}


def test_errors_are_the_ones_that_hvac_knows(client):
    kv = client.secrets.kv.v2
    with pytest.raises(hvac.exceptions.InvalidPath):
        kv.read_secret_version(path="hvac/none")
    with pytest.raises(hvac.exceptions.InvalidRequest, match="check-and-set"):
        kv.create_or_update_secret(path="hvac/cas", secret={}, cas=7)
    client.token = "hvs.wrong"
    with pytest.raises(hvac.exceptions.Forbidden):
        kv.read_secret_version(path="hvac/app")


def test_status(client):
    assert client.sys.is_sealed() is False
    assert client.sys.read_health_status(method="GET")["initialized"] is True
    assert client.sys.read_seal_status()["sealed"] is False
