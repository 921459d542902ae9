"""What happens on bad input?

Whatever is wrong ends with one clear line (what, where, what to do), an exit code that is not 0, no
process and no shared memory left behind, and what was recorded so far kept.
"""

from __future__ import annotations

import os
import shutil
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.errors import MissingError, ShmError
from lab.host.errors import DriverCrashed, HostError
from lab.host.locate import find_driver
from lab.pytest_plugin import StartHost
from lab.signals.align import align
from lab.signals.noise import noise
from lab.transport import posix_shm
from lab.transport.gecko_layout import load_layout
from lab.transport.shm import open_reader
from scenarios.command import Command, hal_lab
from scenarios.steps import run_and_read, start_counting

pytestmark = [pytest.mark.native, pytest.mark.linux]

ENTRY_POINTS = (
    "Factory",
    "QueryInterface",
    "Initialize",
    "HasProperty",
    "GetPropertyDataSize",
    "GetPropertyData",
    "AddDeviceClient",
    "StartIO",
    "WillDoIOOperation",
    "BeginIOOperation",
    "GetZeroTimeStamp",
    "DoIOOperation",
    "EndIOOperation",
    "StopIO",
    "RemoveDeviceClient",
)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(24_000, seed=3), 48_000, subtype="FLOAT")
    return path


@pytest.fixture
def loop() -> Path:
    try:
        return find_driver("Loop")
    except MissingError as error:
        pytest.skip(f"the driver that fails on request is not built: {error}")


@pytest.fixture
def copy_of_driver(driver: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(driver, tmp_path / "Broken.driver", symlinks=True))


# ---- bundles -------------------------------------------------------------------------------------


def plist(bundle: Path) -> Path:
    return bundle / "Contents" / "Info.plist"


def executable(bundle: Path) -> Path:
    return bundle / "Contents" / "MacOS" / "GeckoAudioDevice"


def edit(old: str, new: str) -> Callable[[Path], object]:
    def change(bundle: Path) -> None:
        text = plist(bundle).read_text(encoding="utf-8")
        assert old in text
        plist(bundle).write_text(text.replace(old, new), encoding="utf-8")

    return change


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no Info.plist": (lambda b: plist(b).unlink(), "Info.plist"),
    "an Info.plist that is no property list": (
        lambda b: plist(b).write_bytes(b"\x00\xff not a list"),
        "Info.plist",
    ),
    "an empty Info.plist": (lambda b: plist(b).write_bytes(b""), "Info.plist"),
    "half an Info.plist": (
        lambda b: plist(b).write_bytes(plist(b).read_bytes()[:300]),
        "Info.plist",
    ),
    "the wrong plug-in type": (
        edit("443ABAB8-E7B3-491A-B985-BEB9187030DB", "443ABEB8-E7B3-491A-B985-BEB9187030DB"),
        "443ABAB8",
    ),
    "a type without factory": (edit("CFPlugInFactories", "CFPlugInFactoriez"), "CFPlugInFactories"),
    "a factory symbol that is not there": (
        edit("GeckoAudio_Create", "Gecko_NoSuchFactory"),
        "Gecko_NoSuchFactory",
    ),
    "no executable": (lambda b: executable(b).unlink(), "GeckoAudioDevice"),
    "an executable that is none": (
        lambda b: executable(b).write_text("#!/bin/sh\necho hello\n", encoding="utf-8"),
        "GeckoAudioDevice",
    ),
    "an executable for a Mac": (
        lambda b: executable(b).write_bytes(struct.pack("<8I", 0xFEEDFACF, 0x0100000C, *[0] * 6)),
        "GeckoAudioDevice",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_bundle_with(how: str, copy_of_driver: Path, song: Path) -> None:
    break_it, named = BROKEN[how]
    break_it(copy_of_driver)
    ended = hal_lab("play", song, "--driver", copy_of_driver, "--clock", "virtual")
    assert ended.code == 1
    assert ended.is_one_clear_line(named, "Broken.driver")


def test_a_bundle_with_half_an_executable(copy_of_driver: Path, song: Path) -> None:
    """The loader of the C library maps what the file does not hold, and dies of it."""
    path = executable(copy_of_driver)
    path.write_bytes(path.read_bytes()[:1000])
    ended = hal_lab("play", song, "--driver", copy_of_driver, "--clock", "virtual")
    assert ended.code in {1, 70}
    assert ended.is_one_clear_line("GeckoAudioDevice" if ended.code == 1 else "dlopen")


def test_a_bundle_that_is_not_there(song: Path) -> None:
    ended = hal_lab("play", song, "--driver", "/no/such/My.driver")
    assert ended.code == 3
    assert ended.is_one_clear_line("no such driver bundle: /no/such/My.driver")


def test_a_bundle_that_is_a_plain_file(song: Path, tmp_path: Path) -> None:
    path = tmp_path / "File.driver"
    path.write_text("not a folder", encoding="utf-8")
    ended = hal_lab("play", song, "--driver", path)
    assert ended.code == 1
    assert ended.is_one_clear_line("File.driver")


@pytest.mark.parametrize("fault", ["factory-null", "no-driver-interface"])
def test_a_factory_that_makes_nothing(loop: Path, song: Path, fault: str) -> None:
    ended = hal_lab("play", song, "--driver", loop, LOOP_FAULT=fault)
    assert ended.code == 1
    assert ended.is_one_clear_line("Loop")


# ---- drivers that crash, hang and refuse ---------------------------------------------------------


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_a_driver_that_crashes_in(entry_point: str, loop: Path, song: Path) -> None:
    ended = hal_lab(
        "play", song, "--driver", loop, "--clock", "virtual", LOOP_FAULT=f"crash:{entry_point}"
    )
    assert ended.code == 70
    assert ended.is_one_clear_line(f"crashed with SIGSEGV in {entry_point}", "Loop.driver")


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_a_driver_that_hangs_in(entry_point: str, loop: Path, song: Path) -> None:
    began = time.monotonic()
    ended = hal_lab(
        *("play", song, "--driver", loop, "--clock", "virtual", "--call-limit-ms", "200"),
        LOOP_FAULT=f"hang:{entry_point}",
    )
    assert ended.code == 71
    assert ended.is_one_clear_line(f"hung in {entry_point}", "Loop.driver")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("entry_point", ["Initialize", "AddDeviceClient", "StartIO"])
def test_a_driver_that_refuses_in(entry_point: str, loop: Path, song: Path) -> None:
    ended = hal_lab(
        "play", song, "--driver", loop, "--clock", "virtual", LOOP_FAULT=f"error:{entry_point}"
    )
    assert ended.code == 1
    assert ended.is_one_clear_line("'what'")


@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_what_was_recorded_before_a_crash_is_kept(
    loop: Path, song: Path, tmp_path: Path, clock: str
) -> None:
    out = tmp_path / "out.wav"
    ended = hal_lab(
        *("play", song, "--driver", loop, "--clock", clock, "--record", out),
        LOOP_FAULT="crash:DoIOOperation:60",
    )
    assert ended.code == 70
    assert ended.is_one_clear_line("DoIOOperation")
    assert "stopped before the end" in ended.out
    kept, _ = soundfile.read(out, dtype="float32", always_2d=True)
    found = align(noise(24_000, seed=3), kept)
    assert found.is_clean
    assert found.matched > 10 * 480


def test_a_crash_says_where_it_was(start_host: StartHost, loop: Path) -> None:
    host = start_host(environment={"LOOP_FAULT": "crash:DoIOOperation:100"})
    host.load(loop)
    start_counting(host, 0)
    with pytest.raises(DriverCrashed) as caught:
        host.run(1.0)
    assert caught.value.entry_point == "DoIOOperation"
    assert caught.value.signal == "SIGSEGV"
    assert any("loop" in line.lower() for line in caught.value.backtrace)


# ---- files and rates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"this is text", bytes(index * 167 % 251 for index in range(4096))],
    ids=["nothing", "text", "4096 bytes of no sense"],
)
def test_a_file_that_is_not_audio(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    ended = hal_lab("play", path)
    assert ended.code == 1
    assert ended.is_one_clear_line("not an audio file", str(path), "give a WAV")


def test_a_file_that_is_not_there() -> None:
    ended = hal_lab("play", "/no/such/song.flac")
    assert ended.code == 1
    assert ended.is_one_clear_line("no such file: /no/such/song.flac")


def test_a_rate_that_the_device_lacks(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, np.zeros((8_000, 2)), 22_050)
    ended = hal_lab("play", path)
    assert ended.code == 2
    assert ended.is_one_clear_line("no 22050 Hz, only 44100, 48000, 88200, 96000", "--resample")


def test_a_rate_that_the_device_lacks_is_refused_by_the_host_too(
    start_host: StartHost, driver: Path
) -> None:
    host = start_host()
    host.load(driver)
    with pytest.raises(HostError, match="22050"):
        host.set_rate(0, 22_050)
    assert host.device(0).nominal_rate == 48_000


def test_a_device_that_the_driver_does_not_have(song: Path) -> None:
    ended = hal_lab("play", song, "--device", "Nonesuch")
    assert ended.code == 1
    assert ended.is_one_clear_line("Nonesuch", "Gecko Sink")


def test_a_folder_that_cannot_be_written(song: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = hal_lab("play", song, "--into", tmp_path / "file" / "folder")
    assert ended.code == 1
    assert ended.is_one_clear_line("the folder cannot be made")


# ---- shared memory -------------------------------------------------------------------------------


def test_a_second_host_on_the_same_name(
    start_host: StartHost, driver: Path, shm_name: str, song: Path
) -> None:
    host = start_host()
    host.load(driver)
    device = host.set_buffer_frames(0, 480)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        before = run_and_read(host, device, reader, cycles=10)
        ended = hal_lab("play", song, "--shm-name", shm_name)
        assert ended.code == 1
        assert ended.is_one_clear_line(shm_name, f"process {host.info().pid} is writing to it")
        # The first one is none the worse for it.
        after = run_and_read(host, device, reader, cycles=10)
    assert before.clean
    assert after.clean
    assert after.first_frame == before.next_frame


def test_a_header_that_turns_hostile_under_the_reader(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    host = start_host()
    host.load(driver)
    device = host.set_buffer_frames(0, 480)
    layout = load_layout()
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        assert run_and_read(host, device, reader, cycles=10).clean
        mapping = posix_shm.open_mapping(shm_name, writable=True)
        struct.pack_into("<I", mapping.memory, layout["V2_CHANNELS"], 0xFFFFFFFF)
        struct.pack_into("<Q", mapping.memory, layout["V2_GENERATION"], 4)
        mapping.close()
        with pytest.raises(ShmError, match="4294967295 channels"):
            reader.read()


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_an_object_that_is_cut_under_the_reader(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    host = start_host()
    host.load(driver)
    with open_reader(shm_name) as reader:
        # The host would die of SIGBUS on it, as any process would: it does not run here.
        os.truncate(f"/dev/shm{shm_name}", 4096)
        with pytest.raises(ShmError, match="shrunk"):
            reader.read()
    with pytest.raises(ShmError, match=r"truncated|with room for"):
        open_reader(shm_name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small /dev/shm")
def test_a_full_dev_shm(song: Path) -> None:
    mount = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", mount, "sh")
    probe = Command("version", prefix=prefix)
    if probe.end().code != 0:
        pytest.skip("a mount namespace cannot be made here")
    ended = hal_lab("play", song, prefix=prefix)
    assert ended.code != 0
    assert ended.is_one_clear_line("No space left")


# ---- being stopped -------------------------------------------------------------------------------


def test_ctrl_c_stops_in_good_order_and_keeps_the_recording(tmp_path: Path) -> None:
    source = noise(10 * 48_000, seed=8)
    song, out = tmp_path / "long.wav", tmp_path / "out.wav"
    soundfile.write(song, source, 48_000, subtype="FLOAT")
    command = Command("play", song, "--record", out)
    time.sleep(3.0)
    command.process.send_signal(signal.SIGINT)
    ended = command.end()
    assert ended.code == 130
    assert ended.err == ""
    assert "stopped before the end" in ended.out
    ended.assert_nothing_left()
    kept, _ = soundfile.read(out, dtype="float32", always_2d=True)
    found = align(source, kept)
    assert found.matched > 0.3 * 48_000
    assert found.duplicated == found.reordered == 0


def test_a_lab_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    song = tmp_path / "long.wav"
    soundfile.write(song, noise(10 * 48_000, seed=8), 48_000, subtype="FLOAT")
    command = Command("play", song)
    time.sleep(3.0)
    command.process.kill()
    ended = command.end()
    assert ended.code == -signal.SIGKILL
    ended.assert_nothing_left()
