"""What an auditor gets: the keys as the token has them, what the token signs about itself, and the bundle,
verified without daemon and token. The commands of docs/keys.md run here."""

import hashlib
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tarfile
import time

import pytest

from ceremony_kit import Ceremony, chained
from harness import ROOT, DevVault, program

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so").resolve()
SECRET = "canary-of-evidence-4711"


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    vault = DevVault(tmp_path_factory.mktemp("vault") / "v")
    vault.start()
    vault.put("app/db", {"password": SECRET})
    vault.client.post("sys/policies/acl/reader", {"policy": 'path "secret/data/app/*" { capabilities = ["read"] }'})
    vault.client.post("sys/policies/acl/nobodys", {"policy": 'path "secret/data/x" { capabilities = ["read"] }'})
    assert vault.client.post("auth/unix/role/people", {"bound_uids": [4711], "token_policies": ["reader"]}).status == 204
    vault.client.post("auth/token/create", {"policies": ["reader"], "display_name": "ci"})
    yield vault
    vault.close()


def coffer(vault, *arguments, code=0):
    done = vault.coffer(*map(str, arguments))
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def audit(*arguments, code=0):
    done = subprocess.run(
        [program("coffer-audit"), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def wait_until(holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def signer(vault):
    return vault.directory / "signer.pem"


def test_keys_are_listed_with_the_tokens_own_attributes(vault):
    keys = json.loads(coffer(vault, "key", "list", "-format=json"))["data"]["keys"]
    kek = next(key for key in keys if key["kind"] == "kek")
    assert kek["state"] == "active" and kek["dated"]
    assert kek["attributes"]["CKA_SENSITIVE"] == "true"
    assert kek["attributes"]["CKA_EXTRACTABLE"] == "false"
    assert kek["attributes"]["CKA_NEVER_EXTRACTABLE"] == "true"
    assert kek["attributes"]["CKA_VALUE_LEN"] == "32"
    sign = next(key for key in keys if key["kind"] == "sign")
    assert sign["attributes"]["CKA_DECRYPT"] == "false"
    # All of a new vault's keys are as old as the vault.
    assert {key["activated"] for key in keys} == {kek["activated"]}
    assert all(key["dated"] for key in keys)
    table = coffer(vault, "key", "list")
    assert "sensitive, not extractable" in table and "fingerprint" in table
    usage = json.loads(coffer(vault, "key", "usage", "-format=json"))["data"]["kek"]
    assert usage["wraps"] >= 1024 and usage["refuses_at"] == 2**31


def test_a_ca_is_listed_with_the_vaults_own_keys_and_marked_for_ever(vault, signer, tmp_path):
    assert vault.client.post("sys/mounts/ssh", {"type": "ssh"}).status == 204
    assert vault.client.post("ssh/config/ca", {}).status == 200
    inventory = json.loads(coffer(vault, "key", "list", "-format=json"))["data"]
    (ca,) = (key for key in inventory["keys"] if key["kind"] == "ssh_ca")
    assert ca["state"] == "active" and ca["path"] == "ssh/" and ca["dated"] and ca["period"] == "fine"
    assert ca["attributes"]["CKA_EXTRACTABLE"] == "false" and ca["attributes"]["CKA_SIGN"] == "true"
    assert inventory["unclaimed"] == []
    note = tmp_path / "attestation.note"
    note.write_text(coffer(vault, "token", "attest"))
    audit("verify-attestation", f"-key={signer}", note)
    assert f"\nkey: ssh_ca 1 mount={ca['mount']} CKA_" in note.read_text()
    mark = ("key", "mark-compromised", "-kind=ssh_ca", "-version=1", "-mount=ssh", "-reason=the host was taken")
    coffer(vault, *mark)
    assert "is marked as compromised already" in vault.coffer(*mark).stderr
    row = next(line for line in coffer(vault, "key", "list").splitlines() if line.startswith("ssh_ca"))
    assert "compromised" in row and "ssh/" in row and "sensitive, not extractable" in row
    assert vault.client.get("sys/health").json["keys_compromised"] == 1
    findings = json.loads(vault.coffer("doctor", "-format=json").stdout)["findings"]
    (found,) = (one for one in findings if one["check"] == "key.compromised")
    assert "ssh_ca 1 of ssh/" in found["what"] and "make a new CA" in found["fix"]
    assert vault.client.delete("ssh/config/ca").status == 204
    wait_until(lambda: "keys_compromised" not in vault.client.get("sys/health").json)
    (ca,) = (key for key in vault.client.get("sys/key-inventory").data["keys"] if key["kind"] == "ssh_ca")
    assert ca["state"] == "destroyed" and ca["compromised_reason"] == "the host was taken"


def test_the_token_attests_itself_to_who_has_only_its_public_key(vault, signer, tmp_path):
    note = tmp_path / "attestation.note"
    note.write_text(coffer(vault, "token", "attest", "-challenge=0011aa"))
    good = json.loads(audit("verify-attestation", f"-key={signer}", "-challenge=0011aa", "-format=json", note))
    lines = {line["name"]: line["value"] for line in good["lines"]}
    assert lines["model"].startswith("SoftHSM") and re.fullmatch(r"\d+\.\d+", lines["firmware"])
    audit("verify-attestation", f"-key={signer}", "-challenge=0011ab", note, code=2)
    note.write_text(note.read_text().replace("serial: ", "serial: 1", 1))
    audit("verify-attestation", f"-key={signer}", note, code=2)


def test_the_commands_of_the_page_of_keys(vault):
    page = (ROOT / "docs/keys.md").read_text()
    blocks = re.findall(r"```\n(coffer .+?)```", page, re.DOTALL)
    assert len(blocks) == 3
    for command in "".join(blocks).splitlines():
        coffer(vault, *shlex.split(command)[1:])
    periods = vault.client.get("sys/cryptoperiods").data
    assert periods["kek"] == {
        "originator_period": "4380h0m0s", "recipient_period": "26280h0m0s", "warn": "720h0m0s", "enforce": True,
    }  # fmt: skip
    assert "cryptoperiods_over" not in vault.client.get("sys/health").json
    assert 'key="kek"' in vault.client.get("sys/metrics").body.decode()


def flags_in(words):
    return [word.split("=")[0] for word in words if word.startswith("-")]


def expect_command(vault, command):
    """Its words and its flags are known to the program."""
    name, *words = command.split()
    plain = [word for word in words if not word.startswith("-")]
    if name == "coffer":
        if plain[0] == "read":
            coffer(vault, *words)
            return
        told = vault.coffer(*plain, "-help").stdout
        assert told.startswith(f"Usage: coffer {' '.join(plain)}"), command
    else:
        help_of = [*plain[:1], "-help"] if name == "coffer-ceremony" else ["-help"]
        done = subprocess.run([program(name), *help_of], capture_output=True, text=True, check=False)
        told = done.stdout
        assert done.returncode == 0 and re.search(rf"\b{plain[0]}\b", told), command
    for flag in flags_in(words):
        assert re.search(rf"(?<![\w-]){flag}(?![\w-])", told), (command, flag)


def test_each_command_of_the_page_on_compliance_is_one(vault):
    page = (ROOT / "docs/compliance.md").read_text()
    commands = set(re.findall(r"`(coffer(?:-audit|-ceremony)? [^`\n]+)`", page))
    assert len(commands) > 25 and sum(bool(flags_in(command.split())) for command in commands) >= 5
    for command in commands:
        expect_command(vault, command)


@pytest.mark.parametrize("command", ["coffer key list -nonsense", "coffer nonsense", "coffer-audit nonsense",
                                     "coffer-audit verify -key=x -nonsense", "coffer-ceremony nonsense",
                                     "coffer-ceremony verify-bundle -nonsense"])  # fmt: skip
def test_a_command_or_flag_that_isnt_one_would_be_noticed(vault, command):
    with pytest.raises(AssertionError):
        expect_command(vault, command)


CONFIG = """\
# init_string = "hidden-0"
[ token ]
"init_string" = "hidden-1"
pin_credential = \"\"\"
hidden-2\"\"\"
[token . "environment"]
X = "hidden-3"
[log]
level = "info" # hidden-4
"""
SHOWN = """\
[log]
level = "info"
[token]
init_string = "(left out)"
pin_credential = "(left out)"
environment = "(left out)"
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return Ceremony(tmp_path_factory.mktemp("ceremony")).whole()


@pytest.fixture(scope="module")
def bundle(vault, signer, held, tmp_path_factory):
    directory = tmp_path_factory.mktemp("evidence")
    shutil.copytree(held.out, directory / "ceremonies/2026")
    (directory / "ceremonies/note.txt").write_text("of 2026\n")
    config = directory / "coffer.toml"
    config.write_text(CONFIG)
    vault.client.post("sys/drills", {"passed": True, "note": "the spring drill"})
    out = directory / "bundle.tar"
    coffer(
        vault, "evidence", f"-out={out}", f"-audit={vault.audit_directory}", f"-key={signer}",
        f"-config={config}", f"-ceremonies={directory}/ceremonies",
    )  # fmt: skip
    return out


def files_of(bundle):
    with tarfile.open(bundle) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def expect_named_parts(components):
    """What isn't in a package lib*, and what other processes run."""
    (zlib,) = (one for name, one in components.items() if name.startswith("libz.so."))
    assert zlib["purl"] == f"pkg:deb/debian/zlib1g@{zlib['version']}"
    assert [name for name, one in components.items() if ".so" in name and "purl" not in one] == []
    (module,) = (one for one in components.values() if "PKCS#11" in one.get("description", ""))
    assert module["name"] == MODULE.name and "/libsofthsm2@" in module["purl"]
    for path in (MODULE, pathlib.Path(program("coffer-token")), pathlib.Path(program("coffer-exec"))):
        (told,) = components[path.name]["hashes"]
        assert told["content"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert components[path.name]["type"] == ("library" if path == MODULE else "application")


def test_a_bundle_holds_what_an_auditor_asks_for_and_no_secret(vault, bundle, held):
    files = files_of(bundle)
    assert next(iter(files)) == "manifest.note"
    log = json.loads(files["audit/verified.json"])
    assert log["good"] and log["status"] == (3 if log["doubts"] else 0)
    assert all("no checkpoint of the keys given covers" in doubt for doubt in log["doubts"])
    report = json.loads(files["audit/report.json"])
    assert {"policy": "nobodys", "uses": 0} in report["policies"]
    assert b'"start"' in files["audit/events.json"]
    roles = json.loads(files["access/unix-roles.json"])
    assert "reader" in roles["people"]["token_policies"]
    assert files["state/coffer.toml"].decode() == SHOWN
    assert json.loads(files["recovery/drills.json"])["drills"][0]["note"] == "the spring drill"
    assert "secret/data/app/*" in json.loads(files["access/policies.json"])["reader"]["policy"]
    tokens = json.loads(files["access/tokens.json"])
    assert {"root"} in [set(token["policies"]) for token in tokens.values()]
    assert any("reader" in token["policies"] for token in tokens.values())
    assert b"secret/data/app/db" in files["audit/report.json"]
    assert files["ceremonies/note.txt"] == b"of 2026\n"
    assert files["ceremonies/2026/transcript"] == (held.out / "transcript").read_bytes()
    ceremonies = json.loads(files["ceremonies.json"])
    assert ceremonies == {"2026": {**held.verify(), "status": 0}}
    sbom = json.loads(files["state/sbom.cdx.json"])
    assert sbom["bomFormat"] == "CycloneDX"
    libraries = {one["name"]: one for one in sbom["components"]}
    crypto = next(one for name, one in libraries.items() if name.startswith("libcrypto.so"))
    assert crypto["version"] and re.fullmatch("[0-9a-f]{64}", crypto["hashes"][0]["content"])
    expect_named_parts(libraries)
    everything = b"".join(files.values())
    for secret in (SECRET.encode(), vault.root_token.encode(), b"hidden-", held.secret("so-pin").encode()):
        assert secret not in everything
    missing = {one["file"] for one in json.loads(files["missing.json"])}
    assert missing <= {"revocation/responses.json", "access/unix-roles.json", "access/token-roles.json",
                       "recovery/backups.json", "rotation/secrets.json"}  # fmt: skip


def test_a_bundle_is_verified_with_the_public_key_alone_and_tampering_is_named(bundle, signer, tmp_path):
    good = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", bundle))
    assert good["good"] and good["signed"] and "keys/inventory.json" in good["files"]
    assert [(one["name"], one["good"]) for one in good["contents"]] == [
        ("audit log", True), ("ceremony 2026", True)]  # fmt: skip
    files = files_of(bundle)
    for name in files:
        changed = {**files, name: files[name].replace(b"a", b"b", 1) if b"a" in files[name] else files[name] + b" "}
        told = json.loads(verify(tmp_path, changed, signer))
        assert not told["good"] and name in [flaw["file"] for flaw in told["bad"]], (name, told)
    less = {name: text for name, text in files.items() if name != "keys/usage.json"}
    assert json.loads(verify(tmp_path, less, signer))["bad"] == [{"file": "keys/usage.json", "what": "is missing"}]
    other = tmp_path / "other.pem"
    pair = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        capture_output=True, check=True,
    )  # fmt: skip
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=pair.stdout, capture_output=True, check=True)
    other.write_bytes(public.stdout)
    audit("verify-evidence", f"-key={other}", bundle, code=2)
    whole = bundle.read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[: len(whole) // 2])
    audit("verify-evidence", f"-key={signer}", cut, code=2)


def verify(directory, files, signer):
    path = directory / "changed.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return audit("verify-evidence", f"-key={signer}", "-format=json", path, code=2)


def test_evidence_of_a_bad_log_and_a_bad_ceremony_says_so(vault, signer, held, tmp_path):
    log = tmp_path / "audit"
    shutil.copytree(vault.audit_directory, log)
    segment = min(log.glob("*.jsonl"))
    segment.write_text(segment.read_text().replace('"type":"request"', '"type":"requesT"', 1))
    shutil.copytree(held.out, tmp_path / "ceremonies")
    with (tmp_path / "ceremonies/transcript").open("a") as transcript:
        transcript.write("{}\n")
    out = tmp_path / "bad.tar"
    done = vault.coffer("evidence", f"-out={out}", f"-audit={log}", f"-key={signer}",
                        f"-ceremonies={tmp_path}/ceremonies")  # fmt: skip
    assert done.returncode == 4, (done.stdout, done.stderr)
    assert "Success" not in done.stdout and "is BAD" in done.stdout
    assert f"BAD: the audit log: {segment.name} line " in done.stderr and "BAD: the ceremony ." in done.stderr
    files = files_of(out)
    assert json.loads(files["audit/verified.json"])["status"] == 2
    assert json.loads(files["ceremonies.json"])["."]["status"] == 2
    told = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=2))
    assert told["signed"] and told["bad"] == [] and not told["good"]
    assert [one["good"] for one in told["contents"]][:2] == [False, False]
    assert segment.name in told["contents"][0]["what"] and told["contents"][1]["what"]
    table = audit("verify-evidence", f"-key={signer}", out, code=2)
    assert re.search(r"^result +BAD\nsignature +good\ncontents +audit log BAD: ", table)


def test_a_bundle_is_never_written_over(vault, bundle):
    done = vault.coffer("evidence", f"-out={bundle}")
    assert done.returncode == 1 and "File exists" in done.stderr


def test_who_may_not_sign_gets_no_bundle(vault, tmp_path):
    made = vault.client.post("auth/token/create", {"policies": ["reader"]}).json["auth"]["client_token"]
    done = vault.coffer("evidence", f"-out={tmp_path}/b.tar", COFFER_TOKEN=made)
    assert done.returncode == 2 and "permission denied" in done.stderr
    assert not (tmp_path / "b.tar").exists()


def with_files(bundle, path, form=tarfile.PAX_FORMAT, **changed):
    """The bundle with other files in it, or without (None); not in the manifest's words."""
    files = {**files_of(bundle), **{name.replace("__", "/"): text for name, text in changed.items()}}
    with tarfile.open(path, "w", format=form) as tar:
        for name, text in files.items():
            if text is None:
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return path


def evidence_of(vault, out, *more, code):
    """What the command says, and what the bundle's verification says."""
    done = vault.coffer("evidence", f"-out={out}", *map(str, more))
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def doubts_of(checked):
    return {(one["name"], doubt) for one in checked["contents"] for doubt in one["doubts"]}


def test_a_log_that_nobody_signed_or_that_was_verified_without_a_key_leaves_doubts(vault, signer, tmp_path):
    out = tmp_path / "nokey.tar"
    done = evidence_of(vault, out, f"-audit={vault.audit_directory}", code=3)
    assert "leaves doubts" in done.stdout and "Doubt: the audit log was verified without a key" in done.stderr
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3))
    assert checked["good"]
    assert ("audit log", "it was verified without a key: whoever wrote it may have signed it") in doubts_of(checked)
    table = audit("verify-evidence", f"-key={signer}", out, code=3)
    assert re.search(r"^doubt +audit log: it was verified without a key", table, re.M)
    log = tmp_path / "audit"
    log.mkdir()
    for path in vault.audit_directory.glob("*.jsonl"):
        (log / path.name).symlink_to(path)
    out = tmp_path / "unsigned.tar"
    done = evidence_of(vault, out, f"-audit={log}", f"-key={signer}", code=3)
    assert "no checkpoint of the keys given covers lines 1 to " in done.stderr
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3))
    told = doubts_of(checked)
    assert {("audit log", "nothing of it is signed"), ("audit log", "its newest checkpoints aren't in the bundle")} < told
    assert any(doubt.startswith("no checkpoint of the keys given covers lines 1 to ") for _, doubt in told)


def test_a_part_that_could_not_be_had_leaves_doubts_and_one_that_nobody_wanted_none(vault, signer, bundle, tmp_path):
    out = tmp_path / "none.tar"
    done = evidence_of(vault, out, "-audit=/nonexistent", f"-key={signer}", "-ceremonies=/nonexistent", code=3)
    assert "leaves doubts" in done.stdout and "Success" not in done.stdout
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3))
    named = {name for name, _ in doubts_of(checked)}
    assert {"audit log", "missing audit/verified.json", "missing ceremonies"} <= named
    assert "missing state/coffer.toml" not in named
    kinds = {one["file"]: one["kind"] for one in json.loads(files_of(out)["missing.json"])}
    assert kinds["state/coffer.toml"] == "not asked for" and kinds["ceremonies"] == "failed"
    # Without a log there is little that evidence shows.
    out = tmp_path / "nolog.tar"
    evidence_of(vault, out, code=0)
    assert ("missing audit/verified.json", "no -audit was given") in doubts_of(
        json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3)))  # fmt: skip
    assert set(kinds.values()) <= {"none", "failed", "not asked for"}
    assert doubts_of(json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", bundle))) == set()


def test_a_configuration_that_is_no_file_or_too_large_is_told_to_be_missing(vault, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with open(tmp_path / "huge", "wb") as huge:
        huge.truncate(1 << 40)
    for path, why in ((tmp_path, "not a regular file"), (tmp_path / "fifo", "not a regular file"),
                      ("/dev/zero", "not a regular file"), (tmp_path / "huge", "too large")):  # fmt: skip
        out = tmp_path / "b.tar"
        done = evidence_of(vault, out, f"-config={path}", code=3)
        assert f"Without state/coffer.toml: {why}: {path}" in done.stderr
        (missing,) = (one for one in json.loads(files_of(out)["missing.json"]) if one["file"] == "state/coffer.toml")
        assert missing["kind"] == "failed"
        out.unlink()


def test_a_ceremony_that_is_a_link_is_told_to_be_missing(vault, signer, tmp_path):
    (tmp_path / "ceremonies").mkdir()
    (tmp_path / "ceremonies" / "2026").symlink_to(tmp_path)
    out = tmp_path / "b.tar"
    done = evidence_of(vault, out, f"-ceremonies={tmp_path}/ceremonies", code=3)
    assert "Without ceremonies: 2026 is a symbolic link, and is left out" in done.stderr
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3))
    assert ("missing ceremonies", "2026 is a symbolic link, and is left out") in doubts_of(checked)


def test_checkpoints_of_another_key_in_a_bundle_are_bad(vault, signer, bundle, tmp_path):
    """Who gathered it may have verified the log with a key of their own."""
    notes = files_of(bundle)["audit/checkpoints"]
    at = notes.rindex(b" ") + 10
    spoilt = notes[:at] + (b"A" if notes[at : at + 1] != b"A" else b"B") + notes[at + 1 :]
    path = with_files(bundle, tmp_path / "other.tar", audit__checkpoints=spoilt)
    told = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", path, code=2))
    (log,) = [one for one in told["contents"] if one["name"] == "audit log"]
    assert not log["good"] and log["what"].startswith("its newest checkpoint: ")


def test_a_rehearsal_is_told_apart_and_never_is_a_ceremony(vault, signer, held, tmp_path):
    log = (f"-audit={vault.audit_directory}", f"-key={signer}")
    shutil.copytree(held.directory / "live-rehearsed", tmp_path / "c/rehearsal")
    out = tmp_path / "rehearsal.tar"
    done = evidence_of(vault, out, *log, f"-ceremonies={tmp_path}/c", code=3)
    assert "of ceremonies there are only rehearsals" in done.stderr
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=3))
    assert ("ceremonies", "there are only rehearsals, and no ceremony") in doubts_of(checked)
    shutil.copytree(held.out, tmp_path / "c/live")
    out = tmp_path / "both.tar"
    evidence_of(vault, out, *log, f"-ceremonies={tmp_path}/c", code=0)
    names = [one["name"] for one in
             json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out))["contents"]]  # fmt: skip
    assert "rehearsal rehearsal" in names and "ceremony live" in names


def test_a_bad_ceremony_isnt_good_for_calling_itself_a_rehearsal(vault, signer, held, tmp_path):
    shutil.copytree(held.out, tmp_path / "c/bad")
    lines = held.lines()
    lines[0]["facts"]["mode"] = "rehearsal"
    lines = [x for x in lines if (x["type"], x["step"]) != ("confirmed", "keys")]
    (tmp_path / "c/bad/transcript").write_text(chained(lines))
    out = tmp_path / "bad.tar"
    done = evidence_of(vault, out, f"-audit={vault.audit_directory}", f"-key={signer}", f"-ceremonies={tmp_path}/c", code=4)
    assert "BAD: the ceremony bad: " in done.stderr
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=2))
    (one,) = [x for x in checked["contents"] if x["name"] == "rehearsal bad"]
    assert not checked["good"] and not one["good"] and one["what"]


def test_a_transcript_that_nobody_verified_is_bad(bundle, signer, tmp_path):
    path = with_files(bundle, tmp_path / "b.tar", **{"ceremonies.json": b"{}"})
    checked = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", path, code=2))
    (one,) = [x for x in checked["contents"] if x["name"] == "ceremony 2026"]
    assert not one["good"] and "nobody verified it" in one["what"]


def test_names_and_texts_of_a_hostile_bundle_dont_drive_the_terminal(bundle, signer, tmp_path):
    name, named = "\x1b[2J\x1b[H\nresult          good\x7f", r"\x1b[2J\x1b[H\x0aresult          good\x7f"
    hostile, shown = f"{name}\u009b8m\u202e", f"{named}\\x9b8m\\u{{202e}}"
    ceremonies = json.dumps({hostile: {"good": False, "mode": "live", "problems": [hostile]}}).encode()
    path = with_files(bundle, tmp_path / "b.tar", **{"ceremonies.json": ceremonies, name: b"x"})
    table = audit("verify-evidence", f"-key={signer}", path, code=2)
    assert table.startswith("result          BAD\n")
    assert f"contents        ceremony {shown} BAD: {shown}\n" in table
    assert re.search(r"^bad +" + re.escape(named) + " ", table, re.M)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", table)
    text = audit("verify-evidence", f"-key={signer}", "-format=json", path, code=2)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert f"ceremony {hostile}" in [one["name"] for one in json.loads(text)["contents"]]
    path = with_files(bundle, tmp_path / "c.tar", form=tarfile.USTAR_FORMAT, **{"a\udc9bb\udcff": b"x"})
    table = audit("verify-evidence", f"-key={signer}", path, code=2)
    assert r"a\x9bb\xff" in table
