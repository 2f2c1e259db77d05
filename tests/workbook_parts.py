"""Workbooks made part by part: the same cells in the spellings that the XML of a workbook may have."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"

Cell = tuple[str, str, int] | None
"""Type, value as written, style; None is no cell."""


def letters(column: int) -> str:
    """The letters of a column, from 1."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _content(kind: str, value: str) -> str:
    if kind != "inlineStr":
        return f"<v>{escape(value)}</v>"
    space = ' xml:space="preserve"' if value != value.strip() else ""
    return f"<is><t{space}>{escape(value)}</t></is>"


def usual(rows: Sequence[Sequence[Cell]]) -> str:
    """The XML of a sheet as nearly all programs write it."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [
            f'<c r="{letters(column)}{number}"{f" s={chr(34)}{cell[2]}{chr(34)}" if cell[2] else ""}'
            f' t="{cell[0]}">{_content(*cell[:2])}</c>'
            for column, cell in enumerate(row, 1)
            if cell
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}"><sheetData>'
        f"{''.join(lines)}</sheetData></worksheet>"
    )


def prefixed(xml: str) -> str:
    """All elements with a prefix."""
    return re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x=")


def single_quoted(xml: str) -> str:
    """Attributes in single quotes."""
    return xml.replace('"', "'")


def other_order(xml: str) -> str:
    """The attributes of cells in another order."""
    return re.sub(r'<c (r="[^"]*")( s="[^"]*")? (t="[^"]*")', r"<c \3\2 \1", xml)


def pretty(xml: str) -> str:
    """White space between elements and attributes."""
    spaced = re.sub(r">\s*<(?!/v)", ">\n    <", xml).replace("<v>\n    ", "<v>")
    return spaced.replace("<c r=", "<c\n  r=").replace("<row r=", "<row\tr=")


def without_references(xml: str) -> str:
    """Rows and cells without their numbers: only for tables without gaps."""
    return re.sub(r'<(c|row) r="[^"]*"', r"<\1", xml)


def with_comments(xml: str) -> str:
    """A comment that holds what looks like rows."""
    row = '<row r="1"><c r="A1" t="n"><v>99</v></c></row>'
    return xml.replace("<sheetData>", f"<sheetData><!-- {row} -->").replace("</sheetData>", f"<!--{row}--></sheetData>")


def with_sections(xml: str) -> str:
    """Values in CDATA sections."""
    return re.sub(r"<v>([^<&]*)</v>", r"<v><![CDATA[\1]]></v>", xml)


def strict(xml: str) -> str:
    """Strict Office Open XML."""
    return xml.replace(MAIN, STRICT)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "prefixed": prefixed,
    "single-quoted": single_quoted,
    "other-order": other_order,
    "pretty": pretty,
    "comments": with_comments,
    "sections": with_sections,
    "strict": strict,
}


def write(path: Path, sheet: str | bytes, *, strings: str = "", styles: str = "", relations: str = RELATIONS) -> Path:
    """A package with one sheet."""
    kinds = {"sheet1": "worksheet", "sharedStrings": "sharedStrings", "styles": "styles"}
    parts = {"sheet1": sheet, "sharedStrings": strings, "styles": styles}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "_rels/.rels",
            f'<Relationships><Relationship Id="rId1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        package.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{relations}"><sheets>'
            '<sheet name="表" sheetId="1" r:id="sheet1"/></sheets></workbook>',
        )
        links = [
            f'<Relationship Id="{name}" Type="{relations}/{kinds[name]}" Target="{name}.xml"/>'
            for name, content in parts.items()
            if content
        ]
        package.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{''.join(links)}</Relationships>")
        for name, content in parts.items():
            if content:
                package.writestr(f"xl/{name}.xml", content)
    return path
