"""A request on a thread of its own, for which somebody may kill the vault; and waiting for what comes."""

import threading
import time

# After the database is back, or the vault: what no lease accounts for is gone by then.
SOON = 60


class Asking:
    def __init__(self, house, method, path, body=None):
        self.answer = None
        self._client = house.new_client(house.root_token)
        self._ask = (method, path, body)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self.answer = self._client.request(*self._ask)
        except (OSError, EOFError, Exception):  # the vault was killed: there is no answer
            self.answer = None

    def wait(self):
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.answer


def eventually(said, seconds=SOON):
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it didn't come to be"
        time.sleep(0.1)
