"""Backup, restore, prune, doctor, logs, permissions: what keeps a warehouse for years."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from pydantic import SecretStr

from pipelines.cli import main
from pipelines.ingest.deliveries import find_deliveries
from pipelines.log_fields import log_fields
from pipelines.nightly import accept_all, run_night
from pipelines.operations.backup import MANIFEST, BackupError, backup_files, restore_backup, take_backup
from pipelines.operations.doctor import Level, examine
from pipelines.operations.last_night import record_night
from pipelines.operations.logs import structured_log
from pipelines.operations.prune import prune
from pipelines.settings import Notifications, Retention, Settings, Webhook
from pipelines.warehouse.connect import WrittenIntoError, open_published
from pipelines.warehouse.integrity import check_version
from pipelines.warehouse.loading import accepted_attempt
from pipelines.warehouse.stages import Stage, listening
from pipelines.warehouse.store import SCHEMA_VERSION, district_years

BUDGET = "部门编码,部门名称,项目编码,项目名称,资金性质编码,年初预算数\n101,测试一局,P1,甲项目,111,{amount}\n"


def settings_in(directory: Path) -> Settings:
    return Settings(raw=directory / "raw", warehouse=directory / "warehouse", backups=directory / "backups")


def deliver(settings: Settings, path: str, text: str) -> Path:
    file = settings.raw / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bureau after two nights: 440199/2024 has two versions, 440198/2024 is held back for a refused file."""
    directory = tmp_path_factory.mktemp("original")
    settings = settings_in(directory)
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(amount="1000.00"))
    deliver(settings, "440198/2024/预算.csv", BUDGET.format(amount="700.00"))
    run_night(settings)
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(amount="1200.00"))
    deliver(settings, "440198/2024/坏.csv", "水果,颜色\n苹果,红\n")
    run_night(settings)
    return directory


@pytest.fixture
def settings(original: Path, tmp_path: Path) -> Settings:
    """A copy of the bureau for one test."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True, symlinks=True)
    return settings_in(tmp_path)


def publication(settings: Settings) -> dict[str, Any]:
    """Everything that the published file says, table by table."""
    with open_published(settings.database) as published:
        tables = published.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
        return {f"{s}.{t}": sorted(published.execute(f'from "{s}"."{t}"').fetchall(), key=str) for s, t in tables}


# Backup and restore --------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_restored_backup_gives_the_same_publication(settings: Settings, tmp_path: Path) -> None:
    before = publication(settings)
    backup = take_backup(settings, with_raw=True)
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o600
    assert not list(settings.warehouse.glob(".backup-*"))

    elsewhere = settings_in(tmp_path / "elsewhere")
    elsewhere.warehouse.mkdir(parents=True)
    restored = restore_backup(elsewhere, backup.path)
    assert restored.files == backup.files
    assert publication(elsewhere) == before
    assert stat.S_IMODE(elsewhere.database.stat().st_mode) == 0o640
    assert stat.S_IMODE((elsewhere.accepted / "hash_secret").stat().st_mode) == 0o600
    night = run_night(elsewhere)
    assert (night.publication.status, night.exit_code) == ("unchanged", 3)
    assert sum(acceptance.files_read for acceptance in night.acceptances) == 0


@pytest.mark.long
def test_backups_taken_while_nights_run_are_whole(settings: Settings, tmp_path: Path) -> None:
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(amount="1300.00"))
    (settings.raw / "440198" / "2024" / "坏.csv").unlink()
    command = [Path(sys.executable).parent / "district-finance", "nightly"]
    own = {"DISTRICT_FINANCE_RAW": str(settings.raw), "DISTRICT_FINANCE_WAREHOUSE": str(settings.warehouse)}
    archives = []
    with subprocess.Popen(command, env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as night:
        while night.poll() is None:
            path = take_backup(settings).path
            archives.append(path.rename(tmp_path / f"{len(archives)}.tar"))
            time.sleep(0.1)
    assert night.returncode == 0
    assert archives
    for archive in {archives[0], archives[len(archives) // 2], archives[-1]}:
        restored = settings_in(tmp_path / f"restored {archive.stem}")
        restore_backup(restored, archive)
        publication(restored)
        for store in district_years(restored.accepted):
            attempt = accepted_attempt(store)
            assert attempt is not None
            check_version(store, attempt.directory, attempt.manifest)


def test_a_restore_replaces_nothing(settings: Settings) -> None:
    backup = take_backup(settings)
    with pytest.raises(BackupError, match=r"is not empty.*Move what is in it away"):
        restore_backup(settings, backup.path)


def change_manifest(archive: Path, **changes: Any) -> None:
    """Rewrites an archive with some other facts in its manifest."""
    with tarfile.open(archive) as members:
        manifest = members.extractfile(MANIFEST)
        assert manifest
        replace_manifest(archive, json.dumps(json.loads(manifest.read()) | changes).encode())


def replace_manifest(archive: Path, manifest: bytes) -> None:
    """Rewrites an archive with another manifest."""
    with tarfile.open(archive) as old:
        members = [(member, (old.extractfile(member) or io.BytesIO()).read()) for member in old]
    with tarfile.open(archive, "w") as new:
        for member, content in members:
            text = content
            if member.name == MANIFEST:
                text = manifest
                member.size = len(text)
            new.addfile(member, io.BytesIO(text))


def cut_off(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-20_000])


def flip_a_byte(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[content.index(b"PAR1") + 5] ^= 1
    archive.write_bytes(content)


def climb_out(archive: Path) -> None:
    with tarfile.open(archive, "a") as members:
        member = tarfile.TarInfo("warehouse/../../outside")
        members.addfile(member, io.BytesIO())


def link_out(archive: Path) -> None:
    with tarfile.open(archive, "a") as members:
        member = tarfile.TarInfo("warehouse/link")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(member)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_off, "not complete|cannot be read"),
        (flip_a_byte, "damaged"),
        (climb_out, "is not a plain file"),
        (link_out, "is not a plain file"),
        (lambda archive: change_manifest(archive, store_schema_version=SCHEMA_VERSION + 1), "Install that version"),
        (lambda archive: change_manifest(archive, sha256=["no hashes"]), "not one of ours"),
        (lambda archive: change_manifest(archive, format="one"), "not one of ours"),
        (lambda archive: replace_manifest(archive, b"[1, 2]"), "not one of ours"),
        (lambda archive: replace_manifest(archive, b"\xff\xfe{"), "not one of ours"),
        (lambda archive: replace_manifest(archive, b"[" * 100_000), "not one of ours"),
        (lambda archive: archive.write_bytes(b"not a tar"), "cannot be read"),
    ],
)
def test_a_wrong_archive_is_refused_and_leaves_nothing(
    settings: Settings, tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    archive = take_backup(settings).path
    spoil(archive)
    empty = settings_in(tmp_path / "empty")
    with pytest.raises(BackupError, match=said):
        restore_backup(empty, archive)
    assert [path.name for path in empty.warehouse.iterdir()] == [".lock"]


def test_a_restore_puts_the_deliveries_on_another_disk(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename between two disks fails; here those into raw/ do."""
    elsewhere = settings_in(tmp_path / "elsewhere")
    rename = os.rename

    def rename_on_one_disk(source: Any, target: Any) -> None:
        if Path(target).is_relative_to(elsewhere.raw):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    archive = take_backup(settings, with_raw=True).path
    monkeypatch.setattr(os, "rename", rename_on_one_disk)
    restore_backup(elsewhere, archive)
    delivered = [path.relative_to(settings.raw) for path in settings.raw.rglob("*")]
    assert sorted(path.relative_to(elsewhere.raw) for path in elsewhere.raw.rglob("*")) == sorted(delivered)


def test_a_full_disk_is_no_damaged_archive(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = take_backup(settings).path

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(BackupError, match=r"No space left on device\. Make room"):
        restore_backup(settings_in(tmp_path / "empty"), archive)


KILLED_BACKUP = """
import os, signal, sys, tarfile
from pathlib import Path
from pipelines.operations.backup import take_backup
from pipelines.settings import Settings
tarfile.TarFile.addfile = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
take_backup(Settings(warehouse=Path(sys.argv[1]), backups=Path(sys.argv[2])))
"""


def test_what_a_killed_backup_left_goes_with_the_next(settings: Settings) -> None:
    """Its links would keep versions on the disk that were pruned, its archive is not whole."""
    command = [sys.executable, "-c", KILLED_BACKUP, settings.warehouse, settings.backups]
    subprocess.run(command, check=False)
    assert list(settings.warehouse.glob(".backup-*"))
    assert list(settings.backups.glob(".*.part"))
    backup = take_backup(settings)
    assert not list(settings.warehouse.glob(".backup-*"))
    assert list(settings.backups.iterdir()) == [backup.path]


# Prune ---------------------------------------------------------------------------------------------------------------


def test_prune_leaves_what_counts_is_held_or_is_young(settings: Settings) -> None:
    for day in ("2020-01-01", "2020-01-02"):
        (settings.logs / f"{day}.jsonl").write_text("{}\n")
    (settings.logs / "notes.jsonl").write_text("{}\n")
    settings.backups.mkdir()
    for name in ("20200101T000000Z", "20200102T000000Z", "20200103T000000Z"):
        (settings.backups / f"district-finance-{name}.tar").touch()
    settings.retention = Retention(versions=1, log_days=30, backups=2)
    would = prune(settings, only_look=True)
    assert sorted(entry.kind for entry in would) == ["backup", "log", "log", "reading", "version"]
    assert all(entry.path.exists() for entry in would)
    assert prune(settings) == would
    assert not any(entry.path.exists() for entry in would)
    assert len(backup_files(settings)) == 2
    assert prune(settings) == []
    assert run_night(settings).publication.status == "unchanged"


def test_prune_leaves_what_is_published_while_the_gate_refuses_what_counts(settings: Settings) -> None:
    """The published file shows version 2; version 3 counts and was not published."""
    deliver(settings, "440199/2024/预算.csv", BUDGET.format(amount="1300.00"))
    accept_all(settings, find_deliveries(settings))
    settings.retention = Retention(versions=1)
    (gone,) = [entry.path.name for entry in prune(settings) if entry.kind == "version"]
    assert gone == "1"


def test_by_default_no_version_goes(settings: Settings) -> None:
    assert prune(settings) == []


# Doctor --------------------------------------------------------------------------------------------------------------


def looked_at(settings: Settings) -> dict[str, tuple[Level, str]]:
    return {check.topic.name: (check.level, check.found) for check in examine(settings)}


def test_a_good_installation_has_no_failure(settings: Settings) -> None:
    take_backup(settings)
    found = looked_at(settings)
    assert {name for name, (level, _) in found.items() if level is Level.FAILURE} == set()
    for name in ("versions", "deliveries", "warehouse", "permissions", "disk", "lock", "accepted store", "publication"):
        assert found[name][0] is Level.OK, found[name]
    assert "exit code 3" in found["last night"][1]


WRITER = """
import duckdb, os, signal, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("set checkpoint_threshold = '1GB'; delete from summary.department_execution")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.long
def test_a_publication_that_somebody_wrote_into_is_made_anew_as_the_runbook_says(settings: Settings) -> None:
    said = publication(settings)
    builds = "select build_id from history.publication order by build_number"
    with open_published(settings.database) as published:
        before = published.execute(builds).fetchall()
    subprocess.run([sys.executable, "-c", WRITER, str(settings.database)], check=False)
    left_over = settings.database.with_name(settings.database.name + ".wal")
    assert left_over.stat().st_size > 0
    assert looked_at(settings)["publication"] == (
        Level.FAILURE,
        f"{left_over}: somebody wrote into the published file",
    )

    with pytest.raises(WrittenIntoError, match=r"(?s)Run 'district-finance nightly'.*请运行 nightly"):
        open_published(settings.database)

    def kill(reached: Stage) -> None:
        if reached is Stage.VERIFIED:
            raise KeyboardInterrupt

    with listening(kill), pytest.raises(KeyboardInterrupt):
        run_night(settings)  # ends between the two steps: the log is out of the way, the file is still the old one
    assert publication(settings) == said
    assert looked_at(settings)["publication"][0] is Level.FAILURE
    assert run_night(settings).publication.status == "published"
    assert run_night(settings).publication.status == "unchanged"
    assert looked_at(settings)["publication"][0] is Level.OK
    with open_published(settings.database) as published:
        assert published.execute(builds).fetchall()[: len(before)] == before
    assert publication(settings).keys() == said.keys()
    assert {name: rows for name, rows in publication(settings).items() if name.startswith("summary.")} == {
        name: rows for name, rows in said.items() if name.startswith("summary.")
    }


def _unreadable_store(settings: Settings) -> None:
    (settings.accepted / "440199" / "2024" / "versions" / "2" / "manifest.json").write_text("{")


def _written_into(settings: Settings) -> None:
    settings.database.with_name(settings.database.name + ".wal").touch()


def _spoiled(settings: Settings) -> None:
    settings.database.write_bytes(b"not a database")


def _open_to_all(settings: Settings) -> None:
    settings.accepted.chmod(0o755)


def _no_raw(settings: Settings) -> None:
    shutil.rmtree(settings.raw)


def _no_room(settings: Settings) -> None:
    settings.min_free_bytes = 2**62


def _receiver_gone(settings: Settings) -> None:
    told = settings.warehouse / "notifications" / "told.json"
    told.parent.mkdir()
    told.write_text(json.dumps({"webhook office": {"unreachable": "refused"}}))
    office = Webhook.model_validate({"kind": "json", "url": "http://127.0.0.1:9/"})
    settings.notifications = Notifications(webhooks={"office": office})


def _ran_long_ago(settings: Settings) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=3)):
        record_night(settings, "published", 0)


def _published_nothing(settings: Settings) -> None:
    record_night(settings, "held_back", 1)


def _clock_went_back(settings: Settings) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        record_night(settings, "published", 0)


@pytest.mark.parametrize(
    ("spoil", "topic", "level"),
    [
        (_no_raw, "deliveries", Level.FAILURE),
        (_open_to_all, "permissions", Level.WARNING),
        (_no_room, "disk", Level.WARNING),
        (_clock_went_back, "clock", Level.FAILURE),
        (_unreadable_store, "accepted store", Level.FAILURE),
        (_written_into, "publication", Level.FAILURE),
        (_spoiled, "publication", Level.FAILURE),
        (_ran_long_ago, "last night", Level.FAILURE),
        (_published_nothing, "last night", Level.WARNING),
        (_receiver_gone, "messages", Level.FAILURE),
    ],
)
def test_doctor_finds(settings: Settings, spoil: Callable[[Settings], None], topic: str, level: Level) -> None:
    spoil(settings)
    assert looked_at(settings)[topic][0] is level


def test_doctor_finds_a_run_that_hangs(settings: Settings) -> None:
    lock = settings.warehouse / ".lock"
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert looked_at(settings)["lock"][0] is Level.OK
        long_ago = time.time() - 7 * 3600
        os.utime(lock, (long_ago, long_ago))
        level, found = looked_at(settings)["lock"]
        assert level is Level.FAILURE
        assert "7.0 h" in found


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (None, Level.FAILURE),
        ("telemetry: {enabled: true}", Level.WARNING),
        ("telemetry:\n", Level.WARNING),
        ("telemetry: {", Level.FAILURE),
        ("telemetry: {enabled: false}\nconcurrency: {runs: {max_concurrent_runs: 1}}", Level.OK),
    ],
)
def test_doctor_compares_the_dagster_instance(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, level: Level
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    if text:
        (tmp_path / "dagster.yaml").write_text(text)
    assert looked_at(settings)["Dagster"][0] is level


def test_doctor_says_what_to_do_in_both_languages(settings: Settings) -> None:
    _no_raw(settings)
    where = ["--raw", str(settings.raw), "--warehouse", str(settings.warehouse)]
    done = CliRunner().invoke(main, ["doctor", *where])
    assert done.exit_code == 1
    assert "✗ 报送目录 deliveries" in done.output
    assert "请建立该目录" in done.output
    assert "Create it" in done.output
    told = json.loads(CliRunner().invoke(main, ["doctor", *where, "--format", "json"]).output)
    assert {"name", "level", "found"} <= told[0].keys()


# Logs and permissions ------------------------------------------------------------------------------------------------


def test_a_log_line_tells_run_district_year_and_file(settings: Settings) -> None:
    lines = [json.loads(line) for path in settings.logs.iterdir() for line in path.read_text().splitlines()]
    read = [line for line in lines if line["message"] == "file read"]
    assert {(line["district"], line["year"], line["file"]) for line in read} == {
        ("440199", 2024, "440199/2024/预算.csv"),
        ("440198", 2024, "440198/2024/预算.csv"),
        ("440198", 2024, "440198/2024/坏.csv"),
    }
    assert len({line["run"] for line in lines}) == 2
    assert all(line["time"].endswith("+08:00") for line in lines)
    assert [path.stem for path in settings.logs.iterdir()] == [str(settings.local_date(datetime.now(UTC)))]


def test_an_error_keeps_its_traceback_and_no_secret(settings: Settings) -> None:
    settings = Settings(warehouse=settings.warehouse, hash_secret=SecretStr("quite-a-secret"))
    logger = logging.getLogger("pipelines.of.a.test")
    with structured_log(settings, "a run"), log_fields(district="440199"):
        try:
            raise ValueError("it said quite-a-secret")
        except ValueError:
            logger.exception("refused", extra={"address": "https://x/?key=quite-a-secret", "rows": 3})
        logger.debug("not kept")
    (path,) = settings.logs.iterdir()
    *_, last = path.read_text(encoding="utf-8").splitlines()
    assert "quite-a-secret" not in last
    line = json.loads(last)
    assert (line["run"], line["district"], line["rows"], line["level"]) == ("a run", "440199", 3, "ERROR")
    assert "Traceback" in line["error"]
    assert "ValueError" in line["error"]


def test_a_night_that_fails_is_in_the_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Settings) -> None:
        raise ValueError("nobody foresaw this")

    monkeypatch.setattr("pipelines.nightly.find_deliveries", fail)
    with pytest.raises(ValueError, match="nobody foresaw this"):
        run_night(settings)
    lines = [json.loads(line) for path in settings.logs.iterdir() for line in path.read_text().splitlines()]
    assert lines[-1]["message"] == "nightly failed"
    assert "nobody foresaw this" in lines[-1]["error"]


def test_a_secret_with_quotes_and_backslashes_is_blotted_too(settings: Settings) -> None:
    secret = 'a "quoted\\secret'  # noqa: S105 - of this test
    settings = Settings(warehouse=settings.warehouse, hash_secret=SecretStr(secret))
    with structured_log(settings):
        logging.getLogger("pipelines.of.a.test").info("it is %s, or %r", secret, {"key": secret})
    (path,) = settings.logs.iterdir()
    assert "quoted" not in path.read_text(encoding="utf-8").splitlines()[-1]


def test_a_link_in_the_warehouse_leads_to_no_rights(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir(mode=0o755)
    (settings.warehouse / "link").symlink_to(place)
    (settings.warehouse / "dangling").symlink_to(tmp_path / "nowhere")
    run_night(settings)
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_readers_may_enter_the_database_and_the_reports_only(settings: Settings) -> None:
    for path in settings.warehouse.rglob("*"):
        relative = path.relative_to(settings.warehouse)
        open_to_group = path == settings.database or relative.parts[0] == "reports"
        if len(relative.parts) == 1 or open_to_group:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert bool(mode & 0o040) == open_to_group, (relative, oct(mode))
            assert not mode & 0o027, (relative, oct(mode))
        elif relative.parts[0] == settings.accepted.name:
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, relative
