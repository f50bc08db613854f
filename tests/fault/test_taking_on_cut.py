"""A store is taken on (`accept-restore`; `root-token` behind a restore), and that is cut short: killed between two
effects, or failed by the token. Another run does all of it: no key of the time that is taken back serves, tokens of
before are void, and what went is named."""

import shutil
import signal
import subprocess

import pytest
from configured import copy_of, model_with
from harness import program
from p11_faults import with_faults
from test_damage import flip
from test_older_keys import keys, rotate_sign
from test_rollback import change, refusal, rows

# Steps between which it is killed, in their order.
ACCEPTING = ["accept.marked", "accept.rows_went", "taking_on.anchored", "taking_on.renewed", "taking_on.recorded",
             "taking_on.settled", "accept.mended", "accept.looked"]  # fmt: skip
ENDED = "accept.ended"
POINTS = [*ACCEPTING, ENDED]
NO_KEY = "C_GenerateKey,C_GenerateKeyPair: CKR_DEVICE_MEMORY\n"
FAULTS = {
    "makes no key": NO_KEY,
    "wraps nothing": "C_EncryptInit: CKR_DEVICE_MEMORY\n",
    "opens nothing": "C_DecryptInit: CKR_DEVICE_REMOVED\n",
    "signs nothing": "C_SignInit: CKR_DEVICE_MEMORY\n",
    "takes no anchor": "C_CreateObject: CKR_DEVICE_MEMORY\n",
}


def offline(vault, command, *more, name="cofferd", point=None):
    wish = vault.etc / "failpoint"
    if point is not None:
        wish.write_text(point)
    done = subprocess.run([program(name), command, *vault.arguments(), *more], capture_output=True, text=True,
                          timeout=120, check=False, env={**vault.environment, "COFFER_FAILPOINT_FILE": str(wish)})  # fmt: skip
    assert not wish.exists(), "it never came there"
    return done


def killed_at(vault, command, point):
    done = offline(vault, command, name="cofferd-failpoints", point=point)
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stderr)


def failed(vault, command):
    done = offline(vault, command)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    return done.stderr


def succeeds(vault, command):
    done = offline(vault, command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rotate_kek(vault):
    done = vault.coffer("operator", "rotate-key")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def model():
    with model_with(("app/a", {"v": "1"})) as directory:
        yield directory


@pytest.fixture(scope="module")
def put_back(model):
    """A store of before kek and sign key were rotated, of which a row that may go is damaged; and that row's key."""
    with copy_of(model) as vault:
        known = [set(rows(vault))]
        for n in range(2):
            vault.start()
            vault.put(f"folder/s{n}", {"n": n})
            assert vault.stop() == 0
            known.append(set(rows(vault)))
        kept = vault.etc / "store.db"
        shutil.copy(vault.store_path, kept)
        vault.start()
        rotate_kek(vault)
        rotate_sign(vault)
        assert vault.stop() == 0
        shutil.copy(kept, vault.store_path)
        stored = rows(vault)
        sealed = [{key for key in after - before if stored[key][1].startswith(b"CFRW") and len(key) == 32}
                  for before, after in zip(known, known[1:])]  # fmt: skip
        # Keys of one folder stand together; the folder's own row elsewhere.
        (second,) = sealed[1]
        (folder,) = [key for key in sealed[0] if key[:16] != second[:16]]
        flip(vault, folder)
        yield vault.directory, folder


@pytest.fixture
def damaged(put_back):
    directory, _ = put_back
    with copy_of(directory) as made:
        yield made


def is_half_taken_on(vault):
    """Nothing but another run opens it."""
    assert "accept-restore was cut short" in refusal(vault)
    assert "accept-restore was cut short" in failed(vault, "root-token")


def serves(vault):
    before = vault.root_token
    vault.keep_root_token(succeeds(vault, "root-token").strip())
    vault.start()
    assert vault.request("GET", "auth/token/lookup-self", token=before).status == 403
    assert vault.request("GET", "sys/restore").data["paused"] is True
    states = keys(vault, "kek")
    (active,) = [version for version, state in states.items() if state == "active"]
    assert active > 2, states
    assert states.get(2) in (None, "pre-activation", "destroyed"), states
    vault.put("after", {"v": "1"})
    rotate_kek(vault)
    states = keys(vault, "kek")
    assert [version for version, state in states.items() if state == "active"] == [active + 1], states
    vault.restart()
    assert vault.read("after") == {"v": "1"}
    status, said = vault.verify_audit()
    assert status == 0, said


def has_what_is_left(vault, folder):
    told = vault.request("GET", "sys/restore").data
    assert (told["rows_lost"], told["rows_lost_named"]) == (1, [f"a folder in secret/ (row {folder.hex()})"])
    assert "folder/" in vault.request("LIST", "secret/metadata").data["keys"]
    assert vault.read("folder/s0") == {"n": 0}


@pytest.mark.parametrize("point", ACCEPTING)
def test_accept_restore_that_was_killed_is_run_again(damaged, put_back, point):
    killed_at(damaged, "accept-restore", point)
    is_half_taken_on(damaged)
    said = succeeds(damaged, "accept-restore")
    assert "rows that couldn't be opened and went: 1\n" in said and "the kek was rotated" in said
    serves(damaged)
    has_what_is_left(damaged, put_back[1])


def test_killed_again_and_again_it_gets_to_the_end(damaged, put_back):
    for point in [*ACCEPTING, *reversed(ACCEPTING)]:
        killed_at(damaged, "accept-restore", point)
    succeeds(damaged, "accept-restore")
    serves(damaged)
    has_what_is_left(damaged, put_back[1])


def test_killed_behind_its_last_commit_nothing_is_left_to_do(damaged, put_back):
    killed_at(damaged, "accept-restore", ENDED)
    assert "there is nothing to accept" in failed(damaged, "accept-restore")
    serves(damaged)
    has_what_is_left(damaged, put_back[1])


def test_killed_before_the_new_sign_key_is_pinned_it_is_run_again(damaged, put_back):
    pin = damaged.directory / "signer.pem"
    before = pin.read_bytes()
    killed_at(damaged, "accept-restore", "taking_on.renewed")
    assert pin.read_bytes() != before
    pin.write_bytes(before)
    is_half_taken_on(damaged)
    succeeds(damaged, "accept-restore")
    serves(damaged)
    has_what_is_left(damaged, put_back[1])


def test_whoever_takes_the_row_away_has_the_store_refused(damaged):
    killed_at(damaged, "accept-restore", "accept.mended")
    assert change(damaged, "DELETE FROM rows WHERE key=CAST('coffer/accepting' AS BLOB)") == 1
    assert "the store isn't as the vault left it" in refusal(damaged)
    succeeds(damaged, "accept-restore")
    serves(damaged)


def test_whoever_puts_the_row_there_has_the_store_refused(model):
    with copy_of(model) as vault:
        assert change(vault, "INSERT INTO rows(key, version, value) VALUES(CAST('coffer/accepting' AS BLOB), 1, ?1)",
                      b"anything") == 1  # fmt: skip
        is_half_taken_on(vault)
        succeeds(vault, "accept-restore")
        vault.keep_root_token(succeeds(vault, "root-token").strip())
        vault.start()
        assert vault.read("app/a") == {"v": "1"}


@pytest.mark.parametrize("fault", FAULTS)
def test_accept_restore_that_the_token_failed_is_run_again(damaged, put_back, fault):
    token = with_faults(damaged)
    token.set(FAULTS[fault])
    said = failed(damaged, "accept-restore")
    # Some are met before anything is changed.
    changed = "the store is half taken on: run accept-restore again" in said
    assert changed or not damaged.events("restore_accepted")
    token.clear()
    if changed:
        is_half_taken_on(damaged)
    succeeds(damaged, "accept-restore")
    serves(damaged)
    has_what_is_left(damaged, put_back[1])


@pytest.fixture(scope="module")
def backed_up(model):
    """Restored from a backup of before the kek was rotated, and not opened since."""
    with copy_of(model) as vault:
        vault.start()
        backup = vault.directory / "vault.cfbk"
        assert vault.coffer("operator", "backup", backup).returncode == 0
        rotate_kek(vault)
        assert vault.stop() == 0
        done = offline(vault, "restore", str(backup))
        assert done.returncode == 0, done.stderr
        yield vault.directory


@pytest.fixture
def restored(backed_up):
    with copy_of(backed_up) as made:
        yield made


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("taking_on.")])
def test_the_first_opening_of_a_restore_that_was_killed_is_made_again(restored, point):
    killed_at(restored, "root-token", point)
    serves(restored)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "opens nothing"])
def test_the_first_opening_of_a_restore_that_the_token_failed_is_made_again(restored, fault):
    token = with_faults(restored)
    token.set(FAULTS[fault])
    failed(restored, "root-token")
    token.clear()
    serves(restored)


def test_a_start_goes_on_with_a_restore_of_which_log_and_token_know(restored):
    """Cut short once they do, it needs nobody: the mark is there still."""
    killed_at(restored, "root-token", "taking_on.recorded")
    before = restored.root_token
    restored.start()
    assert restored.request("GET", "auth/token/lookup-self", token=before).status == 403
    assert restored.stop() == 0
    serves(restored)
