-- Pairs of queries over exact_match_schema.sql, separated by blank lines: two queries under "-- same" or "-- other".
-- same: aliases of tables and columns, letter case
SELECT name FROM emp WHERE dept = 1;
select E.Name as n FROM EMP AS E where E.dept = 1;

-- same: order of AND, direction of a comparison
SELECT name FROM emp WHERE dept = 1 AND pay > 2;
SELECT name FROM emp WHERE 2 < pay AND 1 = dept;

-- same: order of OR inside AND
SELECT name FROM emp WHERE (dept = 1 OR dept = 2) AND pay > 1;
SELECT name FROM emp WHERE pay > 1 AND (dept = 2 OR dept = 1);

-- same: join condition in ON or in WHERE, order of the tables
SELECT name FROM emp JOIN dept ON emp.dept = dept.id WHERE title = 'x';
SELECT name FROM dept d, emp e WHERE d.title = 'x' AND d.id = e.dept;

-- same: a table joined to itself, written from the other side
SELECT a.name FROM emp a JOIN emp b ON a.mgr = b.id WHERE b.pay > 3;
SELECT x.name FROM emp y JOIN emp x ON y.id = x.mgr WHERE y.pay > 3;

-- same: WITH against a derived table
WITH t AS (SELECT dept, count(*) AS c FROM emp GROUP BY dept) SELECT c FROM t WHERE c > 1;
SELECT n FROM (SELECT dept, count(*) n FROM emp GROUP BY dept) AS s WHERE n > 1;

-- same: ORDER BY an alias or the expression behind it
SELECT dept, count(*) AS c FROM emp GROUP BY dept ORDER BY c DESC;
SELECT dept, count(*) FROM emp GROUP BY dept ORDER BY count(*) DESC;

-- same: the star spelled out
SELECT * FROM dept;
SELECT id, title FROM dept;

-- same: SQLite's double-quoted string
SELECT name FROM emp WHERE name = "Ann";
SELECT name FROM emp WHERE name = 'Ann';

-- same: BETWEEN against two comparisons, 1 against 1.0
SELECT name FROM emp WHERE pay BETWEEN 1 AND 2;
SELECT name FROM emp WHERE pay <= 2 AND pay >= 1.0;

-- same: order of an IN list
SELECT name FROM emp WHERE dept IN (1, 2);
SELECT name FROM emp WHERE dept IN (2, 1);

-- same: order of GROUP BY keys
SELECT count(*) FROM emp GROUP BY dept, mgr;
SELECT count(*) FROM emp GROUP BY mgr, dept;

-- same: three ways to say unequal
SELECT name FROM emp WHERE dept != 1;
SELECT name FROM emp WHERE NOT 1 = dept;

-- same: operands of UNION
SELECT id FROM emp UNION SELECT id FROM dept;
SELECT id FROM dept UNION SELECT id FROM emp;

-- same: USING against ON
SELECT name FROM emp JOIN dept USING (id);
SELECT name FROM emp JOIN dept ON dept.id = emp.id;

-- same: a column of the outer query inside a subquery
SELECT name FROM emp WHERE EXISTS (SELECT 1 FROM dept WHERE dept.id = emp.dept);
SELECT e.name FROM emp e WHERE EXISTS (SELECT 1 FROM dept d WHERE d.id = e.dept);

-- other: parentheses that change the meaning
SELECT name FROM emp WHERE dept = 1 OR (dept = 2 AND pay > 1);
SELECT name FROM emp WHERE (dept = 1 OR dept = 2) AND pay > 1;

-- other: parentheses in arithmetic
SELECT (pay + 1) * 2 FROM emp;
SELECT pay + 1 * 2 FROM emp;

-- other: operands of EXCEPT
SELECT id FROM emp EXCEPT SELECT id FROM dept;
SELECT id FROM dept EXCEPT SELECT id FROM emp;

-- other: operands of minus
SELECT pay - 1 FROM emp;
SELECT 1 - pay FROM emp;

-- other: order of the selected columns
SELECT name, pay FROM emp;
SELECT pay, name FROM emp;

-- other: direction of a comparison
SELECT name FROM emp WHERE pay > 1;
SELECT name FROM emp WHERE pay < 1;

-- other: inclusive or not
SELECT name FROM emp WHERE pay > 1;
SELECT name FROM emp WHERE pay >= 1;

-- other: direction of ORDER BY
SELECT name FROM emp ORDER BY pay;
SELECT name FROM emp ORDER BY pay DESC;

-- other: order of ORDER BY keys
SELECT name FROM emp ORDER BY pay, name;
SELECT name FROM emp ORDER BY name, pay;

-- other: DISTINCT
SELECT DISTINCT name FROM emp;
SELECT name FROM emp;

-- other: DISTINCT inside an aggregate
SELECT count(name) FROM emp;
SELECT count(DISTINCT name) FROM emp;

-- other: which side of a self-join is shown
SELECT a.name FROM emp a JOIN emp b ON a.mgr = b.id;
SELECT b.name FROM emp a JOIN emp b ON a.mgr = b.id;

-- other: which of two derived tables is shown
SELECT a.n FROM (SELECT count(*) AS n FROM emp) AS a, (SELECT count(*) AS n FROM dept) AS b;
SELECT b.n FROM (SELECT count(*) AS n FROM emp) AS a, (SELECT count(*) AS n FROM dept) AS b;

-- other: the side of an outer join
SELECT name FROM emp LEFT JOIN dept ON emp.dept = dept.id;
SELECT name FROM dept LEFT JOIN emp ON emp.dept = dept.id;

-- other: outer against inner join
SELECT name FROM emp LEFT JOIN dept ON emp.dept = dept.id;
SELECT name FROM emp JOIN dept ON emp.dept = dept.id;

-- other: letter case of a value
SELECT name FROM emp WHERE name = 'Ann';
SELECT name FROM emp WHERE name = 'ann';

-- other: a number and the same as text
SELECT name FROM emp WHERE dept = 1;
SELECT name FROM emp WHERE dept = '1';

-- other: UNION and UNION ALL
SELECT id FROM emp UNION SELECT id FROM dept;
SELECT id FROM emp UNION ALL SELECT id FROM dept;

-- other: LIMIT
SELECT name FROM emp LIMIT 1;
SELECT name FROM emp LIMIT 2;

-- other: OFFSET
SELECT name FROM emp LIMIT 1;
SELECT name FROM emp LIMIT 1 OFFSET 1;

-- other: NULL tests
SELECT name FROM emp WHERE mgr IS NULL;
SELECT name FROM emp WHERE mgr IS NOT NULL;

-- other: HAVING and WHERE
SELECT dept FROM emp WHERE dept > 1 GROUP BY dept;
SELECT dept FROM emp GROUP BY dept HAVING dept > 1;

-- other: a quoted name that is a column and a text
SELECT "name" FROM emp;
SELECT 'name' FROM emp;
