"""The host in this process, through cffi: no process to start, no pipe to cross.

For property tests and benchmarks. A driver that crashes takes Python with it, and a driver that
hangs hangs it; for everything else there is `lab.host.subprocess_host`.
"""

from __future__ import annotations

import json
from collections import deque
from functools import cache
from typing import Any, Literal

import cffi

from lab.errors import LabError, MissingError
from lab.host.base import Host
from lab.host.link import LinkClosed, LinkTimeout
from lab.host.locate import BUILD_HINT, find_native_library
from lab.host.protocol import RpcClient

_DECLARATIONS = """
struct halsim_rpc;
struct halsim_rpc *halsim_rpc_create_json(const char *options, char *message, size_t message_size);
void halsim_rpc_destroy(struct halsim_rpc *rpc);
char *halsim_rpc_handle(struct halsim_rpc *rpc, const char *line, size_t length);
void halsim_rpc_free(char *line);
char *halsim_rpc_next_notice(struct halsim_rpc *rpc);
bool halsim_rpc_interrupt(struct halsim_rpc *rpc);
"""

_MESSAGE_BYTES = 1024


@cache
def _library() -> tuple[cffi.FFI, Any]:
    path = find_native_library()
    ffi = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    try:
        library = ffi.dlopen(str(path))
    except OSError as error:
        raise MissingError(
            f"the native library does not load ({error})", where=str(path), do=BUILD_HINT
        ) from error
    return ffi, library


class _NativeLink:
    """Carries lines by function call: an answer is there as soon as its request was sent."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._ffi, self._library = _library()
        message = self._ffi.new("char[]", _MESSAGE_BYTES)
        self._rpc = self._library.halsim_rpc_create_json(
            json.dumps(options).encode(), message, _MESSAGE_BYTES
        )
        if self._rpc == self._ffi.NULL:
            raise LabError(_bytes(self._ffi.string(message)).decode(errors="replace"))
        self._lines: deque[bytes] = deque()

    def send(self, line: bytes) -> None:
        if self._rpc is None:
            raise LinkClosed
        answer = self._library.halsim_rpc_handle(self._rpc, line, len(line))
        while (notice := self._library.halsim_rpc_next_notice(self._rpc)) != self._ffi.NULL:
            self._lines.append(self._taken(notice))
        if answer != self._ffi.NULL:
            self._lines.append(self._taken(answer))

    def receive(self, timeout_s: float | None) -> bytes:
        del timeout_s
        if self._lines:
            return self._lines.popleft()
        if self._rpc is None:
            raise LinkClosed
        raise LinkTimeout

    def close(self) -> None:
        if self._rpc is not None:
            self._library.halsim_rpc_destroy(self._rpc)
            self._rpc = None

    def interrupt(self) -> None:
        if self._rpc is not None:
            self._library.halsim_rpc_interrupt(self._rpc)

    def _taken(self, text: Any) -> bytes:
        try:
            return _bytes(self._ffi.string(text))
        finally:
            self._library.halsim_rpc_free(text)


class NativeHost(Host):
    """Loads the host into this process.

    Parameters
    ----------
    clock
        As for coreaudiod-sim.
    seed
        Goes into traces.
    **options
        Further members of the options object in docs/reference/rpc.md.

    Raises
    ------
    MissingError
        When the library is not built.
    LabError
        When the host cannot be made.
    """

    def __init__(
        self,
        *,
        clock: Literal["realtime", "virtual"] = "virtual",
        seed: int = 0,
        **options: Any,
    ) -> None:
        self._link = _NativeLink({"clock": clock, "seed": seed, **options})
        self._client = RpcClient(self._link)

    def interrupt(self) -> None:
        """End a `run` of another thread."""
        self._link.interrupt()

    def close(self) -> None:
        """Destroy it. May be called twice."""
        self._link.close()


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def native_library_loads() -> bool:
    """Whether a `NativeHost` can be made here."""
    try:
        _library()
    except MissingError:
        return False
    return True
