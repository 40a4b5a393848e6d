-- A table is joined to itself in the direction that the question's words say.
-- schema: CREATE TABLE crew (crew_id INTEGER PRIMARY KEY, given_name TEXT, surname TEXT, post TEXT, wage REAL, port TEXT, supervisor_id INTEGER REFERENCES crew (crew_id));
-- schema: CREATE TABLE ships (ship_id INTEGER PRIMARY KEY, name TEXT, crew_id INTEGER REFERENCES crew (crew_id));
-- values: crew.given_name = Mira | Olaf
-- values: crew.surname = Holt | Lund
-- values: crew.post = Bosun | Cook
-- values: crew.port = Bergen

-- case: who report to somebody
-- question: Which crew members report to Mira Holt?
SELECT given_name, surname FROM crew WHERE given_name = 'Mira' AND surname = 'Holt'
-- after
SELECT crew.given_name, crew.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE manager.given_name = 'Mira' AND manager.surname = 'Holt'

-- case: whom somebody reports to
-- question: Who is Olaf Lund's boss?
SELECT surname FROM crew
-- after
SELECT manager.given_name, manager.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE crew.given_name = 'Olaf' AND crew.surname = 'Lund'

-- case: a verb behind the name
-- question: How many people does Holt supervise?
SELECT COUNT(*) FROM crew WHERE surname = 'Holt'
-- after
SELECT COUNT(*) FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE manager.surname = 'Holt'

-- case: another column and another condition
-- question: What is the wage of the crew in Bergen under the Bosun?
SELECT wage FROM crew WHERE port = 'Bergen' AND post = 'Bosun'
-- after
SELECT crew.wage FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE manager.post = 'Bosun' AND crew.port = 'Bergen'

-- case: an average of the asked rows
-- question: What is the average wage of those who work for Mira Holt?
SELECT AVG(wage) FROM crew WHERE surname = 'Holt'
-- after
SELECT AVG(crew.wage) FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE manager.given_name = 'Mira' AND manager.surname = 'Holt'

-- case: a name that is not stored stays a condition
-- question: Who reports to Nils Berg?
SELECT surname FROM crew
-- after
SELECT crew.given_name, crew.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE manager.given_name = 'Nils' AND manager.surname = 'Berg'

-- case: none
-- question: Who has no manager?
SELECT surname FROM crew WHERE supervisor_id = 0
-- after
SELECT given_name, surname FROM crew WHERE supervisor_id IS NULL

-- case: a count for each
-- question: How many people report to each supervisor?
SELECT supervisor_id, COUNT(*) FROM crew GROUP BY supervisor_id
-- after
SELECT manager.given_name, manager.surname, COUNT(*) FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id GROUP BY manager.crew_id, manager.given_name, manager.surname

-- case: the most
-- question: Who manages the most people?
SELECT surname FROM crew
-- after
SELECT manager.given_name, manager.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id GROUP BY manager.crew_id, manager.given_name, manager.surname ORDER BY COUNT(*) DESC LIMIT 1

-- case: more than a number
-- question: Which supervisors have at least two reports?
SELECT surname FROM crew
-- after
SELECT manager.given_name, manager.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id GROUP BY manager.crew_id, manager.given_name, manager.surname HAVING COUNT(*) >= 2

-- case: nobody below
-- question: Who does not supervise anyone?
SELECT surname FROM crew
-- after
SELECT crew.given_name, crew.surname FROM crew WHERE NOT EXISTS(SELECT 1 FROM crew AS below WHERE below.supervisor_id = crew.crew_id)

-- case: compared with each other
-- question: Who has a higher wage than their boss?
SELECT surname FROM crew ORDER BY wage DESC LIMIT 1
-- after
SELECT crew.given_name, crew.surname FROM crew JOIN crew AS manager ON crew.supervisor_id = manager.crew_id WHERE crew.wage > manager.wage

-- case: side by side
-- question: Show each crew member with their supervisor
SELECT surname, supervisor_id FROM crew
-- after
SELECT crew.given_name, crew.surname, manager.given_name, manager.surname FROM crew LEFT JOIN crew AS manager ON crew.supervisor_id = manager.crew_id

-- case: nothing of the key
-- question: Which crew are in Bergen?
SELECT surname FROM crew WHERE port = 'Bergen'
-- stays

-- case: not those
-- question: Who does not report to Mira Holt?
SELECT surname FROM crew
-- stays

-- case: a chain
-- question: Who reports indirectly to Mira Holt?
SELECT surname FROM crew
-- stays

-- case: another table is spoken of
-- question: Which ships are managed by Mira Holt?
SELECT ships.name FROM ships JOIN crew ON ships.crew_id = crew.crew_id WHERE crew.surname = 'Holt'
-- stays

-- schema: CREATE TABLE topics (id INTEGER PRIMARY KEY, title TEXT, views INTEGER, parent_id INTEGER REFERENCES topics (id));
-- values: topics.title = Garden Tools | Rakes

-- case: below in a tree
-- question: How many subtopics does Garden Tools have?
SELECT COUNT(*) FROM topics WHERE title = 'Garden Tools'
-- after
SELECT COUNT(*) FROM topics JOIN topics AS parent ON topics.parent_id = parent.id WHERE parent.title = 'Garden Tools'

-- case: above in a tree
-- question: What is the parent topic of Rakes?
SELECT parent_id FROM topics WHERE title = 'Rakes'
-- after
SELECT parent.title FROM topics JOIN topics AS parent ON topics.parent_id = parent.id WHERE topics.title = 'Rakes'

-- case: the top
-- question: List the top-level topics
SELECT title FROM topics
-- after
SELECT title FROM topics WHERE parent_id IS NULL

-- case: a number of something else
-- question: Topics with more than 50 views
SELECT title FROM topics WHERE views > 50
-- stays
