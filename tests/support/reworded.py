"""Schemas that questions are reworded for in tests, and what the model is asked then."""

from coderag_app.sql.ddl import schema_from_ddl

SALES = schema_from_ddl(
    "CREATE TABLE sales (order_date DATE, region TEXT, product TEXT, quantity INTEGER, unit_price REAL, points INTEGER,"
    " monthly_fee REAL)"
)
SHOP = schema_from_ddl(
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, country TEXT);"
    "CREATE TABLE order_items (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), kind TEXT)"
)
BROWSERS = schema_from_ddl("CREATE TABLE browsers (name TEXT, kind TEXT, market_share REAL, points INTEGER)")
SHIFTS = schema_from_ddl("CREATE TABLE shifts (day DATE, hours_per_week REAL, month TEXT, quarter TEXT)")
PAYMENTS = schema_from_ddl("CREATE TABLE payments (id INTEGER, paid_at TIMESTAMP, amount REAL)")
RANKS = schema_from_ddl("CREATE TABLE films (title TEXT, aired DATE, weekly_rank INTEGER)")


def asked(rewording):
    return rewording.question if rewording else None
