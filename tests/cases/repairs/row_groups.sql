-- Groups of rows that share a name.
-- schema: CREATE TABLE countries (name TEXT PRIMARY KEY, region TEXT);
-- schema: CREATE TABLE people (Id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT, country TEXT REFERENCES countries(name));
-- schema: CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT, person_id INTEGER REFERENCES people(Id));
-- question: How many orders has each person?

-- case: people of the same name stay apart
SELECT people.first_name, people.last_name, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.first_name, people.last_name
-- after
SELECT people.first_name, people.last_name, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.Id, people.first_name, people.last_name

-- case: people of the same name stay apart behind their orders
SELECT people.first_name, people.last_name, COUNT(*) FROM orders JOIN people ON orders.person_id = people.Id GROUP BY people.first_name, people.last_name
-- after
SELECT people.first_name, people.last_name, COUNT(*) FROM orders JOIN people ON orders.person_id = people.Id GROUP BY people.Id, people.first_name, people.last_name

-- case: a key has its table where the names have none
SELECT first_name, last_name, COUNT(*) FROM people AS p JOIN orders AS o ON o.person_id = p.Id GROUP BY first_name, last_name
-- after
SELECT first_name, last_name, COUNT(*) FROM people AS p JOIN orders AS o ON o.person_id = p.Id GROUP BY p.Id, first_name, last_name

-- case: a nested query groups by rows too
SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.first_name, people.last_name) AS per_group
-- after
SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.Id, people.first_name, people.last_name) AS per_group

-- case: a city is no name of people
SELECT people.city, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.city
-- stays

-- case: a last name is half a name
SELECT people.last_name, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.last_name
-- stays

-- case: the key is there
SELECT people.Id, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY people.Id
-- stays

-- case: titles of what is joined to people
SELECT orders.title, COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id GROUP BY orders.title
-- stays

-- case: groups of one table are of the same name on purpose
SELECT first_name, last_name, COUNT(*) FROM people GROUP BY first_name, last_name
-- stays

-- case: the name is the key
SELECT countries.name, COUNT(*) FROM countries JOIN people ON people.country = countries.name GROUP BY countries.name
-- stays

-- case: no groups
SELECT COUNT(*) FROM people JOIN orders ON orders.person_id = people.Id
-- stays

-- case: a table that the schema has not
SELECT first_name, last_name FROM people CROSS JOIN elsewhere GROUP BY first_name, last_name
-- stays

-- case: a table of the query's own
WITH few AS (SELECT * FROM orders) SELECT people.first_name, people.last_name FROM people JOIN few ON few.person_id = people.Id GROUP BY people.first_name, people.last_name
-- stays
