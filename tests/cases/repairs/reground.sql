-- Columns that cannot hold what is asked of them.
-- schema: CREATE TABLE turbines (id INTEGER PRIMARY KEY, country TEXT, installation_year INTEGER, power REAL, is_offshore INTEGER);
-- schema: CREATE TABLE repairs (turbine_id INTEGER REFERENCES turbines (id), done_on DATE, worker TEXT, cost INTEGER, hours INTEGER);
-- values: turbines.country = China | Chile
-- values: repairs.done_on = 2020-01-31 | 2021-06-30
-- values: repairs.worker = Ana | Bo
-- flag: turbines.is_offshore

-- case: a country is no year
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.country > 2016
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.installation_year > 2016

-- case: a country is between no years
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.country BETWEEN 2001 AND 2016
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.installation_year BETWEEN 2001 AND 2016

-- case: a country is none of two years
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.country IN (2001, 2016)
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.installation_year IN (2001, 2016)

-- case: a country is no amount
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.country > 300
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.power > 300

-- case: an amount has no year
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND CAST(STRFTIME('%Y', turbines.power) AS INTEGER) = 2016
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.installation_year = 2016

-- case: a year has no year
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND CAST(STRFTIME('%Y', turbines.installation_year) AS INTEGER) = 2016
-- after
SELECT turbines.power FROM turbines WHERE turbines.country = 'China' AND turbines.installation_year = 2016

-- case: columns without their table are found as well
SELECT power FROM turbines WHERE country > 2016
-- after
SELECT power FROM turbines WHERE turbines.installation_year > 2016

-- case: without a column of years it is the year of the only date
SELECT COUNT(*) FROM repairs AS r WHERE r.worker = 2020
-- after
SELECT COUNT(*) FROM repairs AS r WHERE CAST(STRFTIME('%Y', r.done_on) AS INTEGER) = 2020

-- case: names are not added up
SELECT SUM(turbines.country) FROM turbines
-- after
SELECT SUM(turbines.power) FROM turbines

-- case: keys are not averaged
SELECT AVG(t.id) FROM turbines AS t
-- after
SELECT AVG(t.power) FROM turbines AS t

-- case: more than a number of what is text is so many rows
SELECT repairs.worker FROM repairs WHERE repairs.worker > 7 AND repairs.turbine_id = 3
-- after
SELECT repairs.worker FROM repairs WHERE repairs.turbine_id = 3 GROUP BY repairs.worker HAVING COUNT(*) > 7

-- case: the cost or the hours may be meant
SELECT SUM(repairs.worker) FROM repairs
-- stays

-- case: text may not be stored
SELECT turbines.power FROM turbines WHERE turbines.country = 'Peru'
-- stays

-- case: text is no amount, and no column beside it is meant
SELECT turbines.country FROM turbines WHERE turbines.power = 'China'
-- stays

-- case: amounts and years are what they are
SELECT SUM(turbines.power) FROM turbines WHERE turbines.installation_year > 2016
-- stays

-- case: a count of all rows has no groups to count
SELECT COUNT(*) FROM repairs WHERE repairs.worker > 7
-- stays

-- case: one of two conditions is no condition of every row
SELECT repairs.worker FROM repairs WHERE repairs.worker > 7 OR repairs.worker = 'Ann'
-- stays

-- case: text may be larger than text
SELECT turbines.power FROM turbines WHERE turbines.country > 'Atlantis'
-- stays

-- case: text may be larger than stored text
SELECT turbines.power FROM turbines WHERE turbines.country > 'China'
-- stays

-- schema: CREATE TABLE repairs (turbine_id INTEGER REFERENCES turbines (id), done_on DATE, worker TEXT);
-- schema: CREATE TABLE turbines (id INTEGER PRIMARY KEY, country TEXT, installation_year INTEGER, power REAL, is_offshore INTEGER);
-- values: repairs.done_on = 2020-01-31 | 2021-06-30
-- values: repairs.worker = Ana | Bo
-- flag: turbines.is_offshore

-- case: another table of the query has the only amount
SELECT SUM(repairs.worker) FROM repairs JOIN turbines ON repairs.turbine_id = turbines.id
-- after
SELECT SUM(turbines.power) FROM repairs JOIN turbines ON repairs.turbine_id = turbines.id

-- schema: CREATE TABLE orders (status TEXT, shipped_on DATE, ordered_on DATE)
-- values: orders.status = cancelled
-- values: orders.shipped_on = 2024-05-01
-- values: orders.ordered_on = 2024-05-01

-- case: of several dates the one named as the table is meant
SELECT COUNT(*) FROM orders AS o WHERE CAST(STRFTIME('%Y', o.status) AS INTEGER) = 2024
-- after
SELECT COUNT(*) FROM orders AS o WHERE CAST(STRFTIME('%Y', o.ordered_on) AS INTEGER) = 2024

-- schema: CREATE TABLE orders (status TEXT, shipped_on DATE, paid_on DATE)
-- values: orders.status = cancelled
-- values: orders.shipped_on = 2024-05-01
-- values: orders.paid_on = 2024-05-01

-- case: of several dates none may be meant
SELECT COUNT(*) FROM orders AS o WHERE CAST(STRFTIME('%Y', o.status) AS INTEGER) = 2024
-- stays

-- schema: CREATE TABLE "order" (customer TEXT, "group" INTEGER)
-- values: order.customer = Ana

-- case: a name that is a word of SQL is quoted
SELECT SUM("order".customer) FROM "order"
-- after
SELECT SUM("order"."group") FROM "order"

-- dialect: postgres
-- schema: CREATE TABLE shows (title TEXT, opened DATE)
-- values: shows.title = Cats | Evita
-- values: shows.opened = 1981-05-11

-- case: other databases have the year in their own words
SELECT COUNT(*) FROM shows WHERE title = 1981
-- after
SELECT COUNT(*) FROM shows WHERE CAST(TO_CHAR(CAST(shows.opened AS TIMESTAMP), 'YYYY') AS INT) = 1981
