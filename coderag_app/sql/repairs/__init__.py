"""Repairs of a parsed query that need nothing but the schema, its values and the question: for every model's SQL."""

from coderag_app.sql.repairs.context import RepairContext, SaidValue
from coderag_app.sql.repairs.passes import (
    EARLY,
    LATE,
    REPAIRS,
    Repair,
    check_repair_names,
    in_stored_forms,
    repaired,
    repaired_sql,
)

__all__ = [
    "EARLY",
    "LATE",
    "REPAIRS",
    "Repair",
    "RepairContext",
    "SaidValue",
    "check_repair_names",
    "in_stored_forms",
    "repaired",
    "repaired_sql",
]
