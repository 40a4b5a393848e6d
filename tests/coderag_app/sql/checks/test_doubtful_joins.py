import pytest
from profiles import with_profile

from coderag_app.question.read_question import read_question
from coderag_app.schema.profile import ColumnProfile, Kind
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.checks.doubtful_joins import doubtful_joins
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import RepairContext

SCHEMA = schema_from_ddl(
    """CREATE TABLE farms (farm_id INTEGER PRIMARY KEY, village TEXT, hectares REAL);
    CREATE TABLE fields (field_id INTEGER PRIMARY KEY, farm_id INTEGER REFERENCES farms, crop TEXT, yield REAL);
    CREATE TABLE tractors (tractor_id INTEGER PRIMARY KEY, hours REAL)"""
)


def doubts(sql, question):
    context = RepairContext.of_question(read_question(question, SCHEMA, ValueIndex()), SCHEMA, ValueIndex())
    return tuple(doubtful_joins(parse_one(sql, dialect="sqlite"), context))


@pytest.mark.parametrize(
    ("sql", "question", "said"),
    [
        (
            "SELECT SUM(f.hectares), SUM(d.yield) FROM farms f JOIN fields d ON d.farm_id = f.farm_id",
            "Hectares and yield",
            ("rows of farms may count several times: they are joined to fields",),
        ),
        (
            "SELECT SUM(f.hectares) FROM farms f LEFT JOIN fields d ON d.farm_id = f.farm_id WHERE d.crop = 'rye'",
            "Hectares of farms with rye",
            ("rows of farms may count several times: they are joined to fields",),
        ),
        (
            "SELECT d.yield FROM fields d JOIN tractors t ON d.field_id = t.tractor_id",
            "Yields by tractor",
            ("fields.field_id and tractors.tractor_id are joined, and no key says that they belong together",),
        ),
        ("SELECT f.village FROM farms f JOIN fields d ON d.farm_id = f.farm_id", "Villages of fields", ()),
        ("SELECT a.village FROM farms a JOIN farms b ON a.village = b.village", "Pairs of farms", ()),
    ],
)
def test_doubtful_joins_are_named(sql, question, said):
    assert doubts(sql, question) == said


def test_keys_called_alike_of_two_tables_do_not_belong_together():
    apart = schema_from_ddl("CREATE TABLE towns (geo INTEGER, town TEXT); CREATE TABLE lakes (geo INTEGER, lake TEXT)")
    apart = with_profile(apart, "towns.geo", ColumnProfile(Kind.NUMBER, rows=4, distinct=4, whole=True))
    apart = with_profile(apart, "lakes.geo", ColumnProfile(Kind.NUMBER, rows=30_000, distinct=29_990, nulls=10))
    tree = parse_one("SELECT town FROM towns JOIN lakes ON towns.geo = lakes.geo", dialect="sqlite")
    (found,) = doubtful_joins(tree, RepairContext(apart))
    assert found == "towns.geo and lakes.geo are joined, and no key says that they belong together"


@pytest.mark.parametrize(
    ("question", "doubted"),
    [("How many leaking boats are there?", True), ("How many boats have a permit?", False), ("", False)],
)
def test_columns_that_are_keys_in_neither_table_are_joined_only_where_both_nouns_are_said(question, doubted):
    yard = schema_from_ddl(
        """CREATE TABLE boats (boat_id INTEGER PRIMARY KEY, berth_id INTEGER, paint TEXT);
        CREATE TABLE permits (permit_id INTEGER PRIMARY KEY, berth_id INTEGER, kind TEXT)"""
    )
    sql = "SELECT boats.paint FROM boats JOIN permits ON boats.berth_id = permits.berth_id WHERE kind = 'leaking'"
    context = RepairContext(yard, ValueIndex(), read_question(question, yard))
    said = "boats.berth_id and permits.berth_id are joined, and no key says that they belong together"
    assert list(doubtful_joins(parse_one(sql, dialect="sqlite"), context)) == [said] * doubted


LEAGUE = schema_from_ddl(
    """CREATE TABLE clubs (club_id TEXT, season INTEGER, name TEXT, PRIMARY KEY (club_id, season));
    CREATE TABLE wages (club_id TEXT, season INTEGER, player TEXT, wage REAL, PRIMARY KEY (club_id, season, player));
    CREATE TABLE grounds (ground_id INTEGER PRIMARY KEY, club_id TEXT, seats INTEGER);
    CREATE TABLE sponsors (ground_id INTEGER REFERENCES grounds, brand TEXT);
    CREATE TABLE stewards (steward_id INTEGER PRIMARY KEY, ground_id INTEGER REFERENCES grounds)"""
)


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        (
            "Which club paid the most wages?",
            "SELECT clubs.name FROM clubs JOIN wages ON wages.season = clubs.season GROUP BY clubs.name",
            [
                "wages.season and clubs.season are joined, and no key says that they belong together",
                "wages and clubs are joined by season without club_id",
            ],
        ),
        (
            "Which club paid the most wages?",
            "SELECT clubs.name FROM clubs JOIN wages ON wages.season = clubs.season AND wages.club_id = clubs.club_id",
            [],
        ),
        (
            "How many seats do the grounds have?",
            "SELECT grounds.seats FROM grounds JOIN sponsors ON sponsors.ground_id = grounds.ground_id",
            ["sponsors is joined, and nothing in the question speaks of it"],
        ),
        (
            "Grounds that have a sponsor",
            "SELECT grounds.seats FROM grounds JOIN sponsors ON sponsors.ground_id = grounds.ground_id",
            [],
        ),
        (
            "Grounds of one brand",
            "SELECT seats FROM grounds JOIN sponsors ON sponsors.ground_id = grounds.ground_id WHERE brand = 'x'",
            [],
        ),
        (
            "Stewards without a ground",
            "SELECT steward_id FROM stewards"
            " WHERE NOT EXISTS (SELECT 1 FROM grounds WHERE grounds.ground_id = stewards.steward_id)",
            ["grounds.ground_id and stewards.steward_id are joined, and no key says that they belong together"],
        ),
        (
            "Stewards without a ground",
            "SELECT steward_id FROM stewards WHERE steward_id NOT IN (SELECT seats FROM grounds)",
            ["stewards.steward_id and grounds.seats are joined, and no key says that they belong together"],
        ),
        (
            "Grounds without a steward",
            "SELECT seats FROM grounds WHERE NOT ground_id IN (SELECT ground_id FROM stewards)",
            [],
        ),
    ],
)
def test_parts_of_keys_and_tables_for_nothing_are_named(question, sql, said):
    context = RepairContext.of_question(read_question(question, LEAGUE, ValueIndex()), LEAGUE, ValueIndex())
    assert list(doubtful_joins(parse_one(sql, dialect="sqlite"), context)) == said
