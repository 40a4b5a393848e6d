import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from evaluation_shop import PAIRS, build_shop, engine_opener_with, gold_answers, write_examples, write_pairs

from coderag_app.errors import ConfigurationError
from finetune.evaluation.browser import browser_entries
from finetune.evaluation.evaluate import EvaluationSettings, evaluate
from finetune.evaluation.plots import draw_plots
from finetune.evaluation.predictions import Prediction, ResultPreview
from finetune.evaluation.report import leaks_text, write_reports
from finetune.evaluation.report_tables import ReportTable, markdown_text, report_tables, surest_table, to_markdown
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.summary import summarise

ATTACK = "</pre><script>alert('x')</script>"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run whose questions, SQL, values and column names hold markup."""
    folder = tmp_path_factory.mktemp("report")
    build_shop(folder)
    pairs = [*PAIRS, (f"Who is {ATTACK} | `x`?", 'SELECT name AS "<i>name</i>" FROM customer')]
    answers = gold_answers(wrong_without=(0, 1), wrong_with=(3,))
    answers[pairs[-1][0]] = (f"SELECT '{ATTACK.replace(chr(39), chr(39) * 2)}'", "SELECT nothing FROM customer")
    evaluate(
        write_pairs(folder / "pairs & more.jsonl", pairs),
        folder / "run",
        examples=write_examples(folder / "examples.jsonl"),
        database=str(folder / "shop.sqlite"),
        settings=EvaluationSettings(arms=("none", "random", "oracle")),
        open_engine=engine_opener_with(answers),
    )
    return RunDirectory(folder / "run")


def read(run: RunDirectory, name: str) -> str:
    return (run.folder / name).read_text(encoding="utf-8")


def prediction(arm: str = "none", question_id: str = "q", **changes) -> Prediction:
    made = Prediction(
        arm, question_id, "db", "How many?", "SELECT 1", "SELECT 1", "answered", "",
        True, True, True, True, True, "equal",
        "none", "easy", ("plain",), 0.5, {}, 1, (), ResultPreview(("1",), (("1",),), 1), ResultPreview(),
    )  # fmt: skip
    return replace(made, **changes)


def wrong(arm: str = "none", question_id: str = "q", **changes) -> Prediction:
    fields = {"spider": False, "bird": False, "verdict": "other values", "error_class": "other values"} | changes
    return prediction(arm, question_id, **fields)


# --- figures ---


def test_arms_are_compared_on_the_questions_that_all_have() -> None:
    made = [prediction("none", "a"), prediction("none", "b"), wrong("bm25", "b"), wrong("bm25", "c")]
    summary = summarise(made)
    assert (summary.questions, summary.unpaired) == (1, 2)
    assert [(arm.arm, arm.accuracy.mean) for arm in summary.arms] == [("none", 1.0), ("bm25", 0.0)]


def test_groups_count_right_answers_out_of_questions() -> None:
    made = [
        prediction(question_id="a", hardness="easy", clauses=("join", "where")),
        wrong(question_id="b", hardness="easy", clauses=("where",)),
        wrong(question_id="c", hardness="extra", clauses=("join",), db_id="other"),
    ]
    (arm,) = summarise(made).arms
    assert {name: (share.right, share.questions) for name, share in arm.by_hardness.items()} == {
        "easy": (1, 2),
        "extra": (0, 1),
    }
    assert {name: (share.right, share.questions) for name, share in arm.by_clause.items()} == {
        "join": (1, 2),
        "where": (1, 2),
    }
    assert {name: share.questions for name, share in arm.by_database.items()} == {"db": 2, "other": 1}
    assert arm.error_classes == {"other values": 2}


def test_latency_percentiles_and_means_by_hand() -> None:
    made = [prediction(question_id=str(i), latency_s=float(i)) for i in range(1, 102)]
    latency = summarise(made).arms[0].latency_s
    assert (latency["p50"], latency["p90"], latency["p99"], latency["mean"]) == (51.0, 91.0, 100.0, 51.0)


def test_the_surest_part_is_the_one_with_the_highest_confidence() -> None:
    made = [prediction(question_id=f"{i}", confidence=1 - i / 10) for i in range(4)]  # the four surest are right
    made += [wrong(question_id=f"{i}", confidence=1 - i / 10) for i in range(4, 8)]
    (arm,) = summarise(made).arms
    assert {part: (share.right, share.questions) for part, share in arm.surest.items()} == {
        "10%": (1, 1), "25%": (2, 2), "50%": (4, 4), "75%": (4, 6), "100%": (4, 8)
    }  # fmt: skip


def test_answers_that_were_not_accepted_are_the_least_sure_whatever_their_score() -> None:
    refused = wrong(question_id="a", confidence=0.99, valid=False)
    silent = wrong(question_id="b", confidence=None)
    (arm,) = summarise([refused, silent, prediction(question_id="c", confidence=0.1)]).arms
    assert arm.surest["25%"].share == 1.0


def test_without_confidence_there_is_no_table_of_the_surest() -> None:
    summary = summarise([prediction(question_id="a"), wrong(question_id="b")])
    assert summary.arms[0].surest == {}
    assert "Surest half and quarter" not in [table.title for table in report_tables(summary)]
    assert "coverage" not in draw_plots(summary)


def test_the_surest_table_ends_with_what_the_candidates_held() -> None:
    made = [prediction(question_id="a", confidence=0.9, among_candidates=True)]
    made += [wrong(question_id="b", confidence=0.2, among_candidates=True)]
    summary = summarise(made)
    table = surest_table(summary)
    assert dict(table.rows)["surest half (50%)"] == "100.0"
    assert dict(table.rows)["all (100%)"] == "50.0"
    assert dict(table.rows)["some candidate right"] == "100.0"
    assert "coverage" in draw_plots(summary)


def test_a_prediction_of_an_earlier_version_can_be_read() -> None:
    later = ("confidence", "log_probability", "agreement", "among_candidates")
    line = {key: value for key, value in json.loads(prediction().to_line()).items() if key not in later}
    assert Prediction.from_line(json.dumps(line)) == prediction()


def test_retrieval_is_averaged_over_the_questions_where_it_was_measured() -> None:
    made = [
        prediction("oracle", "a", retrieval={"recall": 1.0, "mrr": 0.5, "ndcg": 0.2}, table_recall=0.5),
        prediction("oracle", "b", retrieval={"recall": 0.0, "mrr": 0.0, "ndcg": 0.0}, table_recall=1.0),
        prediction("oracle", "c"),
    ]
    (arm,) = summarise(made).arms
    assert (arm.retrieval, arm.retrieval_questions) == ({"recall": 0.5, "mrr": 0.25, "ndcg": 0.1}, 2)
    assert arm.table_recall == 0.75


def test_p_values_are_adjusted_for_the_number_of_arms() -> None:
    ids = [str(i) for i in range(12)]
    made = [wrong("none", i) for i in ids] + [prediction("random", i) for i in ids]
    made += [prediction("bm25", i) if i < "2" else wrong("bm25", i) for i in ids]
    summary = summarise(made)
    random = summary.arm("random")
    assert random.compared.p_value == pytest.approx(2 / 2**12)
    assert random.adjusted_p_value == pytest.approx(2 * random.compared.p_value)


def test_a_run_without_a_scored_question_has_a_report_without_tables() -> None:
    summary = summarise([])
    assert (report_tables(summary), draw_plots(summary)) == ([], {})


# --- the files ---


def test_every_file_of_a_report_is_written(finished: RunDirectory) -> None:
    names = {path.relative_to(finished.folder).as_posix() for path in finished.folder.rglob("*") if path.is_file()}
    assert {"report.md", "report.html", "errors.html", "summary.json", "config.json", "predictions.jsonl"} <= names
    assert {"plots/accuracy.svg", "plots/latency.svg", "plots/errors.svg"} <= names


def test_no_value_becomes_markup(finished: RunDirectory) -> None:
    errors = read(finished, "errors.html")
    assert "&lt;/pre&gt;&lt;script&gt;alert(" in errors
    assert "&lt;i&gt;name&lt;/i&gt;" in errors
    assert "&lt;b&gt;&amp;Co&lt;/b&gt;" in errors
    for name in ("errors.html", "report.html"):
        assert "alert('x')" not in read(finished, name)
        assert "<b>" not in read(finished, name)
        assert len(re.findall("<script", read(finished, name))) == (name == "errors.html")
    assert "pairs &amp; more" in read(finished, "report.html")


def test_the_error_browser_shows_gold_predicted_both_results_and_sources(finished: RunDirectory) -> None:
    errors = read(finished, "errors.html")
    assert "What did each customer spend?" in errors
    assert "SELECT customer_id, SUM(amount)" in errors.replace("sum", "SUM")
    assert "<td>14.5</td>" in errors
    assert "SELECT 3 AS wrong" in errors
    assert "Count the purchases." in errors
    assert "Purchases, the largest first" not in errors  # every arm had it right


def test_the_error_browser_shows_equal_answers_once() -> None:
    made = {"none": {"q": wrong("none")}, "random": {"q": wrong("random")}, "bm25": {"q": prediction("bm25")}}
    (entry,) = browser_entries(made, "spider")
    assert [(answer.arms, answer.right) for answer in entry.answers] == [(("none", "random"), False), (("bm25",), True)]
    assert entry.wrong_arms == ("none", "random")
    assert browser_entries({"bm25": made["bm25"]}, "spider") == []


def test_text_that_reorders_a_line_is_shown_as_escapes() -> None:
    made = {"none": {"q": wrong(question="evil \u202egnp.exe", predicted_sql="SELECT\n1 \x1b[31m")}}
    (entry,) = browser_entries(made, "spider")
    assert entry.question == "evil \\u202egnp.exe"
    assert entry.answers[0].sql == "SELECT\n1 \\x1b[31m"


def test_the_reports_figures_are_the_summarys(finished: RunDirectory) -> None:
    summary = summarise(finished.read_predictions())
    table = next(table for table in report_tables(summary) if table.title == "Accuracy")
    shown = read(finished, "report.md")
    for row, arm in zip(table.rows, summary.arms, strict=True):
        assert f"{100 * arm.accuracy.mean:.1f} (" in row[1]
        assert row[1] in shown
    assert {arm.arm: round(arm.accuracy.mean, 3) for arm in summary.arms} == {
        "none": 0.5,
        "random": 0.667,
        "oracle": 0.667,
    }


def test_reports_can_be_written_anew_from_the_folder_and_are_the_same(finished: RunDirectory) -> None:
    before = {name: read(finished, name) for name in ("report.md", "report.html", "errors.html", "plots/errors.svg")}
    write_reports(RunDirectory(finished.folder))
    assert {name: read(finished, name) for name in before} == before


def test_plots_are_svg_that_names_every_arm(finished: RunDirectory) -> None:
    for name in ("accuracy", "errors"):
        root = ElementTree.fromstring(read(finished, f"plots/{name}.svg"))
        assert root.tag.endswith("svg")
        texts = " ".join(root.itertext())
        assert "no retrieval" in texts
        assert "random examples" in texts
    assert "mathdefault" not in read(finished, "plots/latency.svg")


def test_kept_leaks_are_shouted() -> None:
    leaks = {"the same question": [3, 4]}
    assert leaks_text({"leaks": leaks, "leaks_kept": True}).startswith("KEPT")
    assert leaks_text({"leaks": leaks, "leaks_kept": False}).startswith("removed")
    assert "the same question: 3 (4 pairs)" in leaks_text({"leaks": leaks, "leaks_kept": False})
    assert leaks_text({"leaks": {}, "leaks_kept": True}) == "none found"


def test_markdown_cells_cannot_break_their_table() -> None:
    table = ReportTable("", ("a", "b"), (("x|y", "<b>\n&amp;`"),))
    assert to_markdown(table).splitlines()[2] == r"| x\|y | \<b\>\\n&amp;amp;\` |"
    assert markdown_text("plain_name 1.5") == "plain_name 1.5"


def test_an_unfinished_run_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds no config\.json"):
        write_reports(RunDirectory(tmp_path))
