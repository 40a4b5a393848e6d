-- Rows for each month, year, week or day that the question says, and not for each date.
-- schema: CREATE TABLE rides (ride_id INTEGER PRIMARY KEY, station TEXT, plan TEXT, started_at TIMESTAMP, ended_on DATE, km REAL);
-- schema: CREATE TABLE tolls (toll_id INTEGER PRIMARY KEY, paid_on TEXT, amount REAL);
-- schema: CREATE TABLE alarms (alarm_id INTEGER PRIMARY KEY, rung INTEGER, room TEXT);
-- schema: CREATE TABLE fines (fine_id INTEGER PRIMARY KEY, fined_on TEXT);
-- values: fines.fined_on = 2022-12-31 | 2023-01-05
-- values: rides.plan = monthly | casual
-- values: tolls.paid_on = 31/12/2022 | 05/01/2023
-- numbers: alarms.rung = 1703937600 | 1704456000

-- case: a month, and the year that is a condition
-- question: Total km per month in 2022
SELECT ended_on, SUM(km) FROM rides WHERE CAST(STRFTIME('%Y', ended_on) AS INTEGER) = 2022 GROUP BY ended_on
-- after
SELECT STRFTIME('%Y-%m', ended_on), SUM(km) FROM rides WHERE CAST(STRFTIME('%Y', ended_on) AS INTEGER) = 2022 GROUP BY STRFTIME('%Y-%m', ended_on)

-- case: a year that the query leaves out
-- question: How many rides ended in each month of 2022?
SELECT STRFTIME('%Y-%m', ended_on), COUNT(*) FROM rides GROUP BY STRFTIME('%Y-%m', ended_on)
-- after
SELECT STRFTIME('%Y-%m', ended_on), COUNT(*) FROM rides WHERE ended_on >= '2022-01-01' AND ended_on < '2023-01-01' GROUP BY STRFTIME('%Y-%m', ended_on)

-- case: both, beside another group and an order
-- question: Number of rides of each station month by month in 2021
SELECT T1.station, T1.ended_on AS ended, COUNT(*) FROM rides AS T1 GROUP BY T1.station, T1.ended_on ORDER BY T1.ended_on
-- after
SELECT T1.station, STRFTIME('%Y-%m', T1.ended_on) AS ended, COUNT(*) FROM rides AS T1 WHERE T1.ended_on >= '2021-01-01' AND T1.ended_on < '2022-01-01' GROUP BY T1.station, STRFTIME('%Y-%m', T1.ended_on) ORDER BY STRFTIME('%Y-%m', T1.ended_on)

-- case: a day of a time
-- question: Number of rides per day
SELECT started_at, COUNT(*) FROM rides GROUP BY started_at
-- after
SELECT DATE(started_at), COUNT(*) FROM rides GROUP BY DATE(started_at)

-- case: year by year
-- question: Average km year by year
SELECT ended_on, AVG(km) FROM rides GROUP BY ended_on
-- after
SELECT STRFTIME('%Y', ended_on), AVG(km) FROM rides GROUP BY STRFTIME('%Y', ended_on)

-- case: the day of the week
-- question: Rides by day of the week
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- after
SELECT SUBSTRING('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', ended_on) + 1, 3), COUNT(*) FROM rides GROUP BY SUBSTRING('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', ended_on) + 1, 3)

-- case: dates in text
-- question: Amount for every month
SELECT paid_on, SUM(amount) FROM tolls GROUP BY paid_on
-- after
SELECT STRFTIME('%Y-%m', DATE(SUBSTRING(paid_on, 7, 4) || '-' || SUBSTRING(paid_on, 4, 2) || '-' || SUBSTRING(paid_on, 1, 2))), SUM(amount) FROM tolls GROUP BY STRFTIME('%Y-%m', DATE(SUBSTRING(paid_on, 7, 4) || '-' || SUBSTRING(paid_on, 4, 2) || '-' || SUBSTRING(paid_on, 1, 2)))

-- case: ISO dates
-- question: Fines per month
SELECT fined_on, COUNT(*) FROM fines GROUP BY fined_on
-- after
SELECT STRFTIME('%Y-%m', fined_on), COUNT(*) FROM fines GROUP BY STRFTIME('%Y-%m', fined_on)

-- case: seconds since 1970
-- question: Alarms per month
SELECT rung, COUNT(*) FROM alarms GROUP BY rung
-- after
SELECT STRFTIME('%Y-%m', DATETIME(rung, 'unixepoch')), COUNT(*) FROM alarms GROUP BY STRFTIME('%Y-%m', DATETIME(rung, 'unixepoch'))

-- case: a day of a date
-- question: Number of rides per day
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- stays

-- case: each date
-- question: Number of rides for each end
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- stays

-- case: a value
-- question: Rides with the monthly plan for each end
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- stays

-- case: two units
-- question: Rides per year and per month
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- stays

-- case: another group
-- question: Rides per month by station
SELECT station, COUNT(*) FROM rides GROUP BY station
-- stays

-- case: the period is there
-- question: Rides in each month of 2022
SELECT STRFTIME('%m', ended_on), COUNT(*) FROM rides WHERE ended_on LIKE '2022%' GROUP BY STRFTIME('%m', ended_on)
-- stays

-- dialect: postgres
-- schema: CREATE TABLE rides (ride_id INTEGER PRIMARY KEY, ended_on DATE, booked_on TEXT);
-- values: rides.booked_on = 2022-12-31 | 2023-01-05
-- question: Rides per quarter

-- case: the words of another dialect
SELECT ended_on, COUNT(*) FROM rides GROUP BY ended_on
-- after
SELECT TO_CHAR(ended_on, 'YYYY-"Q"Q'), COUNT(*) FROM rides GROUP BY TO_CHAR(ended_on, 'YYYY-"Q"Q')

-- case: text that another dialect casts
SELECT booked_on, COUNT(*) FROM rides GROUP BY booked_on
-- after
SELECT TO_CHAR(CAST(booked_on AS DATE), 'YYYY-"Q"Q'), COUNT(*) FROM rides GROUP BY TO_CHAR(CAST(booked_on AS DATE), 'YYYY-"Q"Q')
