"""Made once, sealed, opened again: over the socket and from the command line."""

import concurrent.futures
import contextlib
import json
import os
import threading

import pytest

from configured import CLIENT, ConfiguredVault, copy_of, empty_out, model_with
from harness import Client
from peers import coffer_as, install_coffer, request_as, user

SEALED = ["Vault is sealed"]


def sealed(vault):
    return vault.request("GET", "sys/seal-status").json["sealed"]


def test_a_sealed_vault_serves_nothing_but_its_state(vault):
    vault.put("a", {"b": "c"})
    done = vault.coffer("operator", "seal")
    assert (done.returncode, done.stdout) == (0, "Success! Vault is sealed.\n"), done.stderr
    assert sealed(vault)
    assert vault.request("GET", "sys/health").status == 503
    for method, path in (("GET", "secret/data/a"), ("POST", "secret/data/a"), ("LIST", "secret/metadata/"),
                         ("GET", "auth/token/lookup-self"), ("POST", "auth/token/create"),
                         ("GET", "sys/mounts"), ("GET", "sys/policies/acl/default"), ("POST", "sys/seal"),
                         ("POST", "sys/policies/explain"), ("GET", "sys/metrics"),
                         ("GET", "nowhere/at/all")):  # fmt: skip
        body = {"data": {}} if method == "POST" else None
        for token in (vault.root_token, None, "hvs.wrong"):
            answer = vault.request(method, path, body, token=token)
            assert (answer.status, answer.errors) == (503, SEALED), path
    status = vault.coffer("status", "-format=json")
    assert status.returncode == 2
    assert json.loads(status.stdout)["sealed"] is True
    assert vault.coffer("kv", "get", "secret/a").returncode == 2


def test_everything_is_there_again_after_unseal(vault):
    vault.put("a", {"b": "c"})
    vault.put("a", {"b": "d"})
    policy = 'path "secret/data/a" { capabilities = ["read"] }'
    vault.request("POST", "sys/policies/acl/reader", {"policy": policy})
    vault.request("POST", "auth/unix/role/me", {"bound_uids": [os.geteuid()], "token_policies": ["reader"]})
    token = vault.request("POST", "auth/token/create", {"policies": ["reader"], "num_uses": 5}).json["auth"]
    for _ in range(3):
        assert vault.coffer("operator", "seal").returncode == 0
        assert vault.request("GET", "secret/data/a").status == 503
        opened = vault.coffer("operator", "unseal")
        assert opened.returncode == 0, opened.stderr
        assert not sealed(vault)
        assert vault.read("a") == {"b": "d"}
        assert vault.read("a", version=1) == {"b": "c"}
        for caller in (token["client_token"], None):
            assert vault.request("GET", "secret/data/a", token=caller).status == 200
    told = vault.request("POST", "auth/token/lookup", {"token": token["client_token"]}).data
    assert told["num_uses"] == 2
    assert vault.put("a", {"b": "e"})["version"] == 3
    assert vault.coffer("operator", "unseal").returncode == 0, "open is open"
    vault.stop()
    assert vault.verify_audit()[0] == 0
    paths = [line for line in vault.audit_lines() if "sys/seal" in str(line)]
    assert paths, "and it is on the record"


def test_only_who_may_seals(vault):
    made = vault.request("POST", "auth/token/create", {"policies": ["default"]}).json["auth"]
    almost = 'path "sys/seal" { capabilities = ["update"] }'
    vault.request("POST", "sys/policies/acl/almost", {"policy": almost})
    no_sudo = vault.request("POST", "auth/token/create", {"policies": ["almost"]}).json["auth"]
    for token in (None, "hvs.wrong", made["client_token"], no_sudo["client_token"]):
        assert vault.request("PUT", "sys/seal", {}, token=token).status == 403
    assert not sealed(vault)
    sudo = 'path "sys/seal" { capabilities = ["update", "sudo"] }'
    vault.request("POST", "sys/policies/acl/sealer", {"policy": sudo})
    sealer = vault.request("POST", "auth/token/create", {"policies": ["sealer"]}).json["auth"]
    assert vault.request("PUT", "sys/seal", {}, token=sealer["client_token"]).status == 204
    assert sealed(vault)


def test_a_restart_opens_a_sealed_vault(vault):
    vault.put("a", {"b": "c"})
    assert vault.request("PUT", "sys/seal", {}).status == 204
    vault.restart()
    assert vault.read("a") == {"b": "c"}
    assert vault.request("PUT", "sys/seal", {}).status == 204
    vault.kill()
    vault.start()
    assert vault.read("a") == {"b": "c"}


def test_requests_under_way_are_answered_whole_or_not_done(vault):
    """Writers and readers go on while the vault is sealed and opened. Each answer is a success or
    says that it is sealed; what was acknowledged is there."""
    vault.put("read", {"v": "x"})
    stop = threading.Event()
    wrong = []

    def write(name):
        last = 0
        with contextlib.closing(vault.new_client()) as client:
            while not stop.is_set():
                answer = client.post(f"secret/data/{name}", {"data": {"n": last + 1}})
                if answer.status == 200:
                    last += 1
                elif (answer.status, answer.errors) != (503, SEALED):
                    wrong.append(answer)
        return name, last

    def read(_):
        served = 0
        with contextlib.closing(vault.new_client()) as client:
            while not stop.is_set():
                answer = client.get("secret/data/read")
                if answer.status == 200 and answer.data["data"] == {"v": "x"}:
                    served += 1
                elif (answer.status, answer.errors) != (503, SEALED):
                    wrong.append(answer)
        return served

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        writers = [threads.submit(write, f"w{n}") for n in range(4)]
        readers = [threads.submit(read, n) for n in range(4)]
        try:
            for _ in range(10):
                assert vault.request("PUT", "sys/seal", {}).status == 204
                assert vault.request("GET", "secret/data/read").status == 503
                assert vault.request("PUT", "sys/unseal", {}).json["sealed"] is False
                assert vault.read("read") == {"v": "x"}
        finally:
            stop.set()
        written = dict(writer.result() for writer in writers)
        served = sum(reader.result() for reader in readers)
    assert wrong == []
    assert served > 0 and sum(written.values()) > 0
    for name, last in written.items():
        found = vault.read(name)
        assert (found or {"n": 0})["n"] in (last, last + 1), "acknowledged, so there"
    vault.stop()
    assert vault.verify_audit()[0] == 0


# Made once; by a daemon with a configuration.


@pytest.fixture(scope="module")
def model():
    with model_with(("app/db", {"password": "of the app"})) as directory:
        yield directory


class OpenToAll(ConfiguredVault):
    @property
    def socket_path(self):
        return self.directory.parent / "run/coffer.sock"


@pytest.fixture
def configured(model):
    with copy_of(model, OpenToAll) as vault:
        install_coffer(vault.directory.parent)
        vault.socket_path.parent.mkdir(mode=0o755)
        vault.settings["listener"] = [{"path": str(vault.socket_path), "mode": "0666"}]
        vault.write()
        yield vault


@pytest.fixture
def empty(configured):
    empty_out(configured)
    return configured.start()


def test_a_vault_is_made_once_whoever_else_asks(empty):
    def init(_):
        with contextlib.closing(Client(empty.socket_path)) as client:
            return client.request("PUT", "sys/init", {})

    with contextlib.closing(Client(empty.socket_path)) as client:
        assert client.get("sys/init").json == {"initialized": False}
        assert client.get("sys/health").status == 501
        assert client.get("secret/data/a").status == 503
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(init, range(6)))
    made = [answer for answer in answers if answer.status == 200]
    assert len(made) == 1
    assert {answer.status for answer in answers if answer.status != 200} == {400}
    token = made[0].json["root_token"]
    assert token.startswith("hvs.")
    with contextlib.closing(Client(empty.socket_path, token)) as client:
        assert client.get("sys/init").json == {"initialized": True}
        assert client.get("auth/token/lookup-self").data["policies"] == ["root"]
        assert client.request("PUT", "sys/init", {}).status == 400
    assert token not in empty.log
    assert not any(token in path.read_text() for path in empty.audit_directory.iterdir())


def test_init_from_the_command_line_gives_the_token_once(empty):
    status = empty.coffer("operator", "init", "-status", COFFER_TOKEN_PATH="/nonexistent")
    assert status.returncode == 2
    done = empty.coffer("operator", "init", "-no-recovery", "-field=root_token", COFFER_TOKEN_PATH="/nonexistent")
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    again = empty.coffer("operator", "init", "-no-recovery", COFFER_TOKEN_PATH="/nonexistent")
    assert again.returncode == 2
    assert again.stdout == ""
    empty.keep_root_token(token)
    assert empty.coffer("secrets", "enable", "-path=secret", "kv-v2").returncode == 0
    empty.restart()
    empty.put("first", {"a": "b"})
    assert empty.read("first") == {"a": "b"}


def test_another_user_makes_nothing_where_the_daemon_has_the_pin(empty):
    home = empty.directory.parent
    pin = (empty.directory / "pin").read_text().strip()
    for body in ({}, {"pin": pin}):
        assert request_as(user(CLIENT), empty, "PUT", "sys/init", body).status == 403
    with contextlib.closing(Client(empty.socket_path)) as client:
        assert client.get("sys/init").json == {"initialized": False}
    done = coffer_as(user(CLIENT), empty, "operator", "init", "-no-recovery", home=home)
    assert done.returncode == 2
    assert done.stdout == ""


def test_another_user_spends_no_try_where_the_daemon_has_the_pin(configured):
    configured.start()
    assert configured.request("PUT", "sys/seal", {}).status == 204
    pin = (configured.directory / "pin").read_text().strip()
    for body in ({}, {"key": "a-guess"}, {"key": pin}):
        assert request_as(user(CLIENT), configured, "PUT", "sys/unseal", body).status == 403
    assert sealed(configured)
    assert configured.coffer("operator", "unseal").returncode == 0  # no try was spent on the guess
    assert configured.read("app/db") == {"password": "of the app"}


def test_another_user_unseals_with_the_pin_where_operators_bring_it(configured):
    pin = (configured.directory / "pin").read_text().strip()
    configured.settings["token"]["pin_from"] = "operator"
    configured.settings["token"].pop("pin_file", None)
    configured.write()
    configured.start()
    refused = request_as(user(CLIENT), configured, "PUT", "sys/unseal", {})
    assert refused.status == 400
    assert "PIN" in refused.body["errors"][0]
    assert sealed(configured)
    opened = request_as(user(CLIENT), configured, "PUT", "sys/unseal", {"key": pin})
    assert (opened.status, opened.body["sealed"]) == (200, False)
    assert configured.read("app/db") == {"password": "of the app"}
    assert pin not in configured.log
    assert not any(pin in path.read_text() for path in configured.audit_directory.iterdir())


def test_who_brings_a_wrong_pin_is_told_so_and_no_pin_is_tried_twice(configured):
    configured.start()
    assert configured.request("PUT", "sys/seal", {}).status == 204
    said = [configured.request("PUT", "sys/unseal", {"key": "wrong-canary"}) for _ in range(2)]
    said.append(configured.request("PUT", "sys/unseal", {}))
    assert {answer.status for answer in said} == {400}
    assert said[0].errors == ["wrong PIN"]
    assert said[1].errors == ["this PIN was refused by this token before and isn't tried again"]
    # SoftHSM calls one try fewer few: not even the right one is risked.
    assert said[2].errors == ["the token says that wrong PINs were tried: log in by hand first, or allow it"]
    assert sealed(configured)
    done = configured.coffer("operator", "unseal", "-", stdin="wrong-canary")
    assert done.returncode == 2
    assert "isn't tried again" in done.stderr
    configured.stop()
    for path in (configured.log_path, *configured.audit_directory.iterdir()):
        assert "wrong-canary" not in path.read_text(), path


def test_a_vault_that_was_told_so_stays_sealed_until_it_is_opened(configured):
    configured.settings["vault"]["auto_unseal"] = False
    configured.write()
    configured.start()
    assert sealed(configured)
    assert configured.request("GET", "secret/data/app/db").status == 503
    done = configured.coffer("operator", "unseal")
    assert done.returncode == 0, done.stderr
    assert configured.read("app/db") == {"password": "of the app"}
