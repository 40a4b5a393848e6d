-- Each query, and the account of it behind "-- =>".
SELECT name FROM stores;
-- => Shows name from stores.
SELECT DISTINCT city FROM stores WHERE city LIKE 'L%' OR NOT city LIKE '%o%' LIMIT 1;
-- => Shows each different city from stores. Keeps only rows where city begins with 'L' or city does not contain 'o'. Shows the first row only.
SELECT c.name, COUNT(*) AS n FROM customers AS cu JOIN countries AS c ON cu.country_code = c.code GROUP BY c.name HAVING COUNT(*) > 3 ORDER BY n DESC, 1 LIMIT 5 OFFSET 2;
-- => Shows countries.name and the number of rows (called "n") from customers. Adds countries where customers.country_code is countries.code. Counts and sums are made for each countries.name. Keeps only groups where the number of rows is above 3. Sorts by n, highest first then countries.name, lowest first. Shows at most 5 rows, after leaving out the first 2.
SELECT a FROM t LEFT JOIN u ON t.id = u.t WHERE u.id IS NULL AND (t.b = 1 OR t.c BETWEEN 2 AND 3);
-- => Shows a from t. Adds u where t.id is u.t; rows without a match in u stay, with its columns empty. Keeps only rows where u.id is missing and (t.b is 1 or t.c is between 2 and 3).
SELECT name FROM staff WHERE pay > (SELECT AVG(pay) FROM staff) AND id NOT IN (SELECT boss FROM staff);
-- => Shows name from staff. Keeps only rows where pay is above the result of a nested query (shows the average of pay from staff) and id is not among the results of a nested query (shows boss from staff).
SELECT t1.name FROM staff AS t1 JOIN staff AS t2 ON t1.boss = t2.id;
-- => Shows t1.name from staff (as t1). Adds staff (as t2) where t1.boss is t2.id.
WITH big AS (SELECT id FROM t WHERE n >= 10) SELECT COUNT(DISTINCT id) FROM big UNION ALL SELECT 1;
-- => First works out "big": Shows id from t. Keeps only rows where n is at least 10. Puts the rows of two queries together, copies kept. First query: Shows the number of different id from big. Second query: Shows 1.
SELECT name, RANK() OVER (PARTITION BY city ORDER BY price DESC) AS place FROM goods;
-- => Shows name and the rank within each city in the order of price, highest first (called "place") from goods.
SELECT a FROM t EXCEPT SELECT b FROM u ORDER BY 1;
-- => Takes the rows of a first query that a second one does not return. First query: Shows a from t. Second query: Shows b from u. Sorts by 1, lowest first.
SELECT MAX(x) FROM (SELECT price * 2 AS x FROM goods) AS q WHERE EXISTS (SELECT 1 FROM u);
-- => Shows the highest x from a nested query (shows price times 2 (called "x") from goods). Keeps only rows where there is at least one row in a nested query (shows 1 from u).
SELECT STRFTIME('%Y-%m', paid), COUNT(*) FROM orders WHERE CAST(STRFTIME('%Y', paid) AS INTEGER) = 2023 GROUP BY 1;
-- => Shows the month of paid and the number of rows from orders. Keeps only rows where the year of paid is 2023. Counts and sums are made for each month of paid.
SELECT kind, 100.0 * SUM(price) / SUM(SUM(price)) OVER () FROM goods GROUP BY kind;
-- => Shows kind and the total of price in percent of the total from goods. Counts and sums are made for each kind.
SELECT COUNT(*) FROM orders WHERE SUBSTR('SunMonTueWedThuFriSat', 3 * STRFTIME('%w', paid) + 1, 3) IN ('Sat', 'Sun');
-- => Shows the number of rows from orders. Keeps only rows where the day of the week of paid is one of 'Sat' or 'Sun'.
SELECT DATE(paid, 'weekday 0', '-6 days') FROM orders GROUP BY DATE(paid, 'weekday 0', '-6 days');
-- => Shows the week of paid from orders. Counts and sums are made for each week of paid.
