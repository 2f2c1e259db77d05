"""What counts as a delivery, what is passed over, and what somebody must move."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import opening
from pipelines.ingest.deliveries import DistrictYear, aliases_fingerprint, content_hash, find_deliveries
from pipelines.ingest.layouts import read_layout
from pipelines.ingest.model import Delivery, FileRefused
from pipelines.ingest.read import read_file
from pipelines.settings import Settings


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def put(raw: Path, name: str, text: str = "x") -> Path:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_below_district_and_year_in_a_stable_order(raw: Path) -> None:
    for name in ("440103/2022/b.csv", "440103/2022/部门/a.xlsx", "440103/2022/a.csv", "110101/2023/z.csv"):
        put(raw, name)
    found = find_deliveries(Settings(raw=raw))
    assert list(found.by_district_year) == [DistrictYear("110101", 2023), DistrictYear("440103", 2022)]
    names = [delivery.relative_path for delivery in found.by_district_year[DistrictYear("440103", 2022)]]
    assert names == ["440103/2022/a.csv", "440103/2022/b.csv", "440103/2022/部门/a.xlsx"]
    assert found.problems == []


def test_no_raw_directory_is_no_delivery(tmp_path: Path) -> None:
    assert find_deliveries(Settings(raw=tmp_path / "raw")).by_district_year == {}


@pytest.mark.parametrize(
    "name",
    [".hidden.csv", "~$a.xlsx", ".a.csv.part", "README.md", "readme.txt", ".cache/a.csv", "Thumbs.db", "b/desktop.ini"],
)
def test_what_is_no_delivery_is_passed_over_with_its_reason(raw: Path, name: str) -> None:
    put(raw, f"440103/2022/{name}")
    found = find_deliveries(Settings(raw=raw))
    assert found.by_district_year == {}
    assert found.problems == []
    (entry,) = found.passed_over
    assert entry.reason
    assert entry.reason_zh


def test_the_alias_file_is_no_delivery(raw: Path) -> None:
    before = aliases_fingerprint(raw, "440103")
    put(raw, "440103/header_aliases.csv", "dataset,column,header\n")
    assert find_deliveries(Settings(raw=raw)).problems == []
    assert aliases_fingerprint(raw, "440103") != before


@pytest.mark.parametrize("name", ["a.csv", "440103/a.csv", "荔湾/2022/a.csv", "440103/22/a.csv", "4401031/2022/a.csv"])
def test_a_file_in_the_wrong_folder_is_told(raw: Path, name: str) -> None:
    put(raw, name)
    found = find_deliveries(Settings(raw=raw))
    assert found.by_district_year == {}
    (problem,) = found.problems
    assert problem.startswith(name)
    assert "raw/<" in problem


def test_a_link_out_of_raw_is_told_and_never_read(raw: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text("部门编码,部门名称\n1,x\n", encoding="utf-8")
    folder = raw / "440103" / "2022"
    folder.mkdir(parents=True)
    (folder / "a.csv").symlink_to(outside)
    (folder / "out").symlink_to(tmp_path, target_is_directory=True)
    found = find_deliveries(Settings(raw=raw))
    assert found.by_district_year == {}
    assert len(found.problems) == 2
    delivery = Delivery(folder / "a.csv", "440103/2022/a.csv", "440103", 2022)
    with pytest.raises(FileRefused) as refusal:
        read_file(delivery, settings=Settings(raw=raw), hash_secret=b"x")
    assert refusal.value.rule.id == "file-outside-raw"


def test_a_young_file_waits_until_it_has_settled(raw: Path) -> None:
    path = put(raw, "440103/2022/a.csv")
    os.utime(path, (1_000, 1_000))
    settings = Settings(raw=raw, limits={"settle_seconds": 60})
    assert waiting(settings, 1_030) == [("440103/2022/a.csv", True)]
    assert waiting(settings, 1_061) == [("440103/2022/a.csv", False)]


def waiting(settings: Settings, now: float) -> list[tuple[str, bool]]:
    """Every delivery, and whether it is not ready."""
    found = find_deliveries(settings, now=now).by_district_year.values()
    return [(file.relative_path, bool(file.waits_for)) for files in found for file in files]


@pytest.mark.parametrize("name", ["a.csv.part", "a.csv.tmp", "a.xlsx.crdownload", "a.xlsx.FILEPART", "部门/a.partial"])
def test_a_copy_in_progress_waits_until_nobody_writes_to_it_any_more(raw: Path, name: str) -> None:
    path = put(raw, f"440103/2022/{name}")
    os.utime(path, (1_000, 1_000))  # copying keeps the time of the content
    written = path.stat().st_ctime
    settings = Settings(raw=raw, limits={"waiting_days": 2})
    assert waiting(settings, written + 47 * 3600) == [(f"440103/2022/{name}", True)]
    found = find_deliveries(settings, now=written + 49 * 3600)
    assert found.by_district_year == {}
    (problem,) = found.problems
    assert problem.startswith(f"440103/2022/{name}")


def test_files_that_would_be_shown_under_one_name_wait_until_they_are_renamed(raw: Path) -> None:
    """Neither may stand for the other: what is known of a file is known by its name."""
    names = ("支付13000000110.csv", "支付13000000306.csv")
    for name in names:
        put(raw, f"440103/2022/{name}", name)
    put(raw, "440103/2022/预算.csv")
    budget, alike = find_deliveries(Settings(raw=raw)).by_district_year[DistrictYear("440103", 2022)][::-1]
    assert (budget.waits_for, alike.waits_for[:7]) == ("", "2 files")
    (raw / "440103" / "2022" / names[0]).rename(raw / "440103" / "2022" / "支付一.csv")
    assert [is_waiting for _, is_waiting in waiting(Settings(raw=raw), 0)] == [False] * 3


def test_an_unfinished_copy_outside_of_the_years_is_passed_over(raw: Path) -> None:
    put(raw, "440103/a.csv.part")
    found = find_deliveries(Settings(raw=raw))
    assert (found.by_district_year, found.problems, len(found.passed_over)) == ({}, [], 1)


def test_a_link_whose_file_is_gone_waits(raw: Path) -> None:
    put(raw, "440103/2022/a.csv").with_name("b.csv").symlink_to("c.csv")
    assert waiting(Settings(raw=raw), 1_000) == [("440103/2022/a.csv", False), ("440103/2022/b.csv", True)]


def test_a_file_dated_in_the_future_waits_no_longer_than_others(raw: Path) -> None:
    path = put(raw, "440103/2022/a.csv")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    written = path.stat().st_ctime
    settings = Settings(raw=raw, limits={"settle_seconds": 60})
    assert waiting(settings, written + 30) == [("440103/2022/a.csv", True)]
    assert waiting(settings, written + 61) == [("440103/2022/a.csv", False)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("换\n行.csv", r"换\n行.csv"),
        ("\x1b[31m红\u202e.csv", r"\x1b[31m红\u202e.csv"),
        ("quo\"te's.csv", "quo\"te's.csv"),
        ("空 格；.csv", "空 格；.csv"),
        ("-rf.csv", "-rf.csv"),
    ],
)
def test_odd_names_are_names(raw: Path, name: str, shown: str) -> None:
    """They are read; what cannot be shown in one line is written out wherever the name stands."""
    path = put(raw, f"440103/2022/{name}", "部门编码,部门名称\n101,甲\n")
    settings = Settings(raw=raw)
    (delivery,) = find_deliveries(settings).by_district_year[DistrictYear("440103", 2022)]
    assert delivery.path == path
    assert delivery.relative_path == f"440103/2022/{shown}"
    tables = read_file(delivery, settings=settings, hash_secret=b"x").tables
    assert [batch.rows.num_rows for table in tables for batch in table.batches] == [1]


def test_a_name_in_another_encoding_is_a_delivery_that_is_refused(raw: Path) -> None:
    put(raw, "440103/2022/a.csv")
    named = os.fsencode(raw / "440103" / "2022") + b"/" + "支付.csv".encode("gbk")
    os.rename(raw / "440103" / "2022" / "a.csv", named)  # noqa: PTH104 - bytes
    settings = Settings(raw=raw)
    (delivery,) = find_deliveries(settings).by_district_year[DistrictYear("440103", 2022)]
    assert delivery.relative_path.endswith(r"\xb8\xb6.csv")
    with pytest.raises(FileRefused, match=r"not UTF-8: 440103/2022/.*\\xb8\\xb6\.csv.*Rename") as refusal:
        read_file(delivery, settings=settings, hash_secret=b"x")
    assert refusal.value.rule.id == "file-name-not-utf8"


def test_a_link_into_another_districts_folder_is_told_and_never_read(raw: Path) -> None:
    secret = put(raw, "440104/2022/a.csv", "部门编码,部门名称\n1,x\n")
    theirs = put(raw, "440104/header_aliases.csv", "dataset,column,header\n")
    put(raw, "440103/2022/b.csv", "部门编码,部门名称\n1,x\n")
    (raw / "440103" / "2022" / "a.csv").symlink_to(secret)
    (raw / "440103" / "2022" / "same.csv").symlink_to(raw / "440103" / "2022" / "b.csv")
    (raw / "440103" / "header_aliases.csv").symlink_to(theirs)
    settings = Settings(raw=raw)
    found = find_deliveries(settings)
    names = [delivery.path.name for delivery in found.by_district_year[DistrictYear("440103", 2022)]]
    assert names == ["b.csv", "same.csv"]
    (problem,) = found.problems
    assert "440103/2022/a.csv: a link that leads out of the district's folder" in problem
    delivery = Delivery(raw / "440103" / "2022" / "a.csv", "440103/2022/a.csv", "440103", 2022)
    with pytest.raises(FileRefused) as refusal:
        read_file(delivery, settings=settings, hash_secret=b"x")
    assert refusal.value.rule.id == "file-outside-raw"
    with pytest.raises(FileRefused) as refusal:
        read_layout(raw, "440103", 2022)
    assert refusal.value.rule.id == "file-outside-raw"


def test_a_folder_and_a_file_that_do_not_answer_are_told_after_a_while(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a share that went away; the others are found."""
    put(raw, "440103/2022/a.csv")
    dead = put(raw, "440103/2022/dead/b.csv").parent
    put(raw, "440104/2022/c.csv")
    monkeypatch.setattr(opening, "ANSWER_SECONDS", 0.2)
    gone = threading.Event()
    listed, opened = os.scandir, os.open

    def scandir(path: Any = ".") -> Any:
        gone.wait(60 if Path(path) == dead else 0)
        return listed(path)

    def open_(path: Any, *args: Any, **options: Any) -> int:
        gone.wait(60 if Path(path).name == "a.csv" else 0)
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "open", open_)
    found = find_deliveries(Settings(raw=raw))
    file, folder = found.by_district_year[DistrictYear("440103", 2022)]
    assert (file.path.name, folder.path) == ("a.csv", dead)
    assert len(found.by_district_year[DistrictYear("440104", 2022)]) == 1
    with pytest.raises(PermissionError) as error:
        content_hash(file)
    assert error.value.errno == errno.ETIMEDOUT
    gone.set()


def test_a_pipe_keeps_nobody_waiting(raw: Path) -> None:
    (raw / "440103" / "2022").mkdir(parents=True)
    os.mkfifo(raw / "440103" / "2022" / "a.csv")
    os.mkfifo(raw / "440103" / "header_aliases.csv")
    found = find_deliveries(Settings(raw=raw))
    assert "440103/2022/a.csv: not a regular file" in found.problems[0]
    with pytest.raises(FileRefused, match="Not a regular file") as refusal:
        read_layout(raw, "440103", 2022)
    assert refusal.value.rule.id == "file-not-readable"
    with pytest.raises(PermissionError, match="Not a regular file"):
        content_hash(Delivery(raw / "440103" / "2022" / "a.csv", "a.csv", "440103", 2022))


def test_the_hash_is_that_of_the_bytes(raw: Path) -> None:
    path = put(raw, "440103/2022/a.csv", "abc")
    delivery = Delivery(path, "440103/2022/a.csv", "440103", 2022)
    assert content_hash(delivery) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def not_listable(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a folder one that may not be listed, also for root, who may list every folder."""
    listed = os.scandir

    def scandir(path: Any = ".") -> Any:
        if Path(path) == directory:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_of_a_district_year_that_may_not_be_listed_is_a_delivery_that_is_refused(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files must not count as taken away: their money would leave the figures without a word."""
    put(raw, "440103/2022/a.csv")
    folder = put(raw, "440103/2022/sub/b.csv").parent
    not_listable(folder, monkeypatch)
    found = find_deliveries(Settings(raw=raw))
    _, closed = found.by_district_year[DistrictYear("440103", 2022)]
    assert closed.relative_path == "440103/2022/sub"
    with pytest.raises(PermissionError):
        content_hash(closed)


def test_a_folder_of_a_district_that_may_not_be_listed_is_told(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(raw, "440103/2022/a.csv").parent.parent
    put(raw, "440104/2022/a.csv")
    not_listable(folder, monkeypatch)
    found = find_deliveries(Settings(raw=raw))
    assert list(found.by_district_year) == [DistrictYear("440104", 2022)]
    assert "440103: cannot be looked into" in found.problems[0]


def test_an_alias_file_outside_raw_or_closed_is_refused_with_the_files_of_its_district(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must neither be read from elsewhere nor end the night of the other districts."""
    outside = tmp_path / "outside.csv"
    outside.write_text("dataset,column,header\n")
    put(raw, "440103/2022/a.csv", "项目编码,项目名称\nP1,甲\n")
    alias = raw / "440103" / "header_aliases.csv"
    plain = aliases_fingerprint(raw, "440103")
    alias.symlink_to(outside)
    (delivery,) = find_deliveries(Settings(raw=raw)).by_district_year[DistrictYear("440103", 2022)]
    with pytest.raises(FileRefused) as refused:
        read_file(delivery, settings=Settings(raw=raw), hash_secret=b"")
    assert refused.value.rule.id == "file-outside-raw"
    assert aliases_fingerprint(raw, "440103") != plain

    alias.unlink()
    alias.write_text("dataset,column,header\n")

    opened = os.open

    def closed(path: Any, *args: Any, **options: Any) -> int:
        if Path(path) == alias:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "open", closed)
    with pytest.raises(FileRefused) as refused:
        read_file(delivery, settings=Settings(raw=raw), hash_secret=b"")
    assert refused.value.rule.id == "file-not-readable"
    assert aliases_fingerprint(raw, "440103") != plain


def test_a_link_in_a_circle_is_read_nowhere_and_ends_nothing(raw: Path) -> None:
    put(raw, "440103/2022/a.csv")
    for name in ("440103/2022/loop.csv", "440103/header_aliases.csv"):
        (raw / name).symlink_to(raw / name)
    found = find_deliveries(Settings(raw=raw))
    assert [delivery.relative_path for files in found.by_district_year.values() for delivery in files] == [
        "440103/2022/a.csv"
    ]
    assert "440103/2022/loop.csv: not a regular file" in found.problems[0]
    assert aliases_fingerprint(raw, "440103") != aliases_fingerprint(raw, "440104")
