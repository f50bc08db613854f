"""Vaults that end at a step between two effects, once they are told at which (tests/fault/failpoints)."""

import contextlib
import pathlib
import shutil
import signal
import tempfile

from asking import Asking
from harness import DevVault


class Dies:
    def learn_to_die(self):
        self.program_name = "cofferd-failpoints"
        self.wish = self.directory / "failpoint"
        self.environment["COFFER_FAILPOINT_FILE"] = str(self.wish)

    def to_die_at(self, step):
        beside = self.wish.with_suffix(".new")
        beside.write_text(step)
        beside.rename(self.wish)

    def live_again(self):
        """It must have died by itself."""
        assert self.process.wait(60) == -signal.SIGKILL, self.log
        assert not self.wish.exists()
        self._forget_client()
        self.start()

    def dies_at(self, step, method, path, body=None):
        self.to_die_at(step)
        asking = Asking(self, method, path, body)
        self.live_again()
        return asking.wait()


class Mortal(Dies, DevVault):
    def __init__(self, directory):
        super().__init__(directory)
        self.learn_to_die()


@contextlib.contextmanager
def mortal_vault():
    vault = Mortal(pathlib.Path(tempfile.mkdtemp(prefix="coffer-")))
    vault.start()
    yield vault
    try:
        vault.close()
    finally:
        if vault.running:
            vault.kill()
        shutil.rmtree(vault.directory, ignore_errors=True)
