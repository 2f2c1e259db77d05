"""What deploy/ holds is right: units, users, directories, the Dagster instance with SQLite and with PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg2
import pytest
import yaml
from conftest import require_program

from pipelines.settings import Settings

CHECKOUT = Path(__file__).parent.parent
DEPLOY = CHECKOUT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
NOBODY = 65534


def environment_file() -> dict[str, str]:
    lines = (DEPLOY / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# Units -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def installed_units(tmp_path: Path) -> Path:
    """The units with this checkout in the place of /opt/district-finance."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/district-finance/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text.replace("/opt/district-finance", str(CHECKOUT)))
    return tmp_path


def verify(units: Path) -> subprocess.CompletedProcess[str]:
    program = require_program("systemd-analyze", "systemd")
    return subprocess.run(
        [program, "verify", "--man=no", *map(str, sorted(units.iterdir()))], capture_output=True, text=True, check=False
    )


def test_systemd_accepts_the_units(installed_units: Path) -> None:
    done = verify(installed_units)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_tell_of_a_wrong_line(installed_units: Path) -> None:
    unit = installed_units / "district-finance-nightly.service"
    unit.write_text(unit.read_text().replace("district-finance nightly", "district-finance-misspelt nightly"))
    assert "district-finance-misspelt" in verify(installed_units).stderr


def test_little_of_the_machine_is_exposed_to_a_service() -> None:
    """As systemd counts it, 0 is nothing and 10 everything; what is left is the network, the deliveries, children."""
    program = require_program("systemd-analyze", "systemd")
    for service in (unit for unit in UNITS if unit.suffix == ".service"):
        done = subprocess.run(
            [program, "security", "--offline=true", "--threshold=20", "--no-pager", service],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_services_run_as_their_own_user_and_the_pages_stay_on_this_machine() -> None:
    services = [unit for unit in UNITS if unit.suffix == ".service"]
    assert len(services) == 6
    for service in services:
        text = service.read_text()
        assert "\nUser=district-finance\n" in text, service.name
        assert "\nUMask=0027\n" in text, service.name
        assert "\nNoNewPrivileges=yes\n" in text, service.name
        assert "\nProtectSystem=strict\n" in text, service.name
    webserver = (DEPLOY / "systemd" / "district-finance-webserver.service").read_text()
    assert "--host 127.0.0.1 " in webserver


def test_every_command_of_units_and_crontab_exists() -> None:
    text = "\n".join(unit.read_text() for unit in UNITS) + (DEPLOY / "crontab").read_text()
    commands = set(re.findall(r"bin/district-finance (\w+)", text))
    assert commands == {"nightly", "backup", "prune", "notify", "serve"}
    for command in commands:
        program = Path(sys.executable).parent / "district-finance"
        assert subprocess.run([program, command, "--help"], capture_output=True, check=False).returncode == 0


def test_the_environment_and_the_settings_file_are_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_file().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DISTRICT_FINANCE_SETTINGS", str(DEPLOY / "district-finance.toml"))
    settings = Settings()
    told = tomllib.loads((DEPLOY / "district-finance.toml").read_text())
    assert settings.closing.year_closes_on == told["closing"]["year_closes_on"] == "03-31"
    assert settings.warehouse == Path("/srv/district-finance/warehouse")
    assert settings.notifications.webhooks == {}


def test_the_receiver_in_the_files_needs_only_its_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (DEPLOY / "district-finance.toml").read_text()
    (tmp_path / "settings.toml").write_text(re.sub(r"^#(\[|kind)", r"\1", text, flags=re.MULTILINE))
    monkeypatch.setenv("DISTRICT_FINANCE_SETTINGS", str(tmp_path / "settings.toml"))
    (name,) = re.findall(r"^#(\w+URL)=https://$", (DEPLOY / "environment").read_text(), re.MULTILINE)
    monkeypatch.setenv(name, "https://robot.example/send")
    office = Settings().notifications.webhooks["finance_office"]
    assert (office.kind, office.url.get_secret_value()) == ("wecom", "https://robot.example/send")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_the_command_of_a_server_has_its_settings_and_not_its_rights(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("# a note\n\nA_SECRET=with & 'all' \"signs\" $HOME\nLAST=1")
    script = (DEPLOY / "district-finance").read_text()
    script = script.replace("/etc/district-finance/environment", str(tmp_path / "environment"))
    script = script.replace("/opt/district-finance/.venv/bin/district-finance", "/bin/sh")
    script = script.replace("=district-finance", f"={NOBODY}").replace("--init-groups", "--clear-groups")
    command = ["/bin/sh", "-c", script, "district-finance", "-c", 'id -u; umask; echo "$A_SECRET"; echo "$LAST"']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(NOBODY), "0027", "with & 'all' \"signs\" $HOME", "1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="users and owners can only be made by root")
def test_users_and_directories_are_made(tmp_path: Path) -> None:
    sysusers, tmpfiles = (require_program(f"systemd-{name}", "systemd") for name in ("sysusers", "tmpfiles"))
    (tmp_path / "etc").mkdir()
    subprocess.run([sysusers, f"--root={tmp_path}", DEPLOY / "sysusers.conf"], check=True, capture_output=True)
    subprocess.run(
        [tmpfiles, "--create", f"--root={tmp_path}", DEPLOY / "tmpfiles.conf"], check=True, capture_output=True
    )
    users = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc" / "passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.split(":") for line in (tmp_path / "etc" / "group").read_text().splitlines()}
    assert users["district-finance"][6].endswith("nologin")
    for group in ("readers", "deliveries"):
        assert "district-finance" in groups[f"district-finance-{group}"][3]
    warehouse = (tmp_path / "srv" / "district-finance" / "warehouse").stat()
    assert stat.S_IMODE(warehouse.st_mode) == 0o2750
    assert str(warehouse.st_uid) == users["district-finance"][2]
    assert str(warehouse.st_gid) == groups["district-finance-readers"][2]
    assert stat.S_IMODE((tmp_path / "srv" / "district-finance" / "backups").stat().st_mode) == 0o700


# The Dagster instance ------------------------------------------------------------------------------------------------


def assert_instance_is_ours(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    assert queue.max_concurrent_runs == 1
    assert instance.run_monitoring_enabled
    assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 1)
    assert not instance.run_retries_retry_on_asset_or_op_failure


@dg.op
def nothing_to_do() -> None:
    """Does nothing."""


@dg.job
def a_job() -> None:
    """A run to be kept."""
    nothing_to_do()


def test_the_instance_keeps_its_runs_in_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(DEPLOY / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert_instance_is_ours(instance)
        run_id = a_job.execute_in_process(instance=instance).run_id
    assert any(tmp_path.rglob("*.db"))
    with dg.DagsterInstance.get() as instance:
        assert instance.get_run_by_id(run_id) is not None


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of its own in a temporary folder, run by a user who is not root."""
    initdb, pg_ctl = (require_program(name, "postgresql") for name in ("initdb", "pg_ctl"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    place = Path(tempfile.mkdtemp(prefix="postgres-"))
    own = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if own:
        os.chown(place, NOBODY, NOBODY)
    password = place / "password"
    password.write_text("only-on-the-loopback")
    password.chmod(0o644)

    def run(*command: str | Path) -> None:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, **own)  # type: ignore[call-overload]  # ids
        assert done.returncode == 0, done.stderr

    data = place / "data"
    run(
        initdb,
        "-D",
        data,
        "-U",
        "dagster",
        "-A",
        "scram-sha-256",
        f"--pwfile={password}",
        "--locale=C",
        "-E",
        "UTF8",
        "-N",
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c fsync=off"
    run(pg_ctl, "-D", data, "-l", place / "log", "-o", options, "-w", "start")
    yield f"postgresql+psycopg2://dagster:only-on-the-loopback@127.0.0.1:{port}/postgres"
    run(pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(place)


def test_the_documented_setting_keeps_the_runs_in_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    blocks = re.findall(r"```yaml\n(storage:\n.*?)```", (CHECKOUT / "docs" / "operations.md").read_text(), re.DOTALL)
    (setting,) = blocks
    told = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    del told["event_log_storage"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(told | yaml.safe_load(setting)))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DISTRICT_FINANCE_POSTGRES_URL", postgres_url)
    with dg.DagsterInstance.get() as instance:
        assert_instance_is_ours(instance)
        run_id = a_job.execute_in_process(instance=instance).run_id
    assert not any(tmp_path.rglob("*.db"))
    with psycopg2.connect(postgres_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("select status from runs where run_id = %s", [run_id])
        assert cursor.fetchall() == [("SUCCESS",)]
