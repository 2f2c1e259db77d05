"""The tables of schema ``history``: which publications there were, and the span over which each figure stood.

A figure that many publications repeat is kept once, with the first and the last publication that said it; the views of
``sql/history`` unfold that into what each publication said.
Does not belong here: how history is kept (warehouse.history).
"""

from __future__ import annotations

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
