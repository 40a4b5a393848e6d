"""Follow-ups that show other columns."""

from __future__ import annotations

from sqlglot import exp

from coderag_app.chat.follow_ups.intents import OtherColumns
from coderag_app.chat.follow_ups.query_edit import CannotEditError, QueryEdit
from coderag_app.chat.follow_ups.scope import Place
from coderag_app.chat.follow_ups.share_edits import unaggregated
from coderag_app.schema.name_words import content_words


def output_name(place: Place) -> str:
    """A name for a column of another table that is called name or title there; none where its own one says enough."""
    own, home = content_words(place.column.name), content_words(place.table.name)
    return "_".join(home) if place.path and own[-1:] in (("name",), ("title",), ("label",)) else ""


def apply_columns(edit: QueryEdit, intent: OtherColumns) -> str:
    """Show further columns, only some, or all but some."""
    if intent.change == "drop":
        return _drop_columns(edit, intent)
    behind = intent.theirs and unaggregated(
        edit
    )  # "How many are there?", "list their names": of the rows that were counted
    if not behind and (edit.is_grouped or edit.root.args.get("distinct") is not None):
        raise CannotEditError("The query puts rows together; a further column has no single value.")
    places: list[Place] = []
    for name in intent.names:
        place = edit.scope.resolve(name)
        if place is None or place.multiplies:
            raise CannotEditError(f"There is no column {name!r} in the query's tables or in tables that join them.")
        places.append(place)
    columns = [edit.column(place) for place in places]
    shown = {output.sql().lower() for output in edit.root.expressions}
    kept = edit.root.expressions if intent.change == "add" else []
    named = [exp.alias_(c, name) if (name := output_name(p)) else c for p, c in zip(places, columns, strict=True)]
    new = [output for output in named if intent.change == "only" or output.unalias().sql().lower() not in shown]
    edit.root.set("expressions", [*kept, *new])
    names = ", ".join(f"{place.table.name}.{place.column.name}" for place in places)
    return f"{'with' if intent.change == 'add' else 'only'} {names}"


def _drop_columns(edit: QueryEdit, intent: OtherColumns) -> str:
    wanted = [set(content_words(name)) for name in intent.names]
    gone = [o for o in edit.root.expressions if any(words == set(content_words(o.alias_or_name)) for words in wanted)]
    if len(gone) != len(wanted) or len(gone) == len(edit.root.expressions) or edit.is_grouped:
        raise CannotEditError(f"The query does not show {', '.join(intent.names)}.")
    edit.root.set("expressions", [output for output in edit.root.expressions if output not in gone])
    return f"without {', '.join(output.alias_or_name for output in gone)}"


def apply_distinct(edit: QueryEdit) -> str:
    """Show each row once."""
    if edit.is_grouped:
        raise CannotEditError("The query shows each group once already.")
    edit.root.distinct(copy=False)
    return "each row once"
