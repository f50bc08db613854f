"""coffer-ceremony on a terminal, and what people do there."""

import contextlib
import os
import pty
import re
import select
import signal
import time

from harness import program

SECONDS = 60
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, environment, *arguments):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(program("coffer-ceremony"), ["coffer-ceremony", *map(str, arguments)], environment)
        self.seen = ""
        self.at = 0  # what was waited for already

    def wait_for(self, text):
        """What was shown up to there."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen[self.at :]:
            assert time.monotonic() < deadline and self.read(deadline), (text, self.seen[self.at :])
        end = self.seen.index(text, self.at) + len(text)
        shown, self.at = self.seen[self.at : end], end
        return shown

    def read(self, deadline):
        if not select.select([self.file], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            more = os.read(self.file, 65536).decode(errors="replace")
        except OSError:  # its end
            return False
        self.seen += more
        return bool(more)

    def type(self, text):
        os.write(self.file, (text + "\n").encode())

    def confirm(self, first, second):
        self.wait_for("First person's name: ")
        self.type(first)
        self.wait_for("Second person's name: ")
        self.type(second)

    def take_pin(self):
        return self.take("([a-z0-9]{8})")

    def take(self, secret):
        self.wait_for("Press Enter to see it.")
        self.type("")
        shown = "to see it." + self.wait_for("press Enter: then it is gone.")
        found = re.search(r"to see it\.\r\n(?:\r\n)?" + secret + r"\r\n", shown)
        assert found, shown
        self.type("")
        self.wait_for(CLEAR)  # the screen, and what was scrolled off it
        return found[1]

    def end(self):
        deadline = time.monotonic() + SECONDS
        while self.read(deadline):
            pass
        os.close(self.file)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def past_findings(terminal, first="sofia", second="wilma"):
    """Gives a reason for each, and confirms."""
    while True:
        deadline = time.monotonic() + SECONDS
        while not re.search(r"empty: stop\): $|person's name: $", terminal.seen[terminal.at :]):
            assert terminal.read(deadline), terminal.seen
        if terminal.seen.endswith("name: "):
            return terminal.confirm(first, "uwe")
        terminal.wait_for("empty: stop): ")
        terminal.type("a desk")
        for name in (first, second):
            terminal.wait_for("one's name is: ")
            terminal.type(name)
