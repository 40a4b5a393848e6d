-- Queries over tests/coderag_app/sql/test_joinless.py's schema: the query, and the form that leaves out what keys say.

-- one table
SELECT count(*) FROM singer WHERE age > 30
-- short
select count(singer) where singer.age > 30

-- aliases and a join
SELECT T2.name FROM concert AS T1 JOIN stadium AS T2 ON T1.stadium_id = T2.stadium_id WHERE T1.year = 2014
-- short
select stadium.name where concert.year = 2014

-- rows of the referring table counted
SELECT s.name, COUNT(*) AS n FROM concert c JOIN stadium s ON c.stadium_id = s.stadium_id GROUP BY s.name ORDER BY n DESC LIMIT 1
-- short
select stadium.name, count(concert) group by stadium.name order by count(concert) desc limit 1

-- a table on the way is not said
SELECT singer.name FROM singer JOIN singer_in_concert ON singer.singer_id = singer_in_concert.singer_id JOIN concert ON singer_in_concert.concert_id = concert.concert_id WHERE concert.theme = 'Free'
-- short
select singer.name where concert.theme = 'Free'

-- a table that only joins is listed
SELECT DISTINCT singer.name FROM singer JOIN singer_in_concert ON singer.singer_id = singer_in_concert.singer_id
-- short
select distinct singer.name from singer_in_concert

-- nested
SELECT name FROM singer WHERE singer_id NOT IN (SELECT singer_id FROM singer_in_concert)
-- short
select singer.name where not singer.singer_id in (select singer_in_concert.singer_id)

-- its own average
SELECT name FROM singer WHERE age > (SELECT AVG(age) FROM singer)
-- short
select singer.name where singer.age > (select avg(singer.age))

-- sets
SELECT name FROM stadium EXCEPT SELECT T2.name FROM concert T1 JOIN stadium T2 ON T1.stadium_id = T2.stadium_id WHERE T1.year = 2014
-- short
select stadium.name except select stadium.name where concert.year = 2014

-- everything of a table
SELECT * FROM singer
-- short
select * from singer

-- two keys to one table: the second is said
SELECT m.match_id FROM game m JOIN stadium s ON m.second_stadium_id = s.stadium_id WHERE s.name = 'Oak'
-- short
select game.match_id from game join stadium on game.second_stadium_id = stadium.stadium_id where stadium.name = 'Oak'

-- a table twice keeps its aliases
SELECT a.name, b.name FROM singer AS a JOIN singer AS b ON a.mentor_id = b.singer_id
-- short
select a.name, b.name from singer as a join singer as b on a.mentor_id = b.singer_id

-- an outer join is said
SELECT stadium.name FROM stadium LEFT JOIN concert ON stadium.stadium_id = concert.stadium_id WHERE concert.concert_id IS NULL
-- short
select stadium.name from stadium left join concert on stadium.stadium_id = concert.stadium_id where concert.concert_id is null

-- a correlated row
SELECT name FROM stadium s WHERE EXISTS (SELECT 1 FROM concert c WHERE c.stadium_id = s.stadium_id AND c.year = 2015)
-- short
select stadium.name where exists(select 1 from concert where concert.stadium_id = stadium.stadium_id and concert.year = 2015)

-- names that need quotes
SELECT count(DISTINCT "Home Town") FROM singer GROUP BY "order"
-- short
select count(distinct singer."Home Town") group by singer."order"

-- a derived table
SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM concert GROUP BY stadium_id) AS t
-- short
select avg(n) from (select count(concert) as n group by concert.stadium_id) as t
