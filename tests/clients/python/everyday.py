"""hvac on a first day: Debian's and the current one run this same file. See client_kit.py."""

import sys
import urllib.parse

import hvac
import requests_unixsocket

MOUNT = "everyday-python"
POLICY = f'path "{MOUNT}/data/app/*" {{\n  capabilities = ["read"]\n}}\n'
SECRET = "app/db"

socket_path = sys.argv[1]
token = sys.stdin.readline().strip()
made = {}  # the token that one step makes and later ones use


def new_client(with_token):
    url = "http+unix://" + urllib.parse.quote(socket_path, safe="")
    return hvac.Client(url=url, token=with_token, session=requests_unixsocket.Session())


client = new_client(token)
kv = client.secrets.kv.v2


def expect(error, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except error as caught:
        return caught
    raise AssertionError(f"no {error.__name__}")


def put(secret, path=SECRET, **more):
    return kv.create_or_update_secret(path=path, secret=secret, mount_point=MOUNT, **more)["data"]


def get(path=SECRET, **more):
    return kv.read_secret_version(path=path, mount_point=MOUNT, **more)["data"]


def log_in():
    assert client.is_authenticated()
    assert not new_client("hvs.wrong").is_authenticated()


def look_up_self():
    data = client.auth.token.lookup_self()["data"]
    assert (data["policies"], data["id"]) == (["root"], token)
    assert data["accessor"]


def write():
    client.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "2"})
    assert put({"password": "one"})["version"] == 1


def read():
    assert get()["data"] == {"password": "one"}
    expect(hvac.exceptions.InvalidPath, get, "none")


def versions():
    assert put({"password": "two"})["version"] == 2
    assert get(version=1)["data"] == {"password": "one"}
    assert get()["data"] == {"password": "two"}


def check_and_set():
    assert put({"password": "three"}, cas=2)["version"] == 3
    refused = expect(hvac.exceptions.InvalidRequest, put, {}, cas=2)
    assert "check-and-set" in str(refused)


def delete():
    kv.delete_latest_version_of_secret(path=SECRET, mount_point=MOUNT)
    expect(hvac.exceptions.InvalidPath, get)
    kv.delete_secret_versions(path=SECRET, versions=[1], mount_point=MOUNT)
    expect(hvac.exceptions.InvalidPath, get, version=1)


def undelete():
    kv.undelete_secret_versions(path=SECRET, versions=[1, 3], mount_point=MOUNT)
    assert get()["data"] == {"password": "three"}
    assert get(version=1)["data"] == {"password": "one"}


def destroy():
    kv.destroy_secret_versions(path=SECRET, versions=[1], mount_point=MOUNT)
    expect(hvac.exceptions.InvalidPath, get, version=1)


def listing():
    put({}, path="app/more/one")
    assert kv.list_secrets(path="app", mount_point=MOUNT)["data"]["keys"] == ["db", "more/"]


def metadata():
    kv.update_metadata(path=SECRET, max_versions=5, mount_point=MOUNT)
    data = kv.read_secret_metadata(path=SECRET, mount_point=MOUNT)["data"]
    assert (data["current_version"], data["max_versions"]) == (3, 5)
    assert [data["versions"][n]["destroyed"] for n in ("1", "2", "3")] == [True, False, False]
    kv.delete_metadata_and_all_versions(path="app/more/one", mount_point=MOUNT)
    expect(hvac.exceptions.InvalidPath, get, "app/more/one")


def patch():
    put({"a": "one", "b": "two"}, path="app/patch")
    kv.patch(path="app/patch", secret={"b": "three"}, mount_point=MOUNT)
    assert get("app/patch")["data"] == {"a": "one", "b": "three"}


def policies():
    client.sys.create_or_update_policy(name=MOUNT, policy=POLICY)
    client.sys.create_or_update_policy(name="passing", policy=POLICY)
    assert client.sys.read_policy(name=MOUNT)["data"]["rules"] == POLICY
    assert {MOUNT, "passing", "default", "root"} <= set(client.sys.list_policies()["data"]["policies"])
    client.sys.delete_policy(name="passing")
    assert "passing" not in client.sys.list_policies()["data"]["policies"]


def make_token():
    auth = client.auth.token.create(policies=[MOUNT], ttl="1h")["auth"]
    assert auth["policies"] == ["default", MOUNT]
    made.update(auth, client=new_client(auth["client_token"]))
    data = made["client"].secrets.kv.v2.read_secret_version(path=SECRET, mount_point=MOUNT)["data"]
    assert data["data"] == {"password": "three"}


def denied():
    app = made["client"]
    kv2 = app.secrets.kv.v2
    expect(hvac.exceptions.Forbidden, kv2.create_or_update_secret, path=SECRET, secret={},
           mount_point=MOUNT)  # fmt: skip
    expect(hvac.exceptions.Forbidden, kv2.read_secret_version, path="other", mount_point=MOUNT)
    expect(hvac.exceptions.Forbidden, app.sys.list_policies)


def capabilities():
    path = f"{MOUNT}/data/{SECRET}"
    own = made["client"].sys.get_capabilities(paths=[path])
    assert own["data"][path] == ["read"]
    of_it = client.sys.get_capabilities(paths=[path, "sys/policy"], token=made["client_token"])
    assert (of_it["data"][path], of_it["data"]["sys/policy"]) == (["read"], ["deny"])


def renew():
    assert client.auth.token.renew(made["client_token"], increment="2h")["auth"]["lease_duration"] == 7200
    assert made["client"].auth.token.renew_self()["auth"]["renewable"] is True
    assert client.auth.token.lookup(made["client_token"])["data"]["id"] == made["client_token"]


def revoke():
    second = client.auth.token.create(policies=["default"])["auth"]["client_token"]
    assert made["client"].is_authenticated()
    client.auth.token.revoke(made["client_token"])
    assert not made["client"].is_authenticated()
    itself = new_client(second)
    itself.auth.token.revoke_self()
    assert not itself.is_authenticated()


def mounts():
    name = f"{MOUNT}/"
    mounted = client.sys.list_mounted_secrets_engines()
    assert mounted[name] == mounted["data"][name]
    assert mounted["data"][name]["options"] == {"version": "2"}
    client.sys.tune_mount_configuration(MOUNT, default_lease_ttl="1h", max_lease_ttl="2h")
    assert client.sys.read_mount_configuration(MOUNT)["data"]["max_lease_ttl"] == 7200
    client.sys.disable_secrets_engine(MOUNT)
    assert name not in client.sys.list_mounted_secrets_engines()["data"]


def kv_1():
    client.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "1"})
    kv1 = client.secrets.kv.v1
    kv1.create_or_update_secret(path="app", secret={"a": "b"}, mount_point=MOUNT)
    assert kv1.read_secret(path="app", mount_point=MOUNT)["data"] == {"a": "b"}
    assert kv1.list_secrets(path="", mount_point=MOUNT)["data"]["keys"] == ["app"]
    kv1.delete_secret(path="app", mount_point=MOUNT)
    expect(hvac.exceptions.InvalidPath, kv1.read_secret, path="app", mount_point=MOUNT)
    client.sys.disable_secrets_engine(MOUNT)


def seal_status():
    assert client.sys.is_initialized() is True
    assert client.sys.is_sealed() is False
    assert client.sys.read_seal_status()["sealed"] is False


def health():
    assert client.sys.read_health_status(method="GET")["sealed"] is False
    assert client.sys.read_health_status(method="HEAD").status_code == 200
    assert client.sys.read_leader_status()["is_self"] is True


def listings():
    assert client.sys.list_auth_methods()["data"]["token/"]["type"] == "token"
    assert client.sys.list_enabled_audit_devices()["data"]["file/"]["type"] == "file"


STEPS = {
    "log in": log_in, "look up self": look_up_self, "write": write, "read": read, "versions": versions,
    "check-and-set": check_and_set, "delete": delete, "undelete": undelete, "destroy": destroy,
    "list": listing, "metadata": metadata, "patch": patch, "policies": policies, "token": make_token,
    "denied": denied, "capabilities": capabilities, "renew": renew, "revoke": revoke, "mounts": mounts,
    "kv 1": kv_1, "seal status": seal_status, "health": health, "listings": listings,
}  # fmt: skip

for name, step in STEPS.items():
    step()
    print(name, flush=True)
