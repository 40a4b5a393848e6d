-- One value that a column stores in several spellings.
-- schema: CREATE TABLE trips (trip_code TEXT PRIMARY KEY, airline TEXT, class TEXT, harbour TEXT, miles INTEGER);
-- values: trips.airline = KLM | klm | Klm | Iberia | Finnair
-- values: trips.trip_code = ab1 | AB1
-- values: trips.class = a | A
-- values: trips.harbour = Malmo | Malmö | Oslo

-- case: an equality
-- question: How many trips with KLM?
SELECT COUNT(*) FROM trips WHERE airline = 'KLM'
-- after
SELECT COUNT(*) FROM trips WHERE airline IN ('KLM', 'klm', 'Klm')

-- case: what is excluded
-- question: Miles of trips not with KLM
SELECT SUM(t.miles) FROM trips AS t WHERE t.airline <> 'klm'
-- after
SELECT SUM(t.miles) FROM trips AS t WHERE NOT t.airline IN ('klm', 'KLM', 'Klm')

-- case: a spelling that is not stored itself
-- question: How many trips with kLM?
SELECT COUNT(*) FROM trips WHERE airline = 'kLM' AND miles > 10
-- after
SELECT COUNT(*) FROM trips WHERE airline IN ('kLM', 'KLM', 'klm', 'Klm') AND miles > 10

-- case: a list, and accents
-- question: Trips to Malmo or Oslo
SELECT trip_code FROM trips WHERE harbour IN ('Malmo', 'Oslo')
-- after
SELECT trip_code FROM trips WHERE harbour IN ('Malmo', 'Malmö', 'Oslo')

-- case: a value with one spelling
-- question: How many trips with Iberia?
SELECT COUNT(*) FROM trips WHERE airline = 'Iberia'
-- stays

-- case: keys and single letters are not the same
-- question: Trip ab1 of class A
SELECT miles FROM trips WHERE trip_code = 'ab1' AND class = 'A'
-- stays
