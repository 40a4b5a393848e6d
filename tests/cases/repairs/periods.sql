-- Dates compared with the period that the question means.
-- schema: CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, ordered_on DATE, paid_at TIMESTAMP);
-- schema: CREATE TABLE films (title TEXT, year INTEGER);
-- question: Orders in June 2021

-- case: a year written for a month
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2021'
-- after
SELECT id FROM orders WHERE ordered_on >= '2021-06-01' AND ordered_on < '2021-07-01'

-- case: a year written for a month as a number
SELECT id FROM orders WHERE CAST(STRFTIME('%Y', ordered_on) AS INTEGER) = 2021 AND status = 'open'
-- after
SELECT id FROM orders WHERE ordered_on >= '2021-06-01' AND ordered_on < '2021-07-01' AND status = 'open'

-- case: a year written for a quarter
-- question: Orders since the second quarter of 2021
SELECT id FROM orders WHERE CAST(STRFTIME('%Y', ordered_on) AS INTEGER) >= 2021
-- after
SELECT id FROM orders WHERE ordered_on >= '2021-04-01'

-- case: the query says the month
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2021' AND STRFTIME('%m', ordered_on) = '06'
-- stays

-- case: the query says the month in one
SELECT id FROM orders WHERE STRFTIME('%Y-%m', ordered_on) = '2021-06'
-- stays

-- case: the query says the days
SELECT id FROM orders WHERE ordered_on >= '2021-06-01' AND ordered_on < '2021-07-01'
-- stays

-- case: a whole year is meant
-- question: Orders in 2021
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2021'
-- stays

-- case: another year than that of the month
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2020'
-- stays

-- case: two months of the year
-- question: Orders in May and in June 2021
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2021'
-- stays

-- case: a month and its year
-- question: Share of June 2021 in the orders of 2021
SELECT id FROM orders WHERE STRFTIME('%Y', ordered_on) = '2021'
-- stays

-- case: a year that is shown
SELECT STRFTIME('%Y', ordered_on) = '2021' FROM orders
-- stays

-- case: a year that is a number
-- question: Films of June 1999
SELECT title FROM films WHERE year = 1999
-- stays

-- case: a time is never equal to a day
SELECT id FROM orders WHERE paid_at = '2022-05-05'
-- after
SELECT id FROM orders WHERE paid_at >= '2022-05-05' AND paid_at < '2022-05-06'

-- case: a time on another day
SELECT id FROM orders WHERE paid_at <> '2022-05-05'
-- after
SELECT id FROM orders WHERE NOT (paid_at >= '2022-05-05' AND paid_at < '2022-05-06')

-- case: the last day of a range is a whole one
SELECT id FROM orders WHERE paid_at BETWEEN '2022-05-01' AND '2022-05-31'
-- after
SELECT id FROM orders WHERE paid_at >= '2022-05-01' AND paid_at < '2022-06-01'

-- case: up to a day is up to its end
SELECT id FROM orders WHERE paid_at <= '2021-12-31'
-- after
SELECT id FROM orders WHERE paid_at < '2022-01-01'

-- case: behind a day is from the next one on
SELECT id FROM orders WHERE paid_at > '2021-12-31'
-- after
SELECT id FROM orders WHERE paid_at >= '2022-01-01'

-- case: from a day on, and before a day
SELECT id FROM orders WHERE paid_at >= '2021-12-01' AND paid_at < '2022-01-01'
-- stays

-- case: a time of day
SELECT id FROM orders WHERE paid_at > '2021-12-31 12:00:00'
-- stays

-- case: a date is equal to a day
SELECT id FROM orders WHERE ordered_on = '2022-05-05'
-- stays

-- case: the last day of a range of dates
SELECT id FROM orders WHERE ordered_on BETWEEN '2022-05-01' AND '2022-05-31'
-- stays

-- case: no day of any calendar
SELECT id FROM orders WHERE paid_at = '2022-02-30'
-- stays

-- case: other columns are no times
SELECT id FROM orders WHERE status = '2022-05-05'
-- stays

-- schema: CREATE TABLE orders (id INTEGER PRIMARY KEY, paid_at TIMESTAMP)
-- values: orders.paid_at = 05/06/2021 12:00
-- question: Orders paid in June 2021

-- case: times that do not begin with the year
SELECT id FROM orders WHERE paid_at = '2021-06-05'
-- stays

-- dialect: postgres
-- schema: CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered_on DATE)
-- question: Orders in June 2021

-- case: a year in other words
SELECT id FROM orders WHERE EXTRACT(YEAR FROM ordered_on) = 2021
-- after
SELECT id FROM orders WHERE ordered_on >= '2021-06-01' AND ordered_on < '2021-07-01'

-- dialect: mysql
-- schema: CREATE TABLE orders (id INTEGER PRIMARY KEY, paid_at DATETIME)
-- question: Orders in June 2021

-- case: a year in the words of MySQL
SELECT id FROM orders WHERE YEAR(paid_at) = 2021
-- after
SELECT id FROM orders WHERE paid_at >= '2021-06-01' AND paid_at < '2021-07-01'
