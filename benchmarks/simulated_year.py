"""A year of nights over a synthetic city, with faults: nobody intervenes, and at the end every row and cent is right.

    python benchmarks/simulated_year.py                      366 nights, 12 districts
    python benchmarks/simulated_year.py --nights 8 --districts 2 --seed 3      a short one

Offices work on weekdays and deliver daily, weekly or monthly: in time, late, twice, restated, copied once more,
replaced under another name, withdrawn, with wrong rows, with a wrong header that is corrected days later, half-written,
or not at all until the year's end. Nights are killed at any stage, find the disk full, the clock days or months off, a
delivery unreadable or an accepted file damaged, and a reader holds the first publication open all year. The clock is
moved by ``time-machine``; each night is a process of its own, without root's rights. The figures are compared with sums
that are kept here in whole cents and share no code with the program.

Prints what happened as JSON and ends with 0 only if everything that must hold does.
Does not belong here: speed (the benchmark of the whole flow).
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import time_machine

from pipelines.nightly import run_night
from pipelines.settings import Limits, Notifications, SetAside, Settings, Webhook
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.stages import Stage, listening
from pipelines.warehouse.store import district_years

YEAR = 2024
FIRST_DAY = date(YEAR, 1, 1)
SHANGHAI = timezone(timedelta(hours=8))
PAYMENT_HEADER = "支付凭证号,支付日期,部门编码,项目编码,资金性质编码,实际支付金额"
BROKEN_HEADER = PAYMENT_HEADER.replace("实际支付金额", "实付金頟")
CADENCES = ("daily", "weekly", "monthly", "monthly", "weekly", "monthly", "monthly", "weekly", *["monthly"] * 4)
FAULTS = ("kill", "full disk", "clock", "unreadable delivery", "damaged accepted file")


def yuan(cents: int) -> str:
    """Whole cents as the text of an amount in yuan."""
    sign, rest = "-" if cents < 0 else "", abs(cents)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


@dataclass(frozen=True)
class Line:
    """One payment as an office wrote it; ``text`` in place of the amount cannot be read, an orphan has no project."""

    voucher: str
    day: date
    department: str
    project: str
    cents: int
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the line has to count."""
        return not self.text and not self.project.startswith("X")

    def __str__(self) -> str:
        amount = self.text or yuan(self.cents)
        return f"{self.voucher},{self.day},{self.department},{self.project},111,{amount}"


@dataclass
class District:
    """A district, what its offices have written so far, and what they still owe."""

    code: str
    cadence: str
    encoding: str
    rng: random.Random
    projects: list[tuple[str, str, int]]
    files: dict[str, list[Line]] = field(default_factory=dict)
    adjusted: Counter[str] = field(default_factory=Counter)
    unpaid: list[Line] = field(default_factory=list)
    vouchers: int = 0
    corrections: Counter[str] = field(default_factory=Counter)
    final: set[str] = field(default_factory=set)
    due: defaultdict[int, list[Callable[[], None]]] = field(default_factory=lambda: defaultdict(list))
    held_for: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)


class City:
    """The offices of a few districts and what they put into raw/, night by night."""

    def __init__(self, raw: Path, districts: int, seed: int) -> None:
        self.raw = raw
        self.rng = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.districts = [self._district(number) for number in range(districts)]

    def _district(self, number: int) -> District:
        rng = random.Random(f"{number}/{self.rng.random()}")
        projects = [
            (f"10{unit}", f"P{unit}{item}", rng.randrange(10**7, 10**9)) for unit in (1, 2, 3) for item in (1, 2, 3)
        ]
        district = District(
            f"9901{number:02d}", CADENCES[number % len(CADENCES)], ("utf-8", "gb18030")[number % 2], rng, projects
        )
        names = "\n".join(f"10{unit},虚构{district.code}第{unit}局" for unit in (1, 2, 3))
        self._write(district, "部门.csv", f"部门编码,部门名称\n{names}", FIRST_DAY)
        lines = "\n".join(f"{unit},{project},虚构项目{project},特定目标类" for unit, project, _ in projects)
        self._write(district, "项目.csv", f"部门编码,项目编码,项目名称,项目类别\n{lines}", FIRST_DAY)
        lines = "\n".join(f"{unit},{project},111,{yuan(cents)}" for unit, project, cents in projects)
        self._write(district, "年初预算.csv", f"部门编码,项目编码,资金性质编码,年初预算数\n{lines}", FIRST_DAY)
        self._write(district, "调整_01.csv", _adjustments(district, 1, rng), FIRST_DAY)
        return district

    def _write(self, district: District, name: str, text: str, day: date, *, hours: float = -6) -> Path:
        """Writes a file as of ``hours`` after two o'clock in the night of ``day``."""
        path = self.raw / district.code / str(YEAR) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(district.encoding))
        moment = night_of(day).timestamp() + hours * 3600
        os.utime(path, (moment, moment))
        return path

    def day_before(self, night: int, last: int) -> None:
        """What offices do before a night; before the ``last`` they deliver and correct everything."""
        today = FIRST_DAY + timedelta(days=night)
        for district in self.districts:
            for number in [due for due in district.due if due <= night or night >= last - 1]:
                for act in district.due.pop(number):
                    act()
            self._spend(district, today - timedelta(days=1))
            if today.day == 1 and today.month > 1 and today.year == YEAR:
                self._write(
                    district, f"调整_{today.month:02d}.csv", _adjustments(district, today.month, district.rng), today
                )
            is_due = {"daily": True, "weekly": today.weekday() == 0, "monthly": today.day == 3}[district.cadence]
            if district.unpaid and (is_due or night >= last - 1):
                self._deliver(district, night, today, hurry=night >= last - 1)

    def _spend(self, district: District, day: date) -> None:
        if day.year != YEAR or day.weekday() > 4:
            return
        for _ in range(district.rng.choice((0, 0, 1, 2, 3))):
            department, project, budget = district.rng.choice(district.projects)
            district.vouchers += 1
            line = Line(f"V{district.vouchers:06d}", day, department, project, district.rng.randrange(1, budget // 400))
            dice = district.rng.random()
            if dice < 0.01:
                line = Line(line.voucher, day, department, project, 0, text="未知")
                self.done["wrong rows"] += 1
            elif dice < 0.02:
                line = Line(line.voucher, day, department, f"X{district.vouchers}", line.cents)
                self.done["orphans"] += 1
            district.unpaid.append(line)

    def _deliver(self, district: District, night: int, today: date, *, hurry: bool) -> None:
        lines, district.unpaid = district.unpaid, []
        name = f"支付_{today:%Y%m%d}.csv"
        dice = 1.0 if hurry else district.rng.random()
        if dice < 0.05:
            self.done["late deliveries"] += 1
            wait = district.rng.randrange(1, 40)
            district.due[night + wait].append(
                lambda: self._payments(district, name, lines, today + timedelta(days=wait))
            )
        elif dice < 0.08:
            self.done["wrong headers"] += 1
            wait = district.rng.randrange(1, 5)
            self._write(district, name, f"{BROKEN_HEADER}\n" + "\n".join(map(str, lines)), today)
            district.held_for.add(name)

            def correct() -> None:
                district.held_for.discard(name)
                self._payments(district, name, lines, today + timedelta(days=wait))

            district.due[night + wait].append(correct)
        elif dice < 0.12:
            self.done["half-written files"] += 1
            text = _payments(lines)
            self._write(district, name, text[: district.rng.randrange(len(text))], today, hours=-0.001)
            district.unfinished.add(name)

            def finish() -> None:
                district.unfinished.discard(name)
                self._payments(district, name, lines, today + timedelta(days=1))

            district.due[night + 1].append(finish)
        else:
            self._payments(district, name, lines, today)
            if dice < 0.17:
                self._twice(district, name, today)
            elif dice < 0.25:
                self._restate(district, today)
            elif dice < 0.35:
                self._change(district, name, night, today, dice)

    def _change(self, district: District, name: str, night: int, today: date, dice: float) -> None:
        """An earlier file that nothing corrects is copied once more, replaced under another name, or withdrawn."""
        known = [
            known
            for known, lines in district.files.items()
            if known != name and district.final.isdisjoint(line.voucher for line in lines)
        ]
        if not known:
            return
        chosen = district.rng.choice(sorted(known))
        lines = district.files[chosen]
        path = self.raw / district.code / str(YEAR) / chosen
        if dice < 0.29:
            self.done["files copied once more"] += 1
            self._payments(district, chosen, lines, today, hours=-0.001)
            district.unfinished.add(chosen)

            def settle() -> None:
                district.unfinished.discard(chosen)

            district.due[night + 1].append(settle)
        elif dice < 0.32:
            self.done["files replaced"] += 1
            path.unlink()
            del district.files[chosen]
            self._payments(district, chosen.replace(".csv", "_重报.csv"), lines, today)
        elif 10 * _cents(lines) < sum(self.executed(district).values()):
            self.done["files withdrawn"] += 1
            path.unlink()
            del district.files[chosen]

    def _payments(self, district: District, name: str, lines: list[Line], day: date, *, hours: float = -6) -> None:
        self._write(district, name, _payments(lines), day, hours=hours)
        district.files[name] = lines
        self.done["deliveries"] += 1
        self.done["rows"] += len(lines)

    def _twice(self, district: District, name: str, day: date) -> None:
        self.done["files delivered twice"] += 1
        lines = district.files[name]
        district.final.update(line.voucher for line in lines)
        self._payments(district, name.replace(".csv", "_副本.csv"), lines, day)

    def _restate(self, district: District, day: date) -> None:
        known = [
            line
            for name, lines in district.files.items()
            for line in lines
            if line.is_good and line.voucher not in district.final and "更正" not in name
        ]
        if not known:
            return
        self.done["restatements"] += 1
        chosen = district.rng.sample(known, min(len(known), 3))
        district.final.update(line.voucher for line in chosen)
        again = [
            Line(x.voucher, x.day, x.department, x.project, max(1, x.cents + district.rng.randrange(-999, 999)))
            for x in chosen
        ]
        # A correction is written after what it corrects, if both come in one night.
        self._payments(district, f"支付_{day:%Y%m%d}_更正.csv", again, day, hours=-3)

    def executed(self, district: District) -> Counter[str]:
        """Cents paid by project in what is delivered: of each voucher the correction, where there is one."""
        paid: dict[str, Line] = {}
        for name in sorted(district.files, key=lambda name: ("更正" in name, name)):
            paid.update({line.voucher: line for line in district.files[name] if line.is_good})
        cents: Counter[str] = Counter()
        for line in paid.values():
            cents[line.project] += line.cents
        return cents

    def outcomes(self, district: District) -> dict[tuple[str, int], str]:
        """What has to become of each line (file, number): accepted, rejected, duplicate or superseded."""
        told: dict[tuple[str, int], str] = {}
        corrected = {x.voucher for name, lines in district.files.items() if "更正" in name for x in lines}
        seen: set[str] = set()
        for name in sorted(district.files):
            for number, line in enumerate(district.files[name], start=2):
                if line.text:
                    outcome = "rejected"
                elif line.voucher in corrected and "更正" not in name:
                    outcome = "superseded"
                elif line.voucher in seen:
                    # Of an orphan too: the first of two equal rows is set aside, the other one repeats it.
                    outcome = "duplicate"
                else:
                    outcome = "accepted" if line.is_good else "rejected"
                    seen.add(line.voucher)
                told[f"{district.code}/{YEAR}/{name}", number] = outcome
        return told


def _cents(lines: list[Line]) -> int:
    return sum(line.cents for line in lines if line.is_good)


def _payments(lines: list[Line]) -> str:
    return f"{PAYMENT_HEADER}\n" + "\n".join(map(str, lines)) + "\n"


def _adjustments(district: District, month: int, rng: random.Random) -> str:
    rows = ["调整日期,调整类型,部门编码,项目编码,资金性质编码,调整金额"]
    for department, project, budget in rng.sample(district.projects, 2):
        cents = rng.randrange(1, budget // 50) * rng.choice((1, -1))
        district.adjusted[project] += cents
        rows.append(f"{YEAR}-{month:02d}-01,{'追加' if cents > 0 else '追减'},{department},{project},111,{yuan(cents)}")
    return "\n".join(rows) + "\n"


def night_of(day: date) -> datetime:
    """Two o'clock in the morning of ``day`` in Shanghai."""
    return datetime(day.year, day.month, day.day, 2, tzinfo=SHANGHAI)


# One night ---------------------------------------------------------------------------------------------------------


@dataclass
class Fault:
    """What goes wrong in one night: its kind, the stage at which it strikes, days by which the clock is off."""

    kind: str
    stage: Stage | None = None
    days: int = 0
    path: Path | None = None
    district: str | None = None


def run_in_child(settings: Settings, moment: datetime, fault: Fault | None) -> dict[str, Any]:
    """Runs a night at ``moment`` in a process of its own; tells how it ended and what is published then."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        told: dict[str, Any] = {}
        try:
            _without_privileges()
            with time_machine.travel(moment.astimezone(UTC), tick=True), listening(_strike(fault)):
                night = run_night(settings)
            told = {"ended": "ok", "exit_code": night.exit_code, "status": night.publication.status}
        except BaseException as error:
            told = {
                "ended": type(error).__name__,
                "error": str(error)[:300],
                "traceback": traceback.format_exc()[-2000:],
            }
        try:
            told |= _published(settings)
        except Exception as error:
            told["unreadable"] = repr(error)
        with os.fdopen(writable, "w") as pipe:
            pipe.write(json.dumps(told))
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if text else {"ended": "killed" if os.WIFSIGNALED(status) else "gone"}


def _without_privileges() -> None:
    """Gives up what root may beyond its own files, so that a file without rights cannot be read by root either."""
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _strike(fault: Fault | None) -> Callable[[Stage], None]:
    def listener(stage: Stage) -> None:
        if fault and stage == fault.stage:
            if fault.kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, "No space left on device")

    return listener


def _published(settings: Settings) -> dict[str, Any]:
    if not settings.database.exists():
        return {}
    with open_published(settings.database) as published:
        executed = published.execute(
            """select district_code, project_code, executed_amount::varchar from summary.project_execution
            where executed_amount <> 0"""
        ).fetchall()
        held = published.execute("select district_code from quality.district_year where is_held_back").fetchall()
    return {"executed": executed, "held": sorted(code for (code,) in held)}


def audit_in_child(settings: Settings) -> dict[str, Any]:
    """Everything that the end of the year is judged by, read from the published file."""
    readable, writable = os.pipe()
    if os.fork() == 0:
        os.close(readable)
        with open_published(settings.database) as published, os.fdopen(writable, "w") as pipe:
            pipe.write(json.dumps({name: published.execute(query).fetchall() for name, query in AUDIT.items()}))
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as pipe:
        told: dict[str, Any] = json.loads(pipe.read())
    os.wait()
    return told


AUDIT = {
    "lines": """
        with path as (select distinct source_file_id, source_path from quality.source_file)
        select path.source_path, line.source_line, line.outcome from (
            select source_file_id, source_line, 'accepted' as outcome from core.payment
            union all
            select source_file_id, source_line, 'rejected' from quality.rejected_row where dataset = 'payment'
            union all
            select source_file_id, source_line, duplicate_kind from quality.duplicate_row where dataset = 'payment'
        ) as line join path using (source_file_id)""",
    "conserved": """
        select sum(rows_read)::bigint, sum(rows_accepted + rows_rejected + rows_duplicate + rows_subtotal)::bigint,
            sum(money_read)::varchar, sum(money_accepted + money_rejected + money_duplicate)::varchar
        from quality.source_file""",
    "projects": """
        select district_code, project_code, initial_budget_amount::varchar, net_adjustment_amount::varchar,
            executed_amount::varchar from summary.project_execution""",
    "held": "select district_code from quality.district_year where is_held_back",
    "publications": "select count(*) from history.publication",
    "month_closes": "select count(distinct month_end) from history.month_close",
}


# The year ----------------------------------------------------------------------------------------------------------


class Receiver:
    """A chat robot on the loopback that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


READER = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
first = held.execute("select build_id from quality.build").fetchall()
print("open", flush=True)
sys.stdin.readline()
assert held.execute("select build_id from quality.build").fetchall() == first
assert held.execute("select count(*) from summary.department_execution").fetchall()[0][0] > 0
print("unchanged", flush=True)
"""


class Year:
    """The nights, the faults in them, and what has to hold."""

    def __init__(self, directory: Path, nights: int, districts: int, seed: int, fault_share: float) -> None:
        self.rng = random.Random(f"faults {seed}")
        self.fault_share = fault_share
        self.nights = nights
        self.receiver = Receiver()
        address = f"http://127.0.0.1:{self.receiver.server.server_port}/"
        webhook = Webhook.model_validate({"kind": "json", "url": address})
        self.settings = Settings(
            raw=directory / "raw",
            warehouse=directory / "warehouse",
            limits=Limits(settle_seconds=60),
            set_aside=SetAside(max_row_share=1, max_money_share=1),
            notifications=Notifications(webhooks={"robot": webhook}, attempts=1),
        )
        self.city = City(self.settings.raw, districts, seed)
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.reader: subprocess.Popen[str] | None = None
        self.seconds: list[float] = []

    def run(self) -> dict[str, Any]:
        """Runs every night and judges the end."""
        last = self.nights - 1
        for night in range(self.nights):
            self.city.day_before(night, last)
            fault = self._draw() if 0 < night < last - 1 else None
            self._night(night, fault)
            if self.reader is None and self.settings.database.exists():
                self._open_reader()
            if sys.stderr.isatty() or night % 10 == 0:
                print(f"night {night + 1}/{self.nights}, {sum(self.seconds):.0f} s", file=sys.stderr)
        self._judge_the_end()
        self.receiver.server.shutdown()
        messages = Counter(message["event"] for message in self.receiver.messages)
        return {
            "nights": self.nights,
            "districts": len(self.city.districts),
            "offices": dict(self.city.done),
            "faults": dict(self.faults),
            "outcomes": dict(self.outcomes),
            "messages": dict(messages),
            "seconds_per_run": round(sum(self.seconds) / len(self.seconds), 2),
            "wrong": self.wrong[:20],
        }

    def _draw(self) -> Fault | None:
        if self.rng.random() >= self.fault_share:
            return None
        kind = self.rng.choice(FAULTS)
        if kind in ("kill", "full disk"):
            return Fault(kind, stage=self.rng.choice(list(Stage)))
        if kind == "clock":
            return Fault(kind, days=self.rng.choice((-400, -40, -1, 1, 45, 200)))
        district = self.rng.choice(self.city.districts)
        if kind == "unreadable delivery":
            path = (
                self.settings.raw / district.code / str(YEAR) / self.rng.choice(sorted(district.files) or ["项目.csv"])
            )
            return Fault(kind, path=path, district=district.code)
        parts = sorted((self.settings.accepted / district.code).glob("*/files/[!.]*/*.parquet"))
        return Fault(kind, path=self.rng.choice(parts)) if parts else None

    def _night(self, night: int, fault: Fault | None) -> None:
        moment = night_of(FIRST_DAY + timedelta(days=night))
        if fault:
            self.faults[fault.kind] += 1
            if fault.path and fault.kind == "unreadable delivery":
                fault.path.chmod(0)
            elif fault.path:
                os.truncate(fault.path, fault.path.stat().st_size // 2)
        told = self._timed(moment + timedelta(days=fault.days if fault else 0), fault)
        if fault and fault.path and fault.kind == "unreadable delivery":
            fault.path.chmod(0o644)
        half_read: set[str] = set()
        if told["ended"] != "ok" and self.rng.random() < 0.5:
            self.outcomes["started again at once"] += 1
            # Ten minutes on a half-written file has settled, and is read as far as it goes.
            half_read = {district.code for district in self.city.districts if district.unfinished}
            told = self._timed(moment + timedelta(minutes=10), None)
            fault = None
        self._judge(f"night {night + 1} ({moment:%F}, {fault.kind if fault else 'no fault'})", told, fault, half_read)

    def _timed(self, moment: datetime, fault: Fault | None) -> dict[str, Any]:
        began = time.perf_counter()
        told = run_in_child(self.settings, moment, fault)
        self.seconds.append(time.perf_counter() - began)
        code = told.get("exit_code")
        self.outcomes[told["ended"] if code is None else f"exit {code} {told['status']}"] += 1
        return told

    def _judge(self, where: str, told: dict[str, Any], fault: Fault | None, half_read: set[str]) -> None:
        """A night without a fault, or with one that must not matter, is right about every district."""
        if told.get("unreadable"):
            self.wrong.append(f"{where}: the published file cannot be read: {told['unreadable']}")
        if told["ended"] != "ok":
            if fault is None or fault.kind not in ("kill", "full disk"):
                self.wrong.append(f"{where}: {told}")
            return
        if fault and fault.kind == "clock":
            return
        expected_held = {district.code for district in self.city.districts if district.held_for or district.unfinished}
        if fault and fault.district:
            expected_held.add(fault.district)
        if set(told["held"]) - half_read != expected_held - half_read:
            self.wrong.append(f"{where}: held back {told['held']}, expected {sorted(expected_held)}")
        executed = {(code, project): amount for code, project, amount in told["executed"]}
        for district in self.city.districts:
            if district.code in expected_held | half_read:
                continue
            expected = {(district.code, p): yuan(cents) for p, cents in self.city.executed(district).items() if cents}
            found = {key: amount for key, amount in executed.items() if key[0] == district.code}
            if found != expected:
                differing = [key for key in {**found, **expected} if found.get(key) != expected.get(key)]
                self.wrong.append(f"{where}: {district.code} differs in {differing[:3]}")

    def _judge_the_end(self) -> None:
        audit = audit_in_child(self.settings)
        lines = defaultdict(list)
        for path, number, outcome in audit["lines"]:
            lines[path, number].append(outcome)
        expected: dict[tuple[str, int], str] = {}
        figures = set()
        for district in self.city.districts:
            expected |= self.city.outcomes(district)
            executed = self.city.executed(district)
            for _, project, cents in district.projects:
                figures.add(
                    (district.code, project, yuan(cents), yuan(district.adjusted[project]), yuan(executed[project]))
                )
        for key in sorted({*lines, *expected}):
            found = lines.get(key, [])
            both = {found[0], expected.get(key)} if len(found) == 1 else set()
            # Which of two equal rows is the duplicate is the program's choice.
            if len(found) != 1 or (found[0] != expected.get(key) and both != {"accepted", "duplicate"}):
                self.wrong.append(f"end: {key} is {found}, expected {expected.get(key)}")
        if Counter(outcome for (outcome,) in lines.values()) != Counter(expected.values()):
            self.wrong.append("end: the outcomes of rows do not add up")
        if {tuple(row) for row in audit["projects"]} != figures:
            self.wrong.append(
                f"end: projects differ: {sorted(figures ^ {tuple(row) for row in audit['projects']})[:4]}"
            )
        ((rows_read, rows_told, money_read, money_told),) = audit["conserved"]
        if rows_read != rows_told or Decimal(money_read) != Decimal(money_told):
            self.wrong.append(f"end: not conserved: {audit['conserved']}")
        if audit["held"]:
            self.wrong.append(f"end: still held back: {audit['held']}")
        self.outcomes["publications"] = audit["publications"][0][0]
        self.outcomes["months closed"] = audit["month_closes"][0][0]
        self.outcomes["rows at the end"] = rows_read
        self._judge_messages_and_reader()

    def _judge_messages_and_reader(self) -> None:
        failures = sum(message["event"] == "failure" for message in self.receiver.messages)
        held_told = {code[:6] for message in self.receiver.messages for code in message.get("held_back", ())}
        if self.city.done["wrong headers"] and not held_told:
            self.wrong.append("nobody was told of anything held back")
        if self.faults["full disk"] and self.outcomes["BuildError"] + self.outcomes["OSError"] and not failures:
            self.wrong.append("nobody was told of a failed night")
        if len(district_years(self.settings.accepted)) != len(self.city.districts):
            self.wrong.append("a district-year is missing in the store")
        if self.reader is not None:
            out, _ = self.reader.communicate("\n", timeout=60)
            if out != "unchanged\n":
                self.wrong.append("the reader that never closed lost its publication")

    def _open_reader(self) -> None:
        self.reader = subprocess.Popen(
            [sys.executable, "-c", READER, self.settings.database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.reader.stdout is not None
        assert self.reader.stdout.readline() == "open\n"


def main() -> int:
    """Runs the year that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=366)
    parser.add_argument("--districts", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault-share", type=float, default=0.2, help="share of the nights that meet a fault")
    parser.add_argument("--directory", type=Path, help="where to work; kept afterwards (default: a temporary one)")
    options = parser.parse_args()
    directory = options.directory or Path(tempfile.mkdtemp(prefix="simulated-year-"))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    try:
        told = Year(directory, options.nights, options.districts, options.seed, options.fault_share).run()
    finally:
        if not options.directory:
            shutil.rmtree(directory)
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return int(bool(told["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
