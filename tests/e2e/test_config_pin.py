"""`cofferd --config`: where the PIN comes from, and who opens the vault."""

import os
import shutil

from test_config import model, vault  # noqa: F401  (fixtures)


def test_takes_the_pin_from_a_credential(vault):
    credentials = vault.directory.parent / "credentials"
    credentials.mkdir(mode=0o700)
    shutil.copy(vault.directory / "pin", credentials / "pin")
    vault.settings["token"].update(pin_from="credential")
    del vault.settings["token"]["pin_file"]
    vault.write()
    assert "LoadCredentialEncrypted" in vault.refused()
    vault.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    vault.start()
    assert vault.read("app/db") is not None


def test_stays_sealed_until_an_operator_opens_it(vault):
    vault.settings["vault"]["auto_unseal"] = False
    vault.write()
    vault.start()
    assert vault.request("GET", "sys/health").status == 503
    assert vault.request("GET", "secret/data/app/db").status == 503
    # The owner of the daemon need not bring what it can read itself.
    assert vault.request("PUT", "sys/unseal", {}).status == 200
    assert vault.read("app/db") is not None


def test_without_a_source_of_the_pin_an_operator_brings_it(vault):
    pin = (vault.directory / "pin").read_text().strip()
    vault.settings["token"].pop("pin_file")
    vault.settings["token"]["pin_from"] = "operator"
    vault.write()
    vault.start()
    refused = vault.request("PUT", "sys/unseal", {})
    assert (refused.status, "PIN" in refused.errors[0]) == (400, True)
    assert vault.request("PUT", "sys/unseal", {"key": pin}).json["sealed"] is False
    assert vault.read("app/db") is not None
    lines = "".join(path.read_text() for path in vault.audit_directory.glob("audit-*"))
    assert pin not in lines and pin not in vault.log


def test_a_wrong_pin_has_a_status_of_its_own_and_is_not_tried_twice(vault):
    pin = vault.directory / "pin"
    right = pin.read_text()
    pin.unlink()
    pin.write_text("0" * len(right))
    os.chmod(pin, 0o400)
    told = vault.refused(code=77)
    assert right not in told and "0" * len(right) not in told


def test_no_pin_at_all_is_told_and_costs_no_try(vault):
    pin = vault.directory / "pin"
    right = pin.read_text()
    pin.unlink()
    pin.write_text("\n")
    os.chmod(pin, 0o400)
    for told in (vault.refused("--check"), vault.refused()):
        assert f"{pin} holds no PIN" in told
    pin.unlink()
    pin.write_text(right)
    os.chmod(pin, 0o400)
    vault.start()
    assert vault.client.get("sys/token").data["pin_tries"] == "plenty"


def test_adopts_the_keys_that_are_on_the_token(vault):
    vault.start()
    old = vault.request("GET", "sys/seal-status").json["cluster_id"]
    vault.close()
    for path in [*vault.directory.glob("store.db*"), vault.directory / "signer.pem"]:
        path.unlink()
    shutil.rmtree(vault.audit_directory)
    vault.start()
    unknown = vault.request("PUT", "sys/init", {"adopt": "00000000-0000-4000-8000-000000000000"})
    assert unknown.status == 503, unknown
    made = vault.request("PUT", "sys/init", {"adopt": old})
    assert made.status == 200, made
    assert (made.json["vault_id"], made.json["adopted"]) == (old, True)
    vault.restart()
    assert vault.request("GET", "sys/seal-status").json["cluster_id"] == old
