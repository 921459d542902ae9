"""Property lists of jobs: what is taken, what is refused and why."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.launchd.spec import JobSpec, KeepAlive, SpecError, parse_spec, read_spec

MINIMAL: dict[str, Any] = {"Label": "com.example.job", "ProgramArguments": ["/bin/true"]}


def test_what_is_not_said_has_launchd_s_defaults() -> None:
    spec = parse_spec(MINIMAL)
    assert spec == JobSpec("com.example.job", ("/bin/true",))
    assert (spec.throttle_s, spec.exit_timeout_s, spec.run_at_load) == (10.0, 20.0, False)


@pytest.mark.parametrize(
    ("value", "expected", "runs"),
    [
        (True, KeepAlive(always=True), True),
        (False, KeepAlive(), False),
        ({"SuccessfulExit": False}, KeepAlive(successful_exit=False), True),
        ({"Crashed": True}, KeepAlive(crashed=True), False),
    ],
)
def test_keep_alive_has_three_forms_and_two_of_them_run_at_load(
    value: object, expected: KeepAlive, *, runs: bool
) -> None:
    spec = parse_spec({**MINIMAL, "KeepAlive": value})
    assert spec.keep_alive == expected
    assert spec.run_at_load == runs


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Label": None}, "Label must be a name"),
        ({"Label": "a/b"}, "Label must be a name"),
        ({"Label": "a\nb"}, "Label must be a name"),
        ({"Label": 3}, "Label must be text"),
        ({"ProgramArguments": []}, "neither Program nor ProgramArguments"),
        ({"ProgramArguments": [1]}, "ProgramArguments must be a list of texts"),
        ({"RunAtLoad": 1}, "RunAtLoad must be true or false"),
        ({"ThrottleInterval": True}, "ThrottleInterval must be seconds"),
        ({"ThrottleInterval": -1}, "ThrottleInterval must be seconds"),
        ({"KeepAlive": {"NetworkState": True}}, "NetworkState is not known here"),
        ({"KeepAlive": {"Crashed": 1}}, "KeepAlive must be of true or false"),
        ({"StartInterval": 5}, "StartInterval: not known here"),
        ({"EnvironmentVariables": {"A": 1}}, "EnvironmentVariables must be"),
        ({"StandardErrorPath": "a\0b"}, "text without NUL"),
    ],
)
def test_what_cannot_be_run_is_named(change: dict[str, Any], complaint: str) -> None:
    raw = {key: value for key, value in {**MINIMAL, **change}.items() if value is not None}
    with pytest.raises(SpecError, match=complaint):
        parse_spec(raw, "job.plist")


def test_a_job_of_the_system_belongs_to_root_and_to_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "job.plist"
    path.write_bytes(plistlib.dumps(MINIMAL))
    path.chmod(0o664)
    with pytest.raises(SpecError, match="Path had bad ownership/permissions"):
        read_spec(path, check_owner=True)
    path.chmod(0o644)
    if os.geteuid() == 0:
        assert read_spec(path, check_owner=True).path == str(path)
    assert read_spec(path, check_owner=False).label == "com.example.job"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<plist><dict>", b"bplist00", b"x" * 2_000_000]
)
def test_what_is_no_property_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.plist"
    path.write_bytes(content)
    with pytest.raises(SpecError):
        read_spec(path, check_owner=False)


def test_a_pipe_is_no_property_list(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to("/dev/null")
    with pytest.raises(SpecError, match="not a file"):
        read_spec(path, check_owner=False)


@given(
    st.dictionaries(
        st.sampled_from(
            ["Label", "Program", "KeepAlive", "RunAtLoad", "WatchPaths", "UserName", "x"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
            max_leaves=6,
        ),
    )
)
def test_no_dictionary_does_anything_but_make_a_job_or_be_refused(raw: dict[str, Any]) -> None:
    try:
        spec = parse_spec({key: value for key, value in raw.items() if value is not None})
    except SpecError as error:
        said = str(error)
    else:
        said = ""
        assert spec.arguments
        assert spec.label
    assert "\n" not in said
