"""Of configurations that fail, the nearest that passes."""

from __future__ import annotations

from lab.validate.nearest import diagnosis, differences, nearest

FAILED = {"rate": 48_000.0, "frames": 16, "clients": 1}


def test_fewer_differences_are_nearer() -> None:
    one = {"rate": 48_000.0, "frames": 8192, "clients": 1}
    two = {"rate": 44_100.0, "frames": 17, "clients": 1}
    assert nearest(FAILED, [two, one]) == one


def test_of_as_many_differences_the_nearer_number_is_nearer() -> None:
    passed = [{**FAILED, "frames": frames} for frames in (8192, 64, 512)]
    assert nearest(FAILED, passed) == {**FAILED, "frames": 64}
    assert nearest({**FAILED, "frames": 4096}, passed) == {**FAILED, "frames": 8192}


def test_only_what_differs_is_told() -> None:
    other = {**FAILED, "frames": 64}
    assert differences(FAILED, other) == {"frames": (16, 64)}
    assert diagnosis(FAILED, [other]) == (
        "fails with rate 48000, frames 16, clients 1; passes with frames 64 in place of 16"
    )


def test_words_and_zeros_are_just_different() -> None:
    failed = {"kind": "a", "offset": 0}
    assert nearest(failed, [{"kind": "b", "offset": 5}, {"kind": "b", "offset": 0}]) == {
        "kind": "b",
        "offset": 0,
    }


def test_when_nothing_passes_that_is_said() -> None:
    assert nearest(FAILED, []) is None
    assert diagnosis(FAILED, []).endswith("and with everything else that was tried")
