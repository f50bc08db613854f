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
