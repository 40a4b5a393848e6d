"""Build the demo database: Pagoda, an invented chain of book and record shops.

    python -m coderag_app.bundled.demo.build_demo [OUTPUT.sqlite] [--seed N]

The same seed gives the same file, byte for byte, under one version of SQLite. Another version writes the same rows, but
its own number into the file's header; compare dumps across versions. Every table draws from a random stream of its
own, so a change to one table leaves those that do not depend on it as they were.
"""

import argparse
import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

from coderag_app.files import yaml_beside

DEFAULT_OUTPUT = Path(__file__).with_name("demo.sqlite")
DEFAULT_SEED = 2025
FIRST_DAY = date(2022, 1, 3)
LAST_DAY = date(2025, 6, 30)

T = TypeVar("T")

_WORDS: dict[str, Any] = yaml_beside(__file__, "demo_vocabulary.yaml")
SCHEMA = """
CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL);
CREATE TABLE stores (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL,
    country_code TEXT NOT NULL REFERENCES countries(code),
    opened_on DATE NOT NULL, closed_on DATE, floor_area_m2 INTEGER, phone TEXT);
CREATE TABLE staff (
    id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, job_title TEXT NOT NULL,
    store_id INTEGER REFERENCES stores(id), manager_id INTEGER REFERENCES staff(id),
    hired_on DATE NOT NULL, left_on DATE, monthly_salary REAL);
CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, country_code TEXT NOT NULL REFERENCES countries(code),
    contact_email TEXT, lead_time_days INTEGER);
CREATE TABLE creators (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
    country_code TEXT REFERENCES countries(code), birth_year INTEGER);
CREATE TABLE products (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, format TEXT NOT NULL, category TEXT NOT NULL, language TEXT,
    price REAL NOT NULL, cost REAL, release_year INTEGER,
    supplier_id INTEGER REFERENCES suppliers(id), is_discontinued INTEGER NOT NULL);
CREATE TABLE product_creators (
    product_id INTEGER NOT NULL REFERENCES products(id), creator_id INTEGER NOT NULL REFERENCES creators(id),
    role TEXT NOT NULL, PRIMARY KEY (product_id, creator_id, role));
CREATE TABLE stock (
    store_id INTEGER NOT NULL REFERENCES stores(id), product_id INTEGER NOT NULL REFERENCES products(id),
    quantity INTEGER NOT NULL, counted_on DATE, PRIMARY KEY (store_id, product_id));
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT, birth_date DATE,
    city TEXT, country_code TEXT NOT NULL REFERENCES countries(code),
    joined_on DATE NOT NULL, wants_newsletter INTEGER NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), store_id INTEGER REFERENCES stores(id),
    staff_id INTEGER REFERENCES staff(id), channel TEXT NOT NULL, status TEXT NOT NULL,
    ordered_on DATE NOT NULL, shipped_on DATE, voucher_code TEXT);
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders(id), line_number INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products(id), quantity INTEGER NOT NULL, unit_price REAL NOT NULL,
    PRIMARY KEY (order_id, line_number));
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products(id),
    customer_id INTEGER NOT NULL REFERENCES customers(id),
    rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5), comment TEXT, written_on DATE NOT NULL);
"""


class Person(NamedTuple):
    """A row of `staff`."""

    id: int
    first_name: str
    last_name: str
    job_title: str
    store_id: int | None
    manager_id: int | None
    hired_on: str
    left_on: str | None
    monthly_salary: float | None


class Product(NamedTuple):
    """A row of `products`."""

    id: int
    title: str
    format: str
    category: str
    language: str | None
    price: float
    cost: float | None
    release_year: int | None
    supplier_id: int | None
    is_discontinued: int


class Customer(NamedTuple):
    """A row of `customers`."""

    id: int
    first_name: str
    last_name: str
    email: str | None
    birth_date: str | None
    city: str | None
    country_code: str
    joined_on: str
    wants_newsletter: int


class Order(NamedTuple):
    """A row of `orders`; a walk-in has no customer, an online order neither store nor staff."""

    id: int
    customer_id: int | None
    store_id: int | None
    staff_id: int | None
    channel: str
    status: str
    ordered_on: str
    shipped_on: str | None
    voucher_code: str | None


def _day_between(rng: Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))


def _maybe(rng: Random, value: T, missing: float) -> T | None:
    """Return the value, or None with probability `missing`."""
    return None if rng.random() < missing else value


def _name(rng: Random, country_code: str) -> tuple[str, str]:
    locale = _WORDS["locales"][country_code]
    return rng.choice(locale["first_names"]), rng.choice(locale["last_names"])


def make_staff(rng: Random) -> list[Person]:
    """Make the head office, then each store's manager and team; `manager_id` points at an earlier row."""
    staff = [
        Person(1, "Margarethe", "Ålund", "Managing Director", None, None, "2004-01-05", None, 9800.0),
        Person(2, "Tadeusz", "Król", "Head of Purchasing", None, 1, "2008-10-01", None, 6900.0),
        Person(3, "Zoë", "Patel", "Head of Online", None, 1, "2017-03-15", None, 7100.0),
    ]
    for store_id, (_, _, country_code, opened, closed, _, _) in enumerate(_WORDS["stores"], start=1):
        opening = date.fromisoformat(opened)
        salary = 100.0 * rng.randint(42, 58)
        boss = Person(len(staff) + 1, *_name(rng, country_code), "Store Manager", store_id, 1, opened, closed, salary)
        staff.append(boss)
        for _ in range(rng.randint(3, 5)):
            job = rng.choice(_WORDS["store_roles"])
            hired = _day_between(rng, opening, max(opening, date(2023, 10, 1)))
            left = closed or _maybe(rng, _day_between(rng, date(2024, 1, 1), LAST_DAY).isoformat(), 0.8)
            pay = _maybe(rng, 50.0 * rng.randint(42, 70), 0.08)
            name = _name(rng, country_code)
            staff.append(Person(len(staff) + 1, *name, job, store_id, boss.id, hired.isoformat(), left, pay))
    return staff


def make_creators(rng: Random) -> list[tuple]:
    """Make authors and musicians (two of them namesakes), then bands, which have no birth year."""
    people: list[tuple] = [("Anna Nowak", "author", "PL", 1961), ("Anna Nowak", "musician", "PL", 1990)]
    codes = sorted(_WORDS["locales"])
    for number in range(76):
        code = rng.choice(codes)
        kind = "author" if number < 46 else "musician"
        name, born = " ".join(_name(rng, code)), _maybe(rng, rng.randint(1931, 1999), 0.2)
        people.append((name, kind, _maybe(rng, code, 0.1), born))
    bands: list[tuple] = [(name, "band", code, None) for name, code in _WORDS["bands"]]
    return [(number, *row) for number, row in enumerate(people + bands, start=1)]


def _title(rng: Random, format_: str, category: str) -> str:
    pattern = rng.choice(_WORDS["subjects"][category] if format_ == "book" else _WORDS["record_titles"])
    noun, noun2 = rng.sample(_WORDS["nouns"], 2)
    adjective, place = rng.choice(_WORDS["adjectives"]), rng.choice(_WORDS["places"])
    title = pattern.format(adjective=adjective, noun=noun, noun2=noun2, place=place)
    return title[0].upper() + title[1:]


def _typed_by_hand(rng: Random, category: str) -> str:
    """Spell a category as hurried people do: mostly 'Jazz', at times 'jazz' or 'JAZZ'."""
    return rng.choices((category, category.lower(), category.upper()), weights=(80, 15, 5))[0]


def make_products(rng: Random, count: int = 170) -> list[Product]:
    """Make books and records; a record has no language, and some costs, years and suppliers are unknown."""
    kinds = list(_WORDS["fixed_products"])
    while len(kinds) < count:
        format_ = rng.choices(("book", "LP", "CD"), weights=(55, 28, 17))[0]
        category = rng.choice(_WORDS["book_categories"] if format_ == "book" else _WORDS["record_categories"])
        language = _maybe(rng, rng.choice(_WORDS["languages"]), 0.05) if format_ == "book" else None
        title = _title(rng, format_, category)
        if title not in {kind[0] for kind in kinds}:
            kinds.append((title, format_, category, language))
    low_high = {"book": (7, 38), "LP": (18, 49), "CD": (8, 21)}
    products = []
    for number, (title, format_, category, language) in enumerate(kinds, start=1):
        price = rng.randint(*low_high[format_]) + rng.choice((0.5, 0.95, 0.99))
        cost = _maybe(rng, round(price * rng.uniform(0.45, 0.75), 2), 0.1)
        year = _maybe(rng, rng.randint(1968, 2025), 0.08)
        supplier = _maybe(rng, rng.randint(1, len(_WORDS["suppliers"]) - 1), 0.05)
        gone = int(rng.random() < 0.09)
        products.append(
            Product(number, title, format_, _typed_by_hand(rng, category), language, price, cost, year, supplier, gone)
        )
    return products


def make_product_creators(rng: Random, products: list[Product], creators: list[tuple]) -> list[tuple]:
    """Link products to one to three creators; the last band has released nothing."""
    authors = [row[0] for row in creators if row[2] == "author"]
    artists = [row[0] for row in creators if row[2] != "author"][:-1]
    links = []
    for product in products:
        is_book = product.format == "book"
        people = rng.sample(authors if is_book else artists, 3)
        main, second = ("author", "translator") if is_book else ("artist", "producer")
        links.append((product.id, people[0], main))
        if rng.random() < 0.18:
            links.append((product.id, people[1], main))
        if rng.random() < 0.22:
            links.append((product.id, people[2], second))
    return links


def make_stock(rng: Random, products: list[Product]) -> list[tuple]:
    """Make what each open store holds; zero means sold out, no row means never stocked."""
    rows = []
    for store_id in _open_stores(LAST_DAY.isoformat()):
        for product in sorted(rng.sample(products, rng.randint(55, 90))):
            quantity = max(0, rng.randint(-2, 15))
            counted = _maybe(rng, _day_between(rng, date(2025, 1, 2), LAST_DAY).isoformat(), 0.06)
            rows.append((store_id, product.id, quantity, counted))
    return rows


def make_customers(rng: Random, count: int = 260) -> list[Customer]:
    """Make customers; the first five are namesakes, and an unknown e-mail address is either NULL or ''."""
    namesakes = [
        ("James", "Smith", "GB", "London"),
        ("James", "Smith", "GB", "Leeds"),
        ("Anna", "Nowak", "PL", "Łódź"),
        ("Anna", "Nowak", "DE", "Berlin"),
        ("Zoë", "Lefèvre", "FR", "Paris"),
    ]
    codes = sorted(_WORDS["locales"])
    customers = []
    for number in range(1, count + 1):
        code = rng.choice(codes + ["DE", "DE", "GB", "GB", "BR", "PL"])
        first, last, city = *_name(rng, code), rng.choice(_WORDS["locales"][code]["cities"])
        if number <= len(namesakes):
            first, last, code, city = namesakes[number - 1]
        email = rng.choices((f"customer{number}@mail.example", None, ""), weights=(82, 12, 6))[0]
        born = _maybe(rng, _day_between(rng, date(1944, 1, 1), date(2006, 12, 31)).isoformat(), 0.25)
        joined = _day_between(rng, date(2019, 1, 1), date(2025, 5, 31)).isoformat()
        home, letter = _maybe(rng, city, 0.04), rng.randint(0, 1)
        customers.append(Customer(number, first, last, email, born, home, code, joined, letter))
    return customers


def _open_stores(day: str) -> list[int]:
    """Return the stores that trade on a day; the last of all has opened but not sold anything yet."""
    return [
        number
        for number, (_, _, _, opened, closed, _, _) in enumerate(_WORDS["stores"][:-1], start=1)
        if opened <= day and (closed is None or day <= closed)
    ]


def make_orders(rng: Random, customers: list[Customer], staff: list[Person], count: int = 950) -> list[Order]:
    """Make orders in date order; the last 30 customers place none, and only online orders are shipped."""
    days = sorted(_day_between(rng, FIRST_DAY, LAST_DAY) for _ in range(count))
    orders = []
    for number, day in enumerate(days, start=1):
        today = day.isoformat()
        known = [customer for customer in customers[:-30] if customer.joined_on <= today]
        customer = known[int(len(known) * min(rng.random(), rng.random()))]
        voucher = rng.choices((None, "", rng.choice(_WORDS["vouchers"])), weights=(75, 7, 18))[0]
        if rng.random() < 0.36:
            shipped = (day + timedelta(days=rng.randint(1, 9))).isoformat()
            is_open = shipped > LAST_DAY.isoformat() or rng.random() < 0.02
            status = "pending" if is_open else rng.choice(_WORDS["statuses"])
            shipped_on = None if status in ("pending", "cancelled") else shipped
            orders.append(Order(number, customer.id, None, None, "online", status, today, shipped_on, voucher))
            continue
        store_id = rng.choice(_open_stores(today))
        team = [p.id for p in staff if p.store_id == store_id and p.hired_on <= today <= (p.left_on or today)]
        customer_id = _maybe(rng, customer.id, 0.25)
        status = rng.choice(_WORDS["statuses"][:-1])
        orders.append(Order(number, customer_id, store_id, rng.choice(team), "store", status, today, None, voucher))
    return orders


def make_order_items(rng: Random, orders: list[Order], products: list[Product]) -> list[tuple]:
    """Make one to five lines an order; a few titles sell most, the last six never, and a voucher lowers the price."""
    on_sale = products[:-6]
    weights = [rng.choice((1, 1, 1, 2, 2, 3, 5, 9)) for _ in on_sale]
    rows = []
    for order in orders:
        factor = 0.9 if order.voucher_code else 1.0
        basket = {product.id: product for product in rng.choices(on_sale, weights, k=rng.choice((1, 1, 2, 2, 3, 4, 5)))}
        for line, product in enumerate(basket.values(), start=1):
            quantity = rng.choices((1, 2, 3, 6), weights=(80, 14, 4, 2))[0]
            rows.append((order.id, line, product.id, quantity, round(product.price * factor, 2)))
    return rows


def make_reviews(rng: Random, orders: list[Order], items: list[tuple]) -> list[tuple]:
    """Let some known customers review what they bought; a comment is text, NULL or ''."""
    by_id = {order.id: order for order in orders}
    rows: list[tuple] = []
    for order_id, _, product_id, _, _ in items:
        order = by_id[order_id]
        if order.customer_id is None or order.status in ("cancelled", "pending") or rng.random() > 0.3:
            continue
        tastes = (2, 1, 2, 5, 6) if product_id % 3 else (1, 3, 5, 3, 1)
        rating = rng.choices((1, 2, 3, 4, 5), weights=tastes)[0]
        comment = rng.choices((rng.choice(_WORDS["comments"][rating]), None, ""), weights=(60, 30, 10))[0]
        day = min(LAST_DAY, date.fromisoformat(order.ordered_on) + timedelta(days=rng.randint(2, 60)))
        rows.append((len(rows) + 1, product_id, order.customer_id, rating, comment, day.isoformat()))
    return rows


def make_tables(seed: int) -> dict[str, Sequence[tuple]]:
    """Make the rows of every table, keyed by table name, parents before children."""

    def rng(table: str) -> Random:
        return Random(f"{seed}/{table}")

    staff, creators = make_staff(rng("staff")), make_creators(rng("creators"))
    products, customers = make_products(rng("products")), make_customers(rng("customers"))
    orders = make_orders(rng("orders"), customers, staff)
    items = make_order_items(rng("order_items"), orders, products)
    return {
        "countries": _WORDS["countries"],
        "stores": [(number, *row) for number, row in enumerate(_WORDS["stores"], start=1)],
        "staff": staff,
        "suppliers": [(number, *row) for number, row in enumerate(_WORDS["suppliers"], start=1)],
        "creators": creators,
        "products": products,
        "product_creators": make_product_creators(rng("product_creators"), products, creators),
        "stock": make_stock(rng("stock"), products),
        "customers": customers,
        "orders": orders,
        "order_items": items,
        "reviews": make_reviews(rng("reviews"), orders, items),
    }


def build_demo(output: Path, seed: int = DEFAULT_SEED) -> dict[str, int]:
    """Write the demo database, replacing a file of that name.

    Args:
        output: The SQLite file to write; its folder must exist.
        seed: Chooses the random rows.

    Returns:
        The number of rows of each table, keyed by table name.
    """
    output.unlink(missing_ok=True)
    tables = make_tables(seed)
    connection = sqlite3.connect(output)
    try:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SCHEMA)
        for table, rows in tables.items():
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.commit()
        connection.execute("VACUUM")
    finally:
        connection.close()
    return {table: len(rows) for table, rows in tables.items()}


def main() -> None:
    """Build the database that the command line names and print its row counts."""
    parser = argparse.ArgumentParser(description="Build the CodeRAG demo database.")
    parser.add_argument("output", nargs="?", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    counts = build_demo(arguments.output, arguments.seed)
    print(f"{arguments.output}: {sum(counts.values())} rows in {len(counts)} tables")
    for table, count in counts.items():
        print(f"  {table:<17}{count:>5}")


if __name__ == "__main__":
    main()
