-- Statements that would run what the database's owner has redefined; the database is set up in
-- test_coderag_app_database_postgres_owner.py. The server cannot hold them: the guard alone refuses them.

-- attack: overload-of-an-allowed-function [guard]
SELECT lower(country) FROM singer
-- attack: overload-in-a-filter [guard]
SELECT name FROM singer WHERE lower(country) = 'stolen'
-- attack: overload-in-capitals [guard]
SELECT LOWER(country) FROM singer
-- attack: overload-in-order-by [guard]
SELECT name FROM singer ORDER BY lower(country)
-- attack: overload-in-a-cte [guard]
WITH c AS (SELECT lower(country) AS x FROM singer) SELECT x FROM c
-- attack: overload-by-a-variadic-function [guard]
SELECT concat_ws(name, country) FROM singer
-- attack: overload-with-a-default [guard]
SELECT substr(country, 1) FROM singer
-- attack: overload-of-date-trunc [guard]
SELECT date_trunc('year', born) FROM singer
-- attack: overload-found-through-a-domain [guard]
SELECT upper(code) FROM singer
-- attack: overload-in-a-second-schema [guard]
SELECT btrim(country) FROM singer
-- attack: aggregate [guard]
SELECT sum(name) FROM singer
-- attack: aggregate-in-having [guard]
SELECT country FROM singer GROUP BY country HAVING sum(name) = 'stolen'
-- attack: aggregate-as-a-window [guard]
SELECT sum(name) OVER () FROM singer
-- attack: operator-between-text-and-integer [guard]
SELECT name + 1 FROM singer
-- attack: operator-in-a-filter [guard]
SELECT name FROM singer WHERE name + age = 'stolen'
-- attack: operator-of-like [guard]
SELECT name FROM singer WHERE country LIKE age
-- attack: operator-of-not-like [guard]
SELECT name FROM singer WHERE NOT (country LIKE age)
-- attack: operator-of-concatenation [guard]
SELECT country || born FROM singer
-- attack: operator-prefix [guard]
SELECT -name FROM singer
-- attack: operator-in-between [guard]
SELECT name FROM singer WHERE name BETWEEN 1 AND 2
-- attack: cast-with-a-function [guard]
SELECT CAST(name AS json) FROM singer
-- attack: cast-with-two-colons [guard]
SELECT name::json FROM singer
-- attack: cast-of-an-array [guard]
SELECT ARRAY[name]::json[] FROM singer
-- attack: cast-in-a-filter [guard]
SELECT name FROM singer WHERE name::json IS NOT NULL
-- attack: cast-to-integer-by-another-word [guard]
SELECT born::int4 FROM singer
-- attack: cast-to-integer [guard]
SELECT CAST(born AS integer) FROM singer
-- attack: cast-to-a-domain-with-a-check [guard]
SELECT name::checked FROM singer
-- attack: hidden-column [guard]
SELECT feeling FROM singer
-- attack: hidden-column-as-json [guard]
SELECT to_json(feeling) FROM singer
-- attack: hidden-column-in-an-array [guard]
SELECT to_json(feelings) FROM singer
-- attack: hidden-column-in-a-composite [guard]
SELECT to_jsonb(pair) FROM singer
-- attack: hidden-column-of-a-domain [guard]
SELECT to_json(kind) FROM singer
-- attack: hidden-column-by-star [guard]
SELECT * FROM singer
-- attack: hidden-column-by-qualified-star [guard]
SELECT s.* FROM singer AS s
-- attack: hidden-column-by-row [guard]
SELECT row_to_json(s) FROM singer AS s
-- attack: hidden-column-by-aggregated-rows [guard]
SELECT json_agg(s) FROM singer AS s
-- attack: hidden-column-of-a-view [guard]
SELECT feeling FROM singer_view
-- attack: row-whose-type-has-a-cast [guard]
SELECT to_json(secret_row) FROM secret_row
