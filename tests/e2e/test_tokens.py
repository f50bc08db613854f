"""Tokens from outside: how they begin, what they may, how each of them ends."""

import base64
import concurrent.futures
import contextlib
import pathlib
import sqlite3
import threading
import time

import pytest

SECRET = "secret/data/app/db"
MAKER = """
path "auth/token/create" { capabilities = ["update"] }
path "secret/data/app/*" { capabilities = ["read"] }
"""


def prepare(vault):
    vault.put("app/db", {"password": "of the app"})
    assert vault.request("POST", "sys/policies/acl/maker", {"policy": MAKER}).status == 204
    return vault


@pytest.fixture(scope="module")
def tokens(shared_vault):
    return prepare(shared_vault)


@pytest.fixture
def own(vault):
    return prepare(vault)


def create(vault, by=None, path="create", **fields):
    """The `auth` of a new token."""
    more = {"token": by} if by else {}
    answer = vault.request("POST", f"auth/token/{path}", {"policies": ["maker"], **fields}, **more)
    assert answer.status == 200, answer
    return answer.json["auth"]


def token_of(vault, by=None, **fields):
    return create(vault, by, **fields)["client_token"]


def works(vault, token):
    """Whether it reads; through a connection of its own, so that threads may ask too."""
    with contextlib.closing(vault.new_client(token)) as client:
        answer = client.get(SECRET)
    assert answer.status in (200, 403), answer
    return answer.status == 200


def about(vault, token):
    answer = vault.request("POST", "auth/token/lookup", {"token": token})
    assert answer.status == 200, answer
    return answer.data


def post(vault, path, **fields):
    return vault.request("POST", f"auth/token/{path}", fields)


def wait_until(holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# The beginning.


def test_a_token_is_what_was_asked_for(tokens):
    made = create(tokens, ttl="1h", num_uses=7, explicit_max_ttl="2h", display_name="ci job",
                  meta={"owner": "web"}, renewable=False)  # fmt: skip
    assert made["client_token"].startswith("hvs.")
    assert made["lease_duration"] == 3600
    assert made["renewable"] is False
    assert made["num_uses"] == 7
    told = about(tokens, made["client_token"])
    assert told["accessor"] == made["accessor"]
    assert 3590 <= told["ttl"] <= 3600
    assert told["explicit_max_ttl"] == 7200
    assert told["display_name"] == "token-ci-job"
    assert told["meta"] == {"owner": "web"}
    assert told["policies"] == ["default", "maker"]
    assert told["orphan"] is False
    assert told["path"] == "auth/token/create"


def test_what_is_too_long_is_shortened_with_a_warning(tokens):
    answer = post(tokens, "create", ttl="10000h")
    assert answer.json["auth"]["lease_duration"] == 768 * 3600
    assert "shortened" in answer.json["warnings"][0]
    answer = post(tokens, "create", ttl="2h", explicit_max_ttl="1h")
    assert answer.json["auth"]["lease_duration"] == 3600
    assert "shortened" in answer.json["warnings"][0]


def test_a_child_has_no_more_than_its_maker(tokens):
    maker = token_of(tokens)
    with contextlib.closing(tokens.new_client(maker)) as client:
        for fields in ({"policies": ["root"]}, {"policies": [" Root"]}, {"policies": ["maker", "other"]},
                       {"no_parent": True}, {"period": "1h"}, {"id": "thought-of"}, {"type": "batch"}):  # fmt: skip
            answer = client.post("auth/token/create", fields)
            assert answer.status == 400, fields
        for path in ("auth/token/create-orphan", "auth/token/revoke-orphan", "auth/token/lookup"):
            assert client.post(path, {"token": maker}).status == 403, path
        assert client.list("auth/token/accessors").status == 403


def test_a_counted_token_makes_none(tokens):
    answer = tokens.request("POST", "auth/token/create", {}, token=token_of(tokens, num_uses=5))
    assert answer.status == 400
    assert "cannot make tokens" in answer.errors[0]


def test_a_role_gives_what_it_says(tokens):
    role = {"allowed_policies": ["maker"], "orphan": True, "token_period": "10m", "path_suffix": "ci",
            "token_no_default_policy": True}  # fmt: skip
    assert tokens.request("POST", "auth/token/roles/ci", role).status == 204
    assert "ci" in tokens.request("LIST", "auth/token/roles").data["keys"]
    made = create(tokens, path="create/ci")
    told = about(tokens, made["client_token"])
    assert (told["policies"], told["orphan"], told["period"]) == (["maker"], True, 600)
    assert told["path"] == "auth/token/create/ci/ci"
    assert told["role"] == "ci"
    assert post(tokens, "create/ci", policies=["root"]).status == 400
    assert tokens.request("DELETE", "auth/token/roles/ci").status == 204
    refused = post(tokens, "renew", token=made["client_token"])
    assert refused.status == 400
    assert "role" in refused.errors[0]


# Longer.


def test_renewal_ends_at_the_explicit_max(tokens):
    token = token_of(tokens, ttl="50s", explicit_max_ttl="100s")
    assert post(tokens, "renew", token=token, increment="70s").json["auth"]["lease_duration"] in (69, 70)
    assert 90 <= post(tokens, "renew", token=token, increment="10h").json["auth"]["lease_duration"] <= 100
    assert about(tokens, token)["ttl"] <= 100


def test_a_period_renews_to_itself_whatever_is_asked(tokens):
    made = create(tokens, period="60s")
    for increment in ("5s", "10h", 0):
        renewed = post(tokens, "renew-accessor", accessor=made["accessor"], increment=increment)
        assert renewed.json["auth"]["lease_duration"] in (59, 60)
        assert renewed.json["auth"]["client_token"] == ""
    limited = token_of(tokens, period="60s", explicit_max_ttl="61s")
    assert post(tokens, "renew", token=limited).json["auth"]["lease_duration"] <= 60


def test_renewal_is_refused_where_there_is_none(tokens):
    assert post(tokens, "renew", token=token_of(tokens, renewable=False)).status == 400
    assert post(tokens, "renew-self").status == 400, "root's own never ends"
    assert post(tokens, "renew", token="hvs." + "A" * 43).status == 403


def test_a_token_renews_and_revokes_itself(tokens):
    token = token_of(tokens, ttl="1h")
    renewed = tokens.request("POST", "auth/token/renew-self", {"increment": "2h"}, token=token)
    assert renewed.json["auth"]["lease_duration"] in (7199, 7200)
    assert tokens.request("POST", "auth/token/revoke-self", {}, token=token).status == 204
    assert not works(tokens, token)


# The end.


def test_children_die_with_their_parent_at_once(tokens):
    top = token_of(tokens)
    family = [top]
    for _ in range(4):
        family.append(token_of(tokens, by=family[-1]))
    siblings = [token_of(tokens, by=top) for _ in range(80)]  # more than one step of tidying
    assert all(works(tokens, token) for token in family + siblings)
    assert post(tokens, "revoke", token=top).status == 204
    assert not any(works(tokens, token) for token in family + siblings)
    assert post(tokens, "lookup", token=family[-1]).status == 403


def test_revoke_orphan_spares_the_children(tokens):
    parent = token_of(tokens)
    child = token_of(tokens, by=parent)
    grandchild = token_of(tokens, by=child)
    assert about(tokens, child)["orphan"] is False
    assert post(tokens, "revoke-orphan", token=parent).status == 204
    assert not works(tokens, parent)
    assert works(tokens, child) and works(tokens, grandchild)
    wait_until(lambda: about(tokens, child)["orphan"])
    assert post(tokens, "revoke", token=child).status == 204
    assert not works(tokens, grandchild)


def test_unknown_and_ended_tokens_are_told_apart_by_nobody(tokens):
    ended = create(tokens)
    assert post(tokens, "revoke-accessor", accessor=ended["accessor"]).status == 204
    unknown = "hvs." + "A" * 43
    for action in ("lookup", "renew", "revoke"):
        answers = [post(tokens, action, token=token) for token in (ended["client_token"], unknown)]
        assert [answer.status for answer in answers] == [403, 403], action
        assert answers[0].errors == answers[1].errors
        answers = [post(tokens, f"{action}-accessor", accessor=accessor)
                   for accessor in (ended["accessor"], "A" * 24)]  # fmt: skip
        # As Vault: an accessor of nobody needs no revocation, and the answer has a warning.
        status = 200 if action == "revoke" else 403
        assert [answer.status for answer in answers] == [status, status], action
        said = [{**answer.json, "request_id": "", "decision_id": ""} for answer in answers]
        assert said[0] == said[1]


def test_expiry_counts_at_use_however_late_the_sweeper_is(tokens):
    """It looks once a second; these end all over that second, and none is served past its end."""
    begun = time.monotonic()

    def served_past_its_end(tenth):
        wait_until(lambda: time.monotonic() - begun > tenth / 10)
        with contextlib.closing(tokens.new_client()) as client:
            made = client.post("auth/token/create", {"policies": ["maker"], "ttl": "1s"})
            end = time.time() + 1
            client.token = made.json["auth"]["client_token"]
            asked = last = 0.0
            while True:
                asked, last = time.time(), asked
                if client.get(SECRET).status == 403:
                    return last > end

    with concurrent.futures.ThreadPoolExecutor(10) as threads:
        assert list(threads.map(served_past_its_end, range(10))) == [False] * 10


def rows(vault):
    with contextlib.closing(sqlite3.connect(f"file:{vault.store_path}?mode=ro", uri=True)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return sum(store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)


def test_what_ended_leaves_no_rows(own):
    """Durable due rows: they hold across a stop, and nothing of the tokens stays but which minutes
    were looked at."""
    accessors = own.request("LIST", "auth/token/accessors").data["keys"]
    before = rows(own)
    parent = token_of(own, ttl="10s")
    for _ in range(40):
        create(own, by=parent, ttl="2s")
    assert len(own.request("LIST", "auth/token/accessors").data["keys"]) == len(accessors) + 41
    assert rows(own) > before + 80
    own.restart()
    assert post(own, "revoke", token=parent).status == 204
    wait_until(lambda: own.request("LIST", "auth/token/accessors").data["keys"] == accessors)
    wait_until(lambda: rows(own) <= before + 10)


def test_uses_are_counted_one_by_one_however_many_ask(own):
    uses, clients, each = 20, 16, 4
    token = token_of(own, num_uses=uses)
    start = threading.Barrier(clients)

    def ask(_):
        with contextlib.closing(own.new_client(token)) as client:
            start.wait()
            return [client.get(SECRET).status for _ in range(each)]

    with concurrent.futures.ThreadPoolExecutor(clients) as threads:
        statuses = [status for some in threads.map(ask, range(clients)) for status in some]
    assert sorted(set(statuses)) == [200, 403]
    assert statuses.count(200) == uses
    assert post(own, "lookup", token=token).status == 403


def test_denied_requests_are_uses_too(tokens):
    token = token_of(tokens, num_uses=3)
    with contextlib.closing(tokens.new_client(token)) as client:
        assert client.get("secret/data/other").status == 403
        assert client.get(SECRET).status == 200
        assert about(tokens, token)["num_uses"] == 1
        assert client.get(SECRET).status == 200
        assert client.get(SECRET).status == 403


def test_tokens_outlive_the_daemon_and_ends_do_too(own):
    kept = token_of(own)
    counted = token_of(own, num_uses=3)
    parent = token_of(own)
    child = token_of(own, by=parent)
    short = token_of(own, ttl="1s")
    assert works(own, counted)
    assert post(own, "revoke", token=parent).status == 204
    own.kill()
    own.start()
    assert works(own, kept)
    assert about(own, counted)["num_uses"] == 2
    assert not works(own, parent) and not works(own, child)
    wait_until(lambda: not works(own, short))
    own.restart()
    assert not works(own, short) and not works(own, child)
    assert works(own, kept)


# What bad input gets.

WRONG = {
    "create": {
        "policies": [{"a": 1}, [[1]], [{}]],
        "meta": [1, "x", ["x"], {"a": 1}, {"a": None}],
        "no_parent": [{}, [], "perhaps", 7],
        "no_default_policy": [{}, [], "perhaps"],
        "renewable": [{}, [], "perhaps"],
        "ttl": [{}, [], "soon", -1, True, "-1s"],
        "explicit_max_ttl": [{}, [], "soon", -1, "9" * 30],
        "period": [{}, [], "soon", -1],
        "num_uses": [{}, [], "some", -1, 1.5],
        "display_name": [{}, [], 1e300],
        "type": [{}, [], "batch", "other"],
    },
    "lookup": {"token": [{}, [], [["x"]]]},
    "lookup-accessor": {"accessor": [{}, [], [["x"]]]},
    "renew": {"token": [{}, []]},
    "renew-accessor": {"accessor": [{}, []]},
    "renew-self": {"increment": [{}, [], "soon", -1]},
    "revoke": {"token": [{}, []]},
    "revoke-accessor": {"accessor": [{}, []]},
    "revoke-orphan": {"token": [{}, []]},
    "roles/wrong": {
        "allowed_policies": [{"a": 1}, [[1]]],
        "disallowed_policies": [{"a": 1}, [[1]]],
        "allowed_policies_glob": [{"a": 1}, [[1]], [""]],
        "disallowed_policies_glob": [{"a": 1}, [[1]]],
        "orphan": [{}, [], "perhaps"],
        "renewable": [{}, [], "perhaps"],
        "path_suffix": [{}, [], "a/b"],
        "token_period": [{}, [], "soon", -1],
        "token_explicit_max_ttl": [{}, [], "soon", -1],
        "token_num_uses": [{}, [], "some", -1],
        "token_no_default_policy": [{}, [], "perhaps"],
        "token_type": [{}, [], "batch"],
        "token_bound_cidrs": [{"a": 1}, ["10.0.0.0/8"]],
    },
}


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_type_is_refused_by_the_fields_name(tokens, path):
    count = len(tokens.request("LIST", "auth/token/accessors").data["keys"])
    for field, values in WRONG[path].items():
        for value in values:
            answer = post(tokens, path, **{field: value})
            assert answer.status == 400, (field, value, answer)
            assert f'"{field}"' in answer.errors[0], (field, value, answer.errors)
    assert len(tokens.request("LIST", "auth/token/accessors").data["keys"]) == count
    assert tokens.request("GET", "auth/token/roles/wrong").status == 404


def shapes(token):
    """How a token could be written down."""
    forms = {token, token.removeprefix("hvs."), token[::-1]}
    for text in (token, token.removeprefix("hvs.")):
        raw = text.encode()
        forms |= {raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode().rstrip("="),
                  base64.urlsafe_b64encode(raw).decode().rstrip("=")}  # fmt: skip
    body = token.removeprefix("hvs.")
    decoded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    forms |= {decoded.hex(), decoded.decode("latin-1"), base64.b64encode(decoded).decode().rstrip("=")}
    return [form.encode("latin-1") for form in forms]


def test_a_token_is_written_down_nowhere(own):
    token = token_of(own, ttl="1h", display_name="canary", num_uses=100)
    said = []
    with contextlib.closing(own.new_client(token)) as client:
        said += [client.get(SECRET), client.get("secret/data/other"), client.get("auth/token/lookup-self")]
        said.append(client.post("auth/token/renew-self", {}))
    for fields in ({"token": {"x": token}}, {"token": [[token]]}, {"ttl": token}, {"policies": {"x": token}},
                   {"accessor": {"x": token}}, {"increment": token}, {"num_uses": token}):  # fmt: skip
        for path in ("create", "lookup", "lookup-accessor", "renew", "revoke", "roles/x"):
            said.append(post(own, path, **fields))
    malformed = f'{{"token": "{token}'.encode(), f'{{"token": {token}}}'.encode(), token.encode()
    said += [own.request("POST", "auth/token/lookup", body) for body in malformed]
    said.append(own.request("GET", SECRET, token=token + "x"))
    about(own, token)
    assert own.coffer("token", "lookup", "-", stdin=token).returncode == 0
    process = pathlib.Path(f"/proc/{own.pid}")
    refused = [answer.body for answer in said if answer.status >= 400]
    assert len(refused) > 20
    seen = {f"answer {number}": body for number, body in enumerate(refused)}
    seen |= {"arguments": (process / "cmdline").read_bytes(), "environment": (process / "environ").read_bytes()}
    own.stop()
    for path in own.directory.rglob("*"):
        if path.is_file() and path != own.root_token_path:
            seen[str(path)] = path.read_bytes()
    assert any("audit" in name for name in seen) and any("store.db" in name for name in seen)
    for name, content in seen.items():
        for form in shapes(token) + shapes(own.root_token):
            assert form not in content, name
