from pathlib import Path

import pytest
from evaluation_shop import PAIRS, build_shop, engine_opener_with, gold_answers, write_examples, write_pairs

from coderag_app.errors import ConfigurationError
from coderag_app.settings import AppConfig
from finetune.evaluation.compare import compare_runs, comparison_markdown
from finetune.evaluation.evaluate import EvaluationSettings, evaluate
from finetune.evaluation.report_tables import ReportTable, to_markdown
from finetune.evaluation.results import (
    END,
    START,
    arms_table,
    decoding_text,
    headline_plot,
    headline_table,
    main,
    read_runs,
    results_markdown,
    settings_of_page,
    settings_table,
    write_between_markers,
)

ROOT = Path(__file__).resolve().parents[3]
README = f"# Title\n\nbefore\n\n{START}\nold\n{END}\n\nafter\n"


def run(folder: Path, name: str, arms=("none", "oracle"), config: AppConfig | None = None, **wrong) -> Path:
    build_shop(folder) if not (folder / "shop.sqlite").exists() else None
    evaluate(
        write_pairs(folder / "pairs.jsonl"),
        folder / name,
        examples=write_examples(folder / "examples.jsonl"),
        database=str(folder / "shop.sqlite"),
        settings=EvaluationSettings(arms=arms),
        config=config,
        open_engine=engine_opener_with(gold_answers(**wrong), samples=config.samples or 0 if config else 0),
    )
    return folder / name


def test_comparing_two_runs_shows_what_flipped(tmp_path: Path) -> None:
    before, after = run(tmp_path, "before", wrong_without=(0, 1, 2)), run(tmp_path, "after", wrong_without=(2, 3))
    none, oracle = compare_runs(before, after)
    assert (none.arm, none.questions, oracle.arm) == ("none", 5, "oracle")
    assert [pair[1].question_id for pair in none.won] == ["q0", "q1"]
    assert [pair[0].question_id for pair in none.lost] == ["q3"]
    assert none.compared.difference.mean == pytest.approx(1 / 5)
    assert (oracle.won, oracle.lost) == ((), ())


def test_the_comparison_reads_as_a_table_and_the_questions_behind_it(tmp_path: Path) -> None:
    before, after = run(tmp_path, "before", wrong_without=(0,)), run(tmp_path, "after", wrong_without=(2,))
    text = comparison_markdown(compare_runs(before, after))
    assert "| none | 5 | 80.0 | 80.0 | +0.0 (" in text
    assert f"## none: 1 won\n\n- {PAIRS[0][0]} (shop, q0)\n  - gold: SELECT count(\\*) FROM customer" in text
    assert "  - before: SELECT 0 AS wrong" in text
    assert f"## none: 1 lost\n\n- {PAIRS[2][0]} (shop, q2)" in text
    assert "## oracle" not in text


def test_runs_without_a_common_question_are_not_compared(tmp_path: Path) -> None:
    first, second = run(tmp_path, "first", arms=("none",)), run(tmp_path, "second", arms=("oracle",))
    with pytest.raises(ConfigurationError, match="share no question"):
        compare_runs(first, second)
    with pytest.raises(ConfigurationError, match=r"config\.json"):
        compare_runs(first, tmp_path)


def test_the_results_table_has_a_column_a_run_and_a_row_an_arm(tmp_path: Path) -> None:
    first, second = run(tmp_path, "one", wrong_without=(0, 1)), run(tmp_path, "two", arms=("none",))
    header, _, none, oracle = to_markdown(arms_table(read_runs([first, second]))).splitlines()
    assert header == "| arm | one: 5 questions, spider | two: 5 questions, spider |"
    assert none.startswith("| no retrieval | 60.0 (")
    assert "| 100.0 (" in none
    assert oracle.startswith("| oracle (nearest to the gold SQL) | 100.0 (")
    assert "; p 0.500 |  |" in oracle


def test_each_run_has_a_row_with_hardness_and_how_its_replies_were_chosen(tmp_path: Path) -> None:
    plain = run(tmp_path, "plain", wrong_without=(0, 1))
    voted = run(
        tmp_path, "voted", arms=("none",), config=AppConfig(samples=8, constrain="always", rank_candidates=False)
    )
    table = settings_table(read_runs([plain, voted]))
    by_run = {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}
    assert list(by_run) == ["plain", "voted"]  # the oracle looks at the gold: no setting of the product
    assert by_run["plain"]["questions"] == "5"
    assert by_run["plain"]["decoding"] == "most likely reply"
    assert by_run["voted"]["decoding"] == "constrained, vote of up to 9"
    assert by_run["plain"]["accuracy"].startswith("60.0 (") and by_run["plain"]["easy"] == "50.0"
    assert by_run["plain"]["surest half"] == ""  # a scripted model does not say how sure it is
    assert ", " in by_run["plain"]["seconds: median, 95%"]


def test_runs_that_decode_otherwise_have_no_column_among_the_arms(tmp_path: Path) -> None:
    plain, linked = run(tmp_path, "plain"), run(tmp_path, "unlinked", config=AppConfig(link_schema=False))
    assert arms_table(read_runs([plain, linked])).header == ("arm", "plain: 5 questions, spider")
    assert "unlinked" in results_markdown([plain, linked])


def test_every_switch_has_a_name_in_the_table() -> None:
    switches = {"samples": 4, "rank_candidates": True, "constrain": "never", "link_schema": False, "max_repairs": 0}
    assert decoding_text(AppConfig(**switches).model_dump()) == (
        "no grammar, vote of up to 5, ranked by the encoder, no schema linking, no repairs"
    )
    assert decoding_text(AppConfig().model_dump()) == decoding_text({}) == ""


def test_the_table_goes_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    assert write_between_markers(readme, "| new |")
    assert readme.read_text(encoding="utf-8") == README.replace("old", "| new |")
    assert not write_between_markers(readme, "| new |")


@pytest.mark.parametrize("text", ["no markers", START, f"{END}\n{START}", f"{START}{START}{END}"])
def test_a_readme_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must hold"):
        write_between_markers(readme, "x")
    assert readme.read_text(encoding="utf-8") == text


def test_the_readme_shows_the_headlines_of_the_page_and_the_plot_their_figures(tmp_path: Path) -> None:
    page, readme, plot = (tmp_path / name for name in ("results.md", "README.md", "results.svg"))
    for path in (page, readme):
        path.write_text(README, encoding="utf-8")
    folders = [run(tmp_path, "demo", arms=("none",), wrong_without=(0, 1)), run(tmp_path, "other", arms=("none",))]
    names = ["--page", str(page), "--readme", str(readme), "--plot", str(plot)]
    assert main([*map(str, folders), *names]) == 0
    assert settings_of_page(page) == settings_table(read_runs(folders))
    assert "| demo, one reply | 5 | 60.0 (" in readme.read_text(encoding="utf-8")
    assert "other" not in readme.read_text(encoding="utf-8")
    drawn = plot.read_text(encoding="utf-8")
    assert "demo, one reply" in drawn and ">60.0<" in drawn


def test_without_runs_readme_and_plot_are_made_from_the_page(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    page, readme = tmp_path / "results.md", tmp_path / "README.md"
    page.write_text(README.replace("old", results_markdown([run(tmp_path, "demo", arms=("none",))])), encoding="utf-8")
    readme.write_text(README, encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    assert main(["--page", str(page), "--readme", str(readme)]) == 0
    assert "| demo, one reply | 5 | 100.0 (" in readme.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8") == before
    page.write_text(README, encoding="utf-8")
    assert main(["--page", str(page), "--readme", str(readme)]) == 1
    assert "holds no table of runs" in capsys.readouterr().err
    assert main(["--readme", str(readme)]) == 1
    assert "Got no run directories" in capsys.readouterr().err


def test_the_projects_own_readme_and_plot_agree_with_its_results_page() -> None:
    headlines = headline_table(settings_of_page(ROOT / "docs/results.md"))
    assert len(headlines.rows) == 6
    assert f"{START}\n{to_markdown(headlines)}\n{END}" in (ROOT / "README.md").read_text(encoding="utf-8")
    drawn, fresh = (ROOT / "docs/images/results.svg").read_text(encoding="utf-8"), headline_plot(headlines)
    for title, _, accuracy, *_ in headlines.rows:
        for text in (title, f">{accuracy.split()[0]}<"):
            assert text in drawn and text in fresh


def test_a_page_of_tables_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = ReportTable("", ("run", "a", "b"), (("one", "", "2.9 (0.0 to 8.6)"), ("x|y <z> & `q`", "", "")))
    page = tmp_path / "page.md"
    page.write_text(README.replace("old", to_markdown(table)), encoding="utf-8")
    assert settings_of_page(page) == table


def test_the_command_prints_the_table_and_fails_with_a_message(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = run(tmp_path, "one", arms=("none",))
    page = tmp_path / "results.md"
    page.write_text(README, encoding="utf-8")
    assert main([str(folder), "--page", str(page)]) == 0
    table = results_markdown([folder])
    assert table in capsys.readouterr().out
    assert table in page.read_text(encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert "holds no summary.json" in capsys.readouterr().err
