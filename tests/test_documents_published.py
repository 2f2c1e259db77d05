"""Published reports beside the warehouse: read, linked, compared; they keep nothing back."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bureau import Bureau
from test_rules_from_files import OF_PUBLISHED_REPORTS

from pipelines.contracts.quality_tables import PUBLISHED_MEASURES
from pipelines.documents.published import update_published
from pipelines.quality.rules import read_rules

CHECKOUT = Path(__file__).parent.parent
LIWAN = CHECKOUT / "published/440103"
REPORT = next((LIWAN / "2022").glob("*.txt"))

OTHER = "广州市荔湾区商务和投资促进局2022年其他公开文字\n\n"
"""Texts that break one rule each, and for each the rule; the sample report breaks none of them."""
BROKEN = {
    "published-growth-does-not-fit": "会议费支出452.80万元，比上年增加52.80万元，增长18.20%。",
    "published-parts-differ-from-total": "本年收入合计94.80万元，其中：财政拨款收入61.02万元，其他收入33.18万元。",
    "published-values-contradict": "1、教育支出（类）普通教育（款）小学教育（项）。决算为20万元。决算为21万元。",
    "published-rate-does-not-fit-its-amounts": "培训费全年预算数200万元，全年执行数150万元，完成预算的85.00%。",
    "report-not-read": "现场走访率为35%。",
}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """Liwan's accounts, its report with planted errors, further texts, a file that is no document."""
    bureau = Bureau(tmp_path_factory.mktemp("published"))
    shutil.copytree(CHECKOUT / "raw/440103", bureau.settings.raw / "440103")
    folder = bureau.settings.published_reports / "440103/2022"
    folder.mkdir(parents=True)
    shutil.copy(LIWAN / "aliases.csv", folder.parent)
    text = REPORT.read_text(encoding="utf-8")
    (folder / "right.txt").write_text(text, encoding="utf-8")
    wrong = text.replace("执行数8778.17万元", "执行数9999万元").replace("完成预算的78.33%", "完成预算的89.22%")
    wrong = wrong.replace("全年执行数3504.7万元", "全年执行数3504.7元")
    (folder / "wrong.txt").write_text(wrong.replace("区政府合作经费", "某未立项经费"), encoding="utf-8")
    for rule, sentence in BROKEN.items():
        (folder / f"{rule}.txt").write_text(OTHER + sentence, encoding="utf-8")
    (folder / "years.txt").write_text(
        OTHER + "基本支出1121.85万元，比上年支出1300万元减少178.15万元。", encoding="utf-8"
    )
    (folder / "picture.pdf").write_bytes(b"%PDF-1.4 cut off")
    with zipfile.ZipFile(folder / "two.zip", "w") as package:
        package.writestr("inner.txt", OTHER + "会议费支出5万元。")
    night = bureau.night()
    assert (night.exit_code, night.publication.status) == (0, "published")
    return bureau


def found(bureau: Bureau, rule: str) -> list[tuple[str, str, str]]:
    return bureau.rows(
        f"select finding_key, message_zh, message from quality.finding where rule_id = '{rule}' order by all"
    )


@pytest.mark.parametrize(
    "rule", sorted(OF_PUBLISHED_REPORTS - {"published-rate-truncated", "published-subject-unknown"})
)
def test_a_rule_finds_its_planted_error_and_nothing_in_the_right_report(bureau: Bureau, rule: str) -> None:
    keys = [key for key, *_ in found(bureau, rule)]
    assert keys
    assert not [key for key in keys if "right.txt" in key or "two.zip" in key]


def test_rules_of_documents_are_those_that_are_tested_here() -> None:
    own = {rule.id for rule in read_rules() if rule.guards.startswith("quality.published_")}
    assert own == OF_PUBLISHED_REPORTS


def test_the_amount_that_differs_is_told_with_both_and_the_place(bureau: Bureau) -> None:
    ((_, chinese, english),) = found(bureau, "published-amount-differs-from-warehouse")
    assert "《440103/2022/wrong.txt》第 1 页" in chinese
    assert all(text in chinese for text in ("执行数", "9999万元", "87,781,700.00", "12,208,300.00"))
    assert "the warehouse has 87,781,700.00 yuan" in english


def test_only_the_truncated_rate_of_the_right_report_is_told(bureau: Bureau) -> None:
    told = [(key, chinese) for key, chinese, _ in found(bureau, "published-rate-truncated") if "right" in key]
    assert len(told) == 1
    assert "120.83%" in told[0][1]
    assert "120.84%" in told[0][1]


def test_an_unknown_name_is_told_and_linked_to_nothing(bureau: Bureau) -> None:
    assert [key for key, *_ in found(bureau, "published-subject-unknown") if "right" in key] == []
    assert "某未立项经费" in "".join(chinese for _, chinese, _ in found(bureau, "published-subject-unknown"))
    statuses = bureau.rows(
        "select distinct linked_by, reconciliation_status from summary.published_reconciliation"
        " where printed_subject = '某未立项经费'"
    )
    assert statuses == [("none", "not_linked")]


def test_the_right_report_agrees_figure_by_figure(bureau: Bureau) -> None:
    statuses = Counter(
        status
        for (status,) in bureau.rows(
            "select reconciliation_status from summary.published_reconciliation where document_path like '%right.txt'"
        )
    )
    assert statuses == {"agrees": 24, "truncated": 2, "not_compared": 6, "not_in_warehouse": 1}
    by_how = bureau.rows(
        "select distinct linked_by from summary.published_reconciliation"
        " where document_path like '%right.txt' and printed_subject = '产业扶持资金项目'"
    )
    assert by_how == [("alias",)]


def test_a_figure_of_another_year_is_not_held_against_this_year(bureau: Bureau) -> None:
    assert bureau.rows(
        "select printed_value, stated_year, reconciliation_status from summary.published_reconciliation"
        " inner join quality.published_statement using (document_path, statement_number, printed_value)"
        " where document_path like '%years.txt' and published_statement.published_measure = 'executed' order by all"
    ) == [("1121.85万元", 2022, "agrees"), ("1300万元", 2021, "not_compared")]


def test_numbers_of_every_document_are_conserved(bureau: Bureau) -> None:
    documents = bureau.rows(
        "select document_path, refusal_zh is not null, numbers_found - numbers_used - numbers_passed_over"
        " - numbers_unread from quality.published_document order by all"
    )
    assert all(rest == 0 for *_, rest in documents)
    assert [path for path, is_refused, _ in documents if is_refused] == ["440103/2022/picture.pdf"]
    assert any(path.endswith("two.zip/inner.txt") for path, *_ in documents)


def test_a_night_without_new_documents_reads_none_and_a_removed_one_leaves(bureau: Bureau) -> None:
    assert update_published(bureau.settings) == 0
    assert bureau.night().publication.status == "unchanged"
    figures = bureau.rows("from summary.department_execution")
    (bureau.settings.published_reports / "440103/2022/wrong.txt").unlink()
    assert bureau.night().publication.status == "published"
    assert bureau.rows("select document_path from quality.published_document where document_path like '%wrong%'") == []
    assert bureau.rows("from summary.department_execution") == figures


def test_what_nobody_may_open_is_refused_and_holds_nothing_back(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may open everything, so the refusal is the operating system's by proxy."""
    path = bureau.settings.published_reports / "440103/2022/保密.txt"
    path.write_text(OTHER + "会议费支出5万元。", encoding="utf-8")
    read, seen = Path.read_bytes, Path.stat

    def read_bytes(self: Path) -> bytes:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert bureau.night().publication.status == "published"
    monkeypatch.undo()
    refused = "select document_path from quality.published_document where refusal like '%unreadable%' order by all"
    assert ("440103/2022/保密.txt",) in bureau.rows(refused)

    def stat(self: Path, **options: Any) -> os.stat_result:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return seen(self, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert bureau.night().exit_code == 0
    monkeypatch.undo()
    path.chmod(0o640)  # a change of rights alone has it read again
    assert bureau.night().publication.status == "published"
    assert ("440103/2022/保密.txt",) not in bureau.rows(refused)


def test_the_macro_names_every_measure(bureau: Bureau) -> None:
    macro = (CHECKOUT / "sql/macros/published_measure_name.sql").read_text(encoding="utf-8")
    assert all(f"when '{measure}' then '{name}'" in macro for measure, name in PUBLISHED_MEASURES)
    assert macro.count("when '") == len(PUBLISHED_MEASURES)
    del bureau
