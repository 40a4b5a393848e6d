-- Numbers are shown in the unit that the question asks for, and said ones compared in the unit of their column.
-- schema: CREATE TABLE crates (id INT, label TEXT, weight_g REAL, "Depth (cm)" REAL, drive_min INT, temp_min REAL, hours_per_week INT);

-- case: a larger unit
-- question: Heaviest crate in kg
SELECT MAX(weight_g) FROM crates
-- after
SELECT CAST(MAX(weight_g) AS REAL) / 1000.0 FROM crates

-- case: a smaller unit, and a unit in parentheses
-- question: Depths in millimetres
SELECT "Depth (cm)" FROM crates
-- after
SELECT "Depth (cm)" * 10.0 FROM crates

-- case: the name of the result stays
-- question: Average drive in hours
SELECT AVG(drive_min) AS drive FROM crates
-- after
SELECT CAST(AVG(drive_min) AS REAL) / 60.0 AS "drive" FROM crates

-- case: a condition
-- question: Crates of more than 6 kg
SELECT label FROM crates WHERE weight_g > 6
-- after
SELECT label FROM crates WHERE weight_g > 6000

-- case: two numbers
-- question: Drives between 1 hour and 2 hours
SELECT id FROM crates WHERE drive_min BETWEEN 1 AND 2
-- after
SELECT id FROM crates WHERE drive_min BETWEEN 60 AND 120

-- case: the unit that is stored
-- question: Heaviest crate in grams
SELECT MAX(weight_g) FROM crates
-- stays

-- case: no unit
-- question: Heaviest crate in Oslo
SELECT MAX(weight_g) FROM crates
-- stays

-- case: something else is measured
-- question: Lowest weight in hours
SELECT MIN(weight_g), MIN(label) FROM crates
-- stays

-- case: a number of something else
-- question: Crates of 6 kg
SELECT label FROM crates WHERE id = 6
-- stays

-- case: a rate is no amount
-- question: Who drives more than 10 hours per week?
SELECT id FROM crates GROUP BY id HAVING SUM(drive_min) > 10
-- stays
