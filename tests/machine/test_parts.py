"""The parts of machines that need no machine."""

from __future__ import annotations

import os
import plistlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.machine import image
from lab.machine.base import CannotError
from lab.machine.coreaudiod import present
from lab.machine.engine import engine, why_none
from lab.machine.kit import with_types
from lab.machine.mac import MacMachine, device_names
from lab.machine.matrix import APPLES, SEEDS, Cell, Kind
from lab.machine.matrix_view import matrix_table
from lab.machine.plan import Plan
from lab.machine.seal import SEAL, condition_of, sign
from lab.machine.state import read_state, write_state
from lab.profiles import load_profile
from tests.support.driver_bundle import write_bundle

ROOT = Path(__file__).resolve().parents[2]


def test_no_mac_is_touched_by_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(CannotError, match="not a Mac"):
        MacMachine(i_mean_it=True, system="linux")
    with pytest.raises(UsageError, match="say --i-mean-it"):
        MacMachine(system="darwin")


def test_device_names_are_found_in_what_system_profiler_prints() -> None:
    text = (
        "Audio:\n\n    Devices:\n\n        Gecko Sink:\n\n          Output Channels: 2\n"
        "          Transport: Virtual\n\n        MacBook Pro Speakers:\n\n"
        "          Default Output Device: Yes\n"
    )
    assert device_names(text.splitlines()) == ["Gecko Sink", "MacBook Pro Speakers"]


def test_a_seal_knows_code_from_resources(tmp_path: Path) -> None:
    bundle = tmp_path / "X.driver"
    (bundle / "Contents/MacOS").mkdir(parents=True)
    (bundle / "Contents/MacOS/X").write_bytes(b"code")
    (bundle / "Contents/Info.plist").write_bytes(b"info")
    assert condition_of(bundle) == "unsigned"
    sign(bundle, "x")
    assert condition_of(bundle) == "valid"
    (bundle / "Contents/extra").write_bytes(b"")
    assert condition_of(bundle) == "resources-changed"
    (bundle / "Contents/MacOS/X").unlink()
    assert condition_of(bundle) == "code-changed"
    (bundle / SEAL).write_text("[]")
    assert condition_of(bundle) == "unsigned"


def test_the_state_of_a_coreaudiod_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert read_state(path) == {}
    write_state(path, {"pid": os.getpid(), "generation": 3})
    assert read_state(path)["generation"] == 3
    gone = subprocess.Popen(["true"])
    gone.wait()
    write_state(path, {"pid": gone.pid, "generation": 3})
    assert read_state(path) == {}
    path.write_text("{")
    assert read_state(path) == {}


def test_a_plan_survives_its_way_to_the_keeper() -> None:
    plan = Plan("/r", {"/a b": "/c\nd"}, ("x", "y"), {"A": "b"})
    assert "\n" not in plan.to_json()
    assert Plan.of_json(plan.to_json()) == plan


def test_no_engine_is_looked_for_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAL_LAB_NO_DOCKER", "1")
    monkeypatch.setattr("lab.machine.engine._answers", lambda _: pytest.fail("it was looked for"))
    assert why_none() == "HAL_LAB_NO_DOCKER is set"
    with pytest.raises(CannotError, match="HAL_LAB_NO_DOCKER is set"), engine():
        pass


def test_a_cell_of_the_matrix_is_yes_no_or_unknown_and_has_its_reason() -> None:
    kind = Kind("both", "ad hoc", "static")
    cells = [
        Cell("macos-12", kind, works=True, reason=""),
        Cell("macos-15", kind, works=True, reason="nobody says"),
        Cell("macos-26", kind, works=False, reason="refused"),
    ]
    table = matrix_table(cells, "t")
    shown = [next(iter(column.cells)) for column in table.columns]
    assert shown == ["both", "ad hoc", "static", "yes", "yes? (1)", "no (2)"]
    assert table.caption == (
        "1: nobody says\n2: refused\nyes?: it is here; whether it is there nobody says"
    )


def test_a_claim_s_type_becomes_apple_s_for_the_simulator_and_the_bundle_stays(
    tmp_path: Path,
) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    old = with_types(bundle, tmp_path / "old", (SEEDS.lower(),))
    before = (old / "Contents/Info.plist").read_bytes()
    shown = present(old, load_profile("seed-15"), tmp_path / "presented")
    tables = plistlib.loads((shown / "Contents/Info.plist").read_bytes())["CFPlugInTypes"]
    assert list(tables) == [APPLES]
    assert tables[APPLES] == plistlib.loads(before)["CFPlugInTypes"][SEEDS.lower()]
    assert (old / "Contents/Info.plist").read_bytes() == before
    # Once more: the copy of the generation before goes.
    assert present(old, load_profile("seed-15"), tmp_path / "presented") == shown
    assert present(bundle, load_profile("macos-26"), tmp_path / "presented") == bundle


def test_the_uuids_are_those_of_the_headers_and_of_the_seed() -> None:
    assert load_profile("macos-26").texts("loading.plugin-type-uuids") == (APPLES,)
    assert load_profile("seed-15").texts("loading.plugin-type-uuids") == (SEEDS,)


@pytest.mark.native
@pytest.mark.linux
def test_the_image_s_recipe_is_the_same_each_time_and_names_the_simulator_s_libraries() -> None:
    try:
        image.suite()
    except CannotError as error:
        pytest.skip(str(error))
    assert image.recipe() == image.recipe()
    assert {"procps", "psmisc", "python3", "libc6"} <= set(image.packages())


MAKER = """
import os, signal
from lab.machine.docker_machine import DockerMachine
from lab.machine.engine import engine
from lab.machine.description import Description
with engine() as client:
    machine = DockerMachine(client, Description())
    print(client.inspect_container(machine._container)["State"]["Pid"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.native
@pytest.mark.docker
def test_a_container_does_not_outlive_the_test_that_made_it() -> None:
    assert why_none() == ""
    said = subprocess.run(
        [sys.executable, "-c", MAKER], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert said.returncode == -signal.SIGKILL, said.stderr
    init = Path(f"/proc/{said.stdout.strip()}")
    deadline = time.monotonic() + 20
    while init.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
