"""What launchctl is answered: words and exit statuses."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.launchd.jobs import JobTable, Spawn
from lab.launchd.policy import Policy, session_of, split_target
from lab.launchd.requests import Desk, signal_number
from lab.profiles import load_profile, profile_names

LABEL = "com.apple.audio.coreaudiod"
TARGET = f"system/{LABEL}"


def desk_of(profile: str, folder: Path) -> Desk:
    policy = Policy.of_values(load_profile(profile).flat()["values"])
    desk = Desk(JobTable(), policy, lambda path: str(folder / path.lstrip("/")), check_owner=False)
    write(folder, "coreaudiod.plist", Label=LABEL, KeepAlive=True)
    reply = desk.take(
        {"verb": "bootstrap", "target": "system", "path": "/coreaudiod.plist"}, 0, 0.0
    )
    assert reply.answer["code"] == 0
    for action in reply.actions:
        assert isinstance(action, Spawn)
        desk.table.spawned(action.key, 42, 0.0)
    return desk


def write(folder: Path, name: str, **keys: Any) -> None:
    content = {"ProgramArguments": ["/bin/job"], **keys}
    (folder / name).write_bytes(plistlib.dumps(content))


def ask(desk: Desk, uid: int = 0, **request: Any) -> tuple[int, str]:
    answer = desk.take(request, uid, 1.0).answer
    return answer["code"], answer["error"] or answer["out"]


@pytest.mark.parametrize("profile", profile_names())
def test_kickstart_k_of_coreaudiod_is_refused_from_14_4_on_in_its_own_words(
    tmp_path: Path, profile: str
) -> None:
    desk = desk_of(profile, tmp_path)
    code, said = ask(desk, verb="kickstart", target=TARGET, kill=True)
    if profile in {"macos-12", "macos-13", "macos-14.0"}:
        assert (code, said) == (0, "")
    else:
        assert code == 1
        assert said == f'Could not kickstart service "{LABEL}": 1: Operation not permitted'
    assert ask(desk, verb="kickstart", target=TARGET)[0] == 0  # it is only -k


def test_kickstart_k_of_anybody_else_s_job_is_allowed(tmp_path: Path) -> None:
    desk = desk_of("macos-26", tmp_path)
    write(tmp_path, "own.plist", Label="com.example.own")
    assert ask(desk, verb="bootstrap", target="system", path="/own.plist")[0] == 0
    assert ask(desk, verb="kickstart", target="system/com.example.own", kill=True)[0] == 0


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (
            {"verb": "kickstart", "target": "system/x"},
            113,
            'Could not find service "x" in domain for system',
        ),
        (
            {"verb": "print", "target": "gui/501/x"},
            113,
            'Could not find service "x" in domain for gui: 501',
        ),
        ({"verb": "bootout", "target": "system/x"}, 3, "Boot-out failed: 3: No such process"),
        ({"verb": "frob", "target": "system/x"}, 64, 'Unrecognized subcommand: "frob"'),
        ({"verb": "print", "target": "nowhere/x"}, 64, "Unrecognized target specifier."),
        ({"verb": "kill", "target": TARGET, "signal": "SIGNONE"}, 64, "Unknown signal."),
        (
            {"verb": "bootstrap", "target": "system", "path": "/coreaudiod.plist"},
            17,
            "Bootstrap failed: 17: File exists",
        ),
    ],
)
def test_refusals_have_launchctl_s_words_and_status(
    tmp_path: Path, request_: dict[str, Any], code: int, said: str
) -> None:
    assert ask(desk_of("macos-26", tmp_path), **request_) == (code, said)


def test_a_job_for_another_session_is_not_taken(tmp_path: Path) -> None:
    desk = desk_of("macos-15", tmp_path)
    write(tmp_path, "agent.plist", Label="agent", LimitLoadToSessionType=["Aqua", "LoginWindow"])
    request: dict[str, Any] = {"verb": "bootstrap", "path": "/agent.plist"}
    code, said = ask(desk, target="system", **request)
    assert code == 134
    assert said.startswith("Bootstrap failed: 134: Service cannot load in requested session")
    assert ask(desk, target="gui/501", **request)[0] == 0
    assert ask(desk, target="loginwindow", **request)[0] == 0


def test_who_is_not_root_may_change_their_own_session_only(tmp_path: Path) -> None:
    desk = desk_of("macos-12", tmp_path)
    write(tmp_path, "agent.plist", Label="agent")
    request: dict[str, Any] = {"verb": "bootstrap", "path": "/agent.plist"}
    assert ask(desk, 501, target="gui/501", **request)[0] == 0
    assert ask(desk, 502, target="gui/501", **request)[0] == 5
    code, said = ask(desk, 501, verb="kickstart", target=TARGET, kill=True)
    assert (code, said.split(": ", 1)[1]) == (1, "1: Operation not permitted")
    assert ask(desk, 501, verb="kill", target=TARGET, signal="SIGTERM")[0] == 1
    assert ask(desk, 501, verb="print", target=TARGET)[0] == 0


def test_print_has_the_lines_that_scripts_look_for(tmp_path: Path) -> None:
    code, said = ask(desk_of("macos-26", tmp_path), verb="print", target=TARGET)
    assert code == 0
    for line in (
        "\tstate = running",
        "\tpid = 42",
        "\truns = 1",
        "\tlast exit code = (never exited)",
    ):
        assert line in said.splitlines()
    assert LABEL in ask(desk_of("macos-26", tmp_path), verb="print", target="system")[1]


def test_bootout_is_answered_when_the_job_has_gone(tmp_path: Path) -> None:
    desk = desk_of("macos-26", tmp_path)
    reply = desk.take({"verb": "bootout", "target": TARGET}, 0, 1.0)
    assert reply.ready is not None
    assert not reply.ready()
    desk.table.ended(42, 0, 1.5)
    assert reply.ready()


@pytest.mark.parametrize(
    ("text", "number"),
    [("SIGTERM", 15), ("TERM", 15), ("9", 9), ("0", None), ("65", None), ("", None)],
)
def test_signals_are_named_or_numbered(text: str, number: int | None) -> None:
    assert signal_number(text) == number


@given(st.text(max_size=30))
def test_a_target_is_a_domain_that_there_is_or_nothing(text: str) -> None:
    found = split_target(text)
    if found is not None:
        assert session_of(found[0]) is not None
        assert "/".join(filter(None, found)) == text


@given(
    st.dictionaries(
        st.sampled_from(["verb", "target", "path", "signal", "kill"]),
        st.none() | st.text(max_size=9) | st.integers() | st.lists(st.integers(), max_size=2),
    )
)
def test_no_request_does_anything_but_be_answered(request_: dict[str, Any]) -> None:
    policy = Policy.of_values(load_profile("macos-26", check=False).flat()["values"])
    desk = Desk(JobTable(), policy, lambda path: f"/nonexistent{path}")
    assert desk.take(request_, 0, 0.0).answer["code"] != 0
