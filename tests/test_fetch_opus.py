"""Getting libopus's sources: only the right ones, and one line when there are none."""

from __future__ import annotations

import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
LISTED = {
    "celt_sources.mk": "CELT_SOURCES = \\\ncelt/a.c \\\ncelt/b.c\n\nCELT_SOURCES_SSE = celt/x.c\n",
    "silk_sources.mk": "SILK_SOURCES = \\\nsilk/a.c\n\nSILK_SOURCES_FLOAT = \\\nsilk/float/a.c\n",
    "opus_sources.mk": "OPUS_SOURCES = \\\nsrc/a.c\n\nOPUS_SOURCES_FLOAT = \\\nsrc/f.c\n",
    "celt_headers.mk": "CELT_HEAD = \\\ncelt/a.h\n",
    "silk_headers.mk": "SILK_HEAD = \\\nsilk/a.h\n",
    "opus_headers.mk": "OPUS_HEAD = \\\ninclude/opus.h\n",
    "COPYING": "do as you like\n",
}
SOURCES = ["celt/a.c", "celt/b.c", "silk/a.c", "silk/float/a.c", "src/a.c", "src/f.c"]
FILES = LISTED | {name: f"{name}\n" for name in [*SOURCES, "celt/a.h", "silk/a.h"]}
FILES |= {"include/opus.h": "opus\n", "celt/x.c": "for a processor\n", "dnn/large.c": "no\n"}


@pytest.fixture
def fetch_opus(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script; it knows the digest of the small library above, and no package manager."""
    spec = importlib.util.spec_from_file_location("fetch_opus", ROOT / "cmake" / "fetch_opus.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    files, _ = script.take(lambda name: FILES[name].encode())
    monkeypatch.setattr(script, "SHA256", script.digest_of(files))
    monkeypatch.setattr(script.shutil, "which", lambda _: None)
    monkeypatch.setattr(script.sys, "executable", "/no/such/python")
    return script


def archive(script: ModuleType, folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    top = script.ARCHIVE.removesuffix(".tar.gz")
    with tarfile.open(folder / script.ARCHIVE, "w:gz") as bundle:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/vendor/opus/{name}")
            member.size = len(text.encode())
            bundle.addfile(member, io.BytesIO(text.encode()))


def test_what_the_portable_codec_is_made_of_is_taken_and_listed(
    fetch_opus: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "opus"
    archive(fetch_opus, folder, FILES)
    assert fetch_opus.main([str(folder)]) == 0
    listed = (folder / "opus-sources.txt").read_text(encoding="utf-8").splitlines()
    assert listed == [str(folder / "opus" / name) for name in SOURCES]
    opus = folder / "opus"
    there = {str(path.relative_to(opus)) for path in opus.rglob("*") if path.is_file()}
    assert {"COPYING", "celt/a.h", "include/opus.h"} < there
    assert not there & {"celt/x.c", "dnn/large.c"}
    # A second time nothing is looked for.
    (folder / fetch_opus.ARCHIVE).unlink()
    assert fetch_opus.main([str(folder)]) == 0


@pytest.mark.parametrize("changed", ["celt/a.c", "celt/a.h", "COPYING", "silk_sources.mk"])
def test_one_byte_of_difference_is_refused_and_nothing_is_written(
    fetch_opus: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: str
) -> None:
    archive(fetch_opus, tmp_path, FILES | {changed: FILES[changed] + "\n"})
    assert fetch_opus.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{fetch_opus.SHA256} was expected" in said
    assert [path.name for path in tmp_path.iterdir()] == [fetch_opus.ARCHIVE]


def test_a_list_that_leads_out_of_the_folder_is_refused(
    fetch_opus: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = {"opus_headers.mk": "OPUS_HEAD = \\\n../../evil.h\n", "../../evil.h": "evil\n"}
    archive(fetch_opus, tmp_path / "opus", FILES | evil)
    assert fetch_opus.main([str(tmp_path / "opus")]) == 1
    assert "was expected" in capsys.readouterr().err
    assert not list(tmp_path.rglob("evil.h"))


def test_a_file_that_is_missing_is_named(
    fetch_opus: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive(fetch_opus, tmp_path, {name: FILES[name] for name in FILES if name != "silk/a.h"})
    assert fetch_opus.main([str(tmp_path)]) == 1
    assert "silk/a.h" in capsys.readouterr().err


def test_without_pip_and_cargo_one_line_says_what_to_do(
    fetch_opus: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch_opus.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("libopus: pip could not get opuslib-next-bundled==0.1.1 (")
    assert "there is no cargo; see to it that pip or cargo reaches its registry" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "opus-sources.txt").exists()


def test_a_wrong_command_line_is_said(
    fetch_opus: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch_opus.main([]) == 2
    assert "usage" in capsys.readouterr().err
