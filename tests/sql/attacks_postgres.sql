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
