"""What a night left behind, as one look at the store and the published file, and the message that tells it.

Does not belong here: who is told and whether it is new to them (``pipelines.operations.notify``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.contracts.model import Severity
from pipelines.ledger.fingerprint import fingerprint
from pipelines.operations.channels import Message, plain
from pipelines.settings import Settings
from pipelines.warehouse.connect import open_published
from pipelines.warehouse.loading import held_if_whole
from pipelines.warehouse.publish import Publication
from pipelines.warehouse.store import district_years

LISTED = 10
"""Entries of a list in a message; the rest is counted."""


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """A finding as a message names it; ``key`` stays the same from night to night while the matter is the same."""

    key: str
    severity: str
    sentence: str
    sentence_zh: str


@dataclass(frozen=True, slots=True)
class NightSummary:
    """The state of the warehouse after a night.

    ``held`` are the district-years (``440103/2022``) whose latest delivery is held back. ``rejected_rows`` and
    ``rejected_money`` (yuan) count what is set aside in everything that was read. ``misplaced`` are deliveries that
    belong to no district-year, ``gate`` the reasons for which the publication itself was refused.
    """

    day: date
    outcome: str
    build_id: str | None
    district_years: int
    held: tuple[str, ...]
    rejected_rows: int
    rejected_money: Decimal
    findings: tuple[ToldFinding, ...]
    misplaced: tuple[str, ...]
    gate: tuple[str, ...]

    def fingerprint(self) -> str:
        """A hash of everything that is worth a message: the same for a night that changed nothing."""
        worth = (
            self.outcome.replace("unchanged", "published"),
            self.build_id,
            self.held,
            self.rejected_rows,
            str(self.rejected_money),
            sorted(finding.key for finding in self.findings),
            self.misplaced,
            self.gate,
        )
        return fingerprint(content=[repr(worth)])

    def count(self, severity: Severity) -> int:
        """The number of findings of ``severity``."""
        return sum(finding.severity == severity for finding in self.findings)


def look(settings: Settings, publication: Publication, misplaced: Iterable[str], day: date) -> NightSummary:
    """The state that the night of ``day`` left; reads the store and the published file, changes nothing."""
    held = [attempt for store in district_years(settings.accepted) if (attempt := held_if_whole(store))]
    findings = {finding.key: finding for attempt in held for finding in map(_told, attempt.findings().to_pylist())}
    build_id, years, rejected = None, 0, (0, Decimal(0))
    if settings.database.exists():
        with open_published(settings.database) as published:
            findings |= {finding.key: finding for finding in _published_findings(published)}
            build_id, years, rejected = _published_facts(published)
    return NightSummary(
        day=day,
        outcome=publication.status,
        build_id=build_id,
        district_years=years,
        held=tuple(f"{attempt.store.district_code}/{attempt.store.fiscal_year}" for attempt in held),
        rejected_rows=rejected[0],
        rejected_money=rejected[1],
        findings=tuple(sorted(findings.values(), key=_gravest_first)),
        misplaced=tuple(sorted(misplaced)),
        gate=tuple(str(reason) for reason in publication.reasons),
    )


def _published_findings(published: duckdb.DuckDBPyConnection) -> Iterable[ToldFinding]:
    rows = published.sql(
        """select rule_id, severity, district_code, fiscal_year, finding_key, source_file_id, source_sheet,
            source_line, message, message_zh from quality.finding"""
    )
    names = rows.columns
    return [_told(dict(zip(names, row, strict=True))) for row in rows.fetchall()]


def _published_facts(published: duckdb.DuckDBPyConnection) -> tuple[str, int, tuple[int, Decimal]]:
    ((build_id, years, rows, money),) = published.execute(
        """select (select build_id from quality.build), (select count(*) from quality.district_year),
            coalesce(sum(rows_rejected), 0)::bigint, coalesce(sum(money_rejected), 0) from quality.source_file"""
    ).fetchall()
    return build_id, years, (rows, money)


def _told(finding: Mapping[str, Any]) -> ToldFinding:
    identity = [
        str(finding[name] or "")
        for name in ("rule_id", "district_code", "fiscal_year", "finding_key", "source_sheet", "source_line")
    ]
    place = f"{finding['district_code']}/{finding['fiscal_year']} {plain(finding['finding_key'] or '')}".rstrip()
    return ToldFinding(
        key=fingerprint(content=identity, length=12),
        severity=finding["severity"],
        sentence=f"{place}: {plain(finding['message'])}",
        sentence_zh=f"{place}：{plain(finding['message_zh'])}",
    )


def _gravest_first(finding: ToldFinding) -> tuple[int, str]:
    return [Severity.FATAL, Severity.ERROR, Severity.WARNING].index(Severity(finding.severity)), finding.sentence


def night_message(night: NightSummary, known: set[str], language: str) -> Message:
    """The message about a night for a receiver who already knows the findings with the keys ``known``."""
    new = [finding for finding in night.findings if finding.key not in known]
    gone = len(known - {finding.key for finding in night.findings})
    facts = {
        "event": "night",
        "date": night.day.isoformat(),
        "outcome": night.outcome,
        "build_id": night.build_id,
        "district_years": night.district_years,
        "held_back": list(night.held),
        "rejected_rows": night.rejected_rows,
        "rejected_money": str(night.rejected_money),
        "errors": night.count(Severity.ERROR),
        "warnings": night.count(Severity.WARNING),
        "new_findings": [finding.sentence_zh if language == "zh" else finding.sentence for finding in new[:LISTED]],
        "new_findings_count": len(new),
        "resolved_findings_count": gone,
        "misplaced": [plain(text) for text in night.misplaced[:LISTED]],
    }
    write = _chinese if language == "zh" else _english
    title, lines = write(night, new, gone)
    return Message(title, "\n".join(lines), facts)


_OUTCOMES_ZH = {
    "published": "已发布",
    "unchanged": "无变化",
    "held_back": "未发布：检查未通过，仍为上次发布",
    "nothing": "没有可发布的数据",
}
_OUTCOMES = {
    "published": "published",
    "unchanged": "nothing changed",
    "held_back": "NOT published: the gate refused, the last publication stays",
    "nothing": "nothing could be published",
}


def _chinese(night: NightSummary, new: list[ToldFinding], gone: int) -> tuple[str, list[str]]:
    outcome = _OUTCOMES_ZH[night.outcome]
    title = f"【区级预算执行】{night.day} {outcome}"
    if night.held:
        title += f"，暂缓 {len(night.held)} 个区年度"
    if new:
        title += f"，新问题 {len(new)} 项"
    lines = [
        f"结果：{outcome}；发布批次 {night.build_id or '无'}",
        f"区年度：{night.district_years} 个，暂缓 {len(night.held)} 个 {'、'.join(night.held)}".rstrip(),
        f"未计入：{night.rejected_rows:,} 行，{night.rejected_money:,.2f} 元，待更正",
        f"问题：错误 {night.count(Severity.ERROR)} 项，警告 {night.count(Severity.WARNING)} 项",
        f"较上次：新增 {len(new)} 项，消除 {gone} 项",
        *_listed("新增问题：", [finding.sentence_zh for finding in new], "另有 {} 项，见发布库“数据问题”"),
        *_listed("位置不对的文件：", [plain(text) for text in night.misplaced], "另有 {} 个"),
        *_listed("未发布的原因：", [plain(text) for text in night.gate], "另有 {} 项"),
    ]
    return title, lines


def _english(night: NightSummary, new: list[ToldFinding], gone: int) -> tuple[str, list[str]]:
    outcome, held = _OUTCOMES[night.outcome], ", ".join(night.held)
    title = f"[district finance] {night.day} {outcome}"
    if night.held:
        title += f", {len(night.held)} held back"
    if new:
        title += f", {len(new)} new findings"
    lines = [
        f"Outcome: {outcome}; build {night.build_id or 'none'}",
        f"District-years: {night.district_years}; held back {len(night.held)} {held}".rstrip(),
        f"Set aside: {night.rejected_rows:,} rows, {night.rejected_money:,.2f} yuan",
        f"Findings: {night.count(Severity.ERROR)} errors, {night.count(Severity.WARNING)} warnings",
        f"Since the last message: {len(new)} new, {gone} gone",
        *_listed("New findings:", [finding.sentence for finding in new], "and {} more in quality.finding"),
        *_listed("Files in the wrong place:", [plain(text) for text in night.misplaced], "and {} more"),
        *_listed("Why it was not published:", [plain(text) for text in night.gate], "and {} more"),
    ]
    return title, lines


def _listed(head: str, entries: list[str], more: str) -> list[str]:
    if not entries:
        return []
    rest = len(entries) - LISTED
    return [head, *(f"- {entry}" for entry in entries[:LISTED]), *([f"- {more.format(rest)}"] if rest > 0 else [])]
