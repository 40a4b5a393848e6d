"""Amounts that no column holds: found for a question, and used in replies as the question means them."""

from __future__ import annotations

import pytest
from compact_replies import decode_reply

from coderag_app.llm.compact.amounts import Amount, find_amount, with_amount
from coderag_app.llm.compact.decode import decode_sql
from coderag_app.llm.compact.encode import encode_sql
from coderag_app.llm.compact.question import mark_question
from coderag_app.llm.compact.schema_names import MAX_COLUMNS, SchemaNames
from coderag_app.loading import load_query_engine
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.ddl import schema_from_ddl
from finetune.evaluation.datasets import DEMO_FOLDER

SHOP = schema_from_ddl(
    """
    CREATE TABLE stores (id INTEGER PRIMARY KEY, name TEXT, opened_on DATE);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT, price REAL);
    CREATE TABLE stock (store_id INTEGER REFERENCES stores(id), product_id INTEGER REFERENCES products(id),
        quantity INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
        store_id INTEGER REFERENCES stores(id), ordered_on DATE, shipped_on DATE);
    CREATE TABLE order_items (order_id INTEGER REFERENCES orders(id), product_id INTEGER REFERENCES products(id),
        quantity INTEGER, unit_price REAL);
    """
)
SOLD, PAID = ("order_items", "quantity"), ("order_items", "unit_price")
ORDERED = ("orders", "ordered_on")
REVENUE = "order_items.quantity * order_items.unit_price"
OF_ORDERS = "JOIN order_items ON order_items.order_id = orders.id"


def decoded(question: str, reply: str) -> str:
    return decode_reply(question, reply, SHOP)


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("What is the total revenue?", Amount("revenue", (SOLD, PAID), ORDERED)),
        ("How much did each customer spend?", Amount("spend", (SOLD, PAID), ORDERED)),
        ("Total sales per city", Amount("sales", (SOLD, PAID), ORDERED)),
        ("What is the total value of all orders?", Amount("value", (SOLD, PAID), ORDERED)),
        ("How many copies of Dune were sold?", Amount("copies", (SOLD,), ORDERED)),
        ("The best-selling product in store sales, by copies", Amount("copies", (SOLD,), ORDERED)),
        ("What is the stock of each store worth?", Amount("worth", (("stock", "quantity"), ("products", "price")))),
    ],
)
def test_an_amount_is_a_quantity_or_that_times_its_price(question: str, amount: Amount) -> None:
    assert find_amount(question, SHOP) == amount


@pytest.mark.parametrize(
    "question",
    ["Which products are there?", "How many sales were there?", "Name the sales staff", "What is Dune worth?"],
)
def test_other_questions_ask_for_no_amount(question: str) -> None:
    assert find_amount(question, SHOP) is None


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE invoices (id INT, revenue REAL, quantity INT, price REAL)",
        "CREATE TABLE invoices (id INT, total REAL); CREATE TABLE lines (invoice_id INT, quantity INT, price REAL)",
        "CREATE TABLE sales (quantity INT, price REAL); CREATE TABLE returns (quantity INT, price REAL)",
        "CREATE TABLE lines (quantity INT, price REAL, list_price REAL)",
        "CREATE TABLE lines (quantity TEXT, price TEXT)",
        "CREATE TABLE singer (id INT, name TEXT)",
    ],
)
def test_what_a_column_holds_or_is_not_clear_is_no_amount(ddl: str) -> None:
    assert find_amount("What is the revenue?", schema_from_ddl(ddl)) is None


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Total sales by region", True),
        ("Which product has the highest sales?", True),
        ("Show all sales to Ann", False),
        ("How many sales were there in 2023?", False),
    ],
)
def test_the_rows_of_a_table_called_sales_are_no_amount(question: str, asked: bool) -> None:
    schema = schema_from_ddl("CREATE TABLE sales (day TEXT, region TEXT, product TEXT, quantity INT, unit_price REAL)")
    assert (find_amount(question, schema) is not None) == asked


def test_the_top_of_a_list_of_sales_is_that_of_their_sums() -> None:
    schema = schema_from_ddl("CREATE TABLE lines (customer TEXT, quantity INT, price REAL)")
    names = SchemaNames(schema, find_amount("Top 3 customers by revenue", schema))
    marked = mark_question("Top 3 customers", names, ValueIndex())
    sql = decode_sql("select <c0> order by <c3> desc limit 3", names, (), ValueIndex(), marked)
    total = "SUM(lines.quantity * lines.price)"
    assert sql == f"SELECT lines.customer FROM lines GROUP BY lines.customer ORDER BY {total} DESC LIMIT 3"


def test_words_in_capitals_and_quoted_tables_have_amounts() -> None:
    schema = schema_from_ddl('CREATE TABLE "Order Details" (OrderID INT, UnitPrice REAL, Quantity INT, Discount REAL)')
    found = find_amount("How many units were sold?", schema)
    assert found == Amount("units", (("order details", "quantity"),))
    names = SchemaNames(schema, found)
    sql = decode_sql(f"select sum ( {names.column_ids['order details', 'units']} )", names, (), ValueIndex())
    assert sql == 'SELECT SUM("Order Details".Quantity) FROM "Order Details"'


def test_the_model_reads_the_amount_as_a_column_that_the_question_names() -> None:
    found = find_amount("What is the total revenue?", SHOP)
    assert found is not None
    names = SchemaNames(SHOP, found)
    assert names.columns[found.place] == "revenue"
    assert names.column_ids[found.place] in mark_question("What is the total revenue?", names, ValueIndex()).text
    shown = with_amount(SHOP, found).table("order_items")
    assert shown is not None
    assert [column.name for column in shown.columns][-2:] == ["unit_price", "revenue"]


@pytest.mark.parametrize(("columns", "fits"), [(MAX_COLUMNS - 3, True), (MAX_COLUMNS - 2, False)])
def test_an_amount_never_takes_the_last_id_of_a_column(columns: int, fits: bool) -> None:
    many = ", ".join(f"c{number} TEXT" for number in range(columns))
    schema = schema_from_ddl(f"CREATE TABLE wide ({many}); CREATE TABLE items (quantity INT, price REAL)")
    names = SchemaNames(schema, find_amount("What is the revenue?", schema))
    assert (names.amount is not None) == fits
    assert len(names.column_ids) == columns + 2 + fits


def test_units_that_were_sold_are_linked_once() -> None:
    question = "How many units were sold?"
    names = SchemaNames(SHOP, find_amount(question, SHOP))
    assert mark_question(question, names, ValueIndex()).text.count("<n") == 1


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("What is the revenue?", "select sum ( {amount} )", f"SELECT SUM({REVENUE}) FROM order_items"),
        ("What is the revenue?", "select sum ( {stores.id} * {stores.id} )", f"SELECT SUM({REVENUE}) FROM stores "
         f"JOIN orders ON orders.store_id = stores.id {OF_ORDERS}"),
        ("What is the revenue?", "select sum ( {products.price} * {products.price} )",
         f"SELECT SUM({REVENUE}) FROM order_items"),
        ("What is the revenue?", "select sum ( {amount} * {products.price} )",
         f"SELECT SUM({REVENUE}) FROM order_items"),
        ("What is 2 times the revenue?", "select sum ( {amount} * <v1> )",
         "SELECT SUM((order_items.quantity * order_items.unit_price) * 2) FROM order_items"),
        ("What is the revenue?", "select sum ( {amount} * <c99> )", f"SELECT SUM({REVENUE}) FROM order_items"),
        ("What is the revenue?", "select sum ( {order_items.quantity} * {products.price} )",
         "SELECT SUM(order_items.quantity * products.price) FROM order_items "
         "JOIN products ON order_items.product_id = products.id"),
        ("How many copies were sold?", "select count ( {order_items} )",
         "SELECT SUM(order_items.quantity) FROM order_items"),
        ("How many stores sold more than 9 copies?", "select count ( {stores} ) where {amount} > <v1>",
         f"SELECT COUNT(*) FROM stores JOIN orders ON orders.store_id = stores.id {OF_ORDERS} "
         "WHERE order_items.quantity > 9"),
    ],
)  # fmt: skip
def test_products_and_counts_that_mean_the_amount_are_the_amount(question: str, reply: str, sql: str) -> None:
    assert decoded(question, reply) == sql


STORES = f"FROM stores JOIN orders ON orders.store_id = stores.id {OF_ORDERS}"
CUSTOMERS = f"FROM customers JOIN orders ON orders.customer_id = customers.id {OF_ORDERS}"


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("Top 3 stores by revenue", "select {stores.name} order by {amount} desc limit <v1>",
         f"SELECT stores.name {STORES} GROUP BY stores.id, stores.name ORDER BY SUM({REVENUE}) DESC LIMIT 3"),
        ("Revenue per store", "select {stores.name}",
         f"SELECT stores.name, SUM({REVENUE}) {STORES} GROUP BY stores.id, stores.name"),
        ("Revenue per store", "select {amount}",
         f"SELECT stores.name, SUM({REVENUE}) {STORES} GROUP BY stores.id, stores.name"),
        ("How much did each customer spend?", "select {amount} , sum ( {amount} ) group by {amount}",
         f"SELECT customers.name, SUM({REVENUE}) {CUSTOMERS} GROUP BY customers.id, customers.name"),
        ("Which customer spent the most?", "select {customers.name} group by {customers.name} "
         "order by count ( {customers} ) desc limit 1",
         f"SELECT customers.name {CUSTOMERS} GROUP BY customers.id, customers.name "
         f"ORDER BY SUM({REVENUE}) DESC LIMIT 1"),
        ("Which customers spent less than 100?", "select {customers.name} where {amount} < <v1>",
         f"SELECT customers.name {CUSTOMERS} GROUP BY customers.id, customers.name HAVING SUM({REVENUE}) < 100"),
        ("Revenue of each order item", "select {order_items.order_id} , {amount}",
         f"SELECT order_items.order_id, {REVENUE} FROM order_items"),
        ("Revenue per store, highest first", "select sum ( {amount} ) order by sum ( {amount} ) desc",
         f"SELECT stores.name, SUM({REVENUE}) {STORES} GROUP BY stores.id, stores.name ORDER BY SUM({REVENUE}) DESC"),
        ("Average revenue of an order item", "select avg ( {amount} )", f"SELECT AVG({REVENUE}) FROM order_items"),
    ],
)  # fmt: skip
def test_amounts_are_summed_for_what_the_question_names(question: str, reply: str, sql: str) -> None:
    assert decoded(question, reply) == sql


IN_2023 = "CAST(STRFTIME('%Y', orders.ordered_on) AS INTEGER) = 2023"
OF_ITEMS = "FROM order_items JOIN orders ON order_items.order_id = orders.id"


@pytest.mark.parametrize(
    ("question", "reply", "sql"),
    [
        ("Revenue in 2023", "select sum ( {amount} ) where year ( {amount} ) = <v1>",
         f"SELECT SUM({REVENUE}) {OF_ITEMS} WHERE {IN_2023}"),
        ("Revenue in 2023", "select sum ( {amount} ) where {order_items.quantity} = <v1>",
         f"SELECT SUM({REVENUE}) {OF_ITEMS} WHERE {IN_2023}"),
        ("Revenue in 2023", "select sum ( {amount} ) where {stores.opened_on} = <v1>",
         f"SELECT SUM({REVENUE}) {OF_ITEMS} WHERE {IN_2023}"),
        ("Revenue in 2023", "select sum ( {amount} ) where year ( {orders.shipped_on} ) = <v1>",
         f"SELECT SUM({REVENUE}) {OF_ITEMS} WHERE CAST(STRFTIME('%Y', orders.shipped_on) AS INTEGER) = 2023"),
        ("Revenue by year, by shipped on", "select {amount}",
         f"SELECT STRFTIME('%Y', orders.shipped_on), SUM({REVENUE}) FROM orders {OF_ORDERS} "
         "GROUP BY STRFTIME('%Y', orders.shipped_on)"),
        ("Yearly revenue", "select {amount}",
         f"SELECT STRFTIME('%Y', orders.ordered_on), SUM({REVENUE}) FROM orders {OF_ORDERS} "
         "GROUP BY STRFTIME('%Y', orders.ordered_on)"),
        ("Revenue per month in 2023", "select sum ( {amount} )",
         f"SELECT STRFTIME('%Y-%m', orders.ordered_on), SUM({REVENUE}) FROM orders {OF_ORDERS} "
         f"WHERE {IN_2023} GROUP BY STRFTIME('%Y-%m', orders.ordered_on)"),
    ],
)  # fmt: skip
def test_the_date_of_an_amount_is_that_of_the_sale(question: str, reply: str, sql: str) -> None:
    assert decoded(question, reply) == sql


def test_an_example_shows_the_amount_as_the_schema_does() -> None:
    names = SchemaNames(SHOP, find_amount("What is the revenue?", SHOP))
    amount = names.column_ids["order_items", "revenue"]
    for product in (REVENUE, "order_items.unit_price * order_items.quantity"):
        assert encode_sql(f"SELECT SUM({product}) FROM order_items", names) == f"<sql> select sum ( {amount} )"


def test_groups_of_equal_amounts_are_no_answer() -> None:
    with pytest.raises(ValueError, match="group of each amount"):
        decoded("What is the revenue?", "select {amount} , count ( {order_items} ) group by {amount}")


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the total revenue?",
         "SELECT SUM(quantity * unit_price) FROM order_items"),
        ("Which customer spent the most?",
         "SELECT c.first_name, c.last_name FROM customers c JOIN orders o ON o.customer_id = c.id "
         "JOIN order_items i ON i.order_id = o.id GROUP BY c.id ORDER BY SUM(i.quantity * i.unit_price) DESC LIMIT 1"),
        ("How many units were sold per category?",
         "SELECT p.category, SUM(i.quantity) FROM products p JOIN order_items i ON i.product_id = p.id "
         "GROUP BY p.category"),
        ("Monthly revenue in 2023",
         "SELECT strftime('%Y-%m', o.ordered_on), SUM(i.quantity * i.unit_price) FROM orders o "
         "JOIN order_items i ON i.order_id = o.id WHERE o.ordered_on LIKE '2023%' GROUP BY 1"),
    ],
)  # fmt: skip
@pytest.mark.model
def test_the_bundled_model_adds_up_what_no_column_holds(question: str, rows: str) -> None:
    engine = load_query_engine(database=DEMO_FOLDER / "demo.sqlite", llm="bundled")
    try:
        assert engine.database is not None
        expected = engine.database.execute(rows)
        answer = engine.ask(question)
    finally:
        engine.close()
    assert sorted(map(str, answer.rows)) == sorted(map(str, expected.rows))


def test_without_an_amount_a_column_stands_for_its_square():
    reply = "select sum ( {products.price} * {products.price} )"
    assert decoded("What is the total price of all products?", reply) == "SELECT SUM(products.price) FROM products"
    assert "price * products.price" in decoded("What is the sum of the squared prices?", reply)
