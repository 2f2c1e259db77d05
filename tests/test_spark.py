"""The project on a Spark cluster of its own: its SQL gives what DuckDB gives, and its districts run as tasks.

The cluster is a standalone one: a master and two workers on loopback. Does not belong here: what is refused or
rewritten on the way to Spark SQL (test_spark_sql).
"""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import require_program
from pydantic import SecretStr
from random_deliveries import RandomDeliveries
from rule_cases.cases import CASES
from rule_cases.district import clean, fill
from test_province import differing

from pipelines.cli import main
from pipelines.nightly import ALL_PUBLISHED, run_night
from pipelines.province.session import spark_session
from pipelines.province.spark_sql import as_spark
from pipelines.province.verify import GROUPS, compare
from pipelines.quality.rules import Scope, read_rules
from pipelines.settings import Settings
from pipelines.sql_files import read_sql_group
from pipelines.warehouse.database import create_macros, run_sql

pytestmark = pytest.mark.spark

DEFAULTS = """
spark.cores.max 2
spark.executor.cores 1
spark.executor.memory 600m
spark.driver.memory 1g
spark.driver.host 127.0.0.1
spark.sql.shuffle.partitions 2
"""

CHANGED = "summary.department_execution_by_fund_type"
"""A table that no other is made from."""


def started(log: Path, pattern: str) -> str:
    """What a pattern finds in a log, as soon as it stands there."""
    for _ in range(600):
        if found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace")):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cluster keeps its logs, and its executors work."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[str]:
    """The URL of a master with two workers of a core each."""
    require_program("java", "openjdk-17-jre-headless")
    package = find_spec("pyspark")
    if package is None or package.origin is None:
        message = "pyspark is not installed: make test-spark installs it"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    home = Path(package.origin).parent
    (place / "spark-defaults.conf").write_text(DEFAULTS, encoding="utf-8")
    processes: list[subprocess.Popen[bytes]] = []

    def start(role: str, *arguments: str) -> Path:
        log = place / f"{role}-{len(processes)}.log"
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{role}", "--host", "127.0.0.1"]
        with log.open("wb") as file:
            processes.append(
                subprocess.Popen([*command, "--webui-port", "0", *arguments], stdout=file, stderr=subprocess.STDOUT)
            )
        return log

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SPARK_HOME": str(home),
            "SPARK_CONF_DIR": str(place),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_NO_DAEMONIZE": "1",
        }.items():
            patch.setenv(name, value)
        try:
            master = started(start("master.Master", "--port", "0"), r"spark://127\.0\.0\.1:\d+")
            for _ in range(2):
                work = ["--cores", "1", "--memory", "1g", "--work-dir", str(place / "work"), master]
                started(start("worker.Worker", *work), "Successfully registered with master")
            yield master
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(30)


def test_the_sample_is_equal_table_by_table_and_rule_by_rule(cluster: str, sample: Settings) -> None:
    said = CliRunner().invoke(
        main, ["province", "verify", "--engine", "spark", "--master", cluster, "--warehouse", str(sample.warehouse)]
    )
    assert said.exit_code == ALL_PUBLISHED, said.output
    assert "Differing: 0" in said.output
    files = [file for group in (*GROUPS, "rules", "rules/shared") for file in read_sql_group(group)]
    assert f"Equal: {len(files)} tables and rules" in said.output


def test_every_rule_finds_the_same_cases_and_a_cent_that_differs_is_told(cluster: str, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        fill(connection, [clean("999998"), *(case.make(str(100_000 + at)) for at, case in enumerate(CASES))])
        made = {file.table for group in ("core", "summary") for file in read_sql_group(group)}
        run_sql(connection, "core", "summary", needed=made)
        key = "district_code = '999998' and department_code = '102001'"
        changed = (
            f"update summary.department_execution_by_fund_type set executed_amount = executed_amount + 0.01 where {key}"
        )
        (count,) = connection.execute(changed).fetchall()[0]
        assert count
        session = spark_session(cluster)
        try:
            compared = {one.name: one for one in compare(connection, session, Settings(), tmp_path)}
        finally:
            session.stop()
    differing = {
        name: (one.only_here, one.only_on_spark, one.error) for name, one in compared.items() if not one.is_equal
    }
    assert differing == {"summary.department_execution_by_fund_type": (count, count, "")}
    found = {rule.id for rule in read_rules() if compared[rule.file.name].rows}
    assert found >= {rule.id for rule in read_rules() if rule.scope is Scope.DISTRICT_YEAR}


MACRO_CALLS = (
    "exact_rate(one, other)",
    "exact_rate_pct(one, other)",
    "exact_points(one, other, 100)",
    "share_of_amount(one, cast(other % 1000 * 0.001 as decimal(18, 6)))",
    "readable_amount(one)",
    "execution_status(one, other)",
)


def amounts() -> Iterator[tuple[Decimal | None, Decimal | None]]:
    """24,000 pairs of amounts: every pair of the extremes, ties of the last place, and drawn ones of every size."""
    extremes = [None, *map(Decimal, ("0.00", "0.01", "-0.01", "0.05", "1.00", "3.00", "-3.00", "7.00", "200.00"))]
    extremes += [Decimal(sign) * 10**power for sign in (1, -1) for power in (4, 8, 10, 11, 13, 14)]
    extremes += map(Decimal, ("399999999.99", "40000000000.00", "-39999999999.99", "9999999999999999.99"))
    pairs = list(itertools.product(extremes, repeat=2))
    yield from pairs
    draw = random.Random(19)  # noqa: S311 - figures to be compared, no secret
    for _ in range(24_000 - len(pairs)):
        one, other = (10 ** draw.randint(1, 15) for _ in range(2))
        yield Decimal(draw.randint(-one, one)).scaleb(-2), Decimal(draw.randint(-other, other)).scaleb(-2)


def test_macros_give_the_same_on_both_engines_for_24_000_pairs(cluster: str, tmp_path: Path) -> None:
    pairs = list(amounts())
    money = pa.decimal128(18, 2)
    rows = pa.table(
        {
            "number": pa.array(range(len(pairs))),
            "one": pa.array([one for one, _ in pairs], money),
            "other": pa.array([other for _, other in pairs], money),
        }
    )
    pq.write_table(rows, tmp_path / "pairs.parquet")
    query = f"select number, {', '.join(f'{call} as c{at}' for at, call in enumerate(MACRO_CALLS))} from pairs"
    session = spark_session(cluster)
    try:
        session.read.parquet(str(tmp_path / "pairs.parquet")).createOrReplaceTempView("pairs")
        session.sql(as_spark(query)).write.parquet(str(tmp_path / "there"))
    finally:
        session.stop()
    with duckdb.connect() as connection:
        create_macros(connection)
        connection.execute(f"create view pairs as from read_parquet('{tmp_path}/pairs.parquet')")
        connection.execute(f"create table here as {query}")
        connection.execute(f"create view there as from read_parquet('{tmp_path}/there/*.parquet')")
        assert connection.execute("select count(*) from there").fetchall() == [(24_000,)]
        assert connection.sql("(from here except all from there) order by number limit 5").fetchall() == []


def executors(place: Path) -> list[int]:
    """The processes that work for the cluster of ``place``: each has a folder below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (
                process.joinpath("cwd").readlink().is_relative_to(place)
                and b"ExecutorBackend" in (process / "cmdline").read_bytes()
            ):
                found.append(int(process.name))
    return found


def test_an_executor_killed_under_a_night_changes_nothing(cluster: str, place: Path, tmp_path: Path) -> None:
    raw, province = tmp_path / "raw", tmp_path / "province"
    assert len(list(RandomDeliveries(raw, seed=5, dirt=0).steps(12))) == 12
    for held_back in (*raw.rglob("无法识别.csv"), *raw.rglob("*更正.csv")):
        held_back.unlink()
    environment = os.environ | {"DISTRICT_FINANCE_HASH_SECRET": "one for the province"}
    command = [str(Path(sys.executable).with_name("district-finance")), "province"]
    places = ["--warehouse", str(province)]
    with subprocess.Popen(
        [*command, "run", "--runner", "spark", "--master", cluster, "--raw", str(raw), *places],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        while not list(province.glob("shards/*/accepted")):
            assert run.poll() is None
            time.sleep(0.05)
        killed = executors(place)
        os.kill(killed[0], signal.SIGKILL)
        said, _ = run.communicate()
    assert run.returncode == ALL_PUBLISHED, said
    assert said.count("published") == 3
    assert any(place.rglob("work/app-*/2")), "no executor took the place of the one that was killed"
    merged = subprocess.run([*command, "merge", *places], env=environment, check=False, capture_output=True, text=True)
    assert merged.returncode == ALL_PUBLISHED, merged.stderr
    control = Settings(raw=raw, warehouse=tmp_path / "one", hash_secret=SecretStr("one for the province"))
    assert run_night(control).exit_code == ALL_PUBLISHED
    assert differing(control.database, province / "district_finance.duckdb") == []
