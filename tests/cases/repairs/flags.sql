-- Adjectives and participles that name a flag, or a date that is missing in some rows.
-- schema: CREATE TABLE tickets (id INTEGER PRIMARY KEY, title TEXT, urgent INTEGER, is_public TEXT, solved_at DATE, opened_on DATE, hours REAL, agent_id INTEGER REFERENCES agents (id));
-- schema: CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT, active INTEGER, sick INTEGER);
-- flag: tickets.urgent
-- flag: agents.active
-- flag: agents.sick
-- values: tickets.is_public = Y | N
-- nulls: tickets.solved_at

-- case: a flag
-- question: How many urgent tickets are there?
SELECT COUNT(*) FROM tickets
-- after
SELECT COUNT(*) FROM tickets WHERE urgent = 1

-- case: a prefix says the opposite, and the flag stores letters
-- question: List the titles of all non-public tickets
SELECT title FROM tickets
-- after
SELECT title FROM tickets WHERE is_public = 'N'

-- case: what was said of a flag is turned around
-- question: Which agents are inactive?
SELECT name FROM agents WHERE active = 1
-- after
SELECT name FROM agents WHERE active = 0

-- case: a date that may be missing
-- question: How many tickets were solved?
SELECT COUNT(*) FROM tickets
-- after
SELECT COUNT(*) FROM tickets WHERE NOT solved_at IS NULL

-- case: a negation before it, some words away, and another condition
-- question: Titles of tickets over 5 hours that have not yet been solved
SELECT title FROM tickets WHERE hours > 5
-- after
SELECT title FROM tickets WHERE hours > 5 AND solved_at IS NULL

-- case: an invented condition gives way
-- question: How many unsolved tickets are there?
SELECT COUNT(*) FROM tickets WHERE hours = 0
-- after
SELECT COUNT(*) FROM tickets WHERE solved_at IS NULL

-- case: an invented condition of a share gives way where it stands
-- question: What share of the tickets was solved?
SELECT 100.0 * SUM(CASE WHEN tickets.hours = 1 THEN 1 ELSE 0 END) / COUNT(*) FROM tickets
-- after
SELECT 100.0 * SUM(CASE WHEN NOT solved_at IS NULL THEN 1 ELSE 0 END) / COUNT(*) FROM tickets

-- case: beside another table the column is written with its own
-- question: Names of active agents with urgent tickets
SELECT a.name FROM agents AS a JOIN tickets AS t ON t.agent_id = a.id
-- after
SELECT a.name FROM agents AS a JOIN tickets AS t ON t.agent_id = a.id WHERE a.active = 1 AND t.urgent = 1

-- case: a date that every row has says nothing
-- question: How many tickets were opened?
SELECT COUNT(*) FROM tickets
-- stays

-- case: a date is asked for
-- question: When was the ticket solved?
SELECT title FROM tickets
-- stays

-- case: the query uses the column
-- question: How many tickets are urgent, by urgent?
SELECT urgent, COUNT(*) FROM tickets GROUP BY urgent
-- stays

-- case: both are asked for
-- question: How many active and inactive agents are there?
SELECT COUNT(*) FROM agents
-- stays

-- case: one or the other is asked for
-- question: Which agents are sick or inactive?
SELECT name FROM agents
-- stays

-- case: a noun of the same stem is no participle
-- question: Which tickets have a solution?
SELECT title FROM tickets
-- stays

-- case: the table is not asked
-- question: Active agents
SELECT title FROM tickets
-- stays

-- case: two SELECTs read the table
-- question: Agents who are not active
SELECT name FROM agents EXCEPT SELECT name FROM agents WHERE sick = 1
-- stays
