"""curl over the socket, as the README shows it; the token comes from a file, never from argv."""

import json
import subprocess


def curl(vault, *arguments):
    header = vault.directory / "header"
    header.write_text(f"X-Vault-Token: {vault.root_token}\n")
    header.chmod(0o600)
    done = subprocess.run(
        ["curl", "-sS", "--unix-socket", vault.socket_path, "-H", f"@{header}", *arguments],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return json.loads(done.stdout) if done.stdout else None


def test_put_get_list_delete(shared_vault):
    url = "http://localhost/v1/secret"
    body = '{"data":{"password":"hunter2"}}'
    assert curl(shared_vault, "-X", "PUT", "-d", body, f"{url}/data/curl/db",
                "-H", "Content-Type: application/json")["data"]["version"] == 1  # fmt: skip
    assert curl(shared_vault, f"{url}/data/curl/db")["data"]["data"] == {"password": "hunter2"}
    assert curl(shared_vault, "-X", "LIST", f"{url}/metadata/curl")["data"]["keys"] == ["db"]
    assert curl(shared_vault, "-X", "DELETE", f"{url}/data/curl/db") is None
    assert curl(shared_vault, f"{url}/data/curl/db")["data"]["data"] is None
