"""D13: a token that is gone for a while under load, by the fault-injecting module and with SoftHSM
alone. COFFER_OUTAGE says for how many seconds."""

import os
import time

from p11_faults import GONE, Load, resident_kib, token, wait_for_state, with_faults
from test_config import model, vault  # noqa: F401  (fixtures)

SECONDS = float(os.environ.get("COFFER_OUTAGE", "8"))
MOST_GROWTH_KIB = 32 * 1024


def survive(vault, pull, put_back):  # noqa: F811
    """50 writes and 500 reads a second through an outage."""
    with Load(vault, "outage", writers=5, readers=10, writes=50, reads=500) as load:
        time.sleep(1)
        before = resident_kib(vault.pid)
        pulled = time.monotonic()
        pull()
        load.wait_for(503, 2, pulled)
        wait_for_state(vault, "down")
        down = time.monotonic()
        time.sleep(SECONDS)
        during = load.seen(down)
        assert {one.status for one in during} == {503}, "no token, no cached reads: 503 alone"
        assert max(one.came - one.asked for one in during) < 0.5, "at once"
        assert len(during) > 10 * SECONDS, "they hardly asked: this test showed nothing"
        # What needs no token is served all along.
        assert vault.client.get("sys/mounts").status == 200
        assert vault.client.list("secret/metadata/read").status == 200
        put_back()
        back = load.wait_for_success_of_each(5, time.monotonic())
        growth = resident_kib(vault.pid) - before
    assert max(one.came - one.asked for one in load.seen()) < 2
    assert load.statuses() <= {200, 503}
    load.check()
    assert growth <= MOST_GROWTH_KIB, f"{growth} KiB more"
    code, text = vault.verify_audit()
    assert code == 0, text
    refused = min(one.came for one in load.seen(pulled) if one.status == 503) - pulled
    print(f"503 after {refused:.2f} s, back after {back:.2f} s, {growth} KiB more,", end=" ")
    print(f"{len(during) / SECONDS:.0f} requests refused a second")


def test_a_token_that_is_gone_for_a_while(vault):  # noqa: F811
    faults = with_faults(vault)
    vault.start()
    pid = vault.pid
    survive(vault, lambda: faults.set(GONE), faults.clear)
    assert vault.pid == pid and vault.running
    assert faults.count("C_Login")[1] == 0, "no login failed"
    told = token(vault)
    assert told["state"] in ("degraded", "up") and told["reopenings"] == 1, told


def test_a_token_directory_that_is_moved_away_and_back(vault):  # noqa: F811
    objects = vault.directory / "token/objects"
    away = vault.directory / "token/away"
    vault.start()
    survive(vault, lambda: objects.rename(away), lambda: away.rename(objects))
    assert token(vault)["reopenings"] >= 1


def test_cached_reads_go_on_for_the_configured_grace_alone(vault):  # noqa: F811
    faults = with_faults(vault)
    vault.settings["vault"]["cache_grace_seconds"] = 600
    vault.write()
    vault.start()
    vault.put("not/read", {"a": "b"})
    vault.restart()
    assert vault.read("app/db") == {"password": "from the model"}
    faults.set(GONE)
    wait_for_state(vault, "down")
    assert vault.read("app/db") == {"password": "from the model"}
    assert vault.client.get("secret/data/not/read").status == 503, "it isn't in the cache"
    vault.settings["vault"]["cache_grace_seconds"] = 0
    vault.write()
    kind, detail = vault.reload()
    assert kind == "config_reloaded" and "vault.cache_grace_seconds 600 to 0" in detail
    assert vault.client.get("secret/data/app/db").status == 503
    faults.clear()
    wait_for_state(vault, "degraded", "up")
    assert vault.read("app/db") == {"password": "from the model"}
