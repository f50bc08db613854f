"""The server held against docs/api.md, path by path: nothing undocumented, nothing documented that
isn't there, nothing open or without sudo but what the page says, and every request in the log."""

import re

import api_page
import pytest
from api_page import MOUNTS, OPERATIONS
from audit_tail import AuditTail

ROWS = api_page.rows()
EVERYTHING_BUT_SUDO = """path "*" { capabilities = ["create", "read", "update", "patch", "delete",
                                                     "list", "scan"] }"""


@pytest.fixture(scope="module")
def stocked(shared_vault):
    client = shared_vault.client
    api_page.enable_all(client)
    assert client.post("sys/policies/acl/no-sudo", {"policy": EVERYTHING_BUT_SUDO}).status == 204
    return shared_vault


def rules(vault, mount):
    """{"read secret/config": help} as the server tells them."""
    text = vault.client.get(f"{mount}?help=1").json["help"]
    return dict(re.findall(r"^([a-z]+ \S+)\n    (.+)$", text, re.MULTILINE))


def new_token(vault, *policies):
    """With these policies alone: `default` has rows of its own for lookup-self and the like."""
    asked = {"policies": list(policies), "no_default_policy": True}
    made = vault.client.post("auth/token/create", asked)
    assert made.status == 200, made.body
    return made.json["auth"]["client_token"]


def send(vault, row, token):
    """With as little as a request can have. A seal would end the test: it has a vault of its own."""
    names = {"PATH": "secret/x"} if row.path.startswith("sys/internal") else {}
    body = {} if row.method in ("POST", "PATCH") else None
    headers = {"Content-Type": "application/merge-patch+json"} if row.method == "PATCH" else None
    path = row.concrete(**names)
    return path, vault.client.request(row.method, path, body, token=token, headers=headers)


def test_the_pages_name_each_path_once():
    assert len(ROWS) > 80
    names = [str(row) for row in ROWS]
    assert len(names) == len(set(names))


def test_the_router_and_the_pages_have_the_same_paths(stocked):
    served = {rule for mount in MOUNTS for rule in rules(stocked, mount)}
    assert served == {row.rule for row in ROWS}


def test_every_mount_that_is_there_is_held_against_the_pages(stocked):
    secret = stocked.client.get("sys/mounts").data
    auth = stocked.client.get("sys/auth").data
    assert {*secret, *(f"auth/{path}" for path in auth)} == set(MOUNTS)


@pytest.mark.parametrize("mount", MOUNTS)
def test_every_path_has_help_that_says_something(stocked, mount):
    for rule, text in rules(stocked, mount).items():
        assert len(text) > 12 and text[-1] in ".?", (rule, text)


@pytest.mark.parametrize("row", [row for row in ROWS if not row.open], ids=str)
def test_without_a_caller_a_path_that_is_not_open_is_403(stocked, row):
    _, answer = send(stocked, row, None)
    assert answer.status == 403, answer.body
    _, unknown = send(stocked, row, "hvs.nosuch")
    assert unknown.status == 403, unknown.body


@pytest.mark.parametrize("row", [row for row in ROWS if row.open and "PATH" not in row.path], ids=str)
def test_open_paths_answer_without_a_caller(stocked, row):
    _, answer = send(stocked, row, None)
    assert answer.status in (200, 400), answer.body


def test_the_mount_of_a_path_is_told_to_who_may_see_it(stocked):
    path = "sys/internal/ui/mounts/secret/x"
    assert stocked.client.get(path).status == 200
    nobody, nowhere = (stocked.client.get(p, token=None) for p in (path, f"{path[:-8]}nosuch"))
    assert nobody.status == nowhere.status == 403 and nobody.errors == nowhere.errors


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_sudo_is_needed_where_the_page_says_so_and_nowhere_else(stocked, row):
    _, answer = send(stocked, row, new_token(stocked, "no-sudo"))
    assert (answer.status == 403) == row.sudo, answer.body


@pytest.mark.parametrize("row", [row for row in ROWS if row.path != "sys/seal"], ids=str)
def test_every_path_is_served_and_leaves_both_lines_in_the_log(stocked, row):
    path, answer = drive(stocked, row)
    assert answer.status in (200, 202, 204, 400, 404), answer.body
    assert "unsupported" not in answer.body.decode() and b"no handler" not in answer.body


def test_a_seal_leaves_both_lines_in_the_log(make_vault):
    (row,) = (row for row in ROWS if row.path == "sys/seal")
    vault = make_vault()
    assert drive(vault, row)[1].status == 204
    assert vault.client.get("sys/seal-status").json["sealed"]


def drive(vault, row):
    """Sends it as root and finds its two lines."""
    token = new_token(vault, "root")
    log = AuditTail(vault)
    path, answer = send(vault, row, token)
    operations = {OPERATIONS[row.method]} | ({"create"} if row.method == "POST" else set())
    listing = "/" if row.method in ("LIST", "SCAN") else ""
    kinds = [
        line["type"]
        for line in log.new_request_lines()
        if line["request"]["path"] == path + listing
        and line["request"]["operation"] in operations
    ]
    assert kinds == ["request", "response"], (path, kinds)
    return path, answer
