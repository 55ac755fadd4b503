"""What is wrong with SQL for a warehouse, as far as that shows without one.

A parser of many dialects forgives much, so three things are looked for besides: calls of functions that are not on the
lists below, each of which was looked up in the vendor's documentation; constructs that a vendor's documentation rules
out; and for BigQuery, which converts no types by itself, operands that do not go together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import sqlglot
from sqlglot import ErrorLevel, TokenType, exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

# Of the same meaning everywhere: standard SQL, and what looks like a call but is a type.
# fmt: off
EVERYWHERE = {
    "abs", "avg", "cast", "coalesce", "count", "extract", "floor", "lag", "lead", "left", "ln", "lower", "max", "min",
    "nullif", "ntile", "power", "rank", "round", "row_number", "sqrt", "stddev_pop", "sum", "trim", "numeric",
}
# fmt: on
SNOWFLAKE = "https://docs.snowflake.com/en/sql-reference/functions/"
BIGQUERY = "https://cloud.google.com/bigquery/docs/reference/standard-sql/"
REDSHIFT = "https://docs.aws.amazon.com/redshift/latest/dg/"
DATABRICKS = "https://docs.databricks.com/en/sql/language-manual/functions/"
FUNCTIONS = {
    "snowflake": {
        "array_agg": f"{SNOWFLAKE}array_agg",
        "array_generate_range": f"{SNOWFLAKE}array_generate_range",
        "bitshiftright": f"{SNOWFLAKE}bitshiftright",
        "convert_timezone": f"{SNOWFLAKE}convert_timezone",
        "current_timestamp": f"{SNOWFLAKE}current_timestamp",
        "date_part": f"{SNOWFLAKE}date_part",
        "date_trunc": f"{SNOWFLAKE}date_trunc",
        "dateadd": f"{SNOWFLAKE}dateadd",
        "datediff": f"{SNOWFLAKE}datediff",
        "day": f"{SNOWFLAKE}year",
        "flatten": f"{SNOWFLAKE}flatten",
        "greatest": f"{SNOWFLAKE}greatest",
        "greatest_ignore_nulls": f"{SNOWFLAKE}greatest_ignore_nulls",
        "hash": f"{SNOWFLAKE}hash",
        "hour": f"{SNOWFLAKE}hour-minute-second",
        "json_extract_path_text": f"{SNOWFLAKE}json_extract_path_text",
        "least": f"{SNOWFLAKE}least",
        "least_ignore_nulls": f"{SNOWFLAKE}least_ignore_nulls",
        "md5": f"{SNOWFLAKE}md5",
        "month": f"{SNOWFLAKE}year",
        "percentile_cont": f"{SNOWFLAKE}percentile_cont",
        "timestamp_tz_from_parts": f"{SNOWFLAKE}timestamp_from_parts",
        "timestampdiff": f"{SNOWFLAKE}timestampdiff",
        "try_cast": f"{SNOWFLAKE}try_cast",
        "try_parse_json": f"{SNOWFLAKE}try_parse_json",
        "year": f"{SNOWFLAKE}year",
    },
    "bigquery": {
        "array_agg": f"{BIGQUERY}aggregate_functions#array_agg",
        "bignumeric": f"{BIGQUERY}data-types#decimal_types",
        "concat": f"{BIGQUERY}string_functions#concat",
        "current_timestamp": f"{BIGQUERY}timestamp_functions#current_timestamp",
        "date": f"{BIGQUERY}date_functions#date",
        "date_add": f"{BIGQUERY}date_functions#date_add",
        "date_sub": f"{BIGQUERY}date_functions#date_sub",
        "datetime_add": f"{BIGQUERY}datetime_functions#datetime_add",
        "datetime_diff": f"{BIGQUERY}datetime_functions#datetime_diff",
        "div": f"{BIGQUERY}mathematical_functions#div",
        "farm_fingerprint": f"{BIGQUERY}hash_functions#farm_fingerprint",
        "generate_date_array": f"{BIGQUERY}array_functions#generate_date_array",
        "generate_timestamp_array": f"{BIGQUERY}array_functions#generate_timestamp_array",
        "greatest": f"{BIGQUERY}mathematical_functions#greatest",
        "json_value": f"{BIGQUERY}json_functions#json_value",
        "least": f"{BIGQUERY}mathematical_functions#least",
        "md5": f"{BIGQUERY}hash_functions#md5",
        "safe_cast": f"{BIGQUERY}conversion_functions#safe_casting",
        "safe_offset": f"{BIGQUERY}operators#array_subscript_operator",
        "timestamp": f"{BIGQUERY}timestamp_functions#timestamp",
        "timestamp_diff": f"{BIGQUERY}timestamp_functions#timestamp_diff",
        "timestamp_trunc": f"{BIGQUERY}timestamp_functions#timestamp_trunc",
        "to_hex": f"{BIGQUERY}string_functions#to_hex",
        "unix_seconds": f"{BIGQUERY}timestamp_functions#unix_seconds",
        "unnest": f"{BIGQUERY}query-syntax#unnest_operator",
    },
    "redshift": {
        "date_trunc": f"{REDSHIFT}r_DATE_TRUNC.html",
        "dateadd": f"{REDSHIFT}r_DATEADD_function.html",
        "datediff": f"{REDSHIFT}r_DATEDIFF_function.html",
        "getdate": f"{REDSHIFT}r_GETDATE.html",
        "greatest": f"{REDSHIFT}r_GREATEST_LEAST.html",
        "json_extract_path_text": f"{REDSHIFT}JSON_EXTRACT_PATH_TEXT.html",
        "least": f"{REDSHIFT}r_GREATEST_LEAST.html",
        "listagg": f"{REDSHIFT}r_LISTAGG.html",
        "md5": f"{REDSHIFT}r_MD5.html",
        "percentile_cont": f"{REDSHIFT}r_PERCENTILE_CONT.html",
        "split_to_array": f"{REDSHIFT}split_to_array.html",
        "strtol": f"{REDSHIFT}r_STRTOL.html",
        "try_cast": f"{REDSHIFT}r_TRY_CAST.html",
    },
    "databricks": {
        "array_min": f"{DATABRICKS}array_min",
        "array_position": f"{DATABRICKS}array_position",
        "array": f"{DATABRICKS}array",
        "array_sort": f"{DATABRICKS}array_sort",
        "collect_set": f"{DATABRICKS}collect_set",
        "current_timestamp": f"{DATABRICKS}current_timestamp",
        "date_trunc": f"{DATABRICKS}date_trunc",
        "dateadd": f"{DATABRICKS}dateadd",
        "datediff": f"{DATABRICKS}datediff",
        "decimal": "https://docs.databricks.com/en/sql/language-manual/data-types/decimal-type.html",
        "explode": f"{DATABRICKS}explode",
        "from_utc_timestamp": f"{DATABRICKS}from_utc_timestamp",
        "get_json_object": f"{DATABRICKS}get_json_object",
        "greatest": f"{DATABRICKS}greatest",
        "hour": f"{DATABRICKS}hour",
        "least": f"{DATABRICKS}least",
        "md5": f"{DATABRICKS}md5",
        "percentile_cont": f"{DATABRICKS}percentile_cont",
        "sequence": f"{DATABRICKS}sequence",
        "shiftright": f"{DATABRICKS}shiftright",
        "timestampadd": f"{DATABRICKS}timestampadd",
        "timestampdiff": f"{DATABRICKS}timestampdiff",
        "to_utc_timestamp": f"{DATABRICKS}to_utc_timestamp",
        "try_cast": f"{DATABRICKS}try_cast",
        "unix_micros": f"{DATABRICKS}unix_micros",
        "unix_timestamp": f"{DATABRICKS}unix_timestamp",
        "xxhash64": f"{DATABRICKS}xxhash64",
    },
}
# Words that are no names, where the parser does not know them: https://docs.snowflake.com/en/sql-reference/reserved-keywords
# fmt: off
RESERVED_WORDS = {
    "snowflake": {
        "account", "all", "alter", "and", "any", "as", "between", "by", "case", "cast", "check", "column", "connect",
        "connection", "constraint", "create", "cross", "current", "database", "delete", "distinct", "drop", "else",
        "exists", "false", "following", "for", "from", "full", "grant", "group", "gscluster", "having", "ilike", "in",
        "increment", "inner", "insert", "intersect", "into", "is", "issue", "join", "lateral", "left", "like",
        "minus", "natural", "not", "null", "of", "on", "or", "order", "organization", "qualify", "regexp", "revoke",
        "right", "rlike", "row", "rows", "sample", "schema", "select", "set", "some", "start", "table", "tablesample",
        "then", "to", "trigger", "true", "union", "unique", "update", "using", "values", "view", "when", "whenever",
        "where", "with",
    },
}
# fmt: on
# Names of types that PostgreSQL knows and the warehouse does not.
FOREIGN_TYPES = {
    "snowflake": {"jsonb", "bytea"},
    "bigquery": {"text", "timestamptz", "double", "real", "float8", "jsonb", "bytea", "varchar"},
    "redshift": {"jsonb", "bytea"},
    "databricks": {"text", "timestamptz", "float8", "jsonb", "bytea", "varchar"},
}


def is_alone(tree: exp.Expression) -> bool:
    """Whether a condition stands in a select that reads nothing."""
    return isinstance(tree, exp.Select) and bool(tree.args.get("where")) and not tree.args.get("from_")


def orders(tree: exp.Expression) -> set[str]:
    """Return what the aggregates of a select sort by."""
    if not isinstance(tree, exp.Select):
        return set()
    sorted_by = (order for order in tree.find_all(exp.WithinGroup) if order.find_ancestor(exp.Select) is tree)
    return {order.expression.sql() for order in sorted_by if not isinstance(order.parent, exp.Window)}


def is_sorted_inside(tree: exp.Expression) -> bool:
    """Whether an array is sorted between the parentheses of its aggregate."""
    return (
        isinstance(tree, exp.ArrayAgg) and bool(tree.find(exp.Order)) and not isinstance(tree.parent, exp.WithinGroup)
    )


def has_too_many_digits(tree: exp.Expression) -> bool:
    """Whether a decimal type has more than 29 digits before the point or 9 behind it, and is not the larger one."""
    if not isinstance(tree, exp.DataType) or not tree.is_type("decimal") or not tree.expressions:
        return False
    precision, scale = [*(int(parameter.name) for parameter in tree.expressions), 0][:2]
    return scale > 9 or precision - scale > 29


def loses_to_null(tree: exp.Expression) -> bool:
    """Whether one NULL among the values makes the largest or smallest NULL, which in PostgreSQL it does not."""
    if not isinstance(tree, exp.Greatest | exp.Least) or tree.args.get("ignore_nulls") is True:
        return False
    return any(isinstance(value, exp.Column | exp.Max | exp.Min) for value in [tree.this, *tree.expressions])


Rule = Callable[[exp.Expression], object]
RULES: dict[str, dict[str, Rule]] = {
    "snowflake": {
        "NULL wins in greatest and least": loses_to_null,
        "rows of an array come from flatten": lambda tree: isinstance(tree, exp.Unnest),
        "array_agg sorts within group": is_sorted_inside,
        "rows are not compared": lambda tree: isinstance(tree, exp.NullSafeNEQ) and isinstance(tree.this, exp.Tuple),
    },
    "bigquery": {
        "NULL wins in greatest and least": loses_to_null,
        "numeric has 29 digits before the point and 9 behind it": has_too_many_digits,
        "percentile_cont is a window function alone": lambda tree: isinstance(tree, exp.WithinGroup),
        "a condition wants a table": is_alone,
        "tables have no lateral": lambda tree: isinstance(tree, exp.Lateral),
    },
    "redshift": {
        "aggregates of a select sort by one column": lambda tree: len(orders(tree)) > 1,
        "there is no lateral": lambda tree: isinstance(tree, exp.Lateral | exp.Explode),
        "no arrays but SUPER": lambda tree: isinstance(tree, exp.Array | exp.ArrayAgg | exp.ArrayOverlaps),
        "no is distinct from": lambda tree: isinstance(tree, exp.NullSafeNEQ | exp.NullSafeEQ),
    },
    "databricks": {
        "rows of an array come from explode": lambda tree: isinstance(tree, exp.Unnest),
        "rows are not compared": lambda tree: isinstance(tree, exp.NullSafeNEQ) and isinstance(tree.this, exp.Tuple),
    },
}


def parsed(sql: str, warehouse: str) -> list[exp.Expression]:
    """Parse statements in the warehouse's dialect, or raise."""
    trees = [tree for tree in sqlglot.parse(sql, dialect=warehouse, error_level=ErrorLevel.RAISE) if tree]
    if any(isinstance(node, exp.Command) for tree in trees for node in tree.walk()):
        raise sqlglot.ParseError("a statement that the parser does not know")
    return trees


def mistakes(sql: str, warehouse: str) -> list[str]:
    """Say what is wrong with SQL, each thing once."""
    try:
        trees = parsed(sql, warehouse)
    except sqlglot.errors.SqlglotError as error:
        return [f"does not parse: {error}"]
    found = dict.fromkeys(_wrong_words(sql, warehouse))
    known = getattr(sqlglot.Dialect.get_or_raise(warehouse).generator_class, "RESERVED_KEYWORDS", set())
    reserved = RESERVED_WORDS.get(warehouse, known)
    for tree in trees:
        for node in tree.walk():
            for rule, is_broken in RULES[warehouse].items():
                if is_broken(node):
                    found[f"{rule}: {node.sql(warehouse)[:120]}"] = None
            if isinstance(node, exp.Identifier) and not node.quoted and node.name.lower() in reserved:
                found[f"a reserved word as a name: {node.name}"] = None
    return list(found)


def _wrong_words(sql: str, warehouse: str) -> Iterator[str]:
    tokens = sqlglot.tokenize(sql, dialect=warehouse)
    for token, following in itertools.pairwise(tokens):
        word = token.text.lower()
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            continue
        is_call = following.token_type == TokenType.L_PAREN and token.end + 1 == following.start and word.isidentifier()
        if is_call and word not in EVERYWHERE and word not in FUNCTIONS[warehouse]:
            yield f"a function that is not on the list: {word}"
        if warehouse == "databricks" and word == "at" and following.text.lower() == "time":
            yield "there is no at time zone"
        if warehouse in ("bigquery", "databricks") and word == "double precision":
            yield "there is no double precision"
        if warehouse != "bigquery" and word in ("numeric", "decimal") and following.token_type != TokenType.L_PAREN:
            yield f"without precision a whole number: {word}"
        if word in FOREIGN_TYPES[warehouse] and not is_call:
            yield f"a type of PostgreSQL: {word}"
        if warehouse == "bigquery" and token.token_type == TokenType.DCOLON:
            yield "there is no ::"
        if warehouse in ("bigquery", "databricks") and word == "interval" and following.token_type == TokenType.STRING:
            yield f"an interval without a unit behind it: {following.text}"


def family(kind: exp.DataType | None) -> str:
    """Return what a type goes together with; nothing where it is not known."""
    if kind is None or kind.is_type("unknown", "null"):
        return ""
    if kind.this in exp.DataType.TEXT_TYPES:
        return "text"
    if kind.this in exp.DataType.NUMERIC_TYPES:
        return "number"
    return str(kind.this.value).lower()


def mismatches(tree: exp.Expression) -> Iterator[str]:
    """Say which operands do not go together where nothing is converted by itself, which is BigQuery's way."""
    for node in tree.walk():
        if not isinstance(node, exp.Binary) or isinstance(node, exp.Dot | exp.Is):
            continue
        families = family(node.left.type), family(node.right.type)
        text = f"{node.sql('bigquery')[:120]} ({', '.join(families)})"
        if isinstance(node, exp.DPipe) and set(families) - {"text", ""}:
            yield f"joined to a text: {text}"
        elif isinstance(node, exp.Predicate) and len(set(families) - {""}) > 1:
            yield f"compared: {text}"
        elif isinstance(node, exp.Sub) and families == ("date", "date"):
            yield f"a difference of days is an interval: {text}"


def add_types(sql: str, schema: MappingSchema) -> exp.Expression:
    """Give each expression of a query its type, and each column its table; raise where there is no such column."""
    (tree,) = parsed(sql, "bigquery")
    qualified = qualify(tree, schema=schema, dialect="bigquery", identify=False)
    return annotate_types(qualified, schema=schema, dialect="bigquery")


def column_types(tree: exp.Expression) -> dict[str, Any]:
    """Return the types of the columns of a query, as a schema wants them."""
    return {column.alias_or_name: column.type or exp.DataType.build("unknown") for column in tree.selects}
