"""POSIX shared memory by name, without the habits of ``multiprocessing.shared_memory``.

That class unlinks what it merely attached to, wants write access, and cannot be told a mode. Here
opening is opening. Sizes come from ``fstat``, never from what the memory says about itself.
"""

from __future__ import annotations

import _posixshmem  # type: ignore[import-not-found]
import errno
import mmap
import os
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

from lab.errors import ShmError

_U64 = struct.Struct("<Q")
_WHY = {
    errno.ENOENT: "start the host and the driver, or check the name",
    errno.EACCES: "the driver's GECKO_SHM_MODE and your user decide; run as the owner",
    errno.EINVAL: "a name is a slash and up to 30 letters, digits, '.', '_' or '-'",
}


@dataclass
class Mapping:
    """An open, mapped object.

    Attributes
    ----------
    name
        With its slash.
    memory
        The mapping.
    fd
        Kept open, so that the size can be looked at again.
    size
        Bytes that the object had when it was mapped.
    inode
        Device and inode: which object it is, whatever the name leads to later. 0 and 0 on macOS,
        where shared memory has none.
    """

    name: str
    memory: mmap.mmap
    fd: int
    size: int
    inode: tuple[int, int]

    def still_fits(self) -> bool:
        """Whether the object still has the bytes that are mapped: reading beyond is SIGBUS."""
        return os.fstat(self.fd).st_size >= self.size

    def close(self) -> None:
        """Unmap; views that are still held keep the memory alive until they go."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        # numpy views of the caller may be alive: then the mapping goes with the last of them.
        with suppress(BufferError):
            self.memory.close()


def open_mapping(name: str, *, writable: bool, least_bytes: int = 1) -> Mapping:
    """Open and map an existing object, all of it.

    Parameters
    ----------
    name
        With its slash.
    writable
        Map for reading and writing; else for reading only.
    least_bytes
        A smaller object is refused.

    Returns
    -------
    Mapping

    Raises
    ------
    ShmError
        When there is none, when permission lacks, or when it is too small.
    """
    try:
        fd = _posixshmem.shm_open(name, os.O_RDWR if writable else os.O_RDONLY)
    except OSError as error:
        raise ShmError(
            f"shared memory cannot be opened ({error.strerror})",
            where=name,
            do=_WHY.get(error.errno or 0, "check the name"),
        ) from error
    try:
        status = os.fstat(fd)
        _check_least(name, status.st_size, least_bytes)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        memory = mmap.mmap(fd, status.st_size, mmap.MAP_SHARED, protection)
    except BaseException as error:
        os.close(fd)
        if isinstance(error, (OSError, ValueError)):
            raise ShmError(f"shared memory cannot be mapped ({error})", where=name) from error
        raise
    return Mapping(name, memory, fd, status.st_size, (status.st_dev, status.st_ino))


def _check_least(name: str, size: int, least_bytes: int) -> None:
    if size < least_bytes:
        raise ShmError(
            f"shared memory is truncated: {size} bytes, at least {least_bytes} are needed",
            where=name,
            do="restart the driver",
        )


def leads_elsewhere(mapping: Mapping, *, instance_at: int) -> bool:
    """Whether the name of a mapped object leads to another object now.

    Parameters
    ----------
    mapping
        The object.
    instance_at
        Offset of a u64 that differs from object to object, 0 in one that is not finished: what
        tells them apart where there are no inodes.

    Returns
    -------
    bool
        False also when the name is free or not ours to open.
    """
    try:
        now = open_mapping(mapping.name, writable=False, least_bytes=instance_at + _U64.size)
    except ShmError:
        return False
    try:
        if any(now.inode):
            return now.inode != mapping.inode
        (instance,) = _U64.unpack_from(now.memory, instance_at)
        return bool(instance) and (instance,) != _U64.unpack_from(mapping.memory, instance_at)
    finally:
        now.close()


def size_of(name: str) -> int:
    """Bytes of the object that a name leads to now, -1 when there is none.

    Parameters
    ----------
    name
        With its slash.
    """
    try:
        fd = _posixshmem.shm_open(name, os.O_RDONLY)
    except OSError:
        return -1
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def create(name: str, content: bytes, *, mode: int = 0o600) -> None:
    """Make an object with that content; for tests and for whoever plays the driver.

    Parameters
    ----------
    name
        With its slash; must be free.
    content
        Its bytes.
    mode
        Permissions, whatever the umask is.

    Raises
    ------
    ShmError
        When the name is taken or memory is short.
    """
    try:
        fd = _posixshmem.shm_open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode=mode)
    except OSError as error:
        raise ShmError(
            f"shared memory cannot be made ({error.strerror})", where=name, do="take another name"
        ) from error
    try:
        os.ftruncate(fd, len(content))
        if content:
            with mmap.mmap(fd, len(content), mmap.MAP_SHARED) as memory:
                memory[:] = content
        if sys.platform == "linux":
            os.fchmod(fd, mode)
    finally:
        os.close(fd)


def process_is_alive(pid: int) -> bool:
    """Whether a process of that id exists here, also when it belongs to another user.

    Parameters
    ----------
    pid
        Anything; what can be no process is not alive.
    """
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def unlink(name: str) -> bool:
    """Take a name away.

    Parameters
    ----------
    name
        With its slash.

    Returns
    -------
    bool
        False when there was none.
    """
    try:
        _posixshmem.shm_unlink(name)
    except OSError:
        return False
    return True
