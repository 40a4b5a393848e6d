"""Passwords are masked in every form that a connection is written in; other text stays as it is."""

import json
import time

import pytest

from coderag_app.text.secrets_in_text import without_passwords

LEAKS = [
    "postgresql://ann:s3cret@host/shop",
    "postgresql://ann:s3/cret@host/shop",
    "postgresql://ann:s3@cret@host/shop",
    "postgresql://ann:s3:cret?x#y@host/shop",
    "postgresql+psycopg://ann@corp:s3cret@host:5432/shop?sslmode=require",
    "redis://:s3cret@host",
    "see postgresql://ann:my s3cret@host/shop please",
    "postgresql://ann:s3cret",
    "postgresql://host/shop?user=ann&password=s3/cret@a:b&sslmode=off",
    "postgresql://host/shop?passwd=s3&cret&user=ann",
    "mysql://host/shop?pwd=s3cret#end",
    "postgresql%3A%2F%2Fann%3As3cret%40host%2Fshop",
    "https://x/?next=postgresql%253A%252F%252Fann%253As3cret%2540host",
    "https://x/?dsn=host%3Dh%26password%3Ds3cret%26dbname%3Dx",
    "host=db password=s3cret dbname=shop",
    "host=db password = 's3 \\' cret' dbname=shop",
    "password='s3''cret' host=db",
    "password='s3cret that was cut",
    "[shop]\nhost=db\npassword=s3 and cret\nport=5432",
    "first line\nsecond: mysql://ann:s3cret@host/x\nthird",
    "localhost:5432:shop:ann:s3cret",
    "Driver={x};Server=h;Uid=sa;Pwd={s3;cret};Database=d",
    "Server=h;User Id=sa;Password=s3;cret;Database=d",
    "jdbc:oracle:thin:scott/s3cret@//h:1521/x",
    "jdbc:postgresql://host/shop?user=a&sslpassword=s3cret",
    "PGPASSWORD=s3cret psql -h x",
    "psql --password s3cret",
    '{"password": "s3cret", "host": "h"}',
    "password: s3cret",
    "CREATE ROLE r LOGIN PASSWORD 's3cret'",
    "CREATE USER r IDENTIFIED BY 's3cret'",
    "SELECT * FROM dblink('host=h password=s3cret', 'SELECT 1')",
    "Authorization: Bearer s3cret",
    "http://127.0.0.1:8501/?token=s3cret&chat=1",
]
HARMLESS = [
    "",
    "Which users have no password?",
    "SELECT COUNT(*) FROM users WHERE password IS NULL",
    "SELECT a FROM t JOIN u ON t.password = u.password",
    "SELECT a FROM t JOIN u ON t.password=u.password",
    "http://127.0.0.1:8501/ is open at 10:30",
    "postgresql://ann@host:5432/shop",
    "sqlite:///C:/Users/ann/shop.db",
    "file://C:/data/x.db",
    "mail ann@example.org: compass=3, tokens: 5",
    "2024-01-01 10:11:12.5: done",
]


@pytest.mark.parametrize("text", LEAKS)
def test_no_part_of_a_password_stays_and_masking_again_changes_nothing(text):
    masked = without_passwords(text)
    assert "***" in masked
    assert "s3" not in masked
    assert "cret" not in masked
    assert without_passwords(masked) == masked


@pytest.mark.parametrize("text", HARMLESS)
def test_text_without_a_password_stays_as_it_is(text):
    assert without_passwords(text) == text


def test_what_stands_around_a_password_stays():
    assert without_passwords("a postgresql://ann:x@host/shop b") == "a postgresql://ann:***@host/shop b"
    assert without_passwords("?user=ann&password=x&sslmode=off") == "?user=ann&password=***&sslmode=off"
    assert without_passwords("host=h password='x y' dbname=d") == "host=h password='***' dbname=d"
    assert json.loads(without_passwords('{"password": "x\\"y", "port": 1}')) == {"password": "***", "port": 1}


@pytest.mark.parametrize(
    "piece", ["://", "://a:", "a.", "password=", "password='", "&a=", "a:1:", "%3a%2f%2f", "assw:"]
)
def test_long_texts_take_no_time_to_speak_of(piece):
    began = time.monotonic()
    without_passwords(piece * (200_000 // len(piece)))
    assert time.monotonic() - began < 20
