-- Hostile statements for a DuckDB file; the header is explained in attacks_sqlite.sql. What only the guard stops is a
-- single call of a function, which DuckDB does not interrupt.

-- attack: delete [guard, sandbox]
DELETE FROM item
-- attack: update-returning [guard, sandbox]
UPDATE item SET price = 0 RETURNING *
-- attack: insert-after-with [guard, sandbox]
WITH copied AS (SELECT * FROM item) INSERT INTO item SELECT id + 1000, name, price FROM copied
-- attack: delete-inside-cte [guard, sandbox]
WITH gone AS (DELETE FROM item RETURNING *) SELECT * FROM gone
-- attack: stacked-drop [guard, sandbox]
SELECT 1; DROP TABLE item
-- attack: create-temp-table [guard, sandbox]
CREATE TEMP TABLE evil AS SELECT * FROM item
-- attack: create-macro [guard, sandbox]
CREATE TEMP MACRO evil(x) AS x
-- attack: create-secret [guard, sandbox]
CREATE SECRET evil (TYPE s3, KEY_ID 'x', SECRET 'y')
-- attack: copy-to-file [guard, sandbox]
COPY item TO '{folder}/evil.csv'
-- attack: copy-query-to-file [guard, sandbox]
COPY (SELECT * FROM item) TO '{folder}/evil.parquet' (FORMAT parquet)
-- attack: copy-from-file [guard, sandbox]
COPY item FROM '{folder}/secret.csv'
-- attack: export-database [guard, sandbox]
EXPORT DATABASE '{folder}/evil'
-- attack: attach-file [guard, sandbox]
ATTACH '{folder}/evil.duckdb' AS evil
-- attack: attach-memory [guard, sandbox]
ATTACH ':memory:' AS evil
-- attack: use-other-schema [guard, sandbox]
USE memory
-- attack: install-extension [guard, sandbox]
INSTALL httpfs
-- attack: load-extension [guard, sandbox]
LOAD '{folder}/evil.duckdb_extension'
-- attack: set-external-access [guard, sandbox]
SET enable_external_access = true
-- attack: reset-memory-limit [guard, sandbox]
RESET memory_limit
-- attack: pragma [guard, sandbox]
PRAGMA database_list
-- attack: pragma-memory-limit [guard, sandbox]
PRAGMA memory_limit = '100GB'
-- attack: call [guard, sandbox]
CALL pragma_version()
-- attack: checkpoint [guard, sandbox]
FORCE CHECKPOINT
-- attack: vacuum [guard, sandbox]
VACUUM
-- attack: begin [guard, sandbox]
BEGIN TRANSACTION
-- attack: prepare [guard, sandbox]
PREPARE evil AS DELETE FROM item
-- attack: explain-analyze-delete [guard, sandbox]
EXPLAIN ANALYZE DELETE FROM item
-- attack: next-value [guard, sandbox]
SELECT nextval('counter')
-- attack: read-csv [guard, sandbox]
SELECT * FROM read_csv('{folder}/secret.csv')
-- attack: read-text [guard, sandbox]
SELECT content FROM read_text('/etc/passwd')
-- attack: read-blob [guard, sandbox]
SELECT content FROM read_blob('/etc/passwd')
-- attack: file-as-table [guard, sandbox]
SELECT * FROM '{folder}/secret.csv'
-- attack: quoted-file-as-table [guard, sandbox]
SELECT * FROM "{folder}/secret.csv"
-- attack: glob [guard, sandbox]
SELECT * FROM glob('/etc/*')
-- attack: sniff-csv [guard, sandbox]
SELECT * FROM sniff_csv('{folder}/secret.csv')
-- attack: parquet-metadata [guard, sandbox]
SELECT * FROM parquet_metadata('{folder}/secret.csv')
-- attack: web-table [guard, sandbox]
SELECT * FROM 'https://127.0.0.1:1/evil.parquet'
-- attack: secrets [guard, sandbox]
SELECT * FROM duckdb_secrets()
-- attack: environment [guard, sandbox]
SELECT getenv('HOME')
-- attack: pivot [guard, sandbox]
PIVOT item ON name USING sum(price)
-- attack: query-function-with-write [guard, sandbox]
SELECT * FROM query('DELETE FROM item')
-- attack: cartesian-count [time]
SELECT count(*) FROM item a, item b, item c, item d, item e, item f WHERE a.price + b.price + c.price > d.price + e.price + f.price
-- attack: recursive-counter [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n
-- attack: generated-rows [time]
SELECT count(*) FROM generate_series(1, 1000000000000) AS g(i) WHERE i % 7 = 8
-- attack: list-bomb [memory]
SELECT list(a.name || b.name || c.name || d.name) FROM item a, item b, item c, item d
-- attack: sort-bomb [memory]
SELECT a.name || b.name || c.name || d.name AS t FROM item a, item b, item c, item d ORDER BY random()
-- attack: repeat-bomb [guard]
SELECT repeat('a', 1000000000)
-- attack: repeat-bomb-by-column [guard]
SELECT repeat(name, id * 100000000) FROM item
-- attack: pad-bomb [guard]
SELECT lpad('a', 2000000000, 'b')
-- attack: printf-bomb [guard]
SELECT printf('%1000000000d', 1)
-- attack: format-bomb [guard]
SELECT format('{:>1000000000}', 1)
-- attack: nested-format-bomb [guard]
SELECT format('{:{}}', 1, 1000000000)

-- attack: levenshtein [time]
SELECT levenshtein(repeat(name, 20000), repeat('x', 200000)) FROM item
-- attack: levenshtein-under-an-alias [time]
SELECT editdist3(repeat(name, 20000), repeat('x', 200000)) FROM item
-- attack: damerau-levenshtein [time, memory]
SELECT damerau_levenshtein(repeat(name, 3000), repeat('x', 3000)) FROM item
-- attack: jaro-winkler [time, memory]
SELECT jaro_winkler_similarity(repeat(name, 200000), repeat('x', 200000) || name) FROM item
-- attack: sorted-series [time, memory]
SELECT len(list_sort(generate_series(1, 3000000))) FROM item
-- attack: reversed-series [time, memory]
SELECT list_reverse_sort(generate_series(1, 3000000)) FROM item
-- attack: distinct-series [time, memory]
SELECT len(list_distinct(generate_series(1, 3000000))) FROM item
-- attack: nested-replace [time, memory]
SELECT len(replace(replace(replace(replace(replace(replace(replace(replace(replace(name, ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  '), ' ', '  ')) FROM (SELECT replace(repeat(name, 50000), 'i', 'iiiiiiiiii') AS name FROM item)
-- attack: replace-that-doubles [time, memory]
SELECT replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(repeat('ab', 400000), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa'), 'a', 'aa')
-- attack: regular-expression-over-long-texts [time, memory]
SELECT sum(len(regexp_replace(repeat(name, 100000), '(i|t|it|te)+', '<\1\1>', 'g'))) FROM item
-- attack: regular-expression-with-a-large-count [time, memory]
SELECT regexp_matches(repeat(name, 50000), '((i|t|e|m| |[0-9]){1,30}){1,30}x') FROM item
-- attack: regexp-extract-all [time, memory]
SELECT len(regexp_extract_all(repeat(name, 100000), '.')) FROM item
-- attack: string-split [time, memory]
SELECT len(string_split(repeat(name, 100000), 'i')) FROM item
-- attack: format-wide [time, memory]
SELECT format('{:>900000}', id) FROM item
-- attack: printf-wide [time, memory]
SELECT printf('%900000d', id) FROM item
-- attack: copies-of-a-wide-column [memory]
SELECT t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t FROM (SELECT repeat('ab', 400000) AS t FROM range(1000))
-- attack: copies-with-one-emoji [memory]
SELECT t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t FROM (SELECT repeat('ab', 400000) || '😀' AS t)
-- attack: structs-of-wide-texts [memory]
SELECT {'a': t, 'b': t || 1, 'c': [t || 2, t || 3]} FROM (SELECT repeat('ab', 400000) AS t FROM range(1000))
-- attack: lists-of-wide-texts [memory]
SELECT [t || 0, t || 1, t || 2, t || 3, t || 4, t || 5, t || 6, t || 7, t || 8, t || 9, t || 10, t || 11, t || 12, t || 13, t || 14, t || 15, t || 16, t || 17, t || 18, t || 19, t || 20, t || 21, t || 22, t || 23, t || 24, t || 25, t || 26, t || 27, t || 28, t || 29] FROM (SELECT repeat('ab', 400000) AS t FROM range(1000))
-- attack: maps-of-wide-texts [memory]
SELECT map(['a', 'b'], [t || 1, t || 2]) FROM (SELECT repeat('ab', 400000) AS t FROM range(1000))
-- attack: unions-of-wide-texts [memory]
SELECT union_value(a := t || 1) FROM (SELECT repeat('ab', 400000) AS t FROM range(1000))
-- attack: long-list-of-numbers [memory]
SELECT range(20000000)
-- attack: long-list-of-structs [memory]
SELECT list({'a': a.id, 'b': a.name}) FROM item a, item b, item c, item d
-- attack: fifteen-megabyte-rows [memory]
SELECT repeat(name, 2000000) FROM item
-- attack: wide-string-aggregate [memory]
SELECT string_agg(repeat(name, 100000)) FROM item a
-- attack: grouped-lists [memory]
SELECT id % 3, list(repeat(name, 100000)) FROM item GROUP BY ALL
-- attack: histogram [memory]
SELECT histogram(a.name || b.name || c.name || d.name) FROM item a, item b, item c, item d
-- attack: window-with-wide-texts [memory]
SELECT lag(repeat(name, 100000)) OVER (ORDER BY id) FROM item
-- attack: random-order-of-a-product [time, memory]
SELECT a.id FROM item a, item b, item c, item d ORDER BY random()
-- attack: cte-tower-of-joins [time, memory]
WITH c0 AS (SELECT id AS x FROM item), c1 AS (SELECT a.x + b.x AS x FROM c0 a JOIN c0 b ON a.x <> b.x), c2 AS (SELECT a.x + b.x AS x FROM c1 a JOIN c1 b ON a.x <> b.x), c3 AS (SELECT a.x + b.x AS x FROM c2 a JOIN c2 b ON a.x <> b.x), c4 AS (SELECT a.x + b.x AS x FROM c3 a JOIN c3 b ON a.x <> b.x), c5 AS (SELECT a.x + b.x AS x FROM c4 a JOIN c4 b ON a.x <> b.x) SELECT max(x) FROM c5
-- attack: cte-tower-of-unions [time, memory]
WITH c0 AS (SELECT id AS x FROM item), c1 AS (SELECT x FROM c0 UNION ALL SELECT x + 1 FROM c0), c2 AS (SELECT x FROM c1 UNION ALL SELECT x + 1 FROM c1), c3 AS (SELECT x FROM c2 UNION ALL SELECT x + 1 FROM c2), c4 AS (SELECT x FROM c3 UNION ALL SELECT x + 1 FROM c3), c5 AS (SELECT x FROM c4 UNION ALL SELECT x + 1 FROM c4), c6 AS (SELECT x FROM c5 UNION ALL SELECT x + 1 FROM c5), c7 AS (SELECT x FROM c6 UNION ALL SELECT x + 1 FROM c6), c8 AS (SELECT x FROM c7 UNION ALL SELECT x + 1 FROM c7), c9 AS (SELECT x FROM c8 UNION ALL SELECT x + 1 FROM c8), c10 AS (SELECT x FROM c9 UNION ALL SELECT x + 1 FROM c9), c11 AS (SELECT x FROM c10 UNION ALL SELECT x + 1 FROM c10), c12 AS (SELECT x FROM c11 UNION ALL SELECT x + 1 FROM c11), c13 AS (SELECT x FROM c12 UNION ALL SELECT x + 1 FROM c12), c14 AS (SELECT x FROM c13 UNION ALL SELECT x + 1 FROM c13), c15 AS (SELECT x FROM c14 UNION ALL SELECT x + 1 FROM c14), c16 AS (SELECT x FROM c15 UNION ALL SELECT x + 1 FROM c15), c17 AS (SELECT x FROM c16 UNION ALL SELECT x + 1 FROM c16), c18 AS (SELECT x FROM c17 UNION ALL SELECT x + 1 FROM c17), c19 AS (SELECT x FROM c18 UNION ALL SELECT x + 1 FROM c18), c20 AS (SELECT x FROM c19 UNION ALL SELECT x + 1 FROM c19), c21 AS (SELECT x FROM c20 UNION ALL SELECT x + 1 FROM c20), c22 AS (SELECT x FROM c21 UNION ALL SELECT x + 1 FROM c21), c23 AS (SELECT x FROM c22 UNION ALL SELECT x + 1 FROM c22), c24 AS (SELECT x FROM c23 UNION ALL SELECT x + 1 FROM c23), c25 AS (SELECT x FROM c24 UNION ALL SELECT x + 1 FROM c24), c26 AS (SELECT x FROM c25 UNION ALL SELECT x + 1 FROM c25), c27 AS (SELECT x FROM c26 UNION ALL SELECT x + 1 FROM c26), c28 AS (SELECT x FROM c27 UNION ALL SELECT x + 1 FROM c27), c29 AS (SELECT x FROM c28 UNION ALL SELECT x + 1 FROM c28) SELECT sum(x) FROM c29
