"""Rare shapes: ratios, shares, CASE, correlated queries, common table expressions, window functions."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.patterns.aggregates import aggregate_words
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import literal, quoted
from finetune.synthesis.patterns.number_conditions import threshold
from finetune.synthesis.patterns.registry import DrawnPair, pattern
from finetune.synthesis.patterns.row_conditions import condition
from finetune.synthesis.patterns.subject import column_phrases, request, subject

FAMILY = "advanced"


@pattern(0.6, FAMILY)
def share_of_rows(draw: Draw) -> DrawnPair | None:
    """What percentage of students are from France?"""
    table = draw.table()
    found = condition(draw, table) if table else None
    if table is None or found is None:
        return None
    rows = subject(draw, table, found)
    noun = draw.lookup.nouns[table.name][0][1]
    question = draw.say(
        "[What percentage of {noun} are {rows}|What is the percentage of {rows} among all {noun}|"
        "<show> the percentage of {noun} that are {rows}|percentage of {rows} among {noun}]",
        noun=noun,
        rows=rows.plural,
    )
    shown = f"100.0 * sum(CASE WHEN {found.sql} THEN 1 ELSE 0 END) / count(*)"
    return DrawnPair(question, select(shown, quoted(table.name)))


@pattern(0.5, FAMILY)
def column_arithmetic(draw: Draw) -> DrawnPair | None:
    """The difference or the ratio of two numbers of each row."""
    table = draw.table(draw.numeric)
    first = draw.numeric(table) if table else None
    second = draw.numeric(table, (first.name,)) if table and first else None
    if table is None or first is None or second is None or first.kind != second.kind:
        return None
    shown = list(draw.identity(table)) or draw.projection(table, 1, (first.name, second.name))
    if not shown:
        return None
    a, b = draw.ref(table, first), draw.ref(table, second)
    words, value = draw.choice(
        (
            ("[difference between {a} and {b}|{a} minus {b}]", f"{a} - {b}"),
            ("ratio of {a} to {b}", f"{a} * 1.0 / {b}"),
            ("sum of {a} and {b}", f"{a} + {b}"),
        )
    )
    wanted = draw.say(
        "the {columns} of each {row} and the " + words,
        columns=wording.join_words(column_phrases(draw, table, shown), draw.rng),
        row=draw.noun(table)[0],
        a=draw.phrase(table, first),
        b=draw.phrase(table, second),
    )
    return DrawnPair(
        request(draw, wanted, True), select([*(draw.ref(table, c) for c in shown), value], quoted(table.name))
    )


@pattern(0.4, FAMILY)
def labelled(draw: Draw) -> DrawnPair | None:
    """Each student's name, with "high" or "low" by age."""
    table = draw.table(lambda t: draw.numeric(t) and draw.identity(t))
    column = draw.numeric(table) if table else None
    if table is None or column is None:
        return None
    bound = threshold(draw, column)
    high, low = draw.choice((("high", "low"), ("large", "small"), ("above", "below"), ("yes", "no")))
    shown = draw.identity(table)
    question = draw.say(
        "<show> the {columns} of each {row} and '{high}' if [the|its] {column} is [over|more than|"
        "greater than] {bound}[,|] "
        "[otherwise|else|and otherwise] '{low}'",
        columns=wording.join_words(column_phrases(draw, table, shown), draw.rng),
        row=draw.noun(table)[0],
        column=draw.phrase(table, column),
        bound=literal(bound),
        high=high,
        low=low,
    )
    case = f"CASE WHEN {draw.ref(table, column)} > {literal(bound)} THEN '{high}' ELSE '{low}' END"
    return DrawnPair(question, select([*(draw.ref(table, c) for c in shown), case], quoted(table.name)))


@pattern(0.5, FAMILY)
def beyond_group_average(draw: Draw) -> DrawnPair | None:
    """Students older than the average of their own country: a correlated query."""
    table = draw.table(lambda t: draw.category(t) and draw.numeric(t))
    group = draw.category(table) if table else None
    number = draw.numeric(table, (group.name,)) if table and group else None
    shown = (list(draw.identity(table)) or draw.projection(table, 1)) if table else []
    if table is None or group is None or number is None or not shown:
        return None
    more = draw.chance(0.7)
    wanted = draw.say(
        "the {columns} of {rows} whose {number} is {side} the average [{number} |]of {rows} with the same {group}",
        columns=wording.join_words([wording.plural(p) for p in column_phrases(draw, table, shown)], draw.rng),
        rows=draw.noun(table)[1],
        number=draw.phrase(table, number),
        side=draw.say("[above|higher than|greater than]" if more else "[below|lower than|less than]"),
        group=draw.phrase(table, group),
    )
    name, value, key = quoted(table.name), draw.ref(table, number), draw.ref(table, group)
    inner = f"SELECT avg(T2.{value}) FROM {name} AS T2 WHERE T2.{key} = T1.{key}"
    refs = [f"T1.{draw.ref(table, c)}" for c in shown]
    sql = select(refs, f"{name} AS T1", f"T1.{value} {'>' if more else '<'} ({inner})")
    return DrawnPair(request(draw, wanted, True), sql)


@pattern(0.5, FAMILY)
def best_of_each_group(draw: Draw) -> DrawnPair | None:
    """For each country, the student with the highest age: a window function."""
    table = draw.table(lambda t: draw.category(t) and draw.numeric(t) and draw.identifiable(t))
    group = draw.category(table) if table else None
    number = draw.numeric(table, (group.name,)) if table and group else None
    if table is None or group is None or number is None:
        return None
    (name,) = draw.identity(table)
    count = draw.choice((1, 1, 2, 3))
    down = draw.chance(0.75)
    rank = draw.say("[highest|largest]" if down else "[lowest|smallest]")
    one, many = draw.noun(table)
    which = f"the {one}" if count == 1 else f"the {wording.number_word(count, draw.rng)} {many}"
    question = draw.say(
        "[For each {group}, [show|find|list|give] the {group} and the {name} of {which} with the {rank} {number}|"
        "<show> each {group} and the {name} of {which} with the {rank} {number} [in it|within it]]",
        group=draw.phrase(table, group),
        name=draw.phrase(table, name),
        which=which,
        rank=rank,
        number=draw.phrase(table, number),
    )
    g, n, v = (draw.ref(table, c) for c in (group, name, number))
    order = f"{v} DESC" if down else v
    inner = f"SELECT {g}, {n}, RANK() OVER (PARTITION BY {g} ORDER BY {order}) AS place FROM {quoted(table.name)}"
    test = "= 1" if count == 1 else f"<= {count}"
    sql = f"SELECT {g}, {n} FROM ({inner}) AS ranked WHERE place {test}"
    if draw.chance(0.4):
        sql = f"WITH ranked AS ({inner}) SELECT {g}, {n} FROM ranked WHERE place {test}"
    return DrawnPair(question, sql)


@pattern(0.3, FAMILY)
def ranked_rows(draw: Draw) -> DrawnPair | None:
    """Each student's name with the rank by age."""
    table = draw.table(lambda t: draw.numeric(t) and draw.identity(t))
    number = draw.numeric(table) if table else None
    if table is None or number is None:
        return None
    shown = draw.identity(table)
    question = draw.say(
        "[<show> the {columns} of each {row} and its rank by {number}, [highest|largest] first|"
        "Rank [all|the] {rows} by {number} from [highest|largest] to lowest and show the {columns} and the rank]",
        columns=wording.join_words(column_phrases(draw, table, shown), draw.rng),
        row=draw.noun(table)[0],
        rows=draw.noun(table)[1],
        number=draw.phrase(table, number),
    )
    rank = f"rank() OVER (ORDER BY {draw.ref(table, number)} DESC)"
    return DrawnPair(question, select([*(draw.ref(table, c) for c in shown), rank], quoted(table.name)))


@pattern(0.4, FAMILY)
def average_count_of_groups(draw: Draw) -> DrawnPair | None:
    """On average, how many students does a country have?"""
    table = draw.table(draw.category)
    group = draw.category(table) if table else None
    if table is None or group is None:
        return None
    function = draw.choice(("avg", "avg", "max", "min"))
    word = {"avg": "average", "max": "highest", "min": "lowest"}[function]
    wanted = draw.say(
        "the {word} number of {rows} per {group}", word=word, rows=draw.noun(table)[1], group=draw.phrase(table, group)
    )
    ref = draw.ref(table, group)
    inner = f"SELECT count(*) AS total FROM {quoted(table.name)} GROUP BY {ref}"
    sql = f"SELECT {function}(total) FROM ({inner})"
    if draw.chance(0.3):
        sql = f"WITH totals AS ({inner}) SELECT {function}(total) FROM totals"
    return DrawnPair(request(draw, wanted, False), sql)


@pattern(0.3, FAMILY)
def rounded_average(draw: Draw) -> DrawnPair | None:
    """The average price, rounded to two decimals."""
    table = draw.table(draw.numeric)
    number = draw.numeric(table) if table else None
    if table is None or number is None:
        return None
    digits = draw.choice((1, 2, 2))
    wanted = draw.say(
        "the {word} {number} of [all |]{rows}[, rounded| rounded] to {digits} decimal[ place| place|]s",
        word=aggregate_words(draw, "avg", number),
        number=draw.phrase(table, number),
        rows=draw.noun(table)[1],
        digits=wording.number_word(digits, draw.rng),
    )
    wanted = (
        wanted.replace("one decimals", "one decimal")
        .replace("1 decimals", "1 decimal")
        .replace("1 decimal places", "1 decimal place")
        .replace("one decimal places", "one decimal place")
    )
    return DrawnPair(
        request(draw, wanted, False), select(f"round(avg({draw.ref(table, number)}), {digits})", quoted(table.name))
    )
