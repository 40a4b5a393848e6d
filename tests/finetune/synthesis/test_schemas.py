"""Drawing populated databases from domain specifications."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coderag_app.errors import ConfigurationError
from coderag_app.schema.tables import quote_identifier
from finetune.synthesis.described import DescribedDatabase
from finetune.synthesis.domains import DomainSpec, load_domains
from finetune.synthesis.identifiers import IdentifierStyle, NamingStyle, Prefix
from finetune.synthesis.inflection import plural
from finetune.synthesis.population import build_schema, fill
from finetune.synthesis.renaming import name_everything
from finetune.synthesis.schemas import draw_database
from finetune.synthesis.selection import is_junction
from finetune.synthesis.values import draw_codes, draw_value_style, with_nulls
from finetune.synthesis.word_lists import proper_name, word_list

BAKERY = """
bakery:
  baker:
    noun: baker, pastry cook
    columns:
      baker_id: key
      full_name: person | name, full name
      mentor_id: ref baker | mentor, teacher | taught by | teaching
      hourly_wage: money 12..40 | wage, hourly pay
      is_certified: flag | certified
      start_date: date 2010..2024 | start date, first day
  cake:
    noun: cake, pastry
    columns:
      cake_code: code AA-999 | cake code
      title: name dish | name, cake name
      weight: int 200..4000 | weight, mass in grams
      flavour: one lemon|chocolate|vanilla | flavour
  baking:
    noun: baking
    columns:
      baker_id: ref baker | baker | baked by | baking
      cake_code: ref cake | cake | of | made in
      batch_count: int 1..30 | number of batches
"""
LEAGUE = """
league:
  team:
    noun: team, side
    columns:
      team_id: key
      name: name team
      home_city: city | city, home town
      founded: year 1890..2010 | founding year
  match:
    noun: match, fixture
    columns:
      match_id: key
      home_team_id: ref team | home team | hosted by | hosting
      away_team_id: ref team | away team, visitors
      played_on: date 2015..2024 | date, day
      attendance: int 50..70000 | attendance, crowd
"""


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DomainSpec]:
    directory = tmp_path_factory.mktemp("domains")
    (directory / "a.yaml").write_text(BAKERY, encoding="utf-8")
    (directory / "b.yaml").write_text(LEAGUE, encoding="utf-8")
    return {domain.name: domain for domain in load_domains(directory)}


def stored_rows(database: DescribedDatabase) -> list[object]:
    names = [quote_identifier(table.name, "sqlite") for table in database.tables]
    return [row for name in names for row in database.connection.execute(f"SELECT * FROM {name}")]


def problem_of(text: str, directory: Path) -> str:
    (directory / "broken.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_domains(directory)
    return str(raised.value)


def test_equal_seeds_give_equal_databases(domains):
    first, second = (draw_database(domains["bakery"], 4) for _ in range(2))
    assert first.schema == second.schema
    assert first.tables == second.tables
    assert first.relations == second.relations
    assert stored_rows(first) == stored_rows(second)


def test_a_seed_means_the_same_whatever_was_drawn_before(domains):
    before = draw_database(domains["league"], 1).schema.fingerprint
    draw_database(domains["bakery"], 2)
    random.random()
    assert draw_database(domains["league"], 1).schema.fingerprint == before


def test_different_seeds_give_mostly_different_schemas(domains):
    fingerprints = {draw_database(domains["bakery"], seed).schema.fingerprint for seed in range(60)}
    assert len(fingerprints) >= 57


def test_every_foreign_key_points_at_a_row(domains):
    for seed in range(40):
        for domain in domains.values():
            assert draw_database(domain, seed).connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_listed_values_are_the_stored_ones(domains):
    for seed in range(20):
        database = draw_database(domains["bakery"], seed)
        for table in database.tables:
            for column in table.columns:
                name, source = (quote_identifier(n, "sqlite") for n in (column.name, table.name))
                stored = [value for (value,) in database.connection.execute(f"SELECT {name} FROM {source}")]
                assert list(column.values) == sorted({value for value in stored if value is not None})
                assert column.nullable == (None in stored)
                assert table.row_count == len(stored)


def test_described_and_declared_names_agree(domains):
    for seed in range(20):
        database = draw_database(domains["league"], seed)
        declared = [(table.name, [column.name for column in table.columns]) for table in database.schema.tables]
        assert [(t.name, [c.name for c in t.columns]) for t in database.tables] == declared
        keys = {
            (t.name, k.columns[0], k.ref_table, k.ref_columns[0])
            for t in database.schema.tables
            for k in t.foreign_keys
        }
        relations = {(r.child_table, r.child_column, r.parent_table, r.parent_column) for r in database.relations}
        assert relations == keys


def test_every_foreign_key_is_declared_and_carries_its_verbs(domains):
    database = next(d for seed in range(50) if len((d := draw_database(domains["league"], seed)).tables) == 2)
    relations = [r for r in database.relations if r.child_table != r.parent_table]
    assert len(relations) == 2
    assert {("hosted by", "hosting"), ("", "")} == {(r.child_verb, r.parent_verb) for r in relations}


def test_a_match_has_two_different_teams(domains):
    for seed in range(20):
        database = draw_database(domains["league"], seed)
        if len(database.tables) == 2:
            between = [r for r in database.relations if r.child_table != r.parent_table]
            home, away = (quote_identifier(relation.child_column, "sqlite") for relation in between)
            child = quote_identifier(between[0].child_table, "sqlite")
            query = f"SELECT COUNT(*) FROM {child} WHERE {home} = {away}"
            assert database.connection.execute(query).fetchone() == (0,)


def test_drawn_tables_hang_together(domains):
    for seed in range(40):
        database = draw_database(domains["bakery"], seed)
        linked = {name for relation in database.relations for name in (relation.child_table, relation.parent_table)}
        assert len(database.tables) == 1 or linked == {table.name for table in database.tables}


def test_a_table_of_references_is_a_junction(domains):
    tables = {table.name: table for domain in domains.values() for table in domain.tables}
    assert {name for name, table in tables.items() if is_junction(table)} == {"baking"}


def test_some_groups_differ_in_size_and_some_parents_have_no_child(domains):
    childless = uneven = 0
    for seed in range(30):
        database = draw_database(domains["bakery"], seed)
        for relation in database.relations:
            table, column = (quote_identifier(n, "sqlite") for n in (relation.child_table, relation.child_column))
            query = f"SELECT COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY {column}"
            sizes = [size for (size,) in database.connection.execute(query)]
            (parents,) = database.connection.execute(
                f"SELECT COUNT(*) FROM {quote_identifier(relation.parent_table, 'sqlite')}"
            ).fetchone()
            childless += len(sizes) < parents
            uneven += len(set(sizes)) > 1
    assert childless > 20
    assert uneven > 20


def test_the_word_of_the_table_name_is_among_its_first_two_nouns(domains):
    for seed in range(40):
        for table in draw_database(domains["bakery"], seed).tables:
            first = {form.replace(" ", "") for noun in table.nouns[:2] for form in noun}
            assert table.name.lower().replace("_", "").replace(" ", "") in first


def test_no_phrase_belongs_to_two_columns_unless_both_say_it_first(domains):
    for seed in range(40):
        for table in draw_database(domains["bakery"], seed).tables:
            later = [phrase for column in table.columns for phrase in column.phrases[1:]]
            assert len(later) == len(set(later))


def style(**habits: object) -> NamingStyle:
    usual = {
        "identifiers": IdentifierStyle.SNAKE,
        "table_identifiers": IdentifierStyle.SNAKE,
        "plural_tables": False,
        "prefix": Prefix.NONE,
        "key_suffix": "id",
        "bare_key": False,
        "role_keys": True,
        "upper_id": False,
        "synonym_rate": 0.0,
        "table_synonym_rate": 0.0,
        "abbreviation_rate": 0.0,
    }
    return NamingStyle(**(usual | habits))


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        (IdentifierStyle.SNAKE, "hourly_wage"),
        (IdentifierStyle.CAMEL, "hourlyWage"),
        (IdentifierStyle.PASCAL, "HourlyWage"),
        (IdentifierStyle.UPPER_SNAKE, "HOURLY_WAGE"),
        (IdentifierStyle.TITLE_SNAKE, "Hourly_Wage"),
        (IdentifierStyle.JOINED, "hourlywage"),
        (IdentifierStyle.SPACED, "hourly wage"),
    ],
)
def test_an_identifier_style_joins_the_words(domains, identifiers, expected):
    tables = name_everything(domains["bakery"], style(identifiers=identifiers), random.Random(1))
    assert expected in [column.name for column in tables[0].columns]


def test_prefixes_are_added_to_every_column_of_a_table(domains):
    tables = name_everything(domains["bakery"], style(prefix=Prefix.SHORT), random.Random(1))
    assert all(column.name.startswith("cak_") for column in tables[1].columns)


def test_abbreviations_are_not_taken_for_phrases(domains):
    tables = name_everything(domains["bakery"], style(abbreviation_rate=1.0), random.Random(1))
    weight = tables[1].columns[2]
    assert (weight.name, weight.phrases) == ("wt", ("weight", "mass in grams"))


def test_plural_tables_keep_singular_nouns(domains):
    tables = name_everything(domains["league"], style(plural_tables=True), random.Random(1))
    assert [(table.name, table.nouns[0]) for table in tables] == [
        ("teams", ("team", "teams")),
        ("matches", ("match", "matches")),
    ]


def test_a_code_is_the_key_of_a_table_without_an_integer_key(domains):
    rng = random.Random(3)
    tables = name_everything(domains["bakery"], style(), rng)
    values = draw_value_style(rng)
    schema = build_schema(tables, values, rng)
    connection = fill(tables, schema, values, rng)
    assert schema.table("cake").column("cake_code").primary_key
    codes = [code for (code,) in connection.execute("SELECT cake_code FROM cake")]
    assert len(codes) == len(set(codes)) >= 8
    assert all(len(code) == 6 and code[2] == "-" for code in codes)


def test_codes_stay_different_when_the_pattern_is_too_short():
    assert len(set(draw_codes("9", 50, random.Random(0)))) == 50


def test_nulls_replace_some_values_and_never_all():
    rng = random.Random(0)
    assert with_nulls([1, 2], 0.9, rng).count(None) == 1
    assert with_nulls(list(range(100)), 0.2, rng).count(None) == 20


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("city", "cities"),
        ("day", "days"),
        ("person", "people"),
        ("schoolchild", "schoolchildren"),
        ("series", "series"),
        ("staff", "staff"),
        ("fireman", "firemen"),
        ("box", "boxes"),
        ("bus", "buses"),
        ("hero", "heroes"),
        ("photo", "photos"),
        ("flight attendant", "flight attendants"),
        ("member of parliament", "members of parliament"),
        ("spacecraft", "spacecraft"),
    ],
)
def test_plural(word, expected):
    assert plural(word) == expected


def test_the_word_lists_are_large_and_free_of_repeats():
    fewest = {"first_names": 150, "last_names": 200, "cities": 150, "countries": 80}
    for name, count in fewest.items():
        words = word_list(name)
        assert len(words) == len(set(words)) >= count


def test_unknown_sorts_get_proper_names_too():
    names = {proper_name("zeppelin hangar", random.Random(seed)) for seed in range(30)}
    assert len(names) > 20
    assert not any("{" in name for name in names)


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ("wage: mony 1..2", "unknown kind 'mony'"),
        ("wage: money 40", "kind money takes LO..HI, got '40'"),
        ("wage: money 40..12", "expected LO below HI"),
        ("boss_id: ref chef", "refers to chef, which is no table of the domain"),
        ("flavour: one lemon", "kind one takes 2 to 12 different values"),
        ("name: person sir", "kind person takes no argument"),
        ("Wage: money 1..2", "expected a snake_case name"),
        ("wage: money 1..2 | pay | paid to", "phrases, and verbs for a ref only"),
    ],
)
def test_a_broken_column_is_named_with_its_place(tmp_path, column, complaint):
    text = f"bakery:\n  baker:\n    noun: baker\n    columns:\n      baker_id: key\n      {column}\n"
    message = problem_of(text, tmp_path)
    assert complaint in message
    assert "broken.yaml: bakery.baker" in message


def test_all_problems_are_reported_at_once(tmp_path):
    text = "bakery:\n  baker:\n    columns:\n      a: nothing\n      a: text\n"
    message = problem_of(text, tmp_path)
    assert message.startswith("3 problems")
    assert "has no noun" in message
    assert "defined twice" in message


def test_a_domain_may_not_be_defined_in_two_files(tmp_path):
    (tmp_path / "first.yaml").write_text(BAKERY, encoding="utf-8")
    assert "bakery: the domain is defined twice" in problem_of(BAKERY, tmp_path)


def test_text_that_is_not_yaml_is_named(tmp_path):
    assert "broken.yaml: not valid YAML" in problem_of("bakery: [", tmp_path)


def test_an_empty_directory_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="No domain files"):
        load_domains(tmp_path)


def test_every_shipped_domain_draws_sound_databases():
    shipped = load_domains()
    assert len(shipped) >= 100
    fingerprints = set()
    for domain in shipped:
        for seed in range(2):
            database = draw_database(domain, seed)
            fingerprints.add(database.schema.fingerprint)
            assert database.connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert all(table.row_count >= 4 and table.nouns for table in database.tables)
            assert all(column.phrases for table in database.tables for column in table.columns)
            database.connection.close()
    assert len(fingerprints) == 2 * len(shipped)
