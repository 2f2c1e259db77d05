"""The empty database that builds begin with: kept for the next night, never used damaged, never out of date."""

import errno
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse import template


def _tables(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute("select count(*) from duckdb_tables() where not internal").fetchall()[0][0]


def test_the_next_process_takes_the_kept_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_in = tmp_path / "kept"
    template.copy_template(tmp_path / "first.duckdb", kept_in)
    monkeypatch.setattr(template, "_made", {})
    monkeypatch.setattr(template, "_make", lambda: pytest.fail("made again"))
    template.copy_template(tmp_path / "second.duckdb", kept_in)
    assert (tmp_path / "second.duckdb").read_bytes() == (tmp_path / "first.duckdb").read_bytes()
    assert _tables(tmp_path / "second.duckdb") > 50


def test_a_damaged_one_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_in = tmp_path / "kept"
    template.copy_template(tmp_path / "first.duckdb", kept_in)
    (kept,) = kept_in.iterdir()
    kept.write_bytes(kept.read_bytes()[:5000])
    monkeypatch.setattr(template, "_made", {})
    template.copy_template(tmp_path / "second.duckdb", kept_in)
    assert _tables(tmp_path / "second.duckdb") == _tables(tmp_path / "first.duckdb")
    (kept,) = kept_in.iterdir()
    assert _tables(kept) == _tables(tmp_path / "first.duckdb")


def test_one_of_other_definitions_is_not_taken_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_in = tmp_path / "kept"
    template.copy_template(tmp_path / "first.duckdb", kept_in)
    (kept,) = kept_in.iterdir()
    monkeypatch.setattr(template, "template_fingerprint", lambda: "0123456789abcdef")
    template.copy_template(tmp_path / "second.duckdb", kept_in)
    (now,) = kept_in.iterdir()
    assert now.name.startswith("0123456789abcdef-")
    assert now != kept


def test_what_was_begun_beside_the_reading_of_files_is_what_a_build_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    monkeypatch.setattr(template, "_made", {})
    monkeypatch.setattr(template, "_make", lambda: made.append(b"empty database") or made[0])
    for _ in range(3):
        template.make_beside(tmp_path / "kept")
    template.copy_template(tmp_path / "copy.duckdb", tmp_path / "kept")
    assert (tmp_path / "copy.duckdb").read_bytes() == b"empty database"
    assert len(made) == 1


def test_what_goes_wrong_beside_the_reading_of_files_is_told_by_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> bytes:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(template, "_made", {})
    monkeypatch.setattr(template, "_make", full)
    template.make_beside(tmp_path / "kept")
    with pytest.raises(OSError, match="no space"):
        template.copy_template(tmp_path / "copy.duckdb", tmp_path / "kept")
