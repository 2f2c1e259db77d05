"""Carries the project's SQL from DuckDB to Spark SQL: macros are written out, what means something else is rewritten.

sqlglot alone generates text for nearly every file, and some of it is wrong without a word: a list is counted from
nought, the order of a list is dropped, division of decimals wraps. What it leaves is rewritten on the syntax tree here;
``uncarried`` names what nothing here carries, so that a new file which brings it fails a test and not a comparison.
Does not belong here: running any of it (verify). Needs sqlglot (the extra ``spark``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import sqlglot
from sqlglot import exp

from pipelines.sql_files import SqlFile, read_macros

_MACRO = re.compile(r"create or replace temp macro (\w+)\(([^)]*)\) as\b", re.IGNORECASE)

SPARK_BODIES = {
    # DIV is BIGINT there and wraps; the quotient of what the divisor goes into is exact.
    "exact_half_up": "cast(("
    "(2 * cast(numerator as decimal(38, 0)) * scale"
    " + case when numerator < 0 then -1 when numerator > 0 then 1 else 0 end * abs(denominator))"
    " - (2 * cast(numerator as decimal(38, 0)) * scale"
    " + case when numerator < 0 then -1 when numerator > 0 then 1 else 0 end * abs(denominator))"
    " % nullif(cast(2 * cast(denominator as decimal(38, 0)) as decimal(38, 0)), 0)"
    ") / nullif(cast(2 * cast(denominator as decimal(38, 0)) as decimal(38, 0)), 0) as decimal(38, 0))",
    "contains_any": "exists(keywords, keyword -> contains(text, keyword))",
    "first_details": "slice(array_sort(collect_list(detail_number)), 1, 20)",
    "first_places": "slice(array_sort(collect_list("
    "cast(shiftrightunsigned(xxhash64(file_id, sheet), 3) as decimal(38, 0)) * 18446744073709551616 + line"
    ")), 1, 20)",
    "fitting_denominators": "filter(denominators, part -> part.amount <> 0"
    " and abs(rate * part.amount - numerator) <= tolerance * abs(part.amount))",
    "readable_amount": "concat(case when amount < 0 then '-' else '' end,"
    " format_number(floor(abs(amount)), 0), right(cast(amount as string), 3))",
    # 61 bits of a hash, so that place and line fit the 38 digits of a decimal.
    "source_place": "cast(shiftrightunsigned(xxhash64(file_id, sheet), 3) as decimal(38, 0))"
    " * 18446744073709551616 + line",
}
"""Macros whose DuckDB body has no counterpart, with a body for Spark SQL."""


def as_spark(query: str) -> str:
    """``query`` of a file of ``sql/`` as Spark SQL with the same meaning."""
    text: str = carried(query).sql(dialect="spark")
    return text


def carried(query: str) -> exp.Expr:
    """The syntax tree of ``query`` with its macros written out and what Spark reads otherwise rewritten."""
    tree = _written_out(sqlglot.parse_one(query, read="duckdb"))
    for rewrite in (_lists_of_rows, _orders, _distinct_texts, _subscripts, _types, _functions):
        tree = tree.transform(rewrite)
    for part in tree.find_all(exp.CTE):
        part.set("materialized", None)
    return tree


def uncarried(file: SqlFile) -> list[str]:
    """What a file's own text has that does not mean the same in Spark SQL, and that nothing here rewrites."""
    tree = sqlglot.parse_one(file.query, read="duckdb")
    found = {what for node in tree.walk() for what, is_it in _REFUSED if is_it(node)}
    return sorted(found)


def _is_decimal_division(node: exp.Expr) -> bool:
    return isinstance(node, exp.Div)


def _is_window_over_everything(node: exp.Expr) -> bool:
    return isinstance(node, exp.Window) and not node.args.get("partition_by") and not node.args.get("alias")


def _is_list_of_a_named_order(node: exp.Expr) -> bool:
    """An order inside an aggregate that is neither a list nor a text."""
    return (
        isinstance(node, exp.Order)
        and isinstance(node.parent, exp.AggFunc)
        and not isinstance(node.parent, exp.ArrayAgg | exp.GroupConcat)
    )


def _is_rounding_cast(node: exp.Expr) -> bool:
    """A cast of something to a whole number: of a decimal it rounds in DuckDB and cuts off in Spark."""
    return (
        isinstance(node, exp.Cast)
        and node.to.this in exp.DataType.INTEGER_TYPES
        and not isinstance(node.this, exp.Literal | exp.Null | exp.Count | exp.Column | exp.Sum | exp.Case)
    )


_REFUSED: tuple[tuple[str, Callable[[exp.Expr], bool]], ...] = (
    ("// is BIGINT in Spark and wraps", lambda node: isinstance(node, exp.IntDiv)),
    ("/ is DOUBLE in DuckDB and a decimal in Spark", _is_decimal_division),
    ("avg() is a decimal of four more places in Spark", lambda node: isinstance(node, exp.Avg)),
    ("sign() is DOUBLE in Spark", lambda node: isinstance(node, exp.Sign)),
    ("hash() is 32 bits in Spark", lambda node: _is_named(node, "hash")),
    ("a window without partition is one task", _is_window_over_everything),
    ("order in an aggregate is dropped", _is_list_of_a_named_order),
    ("a cast to a whole number rounds in DuckDB and truncates in Spark", _is_rounding_cast),
)


def _is_named(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == name


# Macros ----------------------------------------------------------------------------------------------------------


@cache
def macros() -> dict[str, tuple[tuple[str, ...], exp.Expr]]:
    """Parameters and body of every macro of ``sql/macros``, the body as it is carried."""
    found: dict[str, tuple[tuple[str, ...], exp.Expr]] = {}
    for file in read_macros():
        head = _MACRO.match(file.query)
        if head is None:
            raise ValueError(f"{file.path}: expected 'create or replace temp macro name(parameters) as'")
        own = SPARK_BODIES.get(head[1])
        body = sqlglot.parse_one(own or file.query[head.end() :], read="spark" if own else "duckdb")
        found[head[1]] = tuple(part.strip() for part in head[2].split(",")), body
    return found


def _written_out(tree: exp.Expr) -> exp.Expr:
    """The tree with every call of a macro replaced by its body, until there is none left."""
    return tree.transform(_macro_body)


def _macro_body(node: exp.Expr) -> exp.Expr:
    name = str(node.this).lower() if isinstance(node, exp.Anonymous) else ""
    if name not in macros():
        return node
    parameters, body = macros()[name]
    given = dict(zip(parameters, (_written_out(argument.copy()) for argument in node.expressions), strict=True))

    def argument_of(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column) and not part.table and part.name in given:
            return exp.Paren(this=given[part.name].copy())
        if isinstance(part, exp.Dot) and isinstance(part.this, exp.Identifier) and part.this.name in given:
            return exp.Dot(this=given[part.this.name].copy(), expression=part.expression)
        return part

    return exp.Paren(this=_written_out(body.copy().transform(argument_of)))


# Rewrites: each gets every node and gives it back, or what stands in its place ------------------------------------


def _lists_of_rows(node: exp.Expr) -> exp.Expr:
    """``exists (select … from unnest(list) as t (c) where p)`` as ``exists(list, c -> p)``."""
    if not isinstance(node, exp.Exists) or not isinstance(node.this, exp.Select):
        return node
    source = node.this.args.get("from_") or node.this.args.get("from")
    if source is None or not isinstance(source.this, exp.Unnest):
        return node
    alias = source.this.args["alias"]
    column = alias.columns[0].name

    def element(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column) and part.name == column and part.table in ("", alias.name):
            return exp.to_identifier("element")
        return part

    condition = node.this.args["where"].this.copy().transform(element)
    return exp.Anonymous(
        this="exists",
        expressions=[
            source.this.expressions[0].copy(),
            exp.Lambda(this=condition, expressions=[exp.to_identifier("element")]),
        ],
    )


def _orders(node: exp.Expr) -> exp.Expr:
    """``list(x order by y)``: an array of structs that begin with their keys, sorted; NULL keys come last."""
    if not isinstance(node, exp.ArrayAgg) or not isinstance(node.this, exp.Order):
        return node
    keys = []
    for ordered in node.this.expressions:
        if ordered.args.get("desc"):
            raise ValueError("a list in descending order is not carried to Spark SQL")
        keys += [f"{ordered.this.sql('spark')} is null", ordered.this.sql("spark")]
    value = node.this.this.transform(_functions).sql("spark")
    named = ", ".join(f"'k{number}', {key}" for number, key in enumerate(keys))
    text = f"transform(array_sort(collect_list(named_struct({named}, 'v', {value}))), e -> e.v)"
    return sqlglot.parse_one(text, read="spark")


def _distinct_texts(node: exp.Expr) -> exp.Expr:
    """``string_agg(distinct x, separator order by x)``: Spark 4.3 fails on one beside another distinct aggregate."""
    text = node.find(exp.Distinct)
    if not isinstance(node, exp.GroupConcat) or text is None:
        return node
    separator = node.args["separator"].sql("spark")
    value = text.expressions[0].sql("spark")
    ordered = node.find(exp.Ordered)
    if ordered is None or ordered.this.sql("spark") != value or ordered.args.get("desc"):
        raise ValueError(f"string_agg(distinct {value}) in another order than its own is not carried to Spark SQL")
    joined = f"case when count({value}) > 0 then array_join(array_sort(collect_set({value})), {separator}) end"
    return sqlglot.parse_one(joined, read="spark")


def _subscripts(node: exp.Expr) -> exp.Expr:
    """``list[i]`` counts from one, and is NULL beyond the list; ``list[a:b]`` is a slice."""
    if not isinstance(node, exp.Bracket) or len(node.expressions) != 1:
        return node
    (index,) = node.expressions
    if isinstance(index, exp.Slice):
        first, last = int(index.this.name), int(index.expression.name)
        arguments = [node.this.copy(), exp.Literal.number(first), exp.Literal.number(last - first + 1)]
        return exp.Anonymous(this="slice", expressions=arguments)
    if isinstance(index, exp.Literal) and index.is_string:
        return node
    # sqlglot counts a literal from nought, and leaves anything else as it was written.
    place = exp.Literal.number(int(index.name) + 1) if isinstance(index, exp.Literal) else index.copy()
    return exp.Anonymous(this="try_element_at", expressions=[node.this.copy(), exp.cast(place, "int")])


def _types(node: exp.Expr) -> exp.Expr:
    """HUGEINT has 39 digits, a decimal 38."""
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.INT128:
        return exp.DataType.build("decimal(38, 0)")
    return node


def _functions(node: exp.Expr) -> exp.Expr:
    if _is_named(node, "hash"):
        return exp.Anonymous(this="xxhash64", expressions=node.expressions)
    if _is_named(node, "list_slice"):
        array, first, last = node.expressions
        count = int(last.name) - int(first.name) + 1
        return exp.Anonymous(this="slice", expressions=[array, first, exp.Literal.number(count)])
    return node
