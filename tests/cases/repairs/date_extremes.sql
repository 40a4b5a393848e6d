-- Oldest, newest, earliest and latest go by a date, and ask for a row or for its date.
-- schema: CREATE TABLE keepers (keeper_id INTEGER PRIMARY KEY, full_name TEXT, dob DATE, section TEXT);
-- schema: CREATE TABLE feedings (feeding_id INTEGER PRIMARY KEY, keeper_id INTEGER REFERENCES keepers (keeper_id), fed_on DATE, kilos REAL);
-- schema: CREATE TABLE letters (letter_id INTEGER PRIMARY KEY, title TEXT, sent_on TEXT, read_on DATE);
-- values: letters.sent_on = 31/12/2022 | 05/01/2023
-- nulls: letters.read_on

-- case: the oldest has the earliest date of birth, and a name
-- question: Who is the oldest keeper?
SELECT MAX(keepers.dob) FROM keepers
-- after
SELECT keepers.full_name FROM keepers ORDER BY keepers.dob LIMIT 1

-- case: the youngest, of some
-- question: Who is the youngest keeper in section 'Reptiles'?
SELECT keeper_id, full_name FROM keepers WHERE section = 'Reptiles' ORDER BY dob LIMIT 1
-- after
SELECT keeper_id, full_name FROM keepers WHERE section = 'Reptiles' ORDER BY dob DESC LIMIT 1

-- case: a subquery
-- question: Name the oldest keeper
SELECT full_name FROM keepers WHERE dob = (SELECT MAX(dob) FROM keepers)
-- after
SELECT full_name FROM keepers WHERE dob = (SELECT MIN(dob) FROM keepers)

-- case: a date is asked for
-- question: What is the latest feeding date?
SELECT MAX(feedings.feeding_id) FROM feedings
-- after
SELECT MAX(feedings.fed_on) FROM feedings

-- case: when
-- question: When was the first feeding?
SELECT MAX(feeding_id) FROM feedings
-- after
SELECT MIN(fed_on) FROM feedings

-- case: a row by its key
-- question: How many kilos did the most recent feeding have?
SELECT kilos FROM feedings ORDER BY feeding_id DESC LIMIT 1
-- after
SELECT kilos FROM feedings ORDER BY fed_on DESC LIMIT 1

-- case: dates in text, of several dates the one that is said
-- question: What is the newest letter sent?
SELECT MAX(letter_id) FROM letters
-- after
SELECT title FROM letters ORDER BY DATE(SUBSTRING(sent_on, 7, 4) || '-' || SUBSTRING(sent_on, 4, 2) || '-' || SUBSTRING(sent_on, 1, 2)) DESC LIMIT 1

-- case: missing dates are not the earliest
-- question: What is the earliest letter that was read?
SELECT MIN(read_on) FROM letters
-- after
SELECT title FROM letters WHERE NOT read_on IS NULL ORDER BY read_on LIMIT 1

-- case: the date itself, and the right end
-- question: What is the date of birth of the oldest keeper?
SELECT MIN(dob) FROM keepers
-- stays

-- case: an age is no date
-- question: Who is the oldest keeper?
SELECT full_name FROM keepers ORDER BY 2024 - STRFTIME('%Y', dob) DESC LIMIT 1
-- stays

-- case: both ends
-- question: From the oldest to the youngest keeper
SELECT MIN(dob), MAX(dob) FROM keepers
-- stays

-- case: another noun
-- question: What is the latest section?
SELECT MAX(keeper_id) FROM keepers
-- stays

-- case: two dates may be meant
-- question: What is the latest letter?
SELECT MAX(letter_id) FROM letters
-- stays

-- case: a first name
-- question: First name and last section of each keeper
SELECT MAX(keeper_id) FROM keepers
-- stays

-- case: a year is asked for
-- question: In which year was the oldest keeper born?
SELECT MIN(dob) FROM keepers
-- stays

-- dialect: postgres
-- schema: CREATE TABLE keepers (keeper_id INTEGER PRIMARY KEY, full_name TEXT, hired_on DATE);
-- question: What is the newest keeper?

-- case: the order of another dialect
SELECT MAX(keeper_id) FROM keepers
-- after
SELECT full_name FROM keepers ORDER BY hired_on DESC LIMIT 1

-- schema: CREATE TABLE guest_main (guest_id INTEGER PRIMARY KEY, guest_name TEXT, born DATE);
-- question: Who is the youngest guest?

-- case: another word of the table's name
SELECT MIN(born) FROM guest_main
-- after
SELECT guest_name FROM guest_main ORDER BY born DESC LIMIT 1
