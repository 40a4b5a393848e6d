-- Hostile statements for the database of tests/sql_cases.py. A header names each one and the layers that must stop it:
-- guard (check_sql), sandbox (the connection refuses it), and of the connection's limits time, cell and memory.
-- Every layer is tried alone. {folder} stands for the folder that holds the database.

-- attack: delete [guard, sandbox]
DELETE FROM singer
-- attack: delete-everything-truncate-optimisation [guard, sandbox]
DELETE FROM singer WHERE 1
-- attack: update [guard, sandbox]
UPDATE singer SET salary = 0
-- attack: update-from [guard, sandbox]
UPDATE singer SET name = concert.concert_name FROM concert WHERE concert.concert_id = singer.singer_id
-- attack: insert [guard, sandbox]
INSERT INTO singer (name) VALUES ('Mallory')
-- attack: insert-select [guard, sandbox]
INSERT INTO singer (name) SELECT concert_name FROM concert
-- attack: replace-into [guard, sandbox]
REPLACE INTO singer (singer_id, name) VALUES (1, 'Mallory')
-- attack: insert-or-replace [guard, sandbox]
INSERT OR REPLACE INTO singer (singer_id, name) VALUES (1, 'Mallory')
-- attack: upsert [guard, sandbox]
INSERT INTO singer (singer_id, name) VALUES (1, 'x') ON CONFLICT (singer_id) DO UPDATE SET name = 'Mallory'
-- attack: insert-default-values [guard, sandbox]
INSERT INTO stadium DEFAULT VALUES
-- attack: delete-returning [guard, sandbox]
DELETE FROM singer WHERE singer_id = 1 RETURNING *
-- attack: insert-returning [guard, sandbox]
INSERT INTO singer (name) VALUES ('Mallory') RETURNING singer_id
-- attack: update-returning [guard, sandbox]
UPDATE singer SET age = age + 1 RETURNING age

-- attack: delete-after-with [guard, sandbox]
WITH old AS (SELECT singer_id FROM singer) DELETE FROM singer WHERE singer_id IN (SELECT singer_id FROM old)
-- attack: insert-after-with [guard, sandbox]
WITH copied AS (SELECT name FROM singer) INSERT INTO singer (name) SELECT name FROM copied
-- attack: update-after-with [guard, sandbox]
WITH rich AS (SELECT max(salary) AS top FROM singer) UPDATE singer SET salary = (SELECT top FROM rich)
-- attack: replace-after-recursive-with [guard, sandbox]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) REPLACE INTO singer (singer_id) SELECT i FROM n
-- attack: delete-inside-cte [guard, sandbox]
WITH gone AS (DELETE FROM singer RETURNING *) SELECT * FROM gone
-- attack: insert-inside-cte [guard, sandbox]
WITH made AS (INSERT INTO singer (name) VALUES ('x') RETURNING *) SELECT count(*) FROM made
-- attack: update-inside-subquery [guard, sandbox]
SELECT * FROM (UPDATE singer SET age = 1 RETURNING *)
-- attack: nested-with-delete [guard, sandbox]
WITH a AS (SELECT 1) , b AS (SELECT 2) DELETE FROM singer

-- attack: stacked-drop [guard, sandbox]
SELECT name FROM singer; DROP TABLE singer
-- attack: stacked-delete-with-comment-tail [guard, sandbox]
SELECT name FROM singer; DELETE FROM singer; --
-- attack: stacked-selects [guard, sandbox]
SELECT 1; SELECT 2
-- attack: stacked-after-empty [guard, sandbox]
; DELETE FROM singer
-- attack: stacked-behind-comment [guard, sandbox]
SELECT 1 /* ; */ ; /* harmless */ DROP TABLE singer
-- attack: stacked-behind-string [guard, sandbox]
SELECT ';--' ; DROP TABLE singer
-- attack: stacked-commit-drop [guard, sandbox]
SELECT 1; COMMIT; DROP TABLE singer
-- attack: quote-breakout [guard, sandbox]
SELECT name FROM singer WHERE name = ''; DROP TABLE singer; --'
-- attack: stacked-pragma-then-update [guard, sandbox]
PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = ''

-- attack: comment-inside-keyword [guard, sandbox]
DEL/**/ETE FROM singer
-- attack: comment-before-keyword [guard, sandbox]
/* SELECT */ DELETE FROM singer
-- attack: line-comment-before-keyword [guard, sandbox]
-- SELECT name FROM singer
DELETE FROM singer
-- attack: comment-between-keywords [guard, sandbox]
DROP/**/TABLE/**/singer
-- attack: nested-comment [guard, sandbox]
/* /* */ DELETE FROM singer -- */
-- attack: select-hidden-by-nested-comment [guard, sandbox]
SELECT 1 /* /* */ ; DELETE FROM singer -- */ */
-- attack: mixed-case [guard, sandbox]
dElEtE fRoM sInGeR
-- attack: keywords-over-lines [guard, sandbox]
DROP
TABLE
singer
-- attack: unclosed-comment [guard, sandbox]
DELETE FROM singer /* never closed
-- attack: mysql-executable-comment [guard, sandbox]
/*!50000 DELETE */ FROM singer
-- attack: parenthesised-delete [guard, sandbox]
(DELETE FROM singer)

-- attack: fullwidth-keyword [guard, sandbox]
ＤＥＬＥＴＥ ＦＲＯＭ singer
-- attack: cyrillic-letter-in-keyword [guard, sandbox]
DЕLETE FROM singer
-- attack: greek-question-mark-for-semicolon [guard, sandbox]
SELECT name FROM singer; DROP TABLE singer
-- attack: fullwidth-semicolon [guard, sandbox]
SELECT name FROM singer； DROP TABLE singer
-- attack: zero-width-space-in-keyword [guard, sandbox]
DEL​ETE FROM singer
-- attack: non-breaking-spaces [guard, sandbox]
DELETE FROM singer
-- attack: byte-order-mark [guard, sandbox]
﻿DELETE FROM singer
-- attack: right-to-left-override [guard, sandbox]
‮DELETE FROM singer
-- attack: cyrillic-table-name [guard, sandbox]
SELECT * FROM ѕinger
-- attack: combining-character-in-name [guard, sandbox]
SELECT náme FROM singer

-- attack: attach-new-file [guard, sandbox]
ATTACH DATABASE '{folder}/evil.db' AS evil
-- attack: attach-existing-file [guard, sandbox]
ATTACH '{folder}/other.sqlite' AS other
-- attack: attach-memory [guard, sandbox]
ATTACH ':memory:' AS evil
-- attack: attach-expression [guard, sandbox]
ATTACH '{folder}/' || 'evil.db' AS evil
-- attack: attach-uri-with-write-mode [guard, sandbox]
ATTACH 'file:{folder}/evil.db?mode=rwc' AS evil
-- attack: attach-itself-writable [guard, sandbox]
ATTACH 'file:{folder}/music.sqlite?mode=rw' AS again
-- attack: detach [guard, sandbox]
DETACH DATABASE main
-- attack: vacuum [guard, sandbox]
VACUUM
-- attack: vacuum-into [guard, sandbox]
VACUUM INTO '{folder}/evil.db'
-- attack: vacuum-into-expression [guard, sandbox]
VACUUM main INTO '{folder}/' || 'evil.db'
-- attack: read-attached-database [guard, sandbox]
SELECT * FROM other.singer

-- attack: pragma-journal-mode [guard, sandbox]
PRAGMA journal_mode = WAL
-- attack: pragma-writable-schema [guard, sandbox]
PRAGMA writable_schema = 1
-- attack: pragma-query-only-off [guard, sandbox]
PRAGMA query_only = OFF
-- attack: pragma-user-version [guard, sandbox]
PRAGMA user_version = 42
-- attack: pragma-wal-checkpoint [guard, sandbox]
PRAGMA wal_checkpoint(TRUNCATE)
-- attack: pragma-hard-heap-limit [guard, sandbox]
PRAGMA hard_heap_limit = 0
-- attack: pragma-temp-store-directory [guard, sandbox]
PRAGMA temp_store_directory = '{folder}'
-- attack: pragma-trusted-schema [guard, sandbox]
PRAGMA trusted_schema = ON
-- attack: pragma-incremental-vacuum [guard, sandbox]
PRAGMA incremental_vacuum(100)
-- attack: pragma-optimize [guard, sandbox]
PRAGMA optimize
-- attack: pragma-database-list [guard, sandbox]
PRAGMA database_list
-- attack: pragma-mixed-case-with-comment [guard, sandbox]
pRaGmA/**/database_list
-- attack: pragma-as-table-function [guard, sandbox]
SELECT * FROM pragma_database_list
-- attack: pragma-table-function-with-argument [guard, sandbox]
SELECT name FROM pragma_table_info('singer')
-- attack: pragma-in-subquery [guard, sandbox]
SELECT * FROM singer WHERE name IN (SELECT file FROM pragma_database_list)
-- attack: pragma-compile-options [guard, sandbox]
SELECT * FROM pragma_compile_options()
-- attack: pragma-module-list [guard, sandbox]
SELECT * FROM "pragma_module_list"
-- attack: writable-schema-update [guard, sandbox]
UPDATE sqlite_master SET sql = 'CREATE TABLE singer (x)' WHERE name = 'singer'
-- attack: writable-schema-delete [guard, sandbox]
DELETE FROM sqlite_schema WHERE type = 'trigger'
-- attack: writable-schema-insert [guard, sandbox]
INSERT INTO sqlite_master VALUES ('table', 'evil', 'evil', 2, 'CREATE TABLE evil (x)')
-- attack: sequence-table-write [guard, sandbox]
UPDATE sqlite_sequence SET seq = 0

-- attack: load-extension [guard, sandbox]
SELECT load_extension('{folder}/evil.so')
-- attack: load-extension-with-entry-point [guard, sandbox]
SELECT load_extension('{folder}/evil.so', 'main')
-- attack: load-extension-quoted [guard, sandbox]
SELECT "load_extension"('{folder}/evil.so')
-- attack: load-extension-in-where [guard, sandbox]
SELECT name FROM singer WHERE load_extension('{folder}/evil') IS NULL
-- attack: load-extension-in-order-by [guard, sandbox]
SELECT name FROM singer ORDER BY LOAD_EXTENSION('{folder}/evil')
-- attack: readfile [guard, sandbox]
SELECT readfile('/etc/passwd')
-- attack: writefile [guard, sandbox]
SELECT writefile('{folder}/evil.txt', 'x')
-- attack: edit [guard, sandbox]
SELECT edit('x', 'touch {folder}/evil.txt')
-- attack: directory-listing [guard, sandbox]
SELECT name FROM fsdir('/etc')
-- attack: csv-virtual-table [guard, sandbox]
CREATE VIRTUAL TABLE temp.evil USING csv(filename = '/etc/passwd')
-- attack: zip-file [guard, sandbox]
SELECT * FROM zipfile('{folder}/evil.zip')
-- attack: fts3-tokenizer-pointer [guard, sandbox]
SELECT fts3_tokenizer('simple')
-- attack: fts3-tokenizer-write-pointer [guard, sandbox]
SELECT fts3_tokenizer('evil', x'4141414141414141')
-- attack: sqlite-log [guard, sandbox]
SELECT sqlite_log(1, 'forged')
-- attack: sqlite-offset [guard, sandbox]
SELECT sqlite_offset(name) FROM singer
-- attack: statement-virtual-table [guard, sandbox]
SELECT * FROM sqlite_dbpage('main')
-- attack: dbpage-write [guard, sandbox]
UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1

-- attack: create-table [guard, sandbox]
CREATE TABLE evil (x)
-- attack: create-table-as [guard, sandbox]
CREATE TABLE evil AS SELECT * FROM singer
-- attack: create-temp-table [guard, sandbox]
CREATE TEMP TABLE evil AS SELECT * FROM singer
-- attack: create-table-in-temp-schema [guard, sandbox]
CREATE TABLE temp.evil (x)
-- attack: insert-into-temp-schema [guard, sandbox]
INSERT INTO temp.sqlite_temp_master VALUES (1, 2, 3, 4, 5)
-- attack: create-view [guard, sandbox]
CREATE VIEW evil AS SELECT * FROM singer
-- attack: create-temp-view [guard, sandbox]
CREATE TEMPORARY VIEW singer AS SELECT 'fake' AS name
-- attack: create-index [guard, sandbox]
CREATE INDEX evil ON singer (name)
-- attack: create-trigger [guard, sandbox]
CREATE TRIGGER evil AFTER UPDATE ON singer BEGIN DELETE FROM singer; END
-- attack: create-temp-trigger [guard, sandbox]
CREATE TEMP TRIGGER evil AFTER INSERT ON main.singer BEGIN DELETE FROM singer; END
-- attack: insert-that-fires-a-trigger [guard, sandbox]
INSERT INTO stadium (name, capacity) VALUES ('x', 1)
-- attack: write-through-instead-of-trigger [guard, sandbox]
DELETE FROM adult_singer
-- attack: drop-table [guard, sandbox]
DROP TABLE singer
-- attack: drop-table-if-exists [guard, sandbox]
DROP TABLE IF EXISTS singer
-- attack: drop-view [guard, sandbox]
DROP VIEW adult_singer
-- attack: drop-trigger [guard, sandbox]
DROP TRIGGER count_stadium
-- attack: drop-index [guard, sandbox]
DROP INDEX singer_name
-- attack: alter-rename [guard, sandbox]
ALTER TABLE singer RENAME TO evil
-- attack: alter-add-column [guard, sandbox]
ALTER TABLE singer ADD COLUMN evil TEXT
-- attack: alter-drop-column [guard, sandbox]
ALTER TABLE singer DROP COLUMN salary
-- attack: reindex [guard, sandbox]
REINDEX
-- attack: analyze [guard, sandbox]
ANALYZE
-- attack: explain-delete [guard, sandbox]
EXPLAIN DELETE FROM singer
-- attack: explain-query-plan-update [guard, sandbox]
EXPLAIN QUERY PLAN UPDATE singer SET age = 1
-- attack: begin-exclusive [guard, sandbox]
BEGIN EXCLUSIVE
-- attack: begin-immediate [guard, sandbox]
BEGIN IMMEDIATE TRANSACTION
-- attack: commit [guard, sandbox]
COMMIT
-- attack: rollback [guard, sandbox]
ROLLBACK
-- attack: savepoint [guard, sandbox]
SAVEPOINT evil
-- attack: release [guard, sandbox]
RELEASE evil
-- attack: select-into [guard, sandbox]
SELECT * INTO evil FROM singer
-- attack: select-into-outfile [guard, sandbox]
SELECT name FROM singer INTO OUTFILE '{folder}/evil.txt'
-- attack: copy [guard, sandbox]
COPY singer TO '{folder}/evil.csv'
-- attack: for-update [guard, sandbox]
SELECT * FROM singer FOR UPDATE
-- attack: shell-dot-command [guard, sandbox]
.shell touch {folder}/evil.txt
-- attack: shell-dot-output [guard, sandbox]
.output {folder}/evil.txt

-- attack: fts5-insert [guard, sandbox]
INSERT INTO docs (title, body) VALUES ('x', 'y')
-- attack: fts5-command-rebuild [guard, sandbox]
INSERT INTO docs (docs) VALUES ('rebuild')
-- attack: fts5-command-automerge [guard, sandbox]
INSERT INTO docs (docs, rank) VALUES ('automerge', 2)
-- attack: fts5-shadow-write [guard, sandbox]
UPDATE docs_content SET c0 = 'x'
-- attack: fts5-create [guard, sandbox]
CREATE VIRTUAL TABLE evil USING fts5(x)
-- attack: fts5-create-temp [guard, sandbox]
CREATE VIRTUAL TABLE temp.evil USING fts5(x)
-- attack: fts4-optimize-function [guard, sandbox]
SELECT optimize(papers) FROM papers
-- attack: fts4-command-rebuild [guard, sandbox]
INSERT INTO papers (papers) VALUES ('rebuild')
-- attack: fts4-drop [guard, sandbox]
DROP TABLE papers
-- attack: rtree-insert [guard, sandbox]
INSERT INTO box VALUES (9, 1, 2)
-- attack: rtree-shadow-delete [guard, sandbox]
DELETE FROM box_node
-- attack: rtree-check [guard, sandbox]
SELECT rtreecheck('box')
-- attack: fts5-vocabulary-table [guard, sandbox]
CREATE VIRTUAL TABLE temp.words USING fts5vocab('docs', 'row')

-- attack: hostile-quoted-name [guard, sandbox]
SELECT * FROM "singer; DROP TABLE singer; --"
-- attack: hostile-bracket-name [guard, sandbox]
SELECT * FROM [singer]; DROP TABLE [singer]
-- attack: hostile-backtick-name [guard, sandbox]
SELECT `name`; DELETE FROM `singer`
-- attack: hostile-alias [guard, sandbox]
SELECT name AS "x"; DROP TABLE singer; --" FROM singer
-- attack: escaped-quote-in-name [guard, sandbox]
SELECT "name""; DROP TABLE singer; --" FROM "singer""; DELETE FROM singer; --"
-- attack: delete-with-quoted-table [guard, sandbox]
DELETE FROM "main"."singer"
-- attack: reserved-word-as-table [guard, sandbox]
DELETE FROM "singer" WHERE "singer"."name" LIKE '%' --"

-- attack: recursive-counter [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n
-- attack: recursive-counter-without-keyword [time]
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n
-- attack: recursive-fibonacci-tree [time]
WITH RECURSIVE t(i) AS (VALUES (1) UNION ALL SELECT t.i + 1 FROM t JOIN singer) SELECT sum(i) FROM t
-- attack: recursive-offset [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 1 OFFSET 1000000000000
-- attack: recursive-never-matches [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0
-- attack: recursive-in-subquery [time]
SELECT name FROM singer WHERE age = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)
-- attack: cartesian-count [time]
SELECT count(*) FROM singer a, singer b, singer c, singer d, singer e, singer f, singer g, singer h, singer i, singer j
-- attack: cartesian-aggregate [time]
SELECT sum(a.age * b.age * c.age) FROM singer a CROSS JOIN singer b CROSS JOIN singer c CROSS JOIN singer d CROSS JOIN singer e CROSS JOIN singer f CROSS JOIN singer g CROSS JOIN singer h CROSS JOIN singer i CROSS JOIN singer j
-- attack: cartesian-exists [time]
SELECT name FROM singer WHERE NOT EXISTS (SELECT 1 FROM singer a, singer b, singer c, singer d, singer e, singer f, singer g, singer h, singer i WHERE a.age + b.age + c.age + d.age + e.age + f.age + g.age + h.age + i.age < 0)
-- attack: cartesian-window [time]
SELECT max(r) FROM (SELECT row_number() OVER () AS r FROM singer a, singer b, singer c, singer d, singer e, singer f, singer g, singer h, singer i, singer j)
-- attack: many-slow-trims [time]
WITH RECURSIVE n(i, t) AS (SELECT 1, printf('%.*c', 900000, 'a') UNION ALL SELECT i + 1, t FROM n) SELECT sum(length(trim(t, printf('%.*c', 900, 'b') || 'a'))) FROM n
-- attack: many-slow-replaces [time]
WITH RECURSIVE n(i, t) AS (SELECT 1, printf('%.*c', 900000, 'a') UNION ALL SELECT i + 1, t FROM n) SELECT sum(length(replace(t, printf('%.*c', 300000, 'a') || 'b', ''))) FROM n
-- attack: many-slow-instr [time]
WITH RECURSIVE n(i, t) AS (SELECT 1, printf('%.*c', 900000, 'a') UNION ALL SELECT i + 1, t FROM n) SELECT sum(instr(t, printf('%.*c', 300000, 'a') || 'b')) FROM n

-- attack: randomblob-bomb [guard, sandbox]
SELECT randomblob(1000000000)
-- attack: zeroblob-bomb [guard, sandbox]
SELECT zeroblob(1000000000)
-- attack: hex-randomblob-bomb [guard, sandbox]
SELECT length(hex(randomblob(50000000)))
-- attack: printf-width-bomb [cell]
SELECT printf('%900000d', 1) || printf('%900000d', 1)
-- attack: printf-star-bomb [cell]
SELECT length(printf('%.*c', 900000, 'x') || quote(printf('%.*c', 900000, 'x')))
-- attack: replace-bomb [cell]
SELECT length(replace(printf('%.*c', 900000, 'a'), 'a', 'bbbbbbbbbb'))
-- attack: hex-bomb [cell]
SELECT hex(hex(printf('%.*c', 400000, 'a')))
-- attack: concatenation-bomb [cell]
WITH RECURSIVE n(t) AS (SELECT 'aaaaaaaa' UNION ALL SELECT t || t FROM n) SELECT max(length(t)) FROM n
-- attack: group-concat-bomb [cell]
SELECT group_concat(a.name || b.name || c.name || d.name || e.name) FROM singer a, singer b, singer c, singer d, singer e
-- attack: json-bomb [cell]
SELECT json_group_array(a.name || b.name || c.name || d.name || e.name) FROM singer a, singer b, singer c, singer d, singer e
-- attack: long-pattern-bomb [sandbox]
SELECT name FROM singer WHERE name LIKE printf('%.*c', 10000, '%')

-- attack: sort-bomb [memory]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT i, printf('%1000d', i) AS t FROM n ORDER BY t DESC
-- attack: distinct-bomb [memory]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(DISTINCT printf('%1000d', i)) FROM n
-- attack: group-by-bomb [memory]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT printf('%1000d', i) AS t, count(*) FROM n GROUP BY t
-- attack: union-bomb [memory]
WITH RECURSIVE n(t) AS (SELECT printf('%1000d', 1) UNION SELECT printf('%1000d', t + 1) FROM n LIMIT 3000000) SELECT count(*) FROM n
-- attack: materialised-cte-bomb [memory]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000), m AS MATERIALIZED (SELECT printf('%1000d', i) AS t FROM n) SELECT count(*) FROM m a JOIN m b ON a.t = b.t
-- attack: wide-row-bomb [memory]
WITH w(t) AS (SELECT printf('%.*c', 900000, 'a')) SELECT t || 1, t || 2, t || 3, t || 4, t || 5, t || 6, t || 7, t || 8, t || 9, t || 10, t || 11, t || 12, t || 13, t || 14, t || 15, t || 16, t || 17, t || 18, t || 19, t || 20, t || 21, t || 22, t || 23, t || 24, t || 25, t || 26, t || 27, t || 28, t || 29, t || 30, t || 31, t || 32, t || 33, t || 34, t || 35, t || 36, t || 37, t || 38, t || 39, t || 40 FROM w
