-- Sums and averages whose rows a join repeats.
-- schema: CREATE TABLE schools (school_id INTEGER PRIMARY KEY, town TEXT, budget REAL);
-- schema: CREATE TABLE classes (class_id INTEGER PRIMARY KEY, school_id INTEGER REFERENCES schools, fee REAL, grade INTEGER);
-- schema: CREATE TABLE pupils (pupil_id INTEGER PRIMARY KEY, class_id INTEGER REFERENCES classes, sport TEXT, age INTEGER);
-- schema: CREATE TABLE cabinets (cabinet_no INTEGER PRIMARY KEY, class_id INTEGER REFERENCES classes, size REAL);
-- question: Fees of classes with a rower

-- case: what only filters becomes EXISTS
SELECT SUM(classes.fee) FROM classes JOIN pupils ON pupils.class_id = classes.class_id WHERE pupils.sport = 'rowing'
-- after
SELECT SUM(classes.fee) FROM classes WHERE EXISTS(SELECT 1 FROM pupils WHERE pupils.class_id = classes.class_id AND pupils.sport = 'rowing')

-- case: other conditions and joins stay
SELECT s.town, AVG(c.fee) FROM pupils AS p JOIN classes AS c ON p.class_id = c.class_id JOIN schools AS s ON c.school_id = s.school_id WHERE p.sport = 'rowing' AND s.budget > 3 GROUP BY s.town ORDER BY AVG(c.fee) DESC LIMIT 3
-- after
SELECT s.town, AVG(c.fee) FROM classes AS c JOIN schools AS s ON c.school_id = s.school_id WHERE s.budget > 3 AND EXISTS(SELECT 1 FROM pupils AS p WHERE p.class_id = c.class_id AND p.sport = 'rowing') GROUP BY s.town ORDER BY AVG(c.fee) DESC LIMIT 3

-- case: tables on the way go with the filter
SELECT SUM(s.budget) FROM pupils AS p JOIN classes AS c ON p.class_id = c.class_id JOIN schools AS s ON c.school_id = s.school_id WHERE p.sport = 'rowing' AND c.grade = 7
-- after
SELECT SUM(s.budget) FROM schools AS s WHERE EXISTS(SELECT 1 FROM classes AS c JOIN pupils AS p ON p.class_id = c.class_id WHERE c.school_id = s.school_id AND p.sport = 'rowing' AND c.grade = 7)

-- case: a join that neither filters nor shows still asks for a row
SELECT AVG(classes.fee) FROM classes JOIN pupils ON pupils.class_id = classes.class_id
-- after
SELECT AVG(classes.fee) FROM classes WHERE EXISTS(SELECT 1 FROM pupils WHERE pupils.class_id = classes.class_id)

-- case: two tables that multiply become two conditions
SELECT SUM(classes.fee) FROM classes JOIN pupils ON pupils.class_id = classes.class_id JOIN cabinets ON cabinets.class_id = classes.class_id WHERE pupils.age > 9 AND cabinets.size > 2
-- after
SELECT SUM(classes.fee) FROM classes WHERE EXISTS(SELECT 1 FROM pupils WHERE pupils.class_id = classes.class_id AND pupils.age > 9) AND EXISTS(SELECT 1 FROM cabinets WHERE cabinets.class_id = classes.class_id AND cabinets.size > 2)

-- case: each class counts once for each sport
SELECT pupils.sport, SUM(classes.fee) FROM pupils JOIN classes ON pupils.class_id = classes.class_id GROUP BY pupils.sport ORDER BY SUM(classes.fee) DESC
-- after
SELECT counted_once.sport, SUM(counted_once.fee) FROM (SELECT DISTINCT classes.class_id AS row_key, pupils.sport AS sport, classes.fee AS fee FROM pupils JOIN classes ON pupils.class_id = classes.class_id) AS counted_once GROUP BY counted_once.sport ORDER BY SUM(counted_once.fee) DESC

-- case: the largest is the largest however often it stands there
SELECT MAX(classes.fee) FROM classes JOIN pupils ON pupils.class_id = classes.class_id WHERE pupils.sport = 'rowing'
-- stays

-- case: rows of the many side are no fewer for a join to the one side
SELECT schools.town, AVG(pupils.age) FROM pupils JOIN classes ON pupils.class_id = classes.class_id JOIN schools ON classes.school_id = schools.school_id GROUP BY schools.town
-- stays

-- case: an amount of both sides is one of the many side
SELECT SUM(classes.fee * pupils.age) FROM classes JOIN pupils ON pupils.class_id = classes.class_id
-- stays

-- case: sums over both sides have no rows in common
SELECT SUM(classes.fee), SUM(pupils.age) FROM classes JOIN pupils ON pupils.class_id = classes.class_id
-- stays

-- case: an outer join is left to a warning
SELECT SUM(classes.fee) FROM classes LEFT JOIN pupils ON pupils.class_id = classes.class_id WHERE pupils.sport = 'rowing'
-- stays

-- Counts follow the noun of the question.
-- schema: CREATE TABLE schools (school_id INTEGER PRIMARY KEY, town TEXT);
-- schema: CREATE TABLE pupils (pupil_id INTEGER PRIMARY KEY, school_id INTEGER REFERENCES schools, sport TEXT);
-- question: How many schools have rowers?

-- case: schools are counted
SELECT COUNT(*) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id WHERE p.sport = 'rowing'
-- after
SELECT COUNT(DISTINCT s.school_id) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id WHERE p.sport = 'rowing'

-- case: schools are counted in each group
-- question: Number of different schools by sport
SELECT p.sport, COUNT(s.school_id) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY p.sport ORDER BY COUNT(s.school_id)
-- after
SELECT p.sport, COUNT(DISTINCT s.school_id) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY p.sport ORDER BY COUNT(DISTINCT s.school_id)

-- case: pupils are counted
-- question: How many pupils are there in each town?
SELECT s.town, COUNT(*) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY s.town
-- stays

-- case: each school once already
SELECT COUNT(DISTINCT s.school_id) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id
-- stays

-- case: nobody says what is counted
-- question: Schools with more than 2 rowers
SELECT s.town FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY s.school_id HAVING COUNT(*) > 2
-- stays

-- case: a number that is no count
-- question: Town and phone number of schools with more than one pupil
SELECT s.town FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY s.school_id HAVING COUNT(*) > 1
-- stays

-- case: a noun that says what kind is counted
-- question: How many school sports are there in each town?
SELECT s.town, COUNT(*) FROM pupils AS p JOIN schools AS s ON p.school_id = s.school_id GROUP BY s.town
-- stays

-- case: a group that is one school counts its pupils
-- question: How many schools have more than 2 pupils?
SELECT COUNT(*) FROM schools AS s JOIN pupils AS p ON p.school_id = s.school_id GROUP BY s.school_id HAVING COUNT(*) > 2
-- stays
