"""A file system too small for what a test puts there (needs root, as CI has)."""

import os
import pwd
import subprocess


def mount(directory, size, user):
    """A new one of `size`, as mount(8) writes it, that belongs to `user`."""
    directory.mkdir()
    owner = pwd.getpwnam(user)
    options = f"size={size},mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=True)


def unmount(directory):
    if os.path.ismount(directory):
        # Lazy: who was killed may hold a file for a moment longer.
        subprocess.run(["umount", "--lazy", directory], check=True)
