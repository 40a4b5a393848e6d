-- A number with a unit, or with the word of a column, measures that column, and counts no rows.
-- schema: CREATE TABLE vans (van_id TEXT PRIMARY KEY, odometer_km INTEGER, payload INTEGER, seats INTEGER, length_m REAL, width_m REAL);
-- schema: CREATE TABLE stops (stop_id INTEGER PRIMARY KEY, van_id TEXT REFERENCES vans (van_id), minutes INTEGER);
-- schema: CREATE TABLE tents (tent_id INTEGER PRIMARY KEY, tent_name TEXT, weight_kg REAL);

-- case: a unit in the column's name
-- question: Which vans have more than 50000 km?
SELECT van_id FROM vans GROUP BY van_id HAVING COUNT(*) > 50000
-- after
SELECT van_id FROM vans WHERE odometer_km > 50000

-- case: what the unit measures
-- question: How many vans carry at least 900 kg?
SELECT COUNT(*) FROM vans WHERE van_id >= 900
-- after
SELECT COUNT(*) FROM vans WHERE payload >= 900

-- case: the column's word
-- question: List vans with at least 7 seats
SELECT van_id FROM vans GROUP BY van_id HAVING COUNT(*) >= 7
-- after
SELECT van_id FROM vans WHERE seats >= 7

-- case: rows are shown by their names
-- question: Which tents weigh more than 3 kg?
SELECT tent_id FROM tents GROUP BY tent_id HAVING COUNT(*) > 3
-- after
SELECT tent_id, tent_name FROM tents WHERE weight_kg > 3

-- case: a table's noun is counted
-- question: Which vans have more than 2 stops?
SELECT vans.van_id FROM vans JOIN stops ON vans.van_id = stops.van_id GROUP BY vans.van_id HAVING COUNT(*) > 2
-- stays

-- case: two columns fit
-- question: Which vans have more than 2 meters?
SELECT van_id FROM vans GROUP BY van_id HAVING COUNT(*) > 2
-- stays

-- case: another measure is compared already
-- question: Which vans have more than 5 seats?
SELECT van_id FROM vans WHERE payload > 5
-- stays
