"""Which bundle is loaded by which macOS, and which way to restart coreaudiod works there?"""

from __future__ import annotations

from pathlib import Path

import lief
import pytest
from rich.console import Console

from lab.machine.base import HAL
from lab.machine.kit import bring_kit, with_types
from lab.machine.matrix import (
    APPLES,
    SEEDS,
    Cell,
    Kind,
    kinds,
    make_bundles,
    try_bundles,
    try_restarts,
)
from lab.machine.matrix_view import matrix_table
from lab.profiles import profile_names
from scenarios.install.conftest import StartMachine
from scenarios.install.products import BUNGHOLE, Product

pytestmark = [pytest.mark.native, pytest.mark.linux]

PROFILES = profile_names()
# Library validation: refused on 26, not there in the seed's 15, of the others nobody says.
CELLS: list[Cell] = []


def link_opus(executable: Path) -> None:
    binary = lief.ELF.parse(str(executable))
    assert isinstance(binary, lief.ELF.Binary)
    binary.add_library("libopus.so.0")
    binary.write(str(executable))


@pytest.fixture(scope="module", autouse=True)
def _show_tables() -> object:
    """Print the matrix, as far as it has come (pytest -s)."""
    yield None
    for title, is_kind in (("Loaded?", True), ("Restarts coreaudiod?", False)):
        if cells := [cell for cell in CELLS if isinstance(cell.what, Kind) == is_kind]:
            Console(width=120).print("\n", matrix_table(cells, title))


def expected(profile: str, kind: Kind) -> str:
    """The row's answer: yes, no or unknown."""
    if (
        kind.types == ("Apple's" if profile == "seed-15" else "the seed's")
        or kind.signature != "ad hoc"
    ):
        return "no"
    if kind.linkage == "static" or profile == "seed-15":
        return "yes"
    return "no" if profile == "macos-26" else "unknown"


def answer(cell: Cell) -> str:
    return ("unknown" if cell.reason else "yes") if cell.works else "no"


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("profile", PROFILES)
def test_each_kind_of_bundle_is_loaded_or_refused_with_a_reason(
    start_machine: StartMachine, driver: Path, tmp_path: Path, profile: str
) -> None:
    bundles = make_bundles(driver, tmp_path, link_opus)
    cells = list(try_bundles(start_machine(profile), "Gecko Sink", bundles))
    CELLS.extend(cells)
    assert [cell.what for cell in cells] == list(kinds())
    reasons = {}
    for cell in cells:
        assert isinstance(cell.what, Kind)
        assert answer(cell) == expected(profile, cell.what), cell
        assert cell.works or cell.reason
        reasons[cell.what] = cell.reason
    assert "Caught exception trying to add device" in reasons[Kind("both", "stale", "static")]
    assert "no signature" in reasons[Kind("both", "none", "static")]
    if profile != "seed-15":
        old = reasons[Kind("the seed's", "ad hoc", "static")]
        assert f'lists "{SEEDS}"' in old
        assert f"macOS looks for {APPLES}" in old
        assert "is no macOS version's, old or new" in old


@pytest.mark.slow  # with the other one, so that one process has the whole matrix
@pytest.mark.parametrize("profile", PROFILES)
def test_kickstart_is_refused_from_14_4_on_and_kill_works_everywhere(
    start_machine: StartMachine, profile: str
) -> None:
    cells = list(try_restarts(start_machine(profile)))
    CELLS.extend(cells)
    works = {cell.what: cell.works for cell in cells}
    refused = profile not in {"macos-12", "macos-13", "macos-14.0"}
    assert works == {
        "launchctl kickstart -k": not refused,
        "launchctl kill": True,
        "killall": True,
        "killall -9": True,
    }
    if refused:
        assert cells[0].reason == (
            'Could not kickstart service "com.apple.audio.coreaudiod": 1: Operation not permitted'
        )


@pytest.mark.parametrize("product", [BUNGHOLE], ids=["bunghole"])
def test_a_driver_that_lists_both_types_as_the_seed_s_does_is_loaded_by_the_claim_too(
    start_machine: StartMachine, bundle: Path, product: Product, tmp_path: Path
) -> None:
    machine = start_machine("seed-15")
    both = with_types(bundle, tmp_path, (SEEDS, APPLES))
    done = bring_kit(machine, both, product.scripts).install()
    assert done.code == 0, done
    assert machine.devices() == list(product.devices)
    product.listen(machine)


@pytest.mark.parametrize("profile", ["macos-15", "macos-26", "seed-15"])
def test_a_driver_with_only_the_seed_s_old_type_is_refused_by_its_installer_with_the_reason(
    start_machine: StartMachine, bundle: Path, product: Product, tmp_path: Path, profile: str
) -> None:
    machine = start_machine(profile)
    old = with_types(bundle, tmp_path, (SEEDS,))
    done = bring_kit(machine, old, product.scripts).install("--wait", "2")
    if profile == "seed-15":
        assert done.code == 0, done
        product.listen(machine)
        return
    assert done.code == 1
    assert f"macOS looks for {APPLES}: add {APPLES}" in done.error
    assert machine.list_folder(HAL) == []


def test_a_driver_with_apple_s_type_alone_is_what_the_claim_refuses(
    start_machine: StartMachine, bundle: Path, product: Product
) -> None:
    machine = start_machine("seed-15")
    done = bring_kit(machine, bundle, product.scripts).install("--wait", "2")
    assert done.code == 1
    assert "a claim about macOS 15 has it; no real macOS does" in done.error
