"""What a host makes of a profile: UUIDs, required properties, process model, throttle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.service import OLD_TYPE, TYPE, changed_copy, helpers, profile_file
from tests.daemon.talk import Daemon, driver, run

pytestmark = [pytest.mark.native, pytest.mark.linux]


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_a_refused_type_says_which_profile_key_source_and_what_to_do(
    tmp_path: Path, model: str
) -> None:
    old = changed_copy(
        "Loop", tmp_path, CFPlugInTypes={OLD_TYPE: ["6C1D3F1E-0A53-4C27-8B52-6D9B4C7F2A10"]}
    )
    for name in ("macos-12", "macos-15", "macos-26"):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        with Daemon("--clock", "virtual", *options) as daemon:
            error = daemon.refuse("plugin.load", path=old)
            assert error["data"]["status"] == "bundle"
            for part in (
                name,
                "loading.plugin-type-uuids",
                "AudioServerPlugIn.h",
                OLD_TYPE,
                TYPE,
                "add the accepted one",
            ):
                assert part in error["message"]
            assert daemon.ask("plugin.load", path=driver("Loop"))["devices"] == [0]
    options = ("--profile", profile_file(tmp_path, "seed-15"), "--process-model", model)
    with Daemon("--clock", "virtual", *options) as daemon:
        error = daemon.refuse("plugin.load", path=driver("Loop"))
        assert "seed-15" in error["message"]
        assert "seed 001" in error["message"]
        error = daemon.refuse("plugin.load", path=old)  # found, but it makes nothing of that type
        assert error["data"]["status"] == "factory"
    with Daemon("--clock", "virtual", *options, environment={"LOOP_SHAPE": "seed-uuids"}) as daemon:
        assert daemon.ask("plugin.load", path=old)["devices"] == [0]


def test_a_refused_interface_says_which_profile_asked_for_it(tmp_path: Path) -> None:
    interface = "EEA5773D-CC43-49F1-8E00-8F9635872532"
    wanted = profile_file(tmp_path, "macos-15", loading__driver_interface_uuids=[interface])
    with Daemon("--clock", "virtual", "--profile", wanted) as daemon:
        message = daemon.refuse("plugin.load", path=driver("Loop"))["message"]
    assert interface in message
    assert "macos-15" in message
    assert "loading.driver-interface-uuids" in message


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_a_device_without_a_required_property_is_not_shown(tmp_path: Path, model: str) -> None:
    shown: dict[str, list[int]] = {}
    warnings: list[str] = []
    for name in ("macos-15", "macos-26"):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        environment = {"LOOP_FAULT": "no-hidden"}
        with Daemon("--clock", "virtual", *options, environment=environment) as daemon:
            shown[name] = daemon.ask("plugin.load", path=driver("Loop"))["devices"]
            warnings = [n["text"] for n in daemon.notices if n["kind"] == "warning"]
    assert shown == {"macos-15": [0], "macos-26": []}
    (text,) = warnings
    for part in ("Loop A", "'hidn'", "macos-26", "activation.required-properties", "seed 001"):
        assert part in text
    with Daemon("--clock", "virtual", "--profile", profile_file(tmp_path, "macos-26")) as daemon:
        assert daemon.ask("plugin.load", path=driver("Loop"))["devices"] == [0]


def test_the_profile_decides_where_drivers_live_and_an_option_wins(tmp_path: Path) -> None:
    models = {}
    for name in ("macos-12", "macos-15", "macos-26", "seed-15"):
        with Daemon("--clock", "virtual", "--profile", profile_file(tmp_path, name)) as daemon:
            models[name] = daemon.ask("host.info")["process_model"]
    assert models.pop("seed-15") == "in-process"
    assert set(models.values()) == {"helper"}
    for model, name in (("in-process", "macos-15"), ("helper", "seed-15")):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        with Daemon("--clock", "virtual", *options) as daemon:
            assert daemon.ask("host.info")["process_model"] == model


def test_the_throttle_is_the_profile_s_and_an_option_wins(tmp_path: Path) -> None:
    due = []
    for more in ((), ("--helper-throttle-ms", "7000")):
        wanted = profile_file(tmp_path, "macos-15", service__coreaudiod_throttle_s=3.5)
        environment = {"LOOP_FAULT": "crash:StartIO"}
        with Daemon(
            "--clock", "virtual", "--profile", wanted, *more, environment=environment
        ) as daemon:
            daemon.ask("plugin.load", path=driver("Loop"))
            client = daemon.ask("client.add", device=0)["client"]
            daemon.refuse("io.start", device=0, client=client)
            due.append(helpers(daemon)[0]["restart_ns"])
    assert due == [4_500_000_000, 8_000_000_000]


BAD_PROFILES = {
    "no JSON": "{",
    "no name": '{"values": {}}',
    "no values": '{"name": "x"}',
    "a model of its own": '{"name": "x", "values": {"loading.process-model": "moon"}}',
    "no UUID": '{"name": "x", "values": {"loading.plugin-type-uuids": ["443"]}}',
    "no types": '{"name": "x", "values": {"loading.plugin-type-uuids": []}}',
    "no selector": '{"name": "x", "values": {"activation.required-properties": ["hidden"]}}',
    "a negative throttle": '{"name": "x", "values": {"service.launchd-throttle-s": -1}}',
}


@pytest.mark.parametrize("what", BAD_PROFILES)
def test_a_bad_profile_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(BAD_PROFILES[what])
    ending = run("--profile", str(path))
    assert ending.code == 2
    assert ending.out == ""
    (line,) = ending.err.splitlines()
    assert line.startswith(f"coreaudiod-sim: --profile {path}: ")


@pytest.mark.parametrize(
    "line",
    [
        ("--profile", "/nowhere.json"),
        ("--process-model", "moon"),
        ("--helper-throttle-ms", "-1"),
        ("--process-model", "helper", "--driver", "X.driver", "--signal", "sine"),
        ("--service", "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(line: tuple[str, ...]) -> None:
    ending = run(*line)
    assert ending.code in (1, 2)
    assert len(ending.err.splitlines()) == 1
