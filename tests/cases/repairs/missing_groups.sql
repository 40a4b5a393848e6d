-- Totals beside plain columns.
-- schema: CREATE TABLE boats (id INTEGER PRIMARY KEY, harbour TEXT, kind TEXT, length REAL);

-- case: each harbour
SELECT harbour, COUNT(*) FROM boats
-- after
SELECT harbour, COUNT(*) FROM boats GROUP BY harbour

-- case: each kind of each harbour, sorted
SELECT harbour, kind, AVG(length) AS mean FROM boats WHERE length > 3 ORDER BY mean DESC LIMIT 3
-- after
SELECT harbour, kind, AVG(length) AS mean FROM boats WHERE length > 3 GROUP BY harbour, kind ORDER BY mean DESC LIMIT 3

-- case: in a nested query
SELECT harbour FROM (SELECT harbour, SUM(length) AS total FROM boats) AS sums WHERE total > 100
-- after
SELECT harbour FROM (SELECT harbour, SUM(length) AS total FROM boats GROUP BY harbour) AS sums WHERE total > 100

-- case: the row of an extreme
SELECT harbour, MAX(length) FROM boats
-- stays

-- case: totals alone
SELECT COUNT(*), AVG(length) FROM boats
-- stays

-- case: a window is a total of every row
SELECT harbour, COUNT(*) OVER () FROM boats
-- stays

-- case: groups of its own
SELECT harbour, COUNT(*) FROM boats GROUP BY kind
-- stays
