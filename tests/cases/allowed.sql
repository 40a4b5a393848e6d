-- Queries an analyst writes: each must pass the guard and run on the database of tests/support/sql_cases.py.

-- allowed: count
SELECT count(*) FROM singer
-- allowed: star
SELECT * FROM concert
-- allowed: qualified-star
SELECT s.* FROM singer AS s
-- allowed: lower-case-keywords
select name from singer where age > 30 order by name
-- allowed: other-case-names
SELECT NAME, Singer.AGE FROM SINGER
-- allowed: trailing-semicolon-and-comment
SELECT name FROM singer; -- the end
-- allowed: comments-between
SELECT /* names */ name -- of singers
FROM singer
-- allowed: distinct
SELECT DISTINCT country FROM singer
-- allowed: where-and-or-not
SELECT name FROM singer WHERE (age > 20 AND country = 'France') OR NOT age < 60
-- allowed: in-list
SELECT name FROM singer WHERE country IN ('France', 'Spain')
-- allowed: not-in-subquery
SELECT name FROM singer WHERE singer_id NOT IN (SELECT singer_id FROM singer_in_concert)
-- allowed: between
SELECT name FROM singer WHERE age BETWEEN 20 AND 40
-- allowed: like
SELECT name FROM singer WHERE name LIKE '%a%' AND name NOT LIKE 'Z%' ESCAPE '\'
-- allowed: glob
SELECT name FROM singer WHERE name GLOB 'A*'
-- allowed: is-null
SELECT name FROM singer WHERE salary IS NULL OR country IS NOT NULL
-- allowed: null-shorthands
SELECT name FROM singer WHERE salary ISNULL OR country NOTNULL
-- allowed: is-distinct-from
SELECT name FROM singer WHERE country IS NOT 'France'
-- allowed: order-limit-offset
SELECT name, age FROM singer ORDER BY age DESC, name ASC LIMIT 3 OFFSET 1
-- allowed: nulls-last
SELECT name FROM singer ORDER BY salary DESC NULLS LAST
-- allowed: collate
SELECT name FROM singer ORDER BY name COLLATE NOCASE
-- allowed: aliases
SELECT s.name AS singer_name FROM singer s ORDER BY singer_name
-- allowed: alias-in-where
SELECT age * 2 AS doubled FROM singer WHERE doubled > 60
-- allowed: alias-in-group-by-and-having
SELECT country AS c, count(*) AS n FROM singer GROUP BY c HAVING n >= 1
-- allowed: position-in-group-and-order
SELECT country, avg(age) FROM singer GROUP BY 1 ORDER BY 2 DESC
-- allowed: having-aggregate
SELECT country FROM singer GROUP BY country HAVING max(age) > 30
-- allowed: aggregates
SELECT min(age), max(age), sum(salary), avg(salary), total(salary), count(DISTINCT country) FROM singer
-- allowed: group-concat
SELECT country, group_concat(name, ', ') FROM singer GROUP BY country
-- allowed: filter-clause
SELECT count(*) FILTER (WHERE age > 30) AS older FROM singer
-- allowed: case
SELECT name, CASE WHEN age < 30 THEN 'young' WHEN age < 50 THEN 'middle' ELSE 'old' END AS band FROM singer
-- allowed: simple-case
SELECT CASE country WHEN 'France' THEN 'FR' ELSE 'other' END FROM singer
-- allowed: iif-and-coalesce
SELECT iif(age > 30, 'a', 'b'), coalesce(salary, 0), ifnull(country, '?'), nullif(age, 0) FROM singer
-- allowed: cast-and-arithmetic
SELECT CAST(salary AS INTEGER) % 7, age / 2.0, -age, age + 1, ~age, age << 2, age & 3 FROM singer
-- allowed: concatenation
SELECT name || ' (' || country || ')' FROM singer
-- allowed: text-functions
SELECT upper(name), lower(name), length(name), substr(name, 1, 3), trim(name), ltrim(name, 'A'), replace(name, 'a', 'b'), instr(name, 'a') FROM singer
-- allowed: more-text-functions
SELECT printf('%05.2f', salary), format('%s', name), hex(name), quote(name), unicode(name), char(65, 66), soundex(name) FROM singer
-- allowed: number-functions
SELECT round(salary, 2), abs(age), sign(age), sqrt(age), power(age, 2), mod(age, 3), ceil(salary), floor(salary), ln(age) FROM singer
-- allowed: date-functions
SELECT date(joined), strftime('%Y', joined), julianday(joined), datetime(joined, '+1 month'), time(joined), date('now') FROM singer
-- allowed: date-comparison
SELECT name FROM singer WHERE joined >= date('2020-01-01', '-1 year') AND strftime('%m', joined) = '05'
-- allowed: age-from-dates
SELECT CAST((julianday('2024-01-01') - julianday(joined)) / 365.25 AS INTEGER) FROM singer
-- allowed: current-date
SELECT current_date, current_timestamp
-- allowed: json-functions
SELECT json_extract(notes, '$.genre'), notes ->> '$.genre', json_valid(notes), json_type(notes) FROM singer
-- allowed: json-each
SELECT s.name, tag.value FROM singer AS s, json_each(s.notes, '$.tags') AS tag
-- allowed: json-aggregates
SELECT json_group_array(name), json_group_object(name, age) FROM singer
-- allowed: typeof-and-random
SELECT typeof(salary) FROM singer ORDER BY random() LIMIT 1
-- allowed: join-on
SELECT c.concert_name, st.name FROM concert AS c JOIN stadium AS st ON c.stadium_id = st.stadium_id
-- allowed: left-join
SELECT s.name, sc.concert_id FROM singer s LEFT JOIN singer_in_concert sc ON s.singer_id = sc.singer_id WHERE sc.concert_id IS NULL
-- allowed: three-way-join
SELECT s.name, c.concert_name FROM singer s JOIN singer_in_concert sc ON s.singer_id = sc.singer_id JOIN concert c ON c.concert_id = sc.concert_id
-- allowed: join-using
SELECT name, concert_id FROM singer JOIN singer_in_concert USING (singer_id)
-- allowed: shared-column-of-using
SELECT singer_id FROM singer JOIN singer_in_concert USING (singer_id)
-- allowed: natural-join
SELECT singer_id, name FROM singer NATURAL JOIN singer_in_concert
-- allowed: cross-join
SELECT s.name, c.year FROM singer s CROSS JOIN concert c LIMIT 5
-- allowed: comma-join
SELECT s.name FROM singer s, singer_in_concert sc WHERE s.singer_id = sc.singer_id
-- allowed: full-join
SELECT s.name, sc.concert_id FROM singer s FULL OUTER JOIN singer_in_concert sc ON s.singer_id = sc.singer_id
-- allowed: self-join
SELECT a.name, b.name FROM singer a JOIN singer b ON a.country = b.country AND a.singer_id < b.singer_id
-- allowed: condition-names-a-later-table
SELECT s.name FROM singer s JOIN singer_in_concert sc ON c.concert_id = sc.concert_id JOIN concert c ON s.singer_id = sc.singer_id
-- allowed: parenthesised-join
SELECT s.name FROM (singer s JOIN singer_in_concert sc ON s.singer_id = sc.singer_id) JOIN concert c ON c.concert_id = sc.concert_id
-- allowed: exists
SELECT name FROM singer s WHERE EXISTS (SELECT 1 FROM singer_in_concert sc WHERE sc.singer_id = s.singer_id)
-- allowed: correlated-subquery
SELECT name FROM singer s WHERE salary >= (SELECT avg(salary) FROM singer WHERE country = s.country)
-- allowed: twice-correlated-subquery
SELECT name FROM singer s WHERE EXISTS (SELECT 1 FROM concert c WHERE EXISTS (SELECT 1 FROM singer_in_concert x WHERE x.singer_id = s.singer_id AND x.concert_id = c.concert_id))
-- allowed: scalar-subquery-in-select
SELECT name, (SELECT count(*) FROM singer_in_concert sc WHERE sc.singer_id = s.singer_id) AS concerts FROM singer s
-- allowed: derived-table
SELECT t.country, t.n FROM (SELECT country, count(*) AS n FROM singer GROUP BY country) AS t WHERE t.n > 0
-- allowed: derived-table-without-alias
SELECT max(n) FROM (SELECT count(*) AS n FROM singer GROUP BY country)
-- allowed: derived-star
SELECT name FROM (SELECT * FROM singer) WHERE age > 20
-- allowed: union
SELECT name FROM singer UNION SELECT name FROM stadium ORDER BY name LIMIT 4
-- allowed: union-all-except-intersect
SELECT country FROM singer UNION ALL SELECT theme FROM concert EXCEPT SELECT 'x' INTERSECT SELECT country FROM singer
-- allowed: cte
WITH older AS (SELECT * FROM singer WHERE age > 30) SELECT name FROM older ORDER BY age
-- allowed: two-ctes
WITH a AS (SELECT country, count(*) AS n FROM singer GROUP BY country), b AS (SELECT max(n) AS top FROM a) SELECT a.country FROM a JOIN b ON a.n = b.top
-- allowed: cte-with-column-names
WITH c(land, people) AS (SELECT country, count(*) FROM singer GROUP BY country) SELECT land FROM c WHERE people > 0
-- allowed: cte-hides-a-table
WITH concert AS (SELECT 1 AS one) SELECT one FROM concert
-- allowed: recursive-cte
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n
-- allowed: recursive-cte-without-column-names
WITH RECURSIVE years AS (SELECT 2010 AS y UNION ALL SELECT y + 1 FROM years WHERE y < 2020) SELECT y FROM years
-- allowed: recursive-calendar
WITH RECURSIVE d(day) AS (VALUES ('2024-01-01') UNION ALL SELECT date(day, '+1 day') FROM d WHERE day < '2024-01-05') SELECT day FROM d
-- allowed: values-in-from
SELECT column1 FROM (VALUES (1), (2))
-- allowed: row-number
SELECT name, row_number() OVER (PARTITION BY country ORDER BY age DESC) AS place FROM singer
-- allowed: rank-filtered-outside
SELECT name FROM (SELECT name, rank() OVER (ORDER BY salary DESC) AS r FROM singer) WHERE r <= 2
-- allowed: lag-lead
SELECT year, lag(year) OVER (ORDER BY year), lead(year, 1, 0) OVER (ORDER BY year) FROM concert
-- allowed: running-total
SELECT age, sum(age) OVER (ORDER BY age ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM singer
-- allowed: named-window
SELECT name, ntile(2) OVER w, first_value(name) OVER w FROM singer WINDOW w AS (ORDER BY age)
-- allowed: share-of-total
SELECT country, count(*) * 100.0 / (SELECT count(*) FROM singer) AS share FROM singer GROUP BY country
-- allowed: quoted-column-with-space
SELECT "net worth" FROM singer WHERE "net worth" > 1
-- allowed: bracket-and-backtick-names
SELECT [net worth], `name` FROM [singer]
-- allowed: double-quoted-text
SELECT name FROM singer WHERE country = "France"
-- allowed: double-quoted-texts-in-list
SELECT name FROM singer WHERE country IN ("France", "It's")
-- allowed: main-prefix
SELECT main.singer.name FROM main.singer
-- allowed: rowid
SELECT rowid, name FROM singer WHERE rowid = 1
-- allowed: view
SELECT name FROM adult_singer
-- allowed: full-text-search
SELECT title FROM docs WHERE docs MATCH 'hello'
-- allowed: full-text-ranking
SELECT highlight(docs, 1, '<b>', '</b>') FROM docs WHERE docs MATCH 'hello' ORDER BY bm25(docs)
-- allowed: rtree
SELECT id FROM box WHERE x0 > 0
-- allowed: no-table
SELECT 1 + 1 AS two, 'it''s' AS text, x'ff' AS bytes, 1e3, NULL, TRUE
-- allowed: words-of-statements-in-texts
SELECT name FROM singer WHERE name <> 'DROP TABLE singer; DELETE FROM singer --'
-- allowed: column-called-like-a-keyword
SELECT c.year AS "delete", c.theme AS "drop" FROM concert c
-- allowed: long-in-list
SELECT name FROM singer WHERE age IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
-- allowed: limit-with-comma
SELECT name FROM singer ORDER BY age LIMIT 2, 3
