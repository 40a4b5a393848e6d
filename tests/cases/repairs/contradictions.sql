-- Conditions that no row can meet.
-- schema: CREATE TABLE hotels (id INTEGER PRIMARY KEY, name TEXT, country TEXT, owner TEXT, "order" TEXT);
-- schema: CREATE TABLE guests (hotel_id INTEGER REFERENCES hotels (id), origin TEXT, age INTEGER);
-- values: hotels.country = Japan | South Korea
-- values: hotels.owner = Anna
-- values: hotels.order = Sold
-- values: guests.origin = France | Chad
-- question: Hotels of Japan, South Korea, anna, Sold, France, Chad, Nobody and 3

-- case: no hotel is in two countries
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.country = 'South Korea'
-- after
SELECT hotels.name FROM hotels WHERE hotels.country IN ('Japan', 'South Korea')

-- case: a column without its table is the same column
SELECT name FROM hotels WHERE country = 'Japan' AND country = 'South Korea'
-- after
SELECT name FROM hotels WHERE country IN ('Japan', 'South Korea')

-- case: of two values the stored one is meant
SELECT hotels.name FROM hotels WHERE hotels.country = 'Nobody' AND hotels.country = 'Japan'
-- after
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan'

-- case: text goes to the column that stores it
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.country = 'anna'
-- after
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.owner = 'Anna'

-- case: text goes to the column that stores it without a contradiction too
SELECT hotels.name FROM hotels WHERE hotels.country = 'anna'
-- after
SELECT hotels.name FROM hotels WHERE hotels.owner = 'Anna'

-- case: the column that stores it may be a word of SQL
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.country = 'sold'
-- after
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels."order" = 'Sold'

-- case: no row has two keys
SELECT hotels.name FROM hotels WHERE hotels.id = 2 AND hotels.id = 3 AND hotels.owner = 'Anna'
-- after
SELECT hotels.name FROM hotels WHERE hotels.id IN (2, 3) AND hotels.owner = 'Anna'

-- case: no row is of two years
SELECT hotels.name FROM hotels WHERE CAST(hotels.id AS INTEGER) = 2016 AND CAST(hotels.id AS INTEGER) = 2017
-- after
SELECT hotels.name FROM hotels WHERE CAST(hotels.id AS INTEGER) IN (2016, 2017)

-- case: a column read as a number is no column of text
SELECT hotels.name FROM hotels WHERE CAST(hotels.country AS INTEGER) = 'Anna'
-- stays

-- case: rows that belong to what is shown are of both kinds
SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'France' AND guests.age > 3 AND guests.origin = 'Chad'
-- after
SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'France' AND guests.age > 3 INTERSECT SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.age > 3 AND guests.origin = 'Chad'

-- case: a count of rows that belong to others takes either
SELECT COUNT(*) FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'France' AND guests.origin = 'Chad'
-- after
SELECT COUNT(*) FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin IN ('France', 'Chad')

-- case: a query behind WITH takes either, since its halves cannot both have it
WITH g AS (SELECT * FROM guests) SELECT hotels.name FROM hotels JOIN g ON g.hotel_id = hotels.id JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'France' AND guests.origin = 'Chad'
-- after
WITH g AS (SELECT * FROM guests) SELECT hotels.name FROM hotels JOIN g ON g.hotel_id = hotels.id JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin IN ('France', 'Chad')

-- case: no condition
SELECT hotels.name FROM hotels
-- stays

-- case: one value that is not stored may be right
SELECT hotels.name FROM hotels WHERE hotels.country = 'Nobody'
-- stays

-- case: one value that nobody said may be right
SELECT hotels.name FROM hotels WHERE hotels.country = 'many' AND hotels.owner = 'Anna'
-- stays

-- case: either value
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' OR hotels.country = 'South Korea'
-- stays

-- case: one value and not another
SELECT hotels.name FROM hotels WHERE hotels.country = 'Japan' AND hotels.country <> 'South Korea'
-- stays

-- case: a column whose values are unknown
SELECT hotels.name FROM hotels WHERE hotels.name = 'unread'
-- stays

-- case: two rows of one table
SELECT a.name FROM hotels AS a JOIN hotels AS b ON a.owner = b.owner WHERE a.country = 'Japan' AND b.country = 'South Korea'
-- stays

-- case: a derived column
SELECT found.kind FROM (SELECT hotels.country AS kind FROM hotels) AS found WHERE found.kind = 'many'
-- stays

-- case: of both kinds already
SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'France' INTERSECT SELECT hotels.name FROM hotels JOIN guests ON guests.hotel_id = hotels.id WHERE guests.origin = 'Chad'
-- stays
