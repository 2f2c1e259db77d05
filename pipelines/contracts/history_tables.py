"""The tables of schema ``history``: which publications there were, and the span over which each figure stood.

A figure that many publications repeat is kept once, with the first and the last publication that said it; the views of
``sql/history`` unfold that into what each publication said.
Does not belong here: how history is kept (warehouse.history).
"""

from __future__ import annotations

from pipelines.contracts.common import DEPARTMENT_KEY, DISTRICT_CODE, FISCAL_YEAR, PROJECT_KEY
from pipelines.contracts.model import Column, Kind
from pipelines.contracts.quality_tables import BUILD, PublishedTable

_BUILD = {column.name: column for column in BUILD.columns}

BUILD_NUMBER = Column(
    "build_number",
    Kind.INTEGER,
    "发布序号",
    "Publications in their order: 1, 2, 3 …; the clock does not decide it.",
    "发布的先后次序：1、2、3……，不受时钟影响。",
)
PUBLISHED_AT = Column(
    "published_at",
    Kind.TIMESTAMP,
    "发布时间",
    "When the published file was complete (UTC).",
    "发布文件完成的时间（UTC）。",
)

PUBLICATION = PublishedTable(
    "publication",
    "历次发布",
    "Every publication, this one included.",
    "历次发布，含本次。",
    (
        BUILD_NUMBER,
        _BUILD["build_id"],
        PUBLISHED_AT,
        _BUILD["inputs"],
        _BUILD["outcome"],
        _BUILD["program_version"],
    ),
)

MONTH_CLOSE = PublishedTable(
    "month_close",
    "月结",
    "What the first publication after a month's end said of that month; it stays whatever is delivered later.",
    "月末后首次发布时该月的数字；此后报送的变动不改变它。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        Column("month_end", Kind.DATE, "月末", "Last day of the closed month.", "所结月份的最后一日。"),
        BUILD_NUMBER.but(meaning="Publication that closed the month.", meaning_zh="月结所在的发布序号。"),
        Column(
            "paid_until_month_end",
            Kind.SUM,
            "截至月末支付",
            "Sum of payments dated up to the month's end, in yuan; empty: none were delivered.",
            "日期至月末的支付合计（元）；空表示未报送支付。",
        ),
        Column(
            "adjusted_until_month_end",
            Kind.SUM,
            "截至月末调整",
            "Net sum of budget adjustments dated up to the month's end, in yuan; empty: none were delivered.",
            "日期至月末的预算调整净额（元）；空表示未报送调整。",
        ),
    ),
)

SPAN_COLUMNS = (
    Column(
        "first_build_number",
        Kind.INTEGER,
        "首次发布序号",
        "First publication that said this.",
        "首次如此发布的序号。",
    ),
    Column(
        "last_build_number",
        Kind.INTEGER,
        "末次发布序号",
        "Last publication that said this; empty: it still stands.",
        "末次如此发布的序号；空表示仍然有效。",
    ),
)
"""The columns of a ``history.<summary>_span`` before the summary's own."""

WATCH_LISTING = PublishedTable(
    "watch_listing",
    "项目跟踪沿革",
    "Over which publications a project stood on the watch for the same reasons with the same proposed adjustment.",
    "项目以相同原因、相同建议调整金额列入跟踪清单的各次发布。",
    (
        DISTRICT_CODE,
        FISCAL_YEAR,
        DEPARTMENT_KEY,
        PROJECT_KEY,
        Column("listed_since", Kind.DATE, "列入日期", "Day since which it is listed.", "自哪一日起列入。"),
        *SPAN_COLUMNS,
        Column("watch_reasons", Kind.TEXT, "跟踪原因（代码）", "Reasons, as tags.", "跟踪原因代码。"),
        Column(
            "proposed_adjustment_amount",
            Kind.AMOUNT,
            "建议申请调整金额",
            "Part proposed for adjustment, in yuan.",
            "建议申请调整金额（元）。",
        ),
    ),
)
