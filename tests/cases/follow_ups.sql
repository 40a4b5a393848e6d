-- Follow-ups over the demo database: the query before, what is said next, and the query that answers it.
-- Behind "-- after:" stands the query before; "none" means that the words are left to the model.

-- after: SELECT name, city FROM stores
-- only in France
SELECT name, city FROM stores WHERE country_code = 'FR'
-- in Spain and Germany, sorted by name
SELECT name, city FROM stores WHERE country_code IN ('ES', 'DE') ORDER BY name
-- and by city?
SELECT city, COUNT(*) AS count FROM stores GROUP BY city
-- by country
SELECT countries.name AS country, COUNT(*) AS count FROM stores JOIN countries ON stores.country_code = countries.code GROUP BY countries.name
-- top 5
SELECT name, city FROM stores LIMIT 5
-- How many?
SELECT COUNT(*) AS count FROM stores
-- how many of them are in France?
SELECT COUNT(*) AS count FROM stores WHERE country_code = 'FR'
-- since 2015
SELECT name, city FROM stores WHERE opened_on >= '2015-01-01'
-- only for 2019
SELECT name, city FROM stores WHERE opened_on >= '2019-01-01' AND opened_on < '2020-01-01'
-- and in March 2019?
SELECT name, city FROM stores WHERE opened_on >= '2019-03-01' AND opened_on < '2019-04-01'
-- sorted by city
SELECT name, city FROM stores ORDER BY city
-- newest first
SELECT name, city FROM stores ORDER BY opened_on DESC
-- alphabetically
SELECT name, city FROM stores ORDER BY name
-- with their country
SELECT stores.name, stores.city, countries.name AS country FROM stores JOIN countries ON stores.country_code = countries.code
-- show only the names
SELECT name FROM stores
-- without the city
SELECT name FROM stores
-- except Paris
SELECT name, city FROM stores WHERE city <> 'Paris'
-- with floor area above 300
SELECT name, city FROM stores WHERE floor_area_m2 > 300
-- the average floor area
SELECT AVG(floor_area_m2) FROM stores
-- in zürich? no, in KOLN
none
-- and in KOLN?
SELECT name, city FROM stores WHERE city = 'Köln'
-- per year
SELECT STRFTIME('%Y', opened_on) AS year, COUNT(*) AS count FROM stores GROUP BY STRFTIME('%Y', opened_on) ORDER BY STRFTIME('%Y', opened_on)
-- How many customers are there?
none
-- Which products are discontinued?
none
-- stores in Paris
none
-- only stores in Paris
SELECT name, city FROM stores WHERE city = 'Paris'
-- only in Atlantis
none
-- who sold more than 100 books
none
-- by staff name
none

-- after: SELECT count(*) FROM customers WHERE city = 'Paris'
-- and for Lyon?
SELECT COUNT(*) FROM customers WHERE city = 'Lyon'
-- what about Berlin?
SELECT COUNT(*) FROM customers WHERE city = 'Berlin'
-- also Berlin
SELECT COUNT(*) FROM customers WHERE city IN ('Paris', 'Berlin')
-- and by city?
SELECT city, COUNT(*) FROM customers GROUP BY city
-- only for 2023
SELECT COUNT(*) FROM customers WHERE city = 'Paris' AND (joined_on >= '2023-01-01' AND joined_on < '2024-01-01')
-- born before 1980
SELECT COUNT(*) FROM customers WHERE city = 'Paris' AND birth_date < '1980-01-01'
-- by country
SELECT countries.name AS country, COUNT(*) FROM customers JOIN countries ON customers.country_code = countries.code WHERE customers.city = 'Paris' GROUP BY countries.name
-- for all cities
SELECT COUNT(*) FROM customers
-- without that condition
SELECT COUNT(*) FROM customers
-- more than 10
none

-- after: SELECT count(*) FROM customers WHERE joined_on >= '2023-01-01' AND joined_on < '2024-01-01'
-- and for 2022?
SELECT COUNT(*) FROM customers WHERE joined_on >= '2022-01-01' AND joined_on < '2023-01-01'

-- after: SELECT c.name, COUNT(*) AS n FROM customers cu JOIN countries c ON cu.country_code = c.code GROUP BY c.name ORDER BY n DESC
-- and by city?
SELECT cu.city, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY cu.city ORDER BY n DESC
-- also by city
SELECT c.name, cu.city, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name, cu.city ORDER BY n DESC
-- top 3
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name ORDER BY n DESC LIMIT 3
-- bottom 2
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name ORDER BY n LIMIT 2
-- more than 20
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name HAVING COUNT(*) > 20 ORDER BY n DESC
-- how many?
SELECT COUNT(*) AS count FROM (SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name) AS previous_answer
-- sorted by name
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name ORDER BY c.name
-- reverse the order
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name ORDER BY n
-- with their email
none

-- after: SELECT title, price FROM products WHERE format = 'LP'
-- only those over 20
SELECT title, price FROM products WHERE format = 'LP' AND price > 20
-- cheapest first
SELECT title, price FROM products WHERE format = 'LP' ORDER BY price
-- top 3
SELECT title, price FROM products WHERE format = 'LP' ORDER BY price DESC LIMIT 3
-- and cd?
SELECT title, price FROM products WHERE format = 'CD'
-- the average price
SELECT AVG(price) FROM products WHERE format = 'LP'
-- and their category
SELECT title, price, category FROM products WHERE format = 'LP'
-- only released in 1999
SELECT title, price FROM products WHERE format = 'LP' AND release_year = 1999
-- between 1990 and 1995
SELECT title, price FROM products WHERE format = 'LP' AND (release_year >= 1990 AND release_year < 1996)
-- with the supplier name
SELECT products.title, products.price, suppliers.name AS supplier FROM products JOIN suppliers ON products.supplier_id = suppliers.id WHERE products.format = 'LP'
-- without duplicates
SELECT DISTINCT title, price FROM products WHERE format = 'LP'

-- after: SELECT AVG(price) FROM products
-- and the maximum?
SELECT MAX(price) FROM products
-- the lowest
SELECT MIN(price) FROM products
-- by format
SELECT format, AVG(price) FROM products GROUP BY format
-- how many?
SELECT COUNT(*) AS count FROM products

-- after: SELECT name FROM stores WHERE country_code IN (SELECT code FROM countries WHERE region = 'Europe')
-- and for Asia?
SELECT name FROM stores WHERE country_code IN (SELECT code FROM countries WHERE region = 'Asia')

-- after: SELECT first_name FROM customers
-- only Jazz
SELECT first_name FROM customers WHERE id IN (SELECT customer_id FROM reviews WHERE product_id IN (SELECT id FROM products WHERE category IN ('Jazz', 'jazz')))

-- after: SELECT city FROM stores UNION SELECT city FROM customers
-- top 5
SELECT * FROM (SELECT city FROM stores UNION SELECT city FROM customers) AS previous_answer LIMIT 5
-- how many?
SELECT COUNT(*) AS count FROM (SELECT city FROM stores UNION SELECT city FROM customers) AS previous_answer

-- after: SELECT COUNT(*) AS count FROM stores WHERE country_code = 'DE'
-- list their names
SELECT name FROM stores WHERE country_code = 'DE'
-- show me their names and cities
SELECT name, city FROM stores WHERE country_code = 'DE'
-- what are their names?
SELECT name FROM stores WHERE country_code = 'DE'
-- Show the rows behind this
SELECT * FROM stores WHERE country_code = 'DE'
-- show me the stores behind that number
SELECT * FROM stores WHERE country_code = 'DE'
-- which ones are they?
SELECT * FROM stores WHERE country_code = 'DE'
-- list the underlying records
SELECT * FROM stores WHERE country_code = 'DE'
-- show me the invoices behind this
none
-- as a percentage
SELECT 100.0 * COUNT(CASE WHEN country_code = 'DE' THEN 1 END) / NULLIF(COUNT(*), 0) AS percentage FROM stores
-- List the names of all customers
none

-- after: SELECT COUNT(DISTINCT city) FROM stores
-- list their names
SELECT DISTINCT name FROM stores
-- as a percentage
none

-- after: SELECT MAX(floor_area_m2) FROM stores
-- what is its name?
none

-- after: SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY n DESC
-- as percentages
SELECT city, 100.0 * COUNT(*) / NULLIF(SUM(COUNT(*)) OVER (), 0) AS percentage FROM customers GROUP BY city ORDER BY COUNT(*) DESC
-- show that as a share of the total
SELECT city, 100.0 * COUNT(*) / NULLIF(SUM(COUNT(*)) OVER (), 0) AS percentage FROM customers GROUP BY city ORDER BY COUNT(*) DESC
-- in percent, please
SELECT city, 100.0 * COUNT(*) / NULLIF(SUM(COUNT(*)) OVER (), 0) AS percentage FROM customers GROUP BY city ORDER BY COUNT(*) DESC
-- show me the customers behind these
SELECT * FROM customers ORDER BY city

-- after: SELECT city, AVG(floor_area_m2) FROM stores GROUP BY city
-- as a percentage
none

-- after: SELECT COUNT(*) FROM orders WHERE ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01'
-- compared with last year
SELECT STRFTIME('%Y', ordered_on) AS year, COUNT(*) FROM orders WHERE (ordered_on >= '2022-01-01' AND ordered_on < '2023-01-01') OR (ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01') GROUP BY STRFTIME('%Y', ordered_on) ORDER BY STRFTIME('%Y', ordered_on)
-- how does that compare to 2021?
SELECT STRFTIME('%Y', ordered_on) AS year, COUNT(*) FROM orders WHERE (ordered_on >= '2021-01-01' AND ordered_on < '2022-01-01') OR (ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01') GROUP BY STRFTIME('%Y', ordered_on) ORDER BY STRFTIME('%Y', ordered_on)

-- after: SELECT COUNT(*) FROM orders
-- compared with last year
none

-- after: SELECT first_name FROM customers WHERE country_code = 'DE'
-- who of them has ordered in 2023?
SELECT first_name FROM customers WHERE country_code = 'DE' AND id IN (SELECT customer_id FROM orders WHERE ordered_on >= '2023-01-01' AND ordered_on < '2024-01-01')
-- how many of them have never ordered?
SELECT COUNT(*) AS count FROM customers WHERE country_code = 'DE' AND NOT id IN (SELECT customer_id FROM orders WHERE NOT customer_id IS NULL)
-- only those who have ordered since 2024
SELECT first_name FROM customers WHERE country_code = 'DE' AND id IN (SELECT customer_id FROM orders WHERE ordered_on >= '2024-01-01')
-- which of them have juggled in 2023?
none
