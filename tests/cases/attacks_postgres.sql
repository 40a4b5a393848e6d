-- Hostile statements for PostgreSQL; the header is explained in attacks_sqlite.sql. Two more layers are tried alone:
-- sandbox holds even for a superuser, role is a role that may only SELECT from the schema's tables (pg_read_all_data would
-- also read the password hashes). What neither stops leaves no trace, because every transaction is rolled back, and is refused by the guard.

-- attack: delete [guard, sandbox]
DELETE FROM singer
-- attack: delete-inside-cte [guard, sandbox]
WITH gone AS (DELETE FROM singer RETURNING *) SELECT * FROM gone
-- attack: insert-inside-cte [guard, sandbox]
WITH made AS (INSERT INTO singer (singer_id) VALUES (99) RETURNING *) SELECT * FROM made
-- attack: update-inside-cte-unused [guard, sandbox]
WITH changed AS (UPDATE singer SET age = 0) SELECT 1
-- attack: merge [guard, sandbox]
MERGE INTO singer USING (SELECT 1 AS one) AS x ON singer.singer_id = x.one WHEN MATCHED THEN DELETE
-- attack: stacked-drop [guard, sandbox]
SELECT 1; DROP TABLE singer
-- attack: stacked-commit-drop [guard, sandbox]
SELECT 1; COMMIT; DROP TABLE singer
-- attack: stacked-rollback-delete [guard, sandbox]
SELECT 1; ROLLBACK; DELETE FROM singer
-- attack: stacked-session-characteristics [guard, sandbox]
SELECT 1; COMMIT; SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM singer
-- attack: stacked-behind-nested-comment [guard, sandbox]
SELECT 1 /* /* ; */ */ ; DROP TABLE singer
-- attack: dollar-quote-breakout [guard, sandbox]
SELECT $a$ ; $a$; DROP TABLE singer
-- attack: backslash-quote-breakout [guard, sandbox]
SELECT '\'; DROP TABLE singer; --'
-- attack: escape-string-breakout [guard, sandbox]
SELECT E'\\'; DROP TABLE singer; --'
-- attack: select-into [guard, sandbox]
SELECT * INTO evil FROM singer
-- attack: create-table-as [guard, sandbox]
CREATE TABLE evil AS SELECT * FROM singer
-- attack: create-temp-table [guard, sandbox]
CREATE TEMP TABLE evil AS SELECT * FROM singer
-- attack: select-for-update [guard, sandbox]
SELECT * FROM singer FOR UPDATE
-- attack: select-for-share-in-subquery [guard, sandbox]
SELECT * FROM (SELECT * FROM singer FOR SHARE) AS locked
-- attack: lock-table [guard, sandbox]
LOCK TABLE singer IN ACCESS EXCLUSIVE MODE
-- attack: copy-to-file [guard, sandbox]
COPY singer TO '{folder}/evil.csv'
-- attack: copy-to-program [guard, sandbox]
COPY singer TO PROGRAM 'touch {folder}/evil.txt'
-- attack: copy-from-program [guard, sandbox]
COPY singer FROM PROGRAM 'id'
-- attack: copy-to-stdout [guard, sandbox]
COPY singer TO STDOUT
-- attack: do-block [guard, sandbox]
DO $$ BEGIN DELETE FROM singer; END $$
-- attack: call [guard, sandbox]
CALL clean_up()
-- attack: create-function [guard, sandbox]
CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'
-- attack: create-extension [guard, sandbox]
CREATE EXTENSION dblink
-- attack: truncate [guard, sandbox]
TRUNCATE singer
-- attack: vacuum [guard, sandbox]
VACUUM FULL
-- attack: alter-system [guard, sandbox]
ALTER SYSTEM SET archive_command = 'touch {folder}/evil.txt'
-- attack: alter-role [guard, sandbox]
ALTER ROLE reader SUPERUSER
-- attack: set-transaction-read-write [guard, sandbox]
SET TRANSACTION READ WRITE
-- attack: set-statement-timeout [guard, sandbox]
SET statement_timeout = 0
-- attack: set-role [guard, sandbox]
SET ROLE admin
-- attack: commit [guard, sandbox]
COMMIT
-- attack: begin [guard, sandbox]
BEGIN READ WRITE
-- attack: prepare [guard, sandbox]
PREPARE evil AS DELETE FROM singer
-- attack: declare-second-cursor [guard, sandbox]
DECLARE evil CURSOR WITH HOLD FOR SELECT 1
-- attack: explain-analyze-delete [guard, sandbox]
EXPLAIN ANALYZE DELETE FROM singer
-- attack: listen [guard, sandbox]
LISTEN evil
-- attack: notify [guard, sandbox]
NOTIFY evil, 'x'
-- attack: show [guard, sandbox]
SHOW data_directory
-- attack: set-config-read-write [guard, sandbox]
SELECT set_config('transaction_read_only', 'off', false)
-- attack: next-value [guard, sandbox]
SELECT nextval('counter')
-- attack: set-value [guard, sandbox]
SELECT setval('counter', 99)
-- attack: writing-function [guard, sandbox]
SELECT add_singer()
-- attack: writing-function-in-where [guard, sandbox]
SELECT name FROM singer WHERE add_singer() > 0
-- attack: query-to-xml-delete [guard, sandbox]
SELECT query_to_xml('DELETE FROM singer', true, true, '')
-- attack: qualified-function [guard, sandbox]
SELECT public.add_singer()
-- attack: sleep [guard, time]
SELECT pg_sleep(60)
-- attack: sleep-for-interval [guard, time]
SELECT pg_sleep_for('1 minute')
-- attack: recursive-counter [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT (i + 1) % 1000 FROM n) SELECT count(*) FROM n
-- attack: cartesian-count [time]
SELECT count(*) FROM singer a, singer b, singer c, singer d, singer e, singer f, singer g, singer h, singer i, singer j
-- attack: generated-rows [time]
SELECT count(*) FROM generate_series(1, 2000000000) AS g(i)
-- attack: read-server-file [guard, role]
SELECT pg_read_file('/etc/passwd')
-- attack: read-server-binary-file [guard, role]
SELECT pg_read_binary_file('/etc/passwd')
-- attack: qualified-read-server-file [guard, role]
SELECT pg_catalog.pg_read_file('/etc/passwd')
-- attack: list-server-folder [guard, role]
SELECT pg_ls_dir('/')
-- attack: server-folder-as-table [guard, role]
SELECT * FROM pg_ls_dir('/') AS files
-- attack: import-large-object [guard, role]
SELECT lo_import('/etc/passwd')
-- attack: export-large-object [guard, role]
SELECT lo_export(lo_from_bytea(0, 'x'), '{folder}/evil.txt')
-- attack: password-hashes [guard, role]
SELECT rolpassword FROM pg_authid
-- attack: shadow-view [guard, role]
SELECT usename, passwd FROM pg_shadow
-- attack: reload-configuration [guard, role]
SELECT pg_reload_conf()
-- attack: rotate-log-and-switch-wal [guard, role]
SELECT pg_switch_wal()
-- attack: advisory-lock [guard]
SELECT pg_advisory_lock(1)
-- attack: setting [guard]
SELECT current_setting('data_directory_mode')
-- attack: backend-list [guard]
SELECT * FROM pg_stat_activity
-- attack: catalogue [guard]
SELECT table_name FROM information_schema.tables
-- attack: server-version [guard]
SELECT version()
-- attack: session-user [guard]
SELECT current_user
-- attack: large-text [guard]
SELECT repeat('a', 1000000)

-- Attribute notation: (x).f calls f(x).
-- attack: attribute-read-file [guard, role]
SELECT ('/etc/passwd'::text).pg_read_file
-- attack: attribute-read-file-quoted [guard, role]
SELECT ('/etc/passwd'::text)."pg_read_file"
-- attack: attribute-read-file-in-more-brackets [guard, role]
SELECT ((('/etc/passwd'::text))).pg_read_file
-- attack: attribute-read-binary-file-of-a-case [guard, role]
SELECT (CASE WHEN true THEN '/etc/passwd'::text END).pg_read_binary_file
-- attack: attribute-read-file-of-a-subquery [guard, role]
SELECT ((SELECT '/etc/passwd'::text)).pg_read_file
-- attack: attribute-read-file-of-an-element [guard, role]
SELECT ((ARRAY['/etc/passwd'::text])[1]).pg_read_file
-- attack: attribute-read-file-of-a-concatenation [guard, role]
SELECT ('/etc/' || 'passwd'::text).pg_read_file
-- attack: attribute-list-folder-of-a-derived-table [guard, role]
SELECT (t.p).pg_ls_dir FROM (SELECT '/'::text AS p) AS t
-- attack: attribute-list-folder-of-a-cte [guard, role]
WITH t AS (SELECT '/'::text AS p) SELECT (t.p).pg_ls_dir FROM t
-- attack: attribute-read-file-in-where [guard, role]
SELECT name FROM singer WHERE ('/etc/passwd'::text).pg_read_file <> name
-- attack: attribute-read-file-in-a-join [guard, role]
SELECT 1 FROM singer AS s JOIN concert AS c ON ('/etc/passwd'::text).pg_read_file IS NOT NULL
-- attack: attribute-read-file-in-an-aggregate [guard, role]
SELECT max(('/etc/passwd'::text).pg_read_file) FROM singer
-- attack: attribute-read-file-cast [guard, role]
SELECT (CAST('/etc/passwd' AS text)).pg_read_file
-- attack: attribute-import-large-object [guard, role]
SELECT ('/etc/passwd'::text).lo_import
-- attack: attribute-sleep [guard, time]
SELECT (30).pg_sleep
-- attack: attribute-sleep-of-a-sum [guard, time]
SELECT (29 + 1).pg_sleep
-- attack: attribute-sleep-in-order-by [guard, time]
SELECT name FROM singer ORDER BY (30).pg_sleep::text
-- attack: attribute-sleep-of-a-column [guard, time]
SELECT (s.age).pg_sleep FROM singer AS s
-- attack: attribute-writing-function-of-a-row [guard, sandbox]
SELECT (s).copy_singer FROM singer AS s
-- attack: attribute-writing-function-without-brackets [guard, sandbox]
SELECT s.copy_singer FROM singer AS s
-- attack: attribute-writing-function-of-the-table [guard, sandbox]
SELECT singer.copy_singer FROM singer
-- attack: attribute-writing-function-of-a-capital-alias [guard, sandbox]
SELECT "S".copy_singer FROM singer AS "S"
-- attack: attribute-writing-function-in-group-by [guard, sandbox]
SELECT count(*) FROM singer AS s GROUP BY s.copy_singer
-- attack: attribute-writing-function-in-having [guard, sandbox]
SELECT count(*) FROM singer AS s GROUP BY s HAVING s.copy_singer = 'x'
-- attack: attribute-writing-function-in-exists [guard, sandbox]
SELECT 1 FROM concert AS c WHERE EXISTS (SELECT (s).copy_singer FROM singer AS s WHERE (s).copy_singer IS NOT NULL)
-- attack: attribute-writing-function-of-a-subquerys-row [guard, sandbox]
SELECT (t.r).copy_singer FROM (SELECT s AS r FROM singer AS s) AS t
-- attack: attribute-writing-function-lateral [guard, sandbox]
SELECT t.x FROM singer AS s, LATERAL (SELECT s.copy_singer AS x) AS t
-- attack: attribute-writing-function-in-a-window [guard, sandbox]
SELECT rank() OVER (ORDER BY s.copy_singer) FROM singer AS s
-- attack: attribute-sequence [guard, sandbox]
SELECT ('counter'::regclass).nextval
-- attack: attribute-end-backend [guard]
SELECT (1234567).pg_terminate_backend
-- attack: attribute-setting [guard]
SELECT ('data_directory'::text).current_setting
-- attack: attribute-advisory-lock [guard]
SELECT (1).pg_advisory_lock
-- attack: attribute-row-of-a-cte [guard]
WITH c AS (SELECT name FROM singer) SELECT (c).hashtext FROM c
-- attack: attribute-star-of-a-function [guard, role]
SELECT (pg_stat_file('/etc/passwd')).*
-- attack: attribute-field-of-a-function [guard, role]
SELECT (pg_stat_file('/etc/passwd')).size

-- Names of a WITH that hide a system table, or seem to.
-- attack: cte-reads-the-hidden-table [guard, role]
WITH pg_shadow AS (SELECT 'a'::name AS usename, 'b' AS passwd UNION ALL SELECT usename, passwd FROM pg_shadow) SELECT * FROM pg_shadow
-- attack: cte-reads-the-hidden-table-quoted [guard, role]
WITH "pg_authid" AS (SELECT rolname, rolpassword FROM "pg_authid") SELECT * FROM "pg_authid"
-- attack: cte-in-capitals-hides-nothing [guard, role]
WITH "PG_SHADOW" AS (SELECT 'x' AS passwd) SELECT passwd FROM pg_shadow
-- attack: cte-in-mixed-case-hides-nothing [guard, role]
WITH "Pg_Authid" AS (SELECT 'x' AS rolpassword) SELECT rolpassword FROM Pg_Authid
-- attack: cte-defined-later [guard, role]
WITH a AS (SELECT passwd FROM pg_shadow), pg_shadow AS (SELECT 'x' AS passwd) SELECT * FROM a
-- attack: cte-of-an-inner-query [guard, role]
SELECT * FROM (WITH pg_authid AS (SELECT rolpassword FROM pg_authid) SELECT * FROM pg_authid) AS t
-- attack: cte-out-of-its-scope [guard, role]
SELECT (WITH pg_shadow AS (SELECT 1 AS passwd) SELECT passwd FROM pg_shadow), passwd FROM pg_shadow
-- attack: cte-in-an-exists [guard, role]
SELECT 1 WHERE EXISTS (WITH pg_user_mapping AS (SELECT * FROM pg_user_mapping) SELECT * FROM pg_user_mapping)
-- attack: cte-named-like-our-table [guard, role]
WITH singer AS (SELECT rolname AS name, rolpassword AS country FROM pg_authid) SELECT name, country FROM singer
-- attack: cte-and-a-prefix [guard, role]
WITH pg_shadow AS (SELECT 1 AS passwd) SELECT passwd FROM pg_catalog.pg_shadow
-- attack: cte-in-a-set-operation [guard, role]
SELECT 'x' UNION ALL (WITH pg_shadow AS (SELECT passwd FROM pg_shadow) SELECT passwd FROM pg_shadow)
-- attack: cte-of-settings [guard]
WITH pg_settings AS (SELECT name, setting FROM pg_settings) SELECT * FROM pg_settings
-- attack: cte-of-activity [guard]
WITH pg_stat_activity AS (SELECT query FROM pg_stat_activity) SELECT * FROM pg_stat_activity

-- Strings that end elsewhere under another setting of the server.
-- attack: backslash-then-a-subquery [guard, role]
SELECT 'a\' || (SELECT passwd FROM pg_shadow LIMIT 1) || 'b'
-- attack: backslash-in-a-filter [guard, role]
SELECT name FROM singer WHERE name = '\' UNION SELECT passwd FROM pg_shadow --'
-- attack: escape-string-with-a-backslash-quote [sandbox, role]
SELECT E'\' UNION SELECT passwd FROM pg_shadow --'
-- attack: escape-string-of-two-backslashes [guard, role]
SELECT E'\\' || passwd FROM pg_shadow --'
-- attack: unicode-string [guard, role]
SELECT U&'\0027' || passwd FROM pg_shadow
-- attack: dollar-quotes-in-dollar-quotes [guard, role]
SELECT $a$ $b$ $a$ || passwd || $b$ $b$ FROM pg_shadow
-- attack: national-string [guard, role]
SELECT N'\' || passwd || N'\' FROM pg_shadow
-- attack: continued-string [guard, role]
SELECT 'a'
'\' || passwd FROM pg_shadow
-- attack: comment-in-a-comment [guard, role]
SELECT 1 /* /* */ ' */ UNION SELECT length(passwd) FROM pg_shadow --'

-- Other connections and definers.
-- attack: other-connection [guard, role]
SELECT * FROM dblink('dbname=music', 'DELETE FROM singer RETURNING 1') AS t(a int)
-- attack: other-connection-statement [guard, role]
SELECT dblink_exec('dbname=music', 'DROP TABLE singer')
-- attack: other-connection-by-attribute [guard, role]
SELECT ('dbname=music'::text).dblink_connect
-- attack: definer-of-a-row [guard, sandbox]
SELECT copy_singer(s) FROM singer AS s
-- attack: definer-in-a-default [guard, sandbox]
SELECT coalesce(NULL, add_singer())
-- attack: definer-in-a-table [guard, sandbox]
SELECT * FROM add_singer() AS t
-- attack: definer-in-rows-from [guard, sandbox]
SELECT * FROM ROWS FROM (add_singer()) AS t
