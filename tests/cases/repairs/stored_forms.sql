-- Numbers, dates and flags that are stored in a form of their own.
-- schema: CREATE TABLE fares (id INTEGER PRIMARY KEY, price TEXT, weight TEXT, tip TEXT, year TEXT, sold TEXT, seen INTEGER, day INTEGER, made TEXT, refunded TEXT, insured INTEGER, note TEXT);
-- values: fares.price = €1.250,00 | €99,50
-- values: fares.weight = 12 kg | 7.5 kg | n/a
-- values: fares.tip = 12.5 | 7
-- values: fares.year = 2021 | 2024
-- values: fares.sold = 31/12/2023 | 05/01/2024
-- values: fares.made = 2023-12-31 | 2024-01-05
-- values: fares.refunded = Y | N
-- values: fares.note = late | early
-- numbers: fares.seen = 1703937600 | 1717243200
-- numbers: fares.day = 20231231 | 20240105
-- flag: fares.insured

-- case: money in text is added up as numbers
SELECT SUM(price) FROM fares
-- after
SELECT SUM(CAST(REPLACE(REPLACE(REPLACE(price, '€', ''), '.', ''), ',', '.') AS REAL)) FROM fares

-- case: the largest of texts is not the largest amount
SELECT MAX(f.tip) FROM fares AS f
-- after
SELECT MAX(CAST(f.tip AS REAL)) FROM fares AS f

-- case: what stands for a missing value is none
SELECT AVG(weight) FROM fares
-- after
SELECT AVG(CAST(REPLACE(NULLIF(weight, 'n/a'), 'kg', '') AS REAL)) FROM fares

-- case: rows are ordered by amounts and shown as they are stored
SELECT price FROM fares ORDER BY price DESC LIMIT 1
-- after
SELECT price FROM fares ORDER BY CAST(REPLACE(REPLACE(REPLACE(price, '€', ''), '.', ''), ',', '.') AS REAL) DESC LIMIT 1

-- case: an amount is compared with a number
SELECT id FROM fares WHERE tip > 10
-- after
SELECT id FROM fares WHERE CAST(tip AS REAL) > 10

-- case: an amount is compared with the average
SELECT id FROM fares WHERE tip > (SELECT AVG(tip) FROM fares)
-- after
SELECT id FROM fares WHERE CAST(tip AS REAL) > (SELECT AVG(tip) FROM fares)

-- case: SQLite adds up and multiplies texts of digits itself
SELECT SUM(tip * 2), AVG(tip), SUM(REPLACE(price, '€', '') * 1) FROM fares
-- stays

-- case: texts of the same length are in the order of their numbers
SELECT MAX(year) FROM fares WHERE year >= '2021' ORDER BY year
-- stays

-- case: the same digits are the same text
SELECT id FROM fares WHERE tip = '7' OR tip IN (7, 12.5) OR year = 2021
-- stays

-- case: what is missing is not the smallest
SELECT id FROM fares ORDER BY weight LIMIT 1
-- after
SELECT id FROM fares ORDER BY CAST(REPLACE(NULLIF(weight, 'n/a'), 'kg', '') AS REAL) NULLS LAST LIMIT 1

-- case: a number in quotation marks is a number
SELECT id FROM fares WHERE price BETWEEN '100' AND '1500'
-- after
SELECT id FROM fares WHERE CAST(REPLACE(REPLACE(REPLACE(price, '€', ''), '.', ''), ',', '.') AS REAL) BETWEEN 100 AND 1500

-- case: a cast of money reads its marks
SELECT SUM(CAST(price AS REAL)) FROM fares
-- after
SELECT SUM(CAST(CAST(REPLACE(REPLACE(REPLACE(price, '€', ''), '.', ''), ',', '.') AS REAL) AS REAL)) FROM fares

-- case: rows are counted and shown as they are
SELECT COUNT(price), price FROM fares GROUP BY price
-- stays

-- case: a query that converts the text itself is left alone
SELECT SUM(CAST(REPLACE(price, '€', '') AS REAL)) FROM fares
-- stays

-- case: months of dates with the day first
SELECT STRFTIME('%Y-%m', sold), COUNT(*) FROM fares GROUP BY STRFTIME('%Y-%m', sold)
-- after
SELECT STRFTIME('%Y-%m', DATE(SUBSTRING(sold, 7, 4) || '-' || SUBSTRING(sold, 4, 2) || '-' || SUBSTRING(sold, 1, 2))), COUNT(*) FROM fares GROUP BY STRFTIME('%Y-%m', DATE(SUBSTRING(sold, 7, 4) || '-' || SUBSTRING(sold, 4, 2) || '-' || SUBSTRING(sold, 1, 2)))

-- case: dates with the day first are compared as dates
SELECT id FROM fares WHERE sold >= '2024-01-01'
-- after
SELECT id FROM fares WHERE DATE(SUBSTRING(sold, 7, 4) || '-' || SUBSTRING(sold, 4, 2) || '-' || SUBSTRING(sold, 1, 2)) >= '2024-01-01'

-- case: the last of dates with the day first
SELECT MAX(sold) FROM fares
-- after
SELECT MAX(DATE(SUBSTRING(sold, 7, 4) || '-' || SUBSTRING(sold, 4, 2) || '-' || SUBSTRING(sold, 1, 2))) FROM fares

-- case: a date as it is stored is found as it is
SELECT id FROM fares WHERE sold = '31/12/2023'
-- stays

-- case: seconds since 1970 have a year
SELECT COUNT(*) FROM fares WHERE CAST(STRFTIME('%Y', seen) AS INTEGER) = 2024
-- after
SELECT COUNT(*) FROM fares WHERE CAST(STRFTIME('%Y', DATETIME(seen, 'unixepoch')) AS INTEGER) = 2024

-- case: seconds since 1970 are compared with days
SELECT COUNT(*) FROM fares WHERE seen BETWEEN '2024-01-01' AND '2024-01-31'
-- after
SELECT COUNT(*) FROM fares WHERE DATETIME(seen, 'unixepoch') BETWEEN '2024-01-01' AND '2024-01-31'

-- case: seconds that a query converts itself are left alone
SELECT DATETIME(seen, 'unixepoch'), STRFTIME('%Y', seen, 'unixepoch') FROM fares
-- stays

-- case: seconds are compared with seconds
SELECT COUNT(*) FROM fares WHERE seen > 1710000000
-- stays

-- case: days as whole numbers are dates
SELECT STRFTIME('%m', day) FROM fares WHERE day < DATE('now')
-- after
SELECT STRFTIME('%m', DATE(SUBSTRING(day, 1, 4) || '-' || SUBSTRING(day, 5, 2) || '-' || SUBSTRING(day, 7, 2))) FROM fares WHERE DATE(SUBSTRING(day, 1, 4) || '-' || SUBSTRING(day, 5, 2) || '-' || SUBSTRING(day, 7, 2)) < DATE('now')

-- case: ISO dates in text need nothing in SQLite
SELECT STRFTIME('%Y', made) FROM fares WHERE made > '2024-01-01' ORDER BY made
-- stays

-- case: yes is what the column stores for it
SELECT id FROM fares WHERE refunded = 'yes' AND insured = 'true'
-- after
SELECT id FROM fares WHERE refunded = 'Y' AND insured = 1

-- case: a number says no of a letter
SELECT id FROM fares WHERE refunded = 0
-- after
SELECT id FROM fares WHERE refunded = 'N'

-- case: a flag of letters alone is a condition
SELECT id FROM fares WHERE refunded AND NOT insured
-- after
SELECT id FROM fares WHERE refunded = 'Y' AND NOT insured

-- case: letters are added up as the rows that say yes
SELECT SUM(refunded) FROM fares
-- after
SELECT SUM(CASE WHEN refunded = 'Y' THEN 1 ELSE 0 END) FROM fares

-- case: what is neither yes nor no stays
SELECT id FROM fares WHERE refunded = 'maybe' AND note = 'late'
-- stays

-- Seconds and flags in PostgreSQL.
-- dialect: postgres
-- schema: CREATE TABLE logins (id INTEGER PRIMARY KEY, at_second BIGINT, at_day TEXT, iso TEXT, price TEXT, insured INTEGER, kept BOOLEAN);
-- values: logins.at_day = 12/31/2023 | 01/05/2024
-- values: logins.iso = 2023-12-31 | 2024-01-05
-- values: logins.price = $1,250.00 | $99.50
-- numbers: logins.at_second = 1703937600 | 1717243200
-- flag: logins.insured
-- flag: logins.kept

-- case: seconds since 1970 in PostgreSQL
SELECT EXTRACT(YEAR FROM at_second) FROM logins
-- after
SELECT EXTRACT(YEAR FROM TO_TIMESTAMP(at_second) AT TIME ZONE 'UTC') FROM logins

-- case: text is cast to a date before it is taken apart
SELECT EXTRACT(MONTH FROM at_day), TO_CHAR(iso, 'YYYY-MM') FROM logins WHERE iso > '2024-01-01'
-- after
SELECT EXTRACT(MONTH FROM TO_DATE(at_day, 'MM/DD/YYYY')), TO_CHAR(CAST(iso AS DATE), 'YYYY-MM') FROM logins WHERE iso > '2024-01-01'

-- case: money in PostgreSQL
SELECT AVG(price) FROM logins
-- after
SELECT AVG(CAST(TRIM(REPLACE(REPLACE(price, '$', ''), ',', '')) AS DECIMAL)) FROM logins

-- case: a number is no condition in PostgreSQL
SELECT id FROM logins WHERE insured OR insured = TRUE
-- after
SELECT id FROM logins WHERE insured = 1 OR insured = 1

-- case: rows are shown as stored in PostgreSQL
SELECT price, at_day FROM logins
-- stays

-- Dates in DuckDB.
-- dialect: duckdb
-- schema: CREATE TABLE trips (id INTEGER PRIMARY KEY, left_on VARCHAR, iso VARCHAR, seen BIGINT, toll VARCHAR);
-- values: trips.left_on = 31.12.2023 | 05.01.2024
-- values: trips.iso = 2023-12-31 10:00:00 | 2024-01-05 11:30:00
-- values: trips.toll = 1.250,00 | 99,50
-- numbers: trips.seen = 1703937600000 | 1717243200000

-- case: dates with points in DuckDB
SELECT YEAR(left_on), STRFTIME(iso, '%Y-%m'), MAX(seen) FROM trips WHERE left_on < '2024-06-01' GROUP BY 1, 2
-- after
SELECT YEAR(CAST(TRY_STRPTIME(left_on, '%d.%m.%Y') AS DATE)), STRFTIME(CAST(iso AS TIMESTAMP), '%Y-%m'), MAX(MAKE_TIMESTAMP(CAST(seen AS BIGINT) * 1000)) FROM trips WHERE CAST(TRY_STRPTIME(left_on, '%d.%m.%Y') AS DATE) < '2024-06-01' GROUP BY 1, 2

-- case: amounts in DuckDB
SELECT SUM(toll) FROM trips ORDER BY SUM(toll)
-- after
SELECT SUM(TRY_CAST(TRIM(REPLACE(REPLACE(toll, '.', ''), ',', '.')) AS DOUBLE)) FROM trips ORDER BY SUM(TRY_CAST(TRIM(REPLACE(REPLACE(toll, '.', ''), ',', '.')) AS DOUBLE))

-- case: texts are shown as stored in DuckDB
SELECT toll, left_on FROM trips
-- stays

-- Dates in MariaDB.
-- dialect: mysql
-- schema: CREATE TABLE trips (id INTEGER PRIMARY KEY, left_on TEXT, seen BIGINT, toll TEXT);
-- values: trips.left_on = 31/12/2023 | 05/01/2024
-- values: trips.toll = 1,250.00 | 99.50
-- numbers: trips.seen = 1703937600 | 1717243200

-- case: dates and seconds in MariaDB
SELECT YEAR(left_on), DATE_FORMAT(seen, '%Y-%m'), SUM(toll) FROM trips GROUP BY YEAR(left_on), DATE_FORMAT(seen, '%Y-%m')
-- after
SELECT YEAR(STR_TO_DATE(left_on, '%d/%m/%Y')), DATE_FORMAT(DATE_ADD(TIMESTAMP('1970-01-01'), INTERVAL seen SECOND), '%Y-%m'), SUM(CAST(TRIM(REPLACE(toll, ',', '')) AS DECIMAL(30, 6))) FROM trips GROUP BY YEAR(STR_TO_DATE(left_on, '%d/%m/%Y')), DATE_FORMAT(DATE_ADD(TIMESTAMP('1970-01-01'), INTERVAL seen SECOND), '%Y-%m')

-- case: texts are shown as stored in MariaDB
SELECT toll, left_on FROM trips
-- stays
