"""What an executable takes from elsewhere is read, whatever its format."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bundle.imports import imports_of
from lab.host.locate import find_driver
from tests.support.macho_writer import Thin, thin, universal


def test_those_of_all_architectures_of_a_mach_o_file_count(tmp_path: Path) -> None:
    arm = Thin(imports=("malloc", "AudioObjectGetPropertyData"))
    intel = Thin(architecture="x86_64", imports=("free",))
    (tmp_path / "x").write_bytes(universal(arm, intel))
    assert imports_of(tmp_path / "x") == {"malloc", "free", "AudioObjectGetPropertyData"}


def test_exports_are_no_imports(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(thin(Thin(exports=("Good_Create",))))
    assert imports_of(tmp_path / "x") == set()


def test_a_file_of_neither_format_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"#!/bin/sh\n")
    assert imports_of(tmp_path / "x") == set()


@pytest.mark.native
@pytest.mark.linux
def test_those_of_a_built_driver_are_those_that_another_reader_finds() -> None:
    lief = pytest.importorskip("lief")
    code = find_driver("FlawedImports") / "Contents" / "MacOS" / "FlawedImports"
    found = imports_of(code)
    assert "AudioObjectGetPropertyData" in found
    binary = lief.ELF.parse(str(code))
    assert binary is not None
    other = {str(one.name) for one in binary.dynamic_symbols if one.shndx == 0 and str(one.name)}
    assert found == other
