"""How many leases there may be, through database/creds on a real PostgreSQL: what each cap refuses, what warns
before it, and for whom the tokens of a login count."""

import os
import pathlib

import databases
import pytest
from configured import copy_of, model_with
from peers import Peer, cgroup, cgroup_root, request_as
from test_database import eventually, ok

POLICY = """
path "database/creds/*" { capabilities = ["read"] }
path "auth/token/create" { capabilities = ["update"] }
"""


@pytest.fixture(scope="module")
def server():
    with databases.Postgresql(pathlib.Path("/tmp") / f"coffer-caps-pg-{os.getpid()}") as started:
        yield started


@pytest.fixture(scope="module")
def model():
    with model_with() as directory:
        yield directory


@pytest.fixture
def limited(model, server):
    """limited(max_total=5): a vault with these caps, two roles, and a policy for who asks."""
    with copy_of(model) as vault:

        def start(**caps):
            vault.settings["leases"] = caps
            vault.write()
            vault.start()
            role = {"db_name": "pg", "creation_statements": server.creation, "default_ttl": "1h"}
            for path, body in (("sys/mounts/database", {"type": "database"}),
                               ("database/config/pg", server.config()), ("database/roles/app", role),
                               ("database/roles/web", role),
                               ("sys/policies/acl/asker", {"policy": POLICY})):  # fmt: skip
                ok(vault.request("POST", path, body))
            # The trials of the roles count in all until they are over.
            eventually(lambda: vault.request("GET", "sys/leases/pending").data["targets"] == {})
            return vault

        yield start
    for user in server.users():
        server.drop(user)


def creds(vault, role="app", **more):
    return vault.request("GET", f"database/creds/{role}", **more)


def warned(answer):
    return ok(answer, 200).json["warnings"]


def refused(answer, reason):
    assert (answer.status, answer.json) == (429, {"errors": [reason]}), answer.body


def make_token(vault, by=None):
    more = {"token": by} if by else {}
    made = ok(vault.request("POST", "auth/token/create", {"policies": ["asker"]}, **more), 200)
    return made.json["auth"]["client_token"]


def test_a_role_has_so_many(limited, server):
    vault = limited(max_per_role=5)
    assert [warned(creds(vault)) for _ in range(3)] == [None] * 3
    assert warned(creds(vault)) == ["4 of at most 5 leases of this role are in use"]
    answer = ok(creds(vault), 200).json
    assert answer["warnings"] == ["5 of at most 5 leases of this role are in use"]
    assert set(answer["data"]) == {"username", "password"} and answer["lease_duration"] == 3600
    refused(creds(vault), "there are 5 leases of this role already, as many as there may be")
    assert len(server.users()) == 5, "nothing was made for who was refused"
    assert warned(creds(vault, "web")) is None, "another role has room"
    said = vault.coffer("read", "database/creds/app")
    assert said.returncode == 2 and "5 leases of this role already" in said.stderr
    ok(vault.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    eventually(lambda: creds(vault).status == 200)


def test_a_vault_has_so_many(limited, server):
    vault = limited(max_total=5)
    assert [warned(creds(vault, role)) for role in ("app", "web", "app")] == [None] * 3
    assert warned(creds(vault, "web")) == ["4 of at most 5 leases of this vault are in use"]
    lease = ok(creds(vault), 200).json["lease_id"]
    for role in ("app", "web"):
        refused(creds(vault, role, token=make_token(vault)),
                "there are 5 leases of this vault already, as many as there may be")  # fmt: skip
    assert len(server.users()) == 5
    ok(vault.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": True}))
    assert warned(creds(vault)) == ["5 of at most 5 leases of this vault are in use"]


def test_an_identity_has_so_many_whatever_token_asks(limited, server):
    vault = limited(max_per_owner=5)
    first = make_token(vault)
    child = make_token(vault, by=first)
    grandchild = make_token(vault, by=child)
    other = make_token(vault)
    assert [warned(creds(vault, token=token)) for token in (first, child, grandchild)] == [None] * 3
    for count, token in ((4, make_token(vault, by=grandchild)), (5, first)):
        assert warned(creds(vault, "web", token=token)) == [
            f"{count} of at most 5 leases of this identity are in use"]  # fmt: skip
    for token in (first, child, grandchild, make_token(vault, by=first)):
        refused(creds(vault, token=token),
                "there are 5 leases of this identity already, as many as there may be")  # fmt: skip
    assert warned(creds(vault, token=other)) is None, "made by root: another identity"
    assert warned(creds(vault)) is None, "and so is root"
    accessor = ok(vault.request("GET", "auth/token/lookup-self", token=first), 200).data["accessor"]
    top = ok(vault.request("GET", "sys/leases/top"), 200).data
    assert top["identities"][0] == {"identity": accessor, "display_name": "token", "leases": 5}
    assert [owner["leases"] for owner in top["owners"] if owner["identity"] == accessor] == [2, 1, 1, 1]
    assert f"5         {accessor}  (token)" in vault.coffer("lease", "top").stdout
    # A child's end takes what is its own, and makes room for all.
    ok(vault.request("POST", "auth/token/revoke", {"token": child}))
    eventually(lambda: creds(vault, token=first).status == 200)
    assert creds(vault, token=grandchild).status == 403


def test_a_peer_has_so_many_with_all_its_tokens_and_logins(limited):
    vault = limited(max_per_owner=3)
    ok(vault.request("POST", "auth/unix/role/me", {"bound_uids": [0], "token_policies": ["asker"]}))
    ok(creds(vault, token=None), 200)
    token = ok(vault.request("POST", "auth/token/create", {}, token=None), 200).json["auth"]["client_token"]
    ok(creds(vault, token=token), 200)
    ok(creds(vault, token=make_token(vault, by=token)), 200)
    reason = "there are 3 leases of this identity already, as many as there may be"
    refused(creds(vault, token=None), reason)
    refused(creds(vault, token=token), reason)
    again = ok(vault.request("POST", "auth/token/create", {}, token=None), 200).json["auth"]["client_token"]
    refused(creds(vault, token=again), reason)
    # After a restart they are counted from the store.
    vault.restart()
    refused(creds(vault, token=None), reason)
    if cgroup_root() is None:
        return  # in no unit of ours
    with cgroup(f"user.slice/session-{os.getpid()}.scope") as place:
        told = request_as(Peer(0, 0, cgroup=place), vault, "GET", "database/creds/app")
        assert (told.status, told.body) == (429, {"errors": [reason]})
