"""A worker that hangs in the kernel (state D), which not even SIGKILL ends: it is reported as down
with that reason, nothing is started beside it, and it heals once the kernel lets it go."""

import contextlib
import pathlib
import shutil
import time

import pytest
from configured import ConfiguredVault
from conftest import new_directory
from p11_faults import token, wait_for_state, with_faults
from processes import children, supervisor_of, worker_of
from silent_fs import SilentFileSystem
from test_config import model  # noqa: F401  (a fixture)


@pytest.fixture
def silent():
    directory = new_directory()
    directory.chmod(0o755)
    made = SilentFileSystem(directory)
    yield made
    made.close()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def house(model, silent):  # noqa: F811
    home = new_directory()
    home.chmod(0o755)
    made = ConfiguredVault(home / "vault", home / "etc", model)
    made.settings["vault"]["cache_age_seconds"] = 0
    made.settings["token"]["call_deadline_ms"] = 1000
    made.faults = with_faults(made)
    made.start()
    yield made
    silent.close()  # or the worker could never be waited for
    with contextlib.suppress(AssertionError):
        made.stop()
    shutil.rmtree(home, ignore_errors=True)


def thread_states(pid):
    """Of the threads that are left: once killed, the first is a zombie until the last is gone."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return {stat.read_text().rsplit(") ", 1)[1][0] for stat in stats}


def workers(vault):
    return children(supervisor_of(vault))


def test_a_worker_in_state_d_is_down_and_heals_when_the_kernel_lets_it_go(house, silent):
    house.put("app", {"a": "b"})
    worker = worker_of(house)
    house.faults.set(f"C_Decrypt: stuck {silent.file}\n")
    assert silent.readers.acquire(timeout=10)
    house.faults.clear()
    deadline = time.monotonic() + 20
    while "state D" not in token(house)["reason"]:
        assert time.monotonic() < deadline, token(house)
        time.sleep(0.05)
    told = token(house)
    assert told["state"] == "down" and told["trying"], told
    assert "D" in thread_states(worker), "it was killed, and one of its threads is still there"
    assert workers(house) == [worker], "another would hang too"
    asked = time.monotonic()
    assert house.client.get("secret/data/app").status == 503
    assert time.monotonic() - asked < 2, "nobody waits for it"
    assert house.client.get("sys/health").status == 200
    silent.close()
    wait_for_state(house, "up", "degraded", seconds=15)
    assert house.read("app") == {"a": "b"}
    assert worker_of(house) != worker
    assert house.faults.count("C_Login")[1] == 0
