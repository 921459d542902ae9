"""The hard rule: outside a guest of ours, nothing but CID 1 is dialled."""

from __future__ import annotations

import ast
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError, MissingError
from lab.guest import dialling, mark
from lab.guest.errors import DialRefused

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a socket was made")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mark, "KERNEL_COMMAND_LINE", tmp_path / "cmdline")
    monkeypatch.setattr(mark, "MARK_FILE", tmp_path / "mark")


def inside(folder: Path, *, token: str = "ab" * 16, argument: str = "", text: str = "") -> None:
    (folder / "cmdline").write_text(argument or f"quiet hal_lab.guest={token} ro\n")
    (folder / "mark").write_text(text or f"{token}\n1 2\n")
    (folder / "mark").chmod(0o444)


def read(folder: Path) -> mark.Mark | None:
    return mark.read_mark(folder / "cmdline", folder / "mark")


# A list of addresses a careless caller may come by; -1 is VMADDR_CID_ANY as the C headers have it.
FORBIDDEN = [2, 3, 0, -1, 4, 0xFFFF_FFFF, 1 + (1 << 32), 2 + (1 << 32), True, 1.0, "1", None]


@pytest.mark.parametrize("cid", FORBIDDEN)
def test_no_cid_but_1_is_dialled_outside_and_no_socket_is_touched(
    cid: Any, no_sockets: None, outside: None
) -> None:
    with pytest.raises(DialRefused) as caught:
        dialling.dial(cid, 5000)
    assert "\n" not in str(caught.value)


@given(cid=st.integers().filter(lambda cid: cid != 1), port=st.integers(0, 0xFFFF_FFFE))
def test_whatever_the_cid_it_is_refused_unless_it_is_1(cid: int, port: int) -> None:
    if mark.read_mark() is None:
        with pytest.raises(DialRefused, match=f"CID {cid} may not be dialled from here"):
            dialling.check(cid, port)
    dialling.check(1, port)


@pytest.mark.parametrize("port", [-1, 0xFFFF_FFFF, 1 << 32, "5000", 1.5])
def test_a_port_that_is_none_is_refused(port: Any, no_sockets: None, outside: None) -> None:
    with pytest.raises(DialRefused, match="no vsock address"):
        dialling.dial(1, port)


def test_environment_variables_open_nothing(
    monkeypatch: pytest.MonkeyPatch, no_sockets: None, outside: None
) -> None:
    for name in ("HAL_LAB_GUEST", "hal_lab.guest", "HAL_LAB_VSOCK", "GUEST"):
        monkeypatch.setenv(name, "ab" * 16)
    with pytest.raises(DialRefused):
        dialling.dial(2, 5000)


def test_a_socket_that_cannot_be_bound_to_cid_1_is_never_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without a loopback transport the kernel would hand a call to CID 1 to the hypervisor.
    calls: list[str] = []

    class Fake:
        def __init__(self, *_: Any) -> None:
            calls.append("socket")

        def settimeout(self, _limit: float) -> None:
            pass

        def bind(self, address: tuple[int, int]) -> None:
            calls.append(f"bind {address[0]}")
            raise OSError(99, "Cannot assign requested address")

        def connect(self, _address: object) -> None:
            pytest.fail("connected all the same")

        def close(self) -> None:
            calls.append("close")

    monkeypatch.setattr(socket, "socket", Fake)
    with pytest.raises(MissingError, match="no loopback transport"):
        dialling.dial(1, 5000)
    assert calls == ["socket", "bind 1", "close"]


def test_in_a_guest_what_its_launcher_named_may_be_dialled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outside: None
) -> None:
    found = mark.Mark("ab" * 16, (1, 2))
    monkeypatch.setattr(mark, "read_mark", lambda: found)
    assert dialling.allowed_cids() == (1, 2)
    dialling.check(2, 5000)
    with pytest.raises(DialRefused, match="allowed: 1, 2"):
        dialling.check(3, 5000)


@pytest.mark.skipif(os.geteuid() != 0, reason="a mark belongs to root")
def test_the_mark_is_read_where_both_halves_agree(tmp_path: Path) -> None:
    made = mark.new_mark((1, 2))
    inside(tmp_path, argument=f"a=b {made.argument} ro\n", text=made.text)
    assert read(tmp_path) == made
    nothing = mark.new_mark(())
    (tmp_path / "mark").unlink()
    inside(tmp_path, argument=nothing.argument, text=nothing.text)
    assert read(tmp_path) == nothing


@pytest.mark.parametrize(
    "halves",
    [
        {"argument": "quiet ro"},
        {"argument": f"hal_lab.guest={'cd' * 16}"},
        {"argument": f"hal_lab.guest={'ab' * 16} hal_lab.guest={'ab' * 16}"},
        {"argument": f"xhal_lab.guest={'ab' * 16}"},
        {"argument": f"hal_lab.guest={'ab' * 15}"},
        {"token": "zz" * 16},
        {"text": "ab" * 16},
        {"text": f"{'ab' * 16}\n1 two\n"},
        {"text": f"{'ab' * 16}\n-1\n"},
        {"text": f"{'ab' * 16}\n1\n2\n"},
    ],
)
def test_a_mark_that_is_not_exactly_right_is_none(halves: dict[str, str], tmp_path: Path) -> None:
    inside(tmp_path, **halves)
    assert read(tmp_path) is None


def test_a_mark_that_others_may_write_or_own_or_half_a_mark_is_none(tmp_path: Path) -> None:
    inside(tmp_path)
    (tmp_path / "mark").chmod(0o666)
    assert read(tmp_path) is None
    if os.geteuid() == 0:
        (tmp_path / "mark").chmod(0o444)
        assert read(tmp_path) is not None
        os.chown(tmp_path / "mark", 65_534, 65_534)
        assert read(tmp_path) is None
    (tmp_path / "mark").unlink()
    assert read(tmp_path) is None


def test_nothing_else_in_the_package_connects_af_vsock_sockets() -> None:
    calls = re.compile(r"^(connect|connect_ex|create_connection|sock_connect)$")
    for path in sorted((ROOT / "lab").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "AF_VSOCK" not in text or path.name == "dialling.py":
            continue
        names = {
            node.func.attr
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not [name for name in names if calls.match(name)], path


def test_detection_says_why_not_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(dialling.loopback_works(), str)
    monkeypatch.setattr(mark, "read_mark", lambda: mark.Mark("ab" * 16, (2,)))
    assert dialling.loopback_works() == "this guest has no loopback"
    monkeypatch.undo()
    monkeypatch.delattr(socket, "AF_VSOCK", raising=False)
    assert dialling.loopback_works() == "this system has no AF_VSOCK"
    with pytest.raises(LabError, match="no AF_VSOCK"):
        dialling.dial(1, 5000)
