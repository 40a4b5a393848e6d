"""Files that go in and out of the page in a real browser: dropped tables, downloads, limits, hostile names."""

import csv
import io

import pandas as pd
import pyarrow.parquet
import pytest
from ui_server import repeat

from coderag_app.database.uploads.upload_tables import MAX_UPLOAD_MB

pytest_plugins = ["ui_browser"]

SALES = pd.DataFrame({"item": ["pen, red", 'a "b"', "<b>lamp</b>"], "amount": [2, 30, 100]})
IMAGE = "<img src=x onerror=document.title='pw'>"
SCRIPT = "<script>document.title='pw'</script>"
DROP = """async ([zone, name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: "text/csv"}));
    for (const kind of ["dragenter", "dragover", "drop"])
        zone.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""
WRITERS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


def open_dropped(chat, name):
    chat.page.get_by_test_id("stFileChip").first.wait_for()

    def press(timeout_ms):
        if not chat.sidebar.get_by_text(name, exact=True).count():
            chat.page.get_by_role("button", name="Open", exact=True).first.click(timeout=timeout_ms)
        chat.opened(name, timeout_ms)

    repeat(press)


def sales_rows(chat):
    cells = chat.cells(chat.ask("Show all sales", 0))
    return [tuple(cells[at : at + 2]) for at in range(0, len(cells), 2)]


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_chosen_file_becomes_a_table_that_answers(chat, tmp_path, suffix):
    path = tmp_path / f"sales.{suffix}"
    WRITERS[suffix](SALES, path)
    chat.choose_files(path)
    open_dropped(chat, "sales")
    assert sales_rows(chat) == [("pen, red", "2"), ('a "b"', "30"), ("<b>lamp</b>", "100")]


def test_a_csv_file_dropped_with_the_mouse_becomes_a_table_that_answers(chat):
    zone = chat.show_drop_zone().element_handle()
    chat.page.evaluate(DROP, [zone, "sales.csv", "item;amount\nlamp;7\n"])
    open_dropped(chat, "sales")
    assert sales_rows(chat) == [("lamp", "7")]


def test_several_files_become_tables_that_are_joined(chat, tmp_path):
    (tmp_path / "people.csv").write_text("name,shop\nAnn,1\nBen,2\n")
    pd.DataFrame({"id": [1, 2], "city": ["Lyon", "Oslo"]}).to_parquet(tmp_path / "shops.parquet")
    chat.choose_files(tmp_path / "people.csv", tmp_path / "shops.parquet")
    open_dropped(chat, "uploads")
    assert chat.cells(chat.ask("Which people are joined with which shops?", 0)) == ["Ann", "Lyon", "Ben", "Oslo"]


def test_names_of_files_and_headers_with_markup_are_shown_as_text(chat, tmp_path):
    path = tmp_path / f"{IMAGE}.csv"
    path.write_text(f"{IMAGE},<b>n</b>\n{SCRIPT},1\n")
    broken = tmp_path / f"{IMAGE}.parquet"
    broken.write_bytes(b"PAR1 and nothing more")
    chat.choose_files(broken)
    chat.page.get_by_test_id("stFileChip").wait_for()
    chat.page.get_by_role("button", name="Open", exact=True).first.click()
    message = chat.page.get_by_test_id("stCode").filter(has_text="cannot be read as Parquet")
    assert IMAGE in message.inner_text()
    chat.page.get_by_role("button", name=f"Remove {IMAGE}.parquet").click()
    chat.choose_files(path)
    open_dropped(chat, "img_src_x_onerror_document_title_pw")
    chat.show("Data")
    first = chat.page.locator("[role=gridcell]").first
    first.wait_for(state="attached")
    assert first.inner_text() == "img_src_x_onerror_document_title_pw"
    assert SCRIPT in chat.page.locator("[role=gridcell]").all_text_contents()
    chat.show("Connect")
    assert chat.page.locator("img[src=x]").count() == 0
    assert chat.page.title() == "CodeRAG"


def test_a_file_over_the_limit_is_refused_before_it_is_sent(chat, tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate((MAX_UPLOAD_MB + 1) * 1024 * 1024)
    sent = []
    chat.page.on("request", lambda request: sent.append(request.url) if request.method in ("PUT", "POST") else None)
    chat.choose_files(path)
    chat.page.get_by_text(f"File must be {MAX_UPLOAD_MB}.0MB or smaller.").wait_for()
    chat.page.get_by_role("button", name="Open", exact=True).first.click()
    chat.page.get_by_test_id("stSpinner").wait_for(state="detached")
    assert sent == []
    assert chat.sidebar.get_by_text("demo", exact=True).is_visible()


def test_downloads_hold_the_rows_of_the_answer(chat, tmp_path):
    SALES.to_csv(tmp_path / "sales.csv", index=False)
    chat.choose_files(tmp_path / "sales.csv")
    open_dropped(chat, "sales")
    answer = chat.ask("Show all sales", 0)
    files = {}
    for kind in ("CSV", "Parquet"):
        download = chat.download(answer.get_by_role("button", name=kind, exact=True))
        files[kind] = download.path().read_bytes()
        assert download.suggested_filename == f"answer.{kind.lower()}"
    rows = list(csv.reader(io.StringIO(files["CSV"].decode("utf-8-sig"), newline="")))
    assert rows == [["item", "amount"], ["pen, red", "2"], ['a "b"', "30"], ["<b>lamp</b>", "100"]]
    table = pyarrow.parquet.read_table(io.BytesIO(files["Parquet"]))
    assert table.to_pydict() == {"item": list(SALES["item"]), "amount": list(SALES["amount"])}
