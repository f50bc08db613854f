"""A file system with one file, `stuck`, whose reads are never answered: who reads it hangs in the
kernel (state D) and can't be killed until the file system is let go. The FUSE protocol as the
kernel's include/uapi/linux/fuse.h has it, as much as one file needs."""

import ctypes
import errno
import os
import struct
import threading

LIBC = ctypes.CDLL(None, use_errno=True)
MNT_FORCE, MNT_DETACH = 1, 2
LOOKUP, GETATTR, OPEN, READ, INIT = 1, 3, 14, 15, 26
FORGET, BATCH_FORGET, INTERRUPT = 2, 42, 36  # none of these is answered
ROOT, FILE = 1, 2
DIRECT_IO = 1
IN_HEADER = "=IIQQIIII"


def attributes(node):
    mode, size = (0o40755, 0) if node == ROOT else (0o100644, 4096)
    return struct.pack("=QQQQQQIIIIIIIIII", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


class SilentFileSystem:
    """Mounted at `directory`, which exists, until close()."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.file = f"{directory}/stuck"
        self.readers = threading.Semaphore(0)  # one for each read that hangs
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if LIBC.mount(b"silent", os.fsencode(self.directory), b"fuse", 6, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount of a FUSE file system")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        """Ends the connection: every read that hangs fails, and who was killed dies."""
        if self._device < 0:
            return
        # By force: what waits for an answer gets an error, and the device's reader too.
        LIBC.umount2(os.fsencode(self.directory), MNT_FORCE)
        LIBC.umount2(os.fsencode(self.directory), MNT_DETACH)
        self._thread.join(10)
        os.close(self._device)
        self._device = -1

    def _serve(self):
        while True:
            try:
                message = os.read(self._device, 1 << 17)
            except OSError as failed:
                if failed.errno in (errno.EINTR, errno.ENOENT):
                    continue
                return  # ENODEV: unmounted
            _, opcode, unique, node, *_ = struct.unpack_from(IN_HEADER, message)
            self._answer(opcode, unique, node, message[struct.calcsize(IN_HEADER):])

    def _answer(self, opcode, unique, node, body):
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        if opcode == READ:
            self.readers.release()
            return
        error, out = 0, b""
        if opcode == INIT:
            out = struct.pack("=IIIIHHIIHHI7I", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0, *[0] * 7)
        elif opcode == LOOKUP and body.rstrip(b"\0") == b"stuck":
            out = struct.pack("=QQQQII", FILE, 0, 60, 60, 0, 0) + attributes(FILE)
        elif opcode == GETATTR:
            out = struct.pack("=QII", 60, 0, 0) + attributes(node)
        elif opcode == OPEN:
            out = struct.pack("=QII", 1, DIRECT_IO, 0)
        else:
            error = -(errno.ENOENT if opcode == LOOKUP else errno.ENOSYS)
        os.write(self._device, struct.pack("=IiQ", 16 + len(out), error, unique) + out)
