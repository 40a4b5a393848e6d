-- Both names of a person where the question asks for people.
-- schema: CREATE TABLE staff (id INTEGER, first_name TEXT, last_name TEXT, city TEXT);
-- schema: CREATE TABLE players (FName TEXT, LName TEXT, staff_id INTEGER);
-- schema: CREATE TABLE dogs (first_name TEXT, owner TEXT);
-- question: Which people are these?

-- case: the last name behind the first
SELECT first_name FROM staff
-- after
SELECT first_name, last_name FROM staff

-- case: the first name before the last
SELECT staff.last_name FROM staff
-- after
SELECT staff.first_name, staff.last_name FROM staff

-- case: names in short
SELECT p.FName, p.staff_id FROM players AS p
-- after
SELECT p.FName, p.LName, p.staff_id FROM players AS p

-- case: groups of people are those of whole names
SELECT first_name, COUNT(*) FROM staff GROUP BY first_name
-- after
SELECT first_name, last_name, COUNT(*) FROM staff GROUP BY first_name, last_name

-- case: all parts of a set operation
SELECT first_name FROM staff WHERE id = 1 INTERSECT SELECT first_name FROM staff WHERE id = 2
-- after
SELECT first_name, last_name FROM staff WHERE id = 1 INTERSECT SELECT first_name, last_name FROM staff WHERE id = 2

-- case: both are shown
SELECT first_name, last_name FROM staff
-- stays

-- case: both are shown apart
SELECT last_name, city, first_name FROM staff
-- stays

-- case: both are shown, one with its table and the other in capitals
SELECT staff.first_name, LAST_NAME FROM staff
-- stays

-- case: the names of two people
SELECT a.first_name, b.last_name FROM staff AS a JOIN staff AS b ON a.city = b.city
-- after
SELECT a.first_name, a.last_name, b.first_name, b.last_name FROM staff AS a JOIN staff AS b ON a.city = b.city

-- case: there is no other name
SELECT first_name FROM dogs
-- stays

-- case: a nested query shows nothing
SELECT city FROM staff WHERE first_name IN (SELECT first_name FROM dogs)
-- stays

-- case: a count of names
SELECT COUNT(DISTINCT first_name) FROM staff
-- stays

-- case: the other part of a set operation has no other name
SELECT first_name FROM staff UNION SELECT owner FROM dogs
-- stays

-- case: the first name of whom
SELECT first_name FROM staff CROSS JOIN dogs
-- stays

-- case: a position would mean another column
SELECT first_name, COUNT(*) FROM staff GROUP BY first_name ORDER BY 2 DESC
-- stays

-- case: the question asks for first names
-- question: What are the first names of staff?
SELECT first_name FROM staff
-- stays

-- case: the question asks for surnames
-- question: Surnames in Lyon
SELECT first_name FROM staff
-- stays

-- case: the question asks for families
-- question: Which family is it?
SELECT first_name FROM staff
-- stays

-- case: nobody asked
-- question:
SELECT first_name FROM staff
-- stays
