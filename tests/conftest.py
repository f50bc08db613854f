"""Fixtures of all tests that run the programs from outside. e2e/harness.py says what a vault
can do."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "e2e"))

from harness import DevVault  # noqa: E402


def new_directory():
    # Not pytest's tmp_path: a socket's path may have 107 bytes at most.
    return pathlib.Path(tempfile.mkdtemp(prefix="coffer-"))


def end(vault, home=None):
    """Stops it, and removes `home`, or else its directory."""
    try:
        vault.close()
    finally:
        if vault.running:
            vault.kill()
        shutil.rmtree(home or vault.directory, ignore_errors=True)


@pytest.fixture
def directory():
    path = new_directory()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def make_vault():
    """make_vault("--cache-age", 0): a started vault with these options; start=False leaves it."""
    made = []

    def make(*options, start=True, **more):
        vault = DevVault(new_directory(), *options, **more)
        made.append(vault)
        return vault.start() if start else vault

    yield make
    for vault in made:
        end(vault)


@pytest.fixture
def vault(make_vault):
    """A vault of the test's own, which it may stop, kill and spoil."""
    return make_vault()


@pytest.fixture(scope="module")
def shared_vault():
    """One vault for all tests of a file: only for tests that keep to their own paths."""
    vault = DevVault(new_directory()).start()
    yield vault
    end(vault)
