-- Duplicate columns of the SELECT list.
-- schema: CREATE TABLE singers (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)

-- case: a column is shown once
SELECT singers.name, singers.age, singers.name FROM singers
-- after
SELECT singers.name, singers.age FROM singers

-- case: an aggregate is shown once
SELECT COUNT(*), MAX(age), COUNT(*) FROM singers
-- after
SELECT COUNT(*), MAX(age) FROM singers

-- case: other names are other columns
SELECT name AS singer, name AS artist FROM singers
-- stays

-- case: other cases of age are other columns
SELECT MIN(age), MAX(age) FROM singers
-- stays

-- case: the parts of a set operation keep as many columns
SELECT name, name FROM singers UNION SELECT name, id FROM singers
-- stays

-- case: a position would mean another column
SELECT name, name, age FROM singers ORDER BY 3
-- stays

-- case: a nested query may need both
SELECT name FROM singers WHERE (age, age) IN (SELECT age, age FROM singers)
-- stays
