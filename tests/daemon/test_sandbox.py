"""What a helper's driver may open: refused with EPERM, told with the call and the path."""

from __future__ import annotations

import json
import socket
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.service import VIRTUAL, helpers, profile_file
from tests.daemon.talk import Daemon, Ending, driver, run, shm_exists, unique_shm

pytestmark = [pytest.mark.native, pytest.mark.linux]

PLACES = ("read:@bundle", "read:@system", "write:@temporary", "write:@cache")
READS = ("open", "fopen", "openat", "fortified", "numbered", "thread")
KINDS = ("allocation", "free", "lock", "system-call")
WRITES = ("write", "write64", "creat", "unlink", "rename")


@cache
def stands_in_front() -> bool:
    """Whether this build can see what drivers call: those with sanitizers cannot."""
    with Daemon("--clock", "virtual") as daemon:
        return bool(daemon.ask("host.info")["threads"] == "owned")


@pytest.fixture
def _build_that_can() -> None:
    if not stands_in_front():
        pytest.skip("native: a build with sanitizers does not stand before the C library")


needs_a_build_that_can = pytest.mark.usefixtures("_build_that_can")


def allow(*rules: str) -> list[str]:
    """As options."""
    return [word for rule in rules for word in ("--sandbox-allow", rule)]


class Reached:
    """What became of a run of Loop that reached for things, as `words` of LOOP_REACH say."""

    def __init__(
        self, *arguments: str, words: list[str], places: dict[str, str] | None = None
    ) -> None:
        environment = {
            "LOOP_REACH": ",".join(words),
            "TMPDIR": "",
            "XDG_CACHE_HOME": "",
            **(places or {}),
        }
        with Daemon(*VIRTUAL, *arguments, environment=environment) as daemon:
            daemon.ask("plugin.load", path=driver("Loop"))
            client = daemon.ask("client.add", device=0)["client"]
            daemon.ask("io.start", device=0, client=client)
            self.report: dict[str, Any] = daemon.ask("sandbox.read")
            daemon.ask("host.shutdown")
            self.ending = daemon.ending()
        self.said = said(self.ending)
        self.cases = [(c["call"], c["what"], c.get("access")) for c in self.report["cases"]]


def said(ending: Ending) -> dict[str, str]:
    """What the driver logged of each word."""
    found = {}
    for line in ending.err.splitlines():
        message = json.loads(line).get("message", "") if line.startswith("{") else ""
        if message.startswith("reach "):
            word, _, result = message.removeprefix("reach ").partition(": ")
            found[word] = result
    return found


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that no rule speaks of."""
    path = tmp_path / "secret"
    path.write_text("mine")
    return path


# ---- files ---------------------------------------------------------------------------------------


@needs_a_build_that_can
def test_a_file_outside_cannot_be_read_whichever_way_it_is_opened(secret: Path) -> None:
    words = [f"{call}={secret}" for call in READS]
    assert set(Reached(words=words).said.values()) == {"ok"}  # without rules
    reached = Reached(*allow(*PLACES), words=words)
    assert reached.said == dict.fromkeys(words, "EPERM")
    assert {(what, access) for _, what, access in reached.cases} == {(str(secret), "read")}
    counts = {case["call"]: case["count"] for case in reached.report["cases"]}
    assert counts == {"open": 3, "fopen": 1, "openat": 2}


@needs_a_build_that_can
def test_a_folder_outside_cannot_be_listed(tmp_path: Path) -> None:
    words = [f"opendir={tmp_path}"]
    reached = Reached(*allow(*PLACES), words=words)
    assert reached.said == {words[0]: "EPERM"}
    assert reached.cases == [("opendir", str(tmp_path), "read")]


@needs_a_build_that_can
def test_a_file_outside_cannot_be_written_made_removed_or_renamed(
    tmp_path: Path, secret: Path
) -> None:
    new, folder = tmp_path / "new", tmp_path / "folder"
    folder.mkdir()
    words = [f"{call}={secret}" for call in WRITES]
    words += [f"write={new}", f"creat={new}", f"mkdir={new}", f"rmdir={folder}"]
    reached = Reached(*allow(f"read:{tmp_path}"), words=words)
    assert reached.said == dict.fromkeys(words, "EPERM")
    assert secret.read_text() == "mine"
    assert not new.exists()
    assert folder.exists()
    assert {access for _, _, access in reached.cases} == {"write"}
    assert len(reached.cases) == len(words)


@needs_a_build_that_can
def test_places_are_the_bundle_the_system_and_what_the_environment_names(
    tmp_path: Path,
) -> None:
    temporary, cache_folder = tmp_path / "T", tmp_path / "C"
    temporary.mkdir()
    cache_folder.mkdir()
    plist = f"{driver('Loop')}/Contents/Info.plist"
    good = [f"open={plist}", "open=/dev/urandom", "write=/dev/null", f"write={temporary}/x"]
    good += [f"write={cache_folder}/x", f"mkdir={temporary}/y"]
    places = {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache_folder)}
    reached = Reached(*allow(*PLACES), words=[*good, f"write={plist}"], places=places)
    assert reached.said == {**dict.fromkeys(good, "ok"), f"write={plist}": "EPERM"}
    bare = Reached(*allow("read:@system"), words=good, places=places)
    assert [word for word in good if bare.said[word] == "EPERM"] == [good[0], *good[3:]]


@needs_a_build_that_can
def test_a_link_is_judged_by_where_it_leads(tmp_path: Path, secret: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "out").symlink_to(secret)
    (tmp_path / "in").symlink_to(inside)
    (inside / "file").touch()
    words = [f"open={inside}/out", f"open={tmp_path}/in/file", f"open={inside}/../secret"]
    reached = Reached(*allow(f"read:{tmp_path}/in"), words=words)
    assert list(reached.said.values()) == ["EPERM", "ok", "EPERM"]
    assert reached.cases == [("open", str(secret), "read")]


@needs_a_build_that_can
def test_what_is_not_there_is_not_there_and_is_not_told(tmp_path: Path) -> None:
    words = [f"open={tmp_path}/none", f"unlink={tmp_path}/none", f"open={tmp_path}/no/ne"]
    reached = Reached(*allow(*PLACES), words=words)
    assert reached.said == dict.fromkeys(words, "ENOENT")
    assert reached.cases == []


# ---- shared memory, sockets ----------------------------------------------------------------------


@needs_a_build_that_can
def test_names_of_shared_memory_are_restricted_once_a_rule_names_some() -> None:
    mine, other = unique_shm(), unique_shm()
    words = [f"shm={mine}", f"shm={other}", f"shm-unlink={other}"]
    free = Reached(*allow(*PLACES), words=words)
    assert set(free.said.values()) == {"ok"}
    assert free.report["rules"]["shared-memory"] is None
    reached = Reached(*allow(f"shm:{mine[:-2]}*"), words=[*words, f"shm-unlink={mine}"])
    assert reached.said == {
        words[0]: "ok",
        words[1]: "EPERM",
        words[2]: "EPERM",
        f"shm-unlink={mine}": "ok",
    }
    assert [case[:2] for case in reached.cases] == [("shm_open", other), ("shm_unlink", other)]
    assert not shm_exists(other)


@needs_a_build_that_can
def test_sockets_are_restricted_by_family_and_address(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket() as unheard:
        listener.bind(str(path))
        listener.listen()
        unheard.bind(("127.0.0.1", 0))  # a port of ours that nobody listens on
        port = unheard.getsockname()[1]
        words = [f"connect={path}", f"bind={tmp_path}/b", f"inet={port}", f"send={port}"]
        inet = Reached(*allow("socket:inet"), words=words)
        unix = Reached(*allow(f"socket:unix:{tmp_path}/*"), words=words)
        both = Reached(*allow("socket:inet:127.*", "socket:unix"), words=["bind=/nowhere/b"])
    assert list(inet.said.values()) == ["EPERM", "EPERM", "ECONNREFUSED", "ok"]
    assert [case[:2] for case in inet.cases] == [
        ("connect", f"unix:{path}"),
        ("bind", f"unix:{tmp_path}/b"),
    ]
    assert list(unix.said.values()) == ["ok", "ok", "EPERM", "EPERM"]
    assert [case[:2] for case in unix.cases] == [
        ("connect", f"inet:127.0.0.1:{port}"),
        ("sendto", f"inet:127.0.0.1:{port}"),
    ]
    assert both.said == {"bind=/nowhere/b": "ENOENT"}


# ---- who is told what ----------------------------------------------------------------------------


@needs_a_build_that_can
def test_a_refusal_is_told_once_with_who_did_it_and_who_says_so(
    tmp_path: Path, secret: Path
) -> None:
    profile = profile_file(tmp_path, "macos-15")
    words = [f"open={secret}", f"fopen={secret}", f"open={secret}"]
    reached = Reached("--profile", profile, words=words)
    events = [e for e in reached.ending.events if e["event"] == "sandbox-refused"]
    assert [event["call"] for event in events] == ["open", "fopen"]
    event = events[0]
    assert event["what"] == str(secret)
    assert event["entry_point"] == "StartIO"
    assert event["plugin_index"] == 0
    assert event["caller"].startswith("Loop + 0x")
    assert event["rule"] == "sandbox.files"
    assert event["profile"] == "macos-15"
    assert "AudioServerPlugIn.h" in event["source"]
    case = reached.report["cases"][0]
    assert case == {
        "kind": "files",
        "call": "open",
        "what": str(secret),
        "access": "read",
        "entry_point": "StartIO",
        "count": 2,
        "plugin": 0,
    }


@needs_a_build_that_can
def test_reporting_alone_lets_everything_through_and_tells_it(secret: Path) -> None:
    words = [f"open={secret}", f"write={secret}"]
    reached = Reached("--sandbox", "report", *allow(*PLACES), words=words)
    assert reached.said == dict.fromkeys(words, "ok")
    assert [(call, access) for call, _, access in reached.cases] == [
        ("open", "read"),
        ("open", "write"),
    ]
    assert [e["event"] for e in reached.ending.events] == ["sandbox-would-refuse"] * 2


@needs_a_build_that_can
def test_a_profile_with_rules_enforces_them_unless_it_is_switched_off(
    tmp_path: Path, secret: Path
) -> None:
    profile = ("--profile", profile_file(tmp_path, "macos-26"))
    words = [f"open={secret}"]
    enforced = Reached(*profile, words=words)
    assert enforced.report["mode"] == "enforce"
    assert enforced.report["profile"] == "macos-26"
    assert enforced.report["rules"]["files"]["allowed"] == list(PLACES)
    assert enforced.report["rules"]["shared-memory"]["allowed"] == ["/*"]
    assert enforced.report["rules"]["sockets"] is None
    assert enforced.said == {words[0]: "EPERM"}
    more = Reached(*profile, *allow(f"read:{secret}"), words=words)
    assert more.said == {words[0]: "ok"}
    assert more.report["rules"]["files"]["source"].endswith("; --sandbox-allow")
    off = Reached(*profile, "--sandbox", "off", words=words)
    assert off.said == {words[0]: "ok"}
    assert off.report == {"mode": "off", "rules": {}, "cases": []}


@needs_a_build_that_can
def test_an_empty_list_of_a_profile_allows_nothing(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, "macos-26", sandbox__shared_memory=[])
    word = f"shm={unique_shm()}"
    assert Reached("--profile", profile, words=[word]).said == {word: "EPERM"}


@needs_a_build_that_can
def test_each_plug_in_has_its_own_bundle_and_its_own_cases(gecko_shm: str) -> None:
    plist = f"{driver('GeckoAudioDevice')}/Contents/Info.plist"
    environment = {"LOOP_REACH": f"open={plist}", "GECKO_SHM_NAME": gecko_shm}
    with Daemon(*VIRTUAL, *allow(*PLACES), environment=environment) as daemon:
        daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
        daemon.ask("plugin.load", path=driver("Loop"))
        client = daemon.ask("client.add", device=1)["client"]
        daemon.ask("io.start", device=1, client=client)
        (case,) = daemon.ask("sandbox.read")["cases"]
    assert (case["plugin"], case["what"]) == (1, plist)


@needs_a_build_that_can
def test_a_helper_that_comes_back_is_in_the_sandbox_again(secret: Path) -> None:
    environment = {"LOOP_REACH": f"open={secret}", "LOOP_FAULT": "crash:StopIO"}
    with Daemon(*VIRTUAL, *allow(*PLACES), environment=environment) as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        for device in (0, 1):
            client = daemon.ask("client.add", device=device)["client"]
            daemon.ask("io.start", device=device, client=client)
            assert [case["plugin"] for case in daemon.ask("sandbox.read")["cases"]] == [device]
            daemon.refuse("io.stop", device=device, client=client)
            assert daemon.ask("sandbox.read")["cases"] == []
            daemon.ask("host.advance", ns=20_000_000_000)
        assert helpers(daemon)[2]["restarts"] == 2
        daemon.ask("host.shutdown")
        told = [e for e in daemon.ending().events if e["event"] == "sandbox-refused"]
    assert [event["plugin_index"] for event in told] == [0, 1]


# ---- what it is not ------------------------------------------------------------------------------


@needs_a_build_that_can
def test_the_host_s_own_files_are_its_own(tmp_path: Path, gecko_shm: str) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    environment = {"GECKO_SHM_NAME": gecko_shm, "LOOP_SHAPE": "counts-loads"}
    rules = allow("read:@bundle", "shm:/none", "socket:vsock")
    with Daemon(*VIRTUAL, "--storage", str(storage), *rules, environment=environment) as daemon:
        daemon.ask("trace.open", path=str(tmp_path / "trace"))
        daemon.play(driver("Loop"))
        daemon.ask("io.run", seconds=0.5)
        daemon.ask("io.stop", device=0, client=1)
        daemon.ask("trace.close")
        assert daemon.ask("sandbox.read")["cases"] == []
    assert (tmp_path / "trace").stat().st_size > 0
    assert list(storage.iterdir())


@needs_a_build_that_can
def test_what_core_foundation_or_the_kernel_is_asked_for_is_not_seen(secret: Path) -> None:
    """A limit: it finds what a driver would be refused, and holds nobody."""
    words = [f"asked={driver('GeckoAudioDevice')}", f"raw={secret}"]
    reached = Reached(*allow("read:@bundle"), words=words)
    assert reached.said == dict.fromkeys(words, "ok")
    assert reached.cases == []


@needs_a_build_that_can
def test_a_sandbox_that_is_not_met_changes_nothing_that_can_be_observed(gecko_shm: str) -> None:
    seen = []
    for rules in ([], allow(*PLACES, "shm:/*", "socket:inet")):
        environment = {"GECKO_SHM_NAME": gecko_shm}
        with Daemon(*VIRTUAL, *rules, environment=environment) as daemon:
            daemon.ask("fingerprint.begin")
            daemon.ask("ledger.begin")
            daemon.play(driver("GeckoAudioDevice"))
            daemon.ask("io.run", seconds=5)
            rows = [
                [row["entry_point"], row["calls"], *(row["kinds"][k]["count"] for k in KINDS)]
                for row in daemon.ask("ledger.read")["rows"]
            ]
            seen.append((daemon.ask("fingerprint.read"), rows))
    assert seen[0] == seen[1]


@needs_a_build_that_can
def test_what_the_sandbox_does_is_not_in_the_driver_s_ledger() -> None:
    """Neither its allocations nor its system calls, whether it allows or refuses."""
    counted = []
    for arguments in ([], allow(*PLACES)):
        environment = {"LOOP_REACH": "write=/dev/null"}
        with Daemon(*VIRTUAL, *arguments, environment=environment) as daemon:
            daemon.ask("ledger.begin")
            daemon.play(driver("Loop"))
            rows = daemon.ask("ledger.read")["rows"]
        (row,) = [row for row in rows if row["entry_point"] == "StartIO"]
        counted.append({kind: row["kinds"][kind]["count"] for kind in KINDS})
    assert counted[0] == counted[1]


# ---- a build that cannot -------------------------------------------------------------------------


def test_a_build_that_cannot_enforce_rules_says_so(tmp_path: Path) -> None:
    if stands_in_front():
        pytest.skip("native: this build can")
    ending = run("--process-model", "helper", *allow(*PLACES))
    assert ending.code == 2
    assert "does not stand before the C library" in ending.err
    profile = profile_file(tmp_path, "macos-26")
    reached = Reached("--profile", profile, words=["opendir=/etc"])
    assert reached.said == {"opendir=/etc": "ok"}
    assert reached.report["mode"] == "off"
    assert "the sandbox of macos-26 is not enforced" in reached.ending.err


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (("--sandbox", "perhaps"), "off, report, enforce"),
        (("--sandbox-allow", "execute:/x"), "begins with none of"),
        (("--sandbox-allow", "read:relative"), "absolute path"),
        (("--sandbox-allow", "shm:Gecko"), "such as /Gecko"),
        (("--sandbox-allow", "socket:tcp"), "none of unix"),
        (("--sandbox", "enforce"), "there are no rules"),
        (("--sandbox", "off", "--sandbox-allow", "read:/x"), "one or the other"),
        (("--process-model", "in-process", "--sandbox", "report"), "the helper's"),
        (("--process-model", "in-process", "--sandbox-allow", "read:/x"), "the helper's"),
        (("--sandbox-allow", "read:/x") * 33, "more than 32"),
    ],
)
@needs_a_build_that_can
def test_a_sandbox_that_makes_no_sense_is_refused_in_one_line(
    line: tuple[str, ...], what: str
) -> None:
    ending = run("--process-model", "helper", *line)
    assert ending.code == 2
    (said_line,) = ending.err.splitlines()
    assert what in said_line


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sandbox.files", '"read:/x"'),
        ("sandbox.files", '["run:/x"]'),
        ("sandbox.files", "[7]"),
        ("sandbox.shared-memory", '["x"]'),
        ("sandbox.sockets", '["tcp"]'),
    ],
)
def test_a_bad_rule_of_a_profile_is_refused_with_its_key(
    tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "p.json"
    path.write_text(f'{{"name": "x", "values": {{"{key}": {value}}}}}')
    ending = run("--profile", str(path))
    assert ending.code == 2
    (line,) = ending.err.splitlines()
    assert line.startswith(f"coreaudiod-sim: --profile {path}: {key}")


def test_rules_of_a_profile_do_not_hold_where_drivers_live_in_coreaudiod(
    tmp_path: Path, secret: Path
) -> None:
    profile = profile_file(tmp_path, "macos-26")
    words = [f"open={secret}"]
    reached = Reached("--profile", profile, "--process-model", "in-process", words=words)
    assert reached.said == {words[0]: "ok"}
    assert reached.report["mode"] == "off"
