"""A vault whose token fails by script (tests/fault/p11_fault), and the load that it fails under."""

import dataclasses
import http.client
import os
import pathlib
import shutil
import struct
import threading
import time

from harness import bin_dir

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
# Whatever a device that is gone refuses. Not C_Finalize, which would leave the module behind
# initialised, and not C_Login: what isn't asked isn't refused.
GONE = (
    "C_GetTokenInfo,C_OpenSession,C_GetSessionInfo,C_FindObjectsInit,C_EncryptInit,C_DecryptInit,"
    "C_SignInit,C_GenerateRandom: CKR_DEVICE_REMOVED\n"
)


class Faults:
    """The module in `directory`, which others may read, with its script and its counts."""

    def __init__(self, directory):
        self.module = pathlib.Path(directory) / "p11_fault.so"
        self.script = pathlib.Path(f"{self.module}.script")
        self.counts = pathlib.Path(f"{self.script}.counts")
        shutil.copy(bin_dir() / "p11_fault.so", self.module)
        os.chmod(self.module, 0o755)
        self.counts.touch()
        os.chmod(self.counts, 0o666)  # the daemon, or its worker, may be another user
        self.clear()

    def set(self, rules):
        """From now on these alone. In one step: a call must not read half of them."""
        rest = self.script.with_suffix(".next")
        rest.write_text(f"module {SOFTHSM}\n{rules}")
        os.chmod(rest, 0o644)
        os.replace(rest, self.script)

    def clear(self):
        self.set("")

    def count(self, function):
        """(calls, failed calls) since the module was first used, over all its processes."""
        data = self.counts.read_bytes()
        for name, calls, failed in struct.iter_unpack("=24sQQ", data[8 + 8 + 32 * 8 :]):
            if name.rstrip(b"\0").decode() == function:
                return calls, failed
        assert not data, f"the module doesn't count {function}"
        return 0, 0  # not used yet


def with_faults(vault):
    """A ConfiguredVault, not started, that uses its token through the module."""
    faults = Faults(vault.etc)
    vault.settings["token"]["module"] = str(faults.module)
    vault.write()
    return faults


@dataclasses.dataclass
class Seen:
    """One answer: when it was asked for and came, by time.monotonic(), and its status; 0 if the
    connection broke."""

    asked: float
    came: float
    status: int


class Caller(threading.Thread):
    """Asks again and again, at most so often a second, until told to stop."""

    def __init__(self, vault, rate):
        super().__init__(daemon=True)
        self.vault, self.pause = vault, 1 / rate
        self.seen = []
        self._stop_asking = threading.Event()

    def run(self):
        client = self.vault.new_client(timeout=60)
        while not self._stop_asking.wait(self.pause):
            asked = time.monotonic()
            try:
                status = self.ask(client)
            except (OSError, http.client.HTTPException):
                status = 0
            self.seen.append(Seen(asked, time.monotonic(), status))
        client.close()

    def stop(self):
        self._stop_asking.set()
        self.join(90)
        assert not self.is_alive(), "a request never came back"

    def statuses(self, since=0.0):
        return {one.status for one in list(self.seen) if one.asked >= since}

    def first_success(self, since):
        return next((one for one in list(self.seen) if one.asked >= since and one.status == 200), None)


class Writer(Caller):
    """Writes ever new versions of one key; knows the last that was acknowledged, and what was sent."""

    def __init__(self, vault, name, rate):
        super().__init__(vault, rate)
        self.key = f"writer/{name}"
        self.acked = self.sent = 0

    def ask(self, client):
        self.sent += 1
        number = self.sent
        answer = client.post(f"secret/data/{self.key}", {"data": {"n": number}})
        if answer.status == 200:
            self.acked = number
        return answer.status

    def check(self):
        """Nothing that was acknowledged is lost. A write without a 200 may have happened."""
        data = self.vault.read(self.key)
        assert data is not None or self.acked == 0
        assert data is None or self.acked <= data["n"] <= self.sent, (self.key, data, self.acked)


class Reader(Caller):
    """Reads one secret; never believes another value."""

    def __init__(self, vault, key, rate):
        super().__init__(vault, rate)
        self.key = key

    def ask(self, client):
        answer = client.get(f"secret/data/{self.key}")
        if answer.status == 200:
            assert answer.data["data"] == {"value": self.key}, "another plaintext"
        return answer.status


class Load:
    """Some writers and readers together."""

    def __init__(self, vault, name, writers=2, readers=2, writes=25, reads=50):
        self.vault = vault
        keys = [f"read/{name}/{n}" for n in range(readers)]
        for key in keys:
            vault.put(key, {"value": key})
        self.writers = [Writer(vault, f"{name}/{n}", writes / writers) for n in range(writers)]
        self.readers = [Reader(vault, key, reads / readers) for key in keys]

    @property
    def callers(self):
        return [*self.writers, *self.readers]

    def __enter__(self):
        started = time.monotonic()
        for caller in self.callers:
            caller.start()
        self.wait_for_success_of_each(30, started)
        return self

    def __exit__(self, *_):
        for caller in self.callers:
            caller.stop()

    def seen(self, since=0.0):
        return [one for caller in self.callers for one in list(caller.seen) if one.asked >= since]

    def statuses(self, since=0.0):
        return {status for caller in self.callers for status in caller.statuses(since)}

    def wait_for(self, status, seconds, since):
        """Until some caller saw it; gives the moment."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for one in self.seen(since):
                if one.status == status:
                    return one.came
            time.sleep(0.01)
        raise AssertionError(f"no {status} within {seconds} s, only {self.statuses(since)}")

    def wait_for_success_of_each(self, seconds, since):
        """Until every caller had a 200; gives how long it took."""
        deadline = since + seconds
        while time.monotonic() < deadline:
            if all(caller.first_success(since) for caller in self.callers):
                return time.monotonic() - since
            time.sleep(0.01)
        raise AssertionError(f"not all of them within {seconds} s: {self.statuses(since)}")

    def check(self):
        for writer in self.writers:
            writer.check()
        for reader in self.readers:
            assert self.vault.read(reader.key) == {"value": reader.key}


def token(vault):
    """What sys/token says."""
    answer = vault.client.get("sys/token")
    assert answer.status == 200, answer
    return answer.data


def wait_for_state(vault, *states, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told = token(vault)
        if told["state"] in states:
            return told
        time.sleep(0.02)
    raise AssertionError(f"the token is {told}, wanted {states}")


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")
