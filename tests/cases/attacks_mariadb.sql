-- Hostile statements for MariaDB; the header is explained in attacks_sqlite.sql. Layers tried alone: sandbox holds even
-- for an administrator, time ends the statement, role is a role that may only SELECT from the database's tables.

-- attack: delete [guard, sandbox]
DELETE FROM singer
-- attack: update [guard, sandbox]
UPDATE singer SET age = 0
-- attack: replace [guard, sandbox]
REPLACE INTO singer (singer_id) VALUES (1)
-- attack: insert-select [guard, sandbox]
INSERT INTO singer (name) SELECT name FROM singer
-- attack: delete-returning [guard, sandbox]
DELETE FROM singer RETURNING name
-- attack: truncate [guard, sandbox]
TRUNCATE singer
-- attack: drop [guard, sandbox]
DROP TABLE singer
-- attack: create-table-as [guard, sandbox]
CREATE TABLE evil AS SELECT * FROM singer
-- attack: alter [guard, sandbox]
ALTER TABLE singer ADD COLUMN evil INT
-- attack: create-user [guard, sandbox]
CREATE USER evil@localhost
-- attack: grant [guard, sandbox]
GRANT ALL ON *.* TO reader@localhost
-- attack: stacked-drop [guard, sandbox]
SELECT 1; DROP TABLE singer
-- attack: stacked-commit [guard, sandbox]
SELECT 1; COMMIT; DELETE FROM singer
-- attack: executable-comment-stacks [sandbox]
SELECT 1 /*! ; DELETE FROM singer */
-- attack: executable-comment-with-a-version [role]
SELECT 1 /*!50000 UNION SELECT authentication_string FROM mysql.user */
-- attack: executable-comment-of-mariadb [role]
SELECT 1 /*M! UNION SELECT Password FROM mysql.user */
-- attack: executable-comment-of-mariadb-with-a-version [role]
SELECT 1 /*M!100000 UNION SELECT Password FROM mysql.user */
-- attack: executable-comment-inside-a-name [guard, role]
SELECT Password FROM mysql/*!.*/user
-- attack: double-dash-without-a-space [guard, role]
SELECT 1 --1 UNION SELECT Password FROM mysql.user
-- attack: hash-comment [guard, role]
SELECT 1 # '
UNION SELECT Password FROM mysql.user -- '
-- attack: writing-function [guard, sandbox]
SELECT add_singer()
-- attack: writing-function-in-a-filter [guard, sandbox]
SELECT name FROM singer WHERE add_singer() > 0
-- attack: qualified-writing-function [guard, sandbox]
SELECT music.add_singer()
-- attack: function-named-like-a-built-in [guard]
SELECT count (name) FROM singer
-- attack: function-named-like-an-allowed-one [guard]
SELECT any_value(name) FROM singer
-- attack: function-in-capitals [guard]
SELECT ANY_VALUE(name) FROM singer
-- attack: call [guard, sandbox]
CALL clean_up()
-- attack: into-outfile [guard, role]
SELECT * FROM singer INTO OUTFILE '{folder}/evil.txt'
-- attack: into-outfile-first [guard, role]
SELECT * INTO OUTFILE '{folder}/evil.txt' FROM singer
-- attack: into-dumpfile [guard, role]
SELECT 'x' INTO DUMPFILE '{folder}/evil.txt'
-- attack: into-variable [guard]
SELECT name INTO @x FROM singer LIMIT 1
-- attack: load-file [guard]
SELECT load_file('/etc/passwd')
-- attack: load-data [guard, sandbox]
LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE singer (name)
-- attack: variable [guard]
SELECT @@datadir
-- attack: session-variable [guard]
SELECT @@SESSION.sql_mode
-- attack: assignment [guard]
SELECT @x := 1
-- attack: users [guard, role]
SELECT * FROM mysql.user
-- attack: users-quoted [guard, role]
SELECT * FROM `mysql`.`global_priv`
-- attack: users-hidden-by-a-cte [guard, role]
WITH user AS (SELECT Password AS name FROM mysql.user) SELECT name FROM user
-- attack: cte-named-like-our-table [guard, role]
WITH singer AS (SELECT Password AS name FROM mysql.user) SELECT name FROM singer
-- attack: cte-reads-the-hidden-schema [guard]
WITH tables AS (SELECT table_name FROM information_schema.tables) SELECT * FROM tables
-- attack: schema [guard]
SELECT table_name FROM information_schema.tables
-- attack: processes [guard]
SELECT info FROM information_schema.processlist
-- attack: performance-schema [guard]
SELECT * FROM performance_schema.accounts
-- attack: other-database [guard, role]
SELECT * FROM secret.vault
-- attack: current-user [guard]
SELECT user()
-- attack: version [guard]
SELECT version()
-- attack: sleep [guard, time]
SELECT sleep(60)
-- attack: sleep-in-a-filter [guard, time]
SELECT name FROM singer WHERE sleep(60) = 0
-- attack: benchmark [guard, time]
SELECT benchmark(10000000000, md5('a'))
-- attack: named-lock [guard]
SELECT get_lock('evil', 1)
-- attack: recursive-counter [time]
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT count(*) FROM n a, n b, n c, n d WHERE a.i < b.i
-- attack: cartesian-count [time]
SELECT count(*) FROM singer a, singer b, singer c, singer d, singer e, singer f, singer g, singer h, singer i, singer j WHERE a.name < b.country
-- attack: for-update [guard, sandbox]
SELECT * FROM singer FOR UPDATE
-- attack: share-mode [guard]
SELECT * FROM singer LOCK IN SHARE MODE
-- attack: lock-tables [guard, sandbox]
LOCK TABLES singer WRITE
-- attack: sequence [guard, sandbox]
SELECT next value FOR counter
-- attack: sequence-function [guard, sandbox]
SELECT nextval(counter)
-- attack: set-value [guard, sandbox]
SELECT setval(counter, 99)
-- attack: set-statement [guard, sandbox]
SET STATEMENT max_statement_time = 0 FOR DELETE FROM singer
-- attack: set-global [guard]
SET GLOBAL read_only = 0
-- attack: prepare [guard]
PREPARE evil FROM 'DELETE FROM singer'
-- attack: execute-immediate [guard, sandbox]
EXECUTE IMMEDIATE 'DELETE FROM singer'
-- attack: compound [guard, sandbox]
BEGIN NOT ATOMIC DELETE FROM singer; END
-- attack: handler [guard]
HANDLER singer OPEN
-- attack: show [guard]
SHOW DATABASES
-- attack: use [guard]
USE secret
-- attack: kill [guard, role]
KILL 1
-- attack: procedure-analyse [guard]
SELECT name FROM singer PROCEDURE ANALYSE()
-- attack: backslash-quote [guard, role]
SELECT 'a\' || Password FROM mysql.user -- ' FROM mysql.user
-- attack: double-quoted-string [guard, role]
SELECT "a' FROM singer UNION SELECT Password FROM mysql.user -- " FROM mysql.user
-- attack: introducer [guard]
SELECT _gbk'\' , Password FROM mysql.user -- '
-- attack: backslash-before-a-closing-quote [guard, role]
SELECT '\\', Password FROM mysql.user -- '
