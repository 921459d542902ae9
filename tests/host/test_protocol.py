"""Lines in and out, and the host's stderr."""

from __future__ import annotations

import io
import json
import os
import threading
from contextlib import suppress
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.host import sources
from lab.host.base import Client, Host
from lab.host.errors import DriverCrashed, HostGone, ProtocolError, ending_of
from lab.host.link import LINE_MAX, FdLink, LinkClosed, LinkTimeout
from lab.host.protocol import RpcClient, parse_message, to_host_error
from lab.host.stderr_log import StderrLog, parse_line


def pipes() -> tuple[FdLink, int, int]:
    read_fd, their_write = os.pipe()
    their_read, write_fd = os.pipe()
    return FdLink(read_fd, write_fd), their_read, their_write


@given(
    lines=st.lists(st.binary(max_size=200).map(lambda b: b.replace(b"\n", b"")), max_size=8),
    cut=st.integers(1, 50),
)
def test_lines_arrive_whole_however_they_are_cut(lines: list[bytes], cut: int) -> None:
    link, their_read, their_write = pipes()
    stream = b"".join(line + b"\n" for line in lines)

    def feed() -> None:
        for at in range(0, len(stream), cut):
            os.write(their_write, stream[at : at + cut])
        os.close(their_write)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        assert [link.receive(5.0) for _ in lines] == lines
        with pytest.raises(LinkClosed):
            link.receive(5.0)
    finally:
        feeder.join()
        link.close()
        os.close(their_read)


def test_a_line_that_does_not_come_is_a_timeout() -> None:
    link, their_read, their_write = pipes()
    with pytest.raises(LinkTimeout):
        link.receive(0.01)
    link.close()
    os.close(their_read)
    os.close(their_write)


def test_a_line_without_end_is_refused() -> None:
    link, their_read, their_write = pipes()

    def flood() -> None:
        with suppress(OSError):
            while True:
                os.write(their_write, b"x" * 65536)

    threading.Thread(target=flood, daemon=True).start()
    with pytest.raises(ProtocolError, match=str(LINE_MAX)):
        link.receive(10.0)
    link.close()
    os.close(their_read)


def test_sending_to_nobody_is_told() -> None:
    link, their_read, their_write = pipes()
    os.close(their_read)
    with pytest.raises(LinkClosed):
        link.send(b"hello")
    link.close()
    os.close(their_write)


class Echo:
    """Answers every request with nothing, and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, line: bytes) -> None:
        """Keep it."""
        self.sent.append(line)

    def receive(self, timeout_s: float | None) -> bytes:
        """Answer the last one, at once."""
        del timeout_s
        number = json.loads(self.sent[-1])["id"]
        return json.dumps({"jsonrpc": "2.0", "id": number, "result": None}).encode()

    def close(self) -> None:
        """Nothing to close."""


def test_taking_a_source_away_sends_null() -> None:
    echo = Echo()
    host = EchoHost(echo)
    client = Client(host, 0, 5)
    client.play(None)
    client.play(sources.counter(5))
    assert b'"source":null' in echo.sent[0]
    assert b'"source":{"kind":"counter","start_frame":5}' in echo.sent[1]


class EchoHost(Host):
    """A host over `Echo`."""

    def __init__(self, echo: Echo) -> None:
        self._client = RpcClient(echo)

    def close(self) -> None:
        """Nothing to close."""


def test_a_request_that_is_too_long_is_not_sent() -> None:
    link, their_read, their_write = pipes()
    with pytest.raises(ProtocolError, match="are allowed"):
        RpcClient(link).call("x", {"a": "y" * LINE_MAX}, timeout_s=1.0)
    link.close()
    os.close(their_read)
    os.close(their_write)


@given(st.binary(max_size=300))
def test_no_line_crashes_the_parser(line: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(parse_message(line), dict)
    parse_line(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {},
            optional={
                "code": JSON,
                "message": JSON,
                "data": st.fixed_dictionaries({}, optional={"status": JSON, "os_status": JSON}),
            },
        ),
    )
)
def test_no_error_object_crashes_the_client(error: object) -> None:
    made = to_host_error(error)
    assert isinstance(made.status, str)
    assert isinstance(made.os_status, int)
    assert "\n" not in str(made)


def test_the_log_tells_events_from_text() -> None:
    report = {"event": "driver-crashed", "signal": "SIGBUS", "entry_point": "Initialize"}
    raw = b"starting\n" + json.dumps(report).encode() + b"\n{broken\n\xff\xfe\n"
    log = StderrLog(cast("BinaryIO", io.BytesIO(raw)))
    log.wait(5.0)
    assert [line.text for line in log.lines][:1] == ["starting"]
    assert log.last_report() == report
    assert log.events("driver-crashed")[0].fields["signal"] == "SIGBUS"
    assert len(log.lines) == 4


def test_last_words_are_text_not_events() -> None:
    log = StderrLog(cast("BinaryIO", io.BytesIO(b'cannot open: /x\n{"event": "log"}\n')))
    log.wait(5.0)
    assert log.last_words() == "cannot open: /x"
    assert log.last_report() == {}


def test_an_end_without_a_report_is_told_with_the_last_words() -> None:
    assert str(ending_of(1, {}, "no room")) == "coreaudiod-sim ended with code 1: no room"
    assert str(ending_of(-15, {}, "")) == "coreaudiod-sim was ended by signal 15 without a word"
    assert type(ending_of(None, {}, "x")) is HostGone


def test_a_report_with_holes_is_still_a_report() -> None:
    crash = ending_of(70, {"event": "driver-crashed", "backtrace": None}, "")
    assert isinstance(crash, DriverCrashed)
    assert crash.backtrace == []
    assert crash.signal == "?"
