"""What a log grows by, without reading it all again: for tests that look after each request."""

import json


class AuditTail:
    """From now on. The dev vault has one segment."""

    def __init__(self, vault):
        (self._path,) = vault.audit_directory.glob("*.jsonl")
        self._offset = self._path.stat().st_size

    def new_text(self):
        with open(self._path, "rb") as log:
            log.seek(self._offset)
            grown = log.read()
        self._offset += len(grown)
        return grown.decode()

    def new_lines(self):
        return [json.loads(line) for line in self.new_text().splitlines()]

    def new_request_lines(self):
        """Without what the daemon says of itself: each minute a line tells of the token's anchor."""
        return [line for line in self.new_lines() if "request" in line]
