"""The harness itself, and with it the daemon's life: start, stop, kill, start again."""

import signal

from harness import Client


def test_a_fresh_vault_keeps_and_gives_back(vault):
    assert vault.read("app/db") is None
    assert vault.put("app/db", {"password": "hunter2"})["version"] == 1
    assert vault.read("app/db") == {"password": "hunter2"}


def test_ready_is_said_once_it_listens(vault):
    assert "ready" in vault.log.splitlines()[-1]


def test_a_restart_finds_everything_again(vault):
    vault.put("app/db", {"password": "hunter2"})
    token = vault.root_token
    vault.restart()
    assert vault.root_token == token
    assert vault.read("app/db") == {"password": "hunter2"}


def test_a_killed_vault_comes_back_with_what_it_acknowledged(vault):
    vault.put("app/db", {"password": "hunter2"})
    vault.kill()
    assert not vault.running
    vault.start()
    assert vault.read("app/db") == {"password": "hunter2"}
    status, said = vault.verify_audit()
    assert status == 0, said


def test_it_stops_in_order_when_told(make_vault):
    for sig in (signal.SIGTERM, signal.SIGINT):
        vault = make_vault()
        assert vault.stop(sig) == 0, vault.log
        assert not vault.answers()


def test_a_second_daemon_on_the_same_directory_is_refused(vault, make_vault):
    second = make_vault(start=False)
    second.directory.rmdir()
    second.directory = vault.directory
    second.start(wait=False)
    assert second.wait_end() != 0
    assert vault.answers(), "the first one goes on"


def test_without_a_token_there_is_nothing(vault):
    vault.put("app/db", {"password": "hunter2"})
    assert vault.request("GET", "secret/data/app/db", token=None).status == 403
    assert vault.request("GET", "secret/data/app/db", token="hvs.wrong").status == 403


def test_a_client_connects_again_after_an_error(vault):
    client = Client(vault.socket_path, vault.root_token)
    assert client.request("GET", "/elsewhere").status == 404
    assert client.get("sys/health").status == 200
    client.close()


def test_the_command_line_finds_the_vault(vault):
    put = vault.coffer("kv", "put", "secret/app/db", "password=-", stdin="hunter2")
    assert put.returncode == 0, put.stderr
    got = vault.coffer("kv", "get", "-field=password", "secret/app/db")
    assert (got.returncode, got.stdout) == (0, "hunter2")


def test_every_request_has_its_two_lines(vault):
    vault.put("app/db", {"password": "hunter2"})
    vault.read("app/db")
    lines = [line for line in vault.audit_lines() if line["type"] in ("request", "response")]
    paths = [(line["type"], line["request"]["path"]) for line in lines
             if line["request"].get("path") == "secret/data/app/db"]  # fmt: skip
    assert paths == [("request", "secret/data/app/db"), ("response", "secret/data/app/db")] * 2
