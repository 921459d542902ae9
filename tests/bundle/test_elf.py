"""The ELF executable of a Linux build."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.bundle.elf import is_elf, read_elf
from lab.bundle.inspect import inspect_bundle
from lab.bundle.window import MalformedError, open_window
from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.profiles import load_profiles
from tests.support.driver_bundle import write_bundle
from tests.support.elf_writer import shared_object


def inspected(path: Path, *names: str) -> tuple[set[str], dict[str, str]]:
    inspection = inspect_bundle(path, load_profiles(list(names) or None))
    outcomes: dict[str, str] = {one.profile: one.outcome for one in inspection.verdicts}
    return {one.id for one in inspection.findings}, outcomes


def test_gecko_as_it_is_built_here_is_accepted_and_what_is_not_judged_is_said() -> None:
    try:
        driver = find_driver("GeckoAudioDevice")
    except MissingError as error:
        pytest.skip(str(error))
    inspection = inspect_bundle(driver, load_profiles())
    if inspection.executable is None or inspection.executable.format != "elf":
        pytest.skip("the build is a Mac's")
    (code,) = inspection.executable.code
    assert code.exports == ("GeckoAudio_Create",)
    assert any(name.startswith("libhalsdk.so") for name in code.libraries)
    assert any("signature" in sentence for sentence in inspection.not_judged)
    refused = [one.sentence for one in inspection.findings if one.severity.value == "refused"]
    assert refused == []


def test_exports_and_libraries_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(shared_object(("A", "B"), ("libc.so.6", "libopus.so.0"), machine=183))
    with open_window(path) as window:
        assert is_elf(window)
        found = read_elf(window)
    assert found.exports == {"A", "B"}
    assert found.libraries == ("libc.so.6", "libopus.so.0")
    assert (found.architecture, found.is_shared) == ("arm64", True)


def test_the_rules_that_make_sense_for_it_are_applied(tmp_path: Path) -> None:
    alone = ("libhalsdk.so.0", "libc.so.6")
    good = write_bundle(tmp_path / "A.driver", executable=shared_object(libraries=alone))
    assert inspected(good, "macos-26") == ({"executable-for-linux"}, {"macos-26": "accepted"})
    linked = shared_object(libraries=(*alone, "libopus.so.0"))
    bad = write_bundle(tmp_path / "B.driver", executable=linked)
    ids, outcomes = inspected(bad, "macos-26", "seed-15")
    assert "library-not-system" in ids
    assert outcomes["macos-26"] == "refused"
    other = write_bundle(tmp_path / "C.driver", executable=shared_object(("Other",)))
    assert "factory-not-exported" in inspected(other, "macos-26")[0]
    program = write_bundle(tmp_path / "D.driver", executable=shared_object(kind=1))
    assert "executable-of-wrong-kind" in inspected(program, "macos-26")[0]


@pytest.mark.parametrize(
    ("at", "layout", "value"),
    [(4, "<B", 1), (5, "<B", 2), (32, "<Q", 1 << 63), (54, "<H", 0), (56, "<H", 0xFFFF)],
)
def test_a_header_that_lies_is_refused(at: int, layout: str, value: int, tmp_path: Path) -> None:
    data = bytearray(shared_object())
    struct.pack_into(layout, data, at, value)
    (tmp_path / "x").write_bytes(data)
    with open_window(tmp_path / "x") as window, pytest.raises(MalformedError):
        read_elf(window)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("damaged") / "Good.driver")


@settings(max_examples=200)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from([0, 1, 127, 128, 255])), max_size=6
    ),
    keep=st.integers(0, 1200),
)
def test_a_damaged_file_is_judged_within_a_second(
    bundle: Path, changes: list[tuple[int, int]], keep: int
) -> None:
    data = bytearray(shared_object(("Good_Create", "Other")))
    for at, value in changes:
        data[at % len(data)] = value
    (bundle / "Contents" / "MacOS" / "Good").write_bytes(data[:keep])
    began = time.process_time()
    inspection = inspect_bundle(bundle, load_profiles(["macos-26"], check=False))
    assert time.process_time() - began < 1.0
    assert all(finding.sentence.isprintable() for finding in inspection.findings)
