"""What a question sees of a schema too large for the prompt."""

import pytest

from coderag_app.question.read_question import read_question
from coderag_app.schema.linking import SchemaLinker
from coderag_app.schema.tables import Column, ForeignKey, Schema, Table
from coderag_app.schema.value_index import StoredValue, ValueIndex


def tables_of(schema: Schema) -> list[str]:
    return [table.name for table in schema.tables]


def columns_of(schema: Schema) -> int:
    return sum(len(table.columns) for table in schema.tables)


@pytest.fixture
def warehouse() -> Schema:
    filler = tuple(Table(f"log_{n}", tuple(Column(f"field_{n}_{i}", "TEXT") for i in range(5))) for n in range(1000))
    return Schema(
        (
            *filler,
            Table("customer", (Column("id", "INT", True), Column("name", "TEXT"), Column("city", "TEXT"))),
            Table(
                "orders",
                (Column("id", "INT", True), Column("customer_id", "INT"), Column("total", "REAL")),
                (ForeignKey(("customer_id",), "customer", ("id",)),),
            ),
            Table(
                "refund",
                (Column("order_id", "INT"), Column("reason", "TEXT")),
                (ForeignKey(("order_id",), "orders", ("id",)),),
            ),
        )
    )


def test_a_schema_that_fits_is_shown_whole(warehouse):
    assert SchemaLinker(warehouse, columns_of, None).link(read_question("anything"), 10_000) is warehouse


def test_of_a_thousand_tables_the_named_ones_stay(warehouse):
    linked = SchemaLinker(warehouse, columns_of, None).link(read_question("total of orders"), 30)
    assert "orders" in tables_of(linked) and columns_of(linked) <= 30


def test_tables_on_the_way_between_two_named_ones_come_along(warehouse):
    linked = SchemaLinker(warehouse, columns_of, None).link(read_question("refund reason by customer city"), 8)
    assert tables_of(linked) == ["customer", "orders", "refund"]


def test_a_stored_value_points_to_its_table(warehouse):
    values = ValueIndex([StoredValue("refund", "reason", "water damage")])
    assert (
        SchemaLinker(warehouse, columns_of, None).rank_tables(read_question("how often water damage?", values=values))[
            0
        ]
        == "refund"
    )


def test_of_a_table_that_is_too_wide_keys_and_named_columns_stay():
    wide = Schema(
        (Table("facts", (*(Column(f"c{n}") for n in range(500)), Column("id", "INT", True), Column("revenue"))),)
    )
    linked = SchemaLinker(wide, columns_of, None).link(read_question("average revenue"), 10)
    names = [column.name for column in linked.tables[0].columns]
    assert len(names) <= 10 and {"id", "revenue"} <= set(names)


def test_tables_are_embedded_once_for_all_questions(warehouse):
    import numpy as np

    asked = []

    def embed(texts):
        asked.append(len(texts))
        return np.ones((len(texts), 2)) / 2**0.5

    linker = SchemaLinker(warehouse, columns_of, embed)
    linker.link(read_question("orders"), 20), linker.link(read_question("customers"), 20)
    assert sorted(asked) == [1, 1, len(warehouse.tables)]


@pytest.mark.parametrize(
    ("question", "named", "other"),
    [
        ("How many late parcels are there in the harbour?", "harbour_parcel", "depot_parcel"),
        ("depot parcel notes", "depot_parcel", "harbour_parcel"),
    ],
)
def test_of_tables_of_several_modules_that_of_the_named_one_stays(question, named, other):
    columns = (Column("id", "INT", True), Column("state", "TEXT"), Column("note", "TEXT"))
    modules = ("harbour", "depot", "yard", "quay", "dock")
    tables = [Table(f"{module}_{noun}", columns) for module in modules for noun in ("parcel", "crane", "gate", "truck")]
    linker = SchemaLinker(Schema(tuple(tables)), lambda schema: 10 * len(schema.tables), None)
    linked = tables_of(linker.link(read_question(question), 100))
    assert named in linked and other not in linked
    both = tables_of(linker.link(read_question("parcels with a note"), 100))
    assert named in both and other in both
