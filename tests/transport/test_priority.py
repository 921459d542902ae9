"""The source that the host takes: the whole table."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.transport.priority import Source, choose_source, wanted_source

TABLE = [
    # --audio-udp-listen, --vm, what is taken
    (None, False, Source.DESKTOP),
    (None, True, Source.VSOCK),
    ("127.0.0.1:5004", False, Source.UDP),
    ("127.0.0.1:5004", True, Source.UDP),
    ("", False, Source.DESKTOP),
    ("", True, Source.VSOCK),
]


@pytest.mark.parametrize(("udp", "vm", "source"), TABLE)
@pytest.mark.parametrize("fails", [None, LabError("no"), OSError(98, "in use")])
def test_udp_comes_before_vsock_before_the_desktop_and_a_failure_is_silence(
    udp: str | None, vm: bool, source: Source, fails: Exception | None
) -> None:
    started: list[Source] = []

    def starter(which: Source) -> None:
        started.append(which)
        if fails is not None:
            raise fails

    start = {which: lambda which=which: starter(which) for which in Source}
    chosen = choose_source(udp_listen=udp, vm=vm, start=start)
    assert chosen.wanted is source is wanted_source(udp_listen=udp, vm=vm)
    # Only the one that is wanted is tried.
    assert started == [source]
    if fails is None:
        assert chosen.source is source
        assert chosen.lines[-1] == f"audio: source={source.value}"
    else:
        assert chosen.source is None
        assert len(chosen.lines) == 1
        assert "failed, no audio" in chosen.lines[0]


def test_the_lines_of_vsock_are_those_of_the_seed() -> None:
    start = {which: lambda: None for which in Source}
    assert choose_source(udp_listen=None, vm=True, start=start).lines == (
        "vsock audio listener started on port 5000",
        "audio: source=guest-vsock",
    )


def test_a_mistake_in_the_lab_is_no_failure_of_a_source() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        choose_source(udp_listen=None, vm=True, start={Source.VSOCK: broken})
