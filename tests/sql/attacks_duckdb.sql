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
