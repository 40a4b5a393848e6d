-- The date of what is asked is compared and grouped by, never a date of birth, and no other table's date.
-- schema: CREATE TABLE owners (owner_id INTEGER PRIMARY KEY, owner_name TEXT, birth_date DATE, town TEXT);
-- schema: CREATE TABLE pets (pet_id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES owners (owner_id), pet_name TEXT, dob TEXT);
-- schema: CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, pet_id INTEGER REFERENCES pets (pet_id), visited_on DATE, fee REAL);
-- schema: CREATE TABLE bills (bill_id INTEGER PRIMARY KEY, visit_id INTEGER REFERENCES visits (visit_id), issued_on DATE, settled_on DATE);
-- values: pets.dob = 2015-02-01 | 2018-07-30

-- case: a year of birth for a year of visits
-- question: How many visits were there in 2022?
SELECT COUNT(*) FROM visits JOIN pets ON visits.pet_id = pets.pet_id WHERE CAST(STRFTIME('%Y', pets.dob) AS INTEGER) = 2022
-- after
SELECT COUNT(*) FROM visits WHERE CAST(STRFTIME('%Y', visits.visited_on) AS INTEGER) = 2022

-- case: days, and a table that the question names stays
-- question: Total fee of the pets' visits in May 2022
SELECT SUM(T1.fee) FROM visits AS T1 JOIN pets AS T2 ON T1.pet_id = T2.pet_id WHERE T2.dob >= '2022-05-01' AND T2.dob < '2022-06-01'
-- after
SELECT SUM(T1.fee) FROM visits AS T1 JOIN pets AS T2 ON T1.pet_id = T2.pet_id WHERE T1.visited_on >= '2022-05-01' AND T1.visited_on < '2022-06-01'

-- case: groups
-- question: Number of visits by year
SELECT STRFTIME('%Y', pets.dob), COUNT(*) FROM visits JOIN pets ON visits.pet_id = pets.pet_id GROUP BY STRFTIME('%Y', pets.dob)
-- after
SELECT STRFTIME('%Y', visits.visited_on), COUNT(*) FROM visits GROUP BY STRFTIME('%Y', visits.visited_on)

-- case: a date of another table that the question does not speak of
-- question: What is the total fee of visits in 2021?
SELECT SUM(visits.fee) FROM visits JOIN bills ON bills.visit_id = visits.visit_id WHERE STRFTIME('%Y', bills.issued_on) = '2021'
-- after
SELECT SUM(visits.fee) FROM visits JOIN bills ON bills.visit_id = visits.visit_id WHERE STRFTIME('%Y', visits.visited_on) = '2021'

-- case: births are asked for
-- question: How many visits were there of pets born in 2018?
SELECT COUNT(*) FROM visits JOIN pets ON visits.pet_id = pets.pet_id WHERE STRFTIME('%Y', pets.dob) = '2018'
-- stays

-- case: ages are asked for
-- question: Visits of pets older than those of 2018
SELECT visits.visit_id FROM visits JOIN pets ON visits.pet_id = pets.pet_id WHERE pets.dob < '2018-01-01'
-- stays

-- case: no other date
-- question: How many owners are there from 1980?
SELECT COUNT(*) FROM owners WHERE STRFTIME('%Y', birth_date) = '1980'
-- stays

-- case: the other table's date is said
-- question: Total fee of visits with bills issued in 2021
SELECT SUM(visits.fee) FROM visits JOIN bills ON bills.visit_id = visits.visit_id WHERE STRFTIME('%Y', bills.issued_on) = '2021'
-- stays

-- case: a word that may speak of the other table
-- question: Which visits were charged in 2021?
SELECT visits.visit_id FROM visits JOIN bills ON bills.visit_id = visits.visit_id WHERE STRFTIME('%Y', bills.issued_on) = '2021'
-- stays

-- case: two dates may be meant
-- question: How many bills of owners were there in 2022?
SELECT COUNT(*) FROM bills JOIN visits ON bills.visit_id = visits.visit_id JOIN pets ON visits.pet_id = pets.pet_id JOIN owners ON pets.owner_id = owners.owner_id WHERE STRFTIME('%Y', owners.birth_date) = '2022'
-- stays

-- case: a date that is shown
-- question: List the pets of visits in 2022
SELECT pets.pet_name, pets.dob FROM visits JOIN pets ON visits.pet_id = pets.pet_id WHERE STRFTIME('%Y', pets.dob) = '2022'
-- stays

-- case: whether a date is there
-- question: How many visits of pets without a date are there?
SELECT COUNT(*) FROM visits JOIN pets ON visits.pet_id = pets.pet_id WHERE pets.dob IS NULL
-- stays

-- schema: CREATE TABLE members (member_id INTEGER PRIMARY KEY, member_name TEXT, birthday DATE, joined DATE);
-- schema: CREATE TABLE loans (loan_id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES members (member_id), lent TEXT);
-- values: loans.lent = 31/12/2022 | 05/01/2023

-- case: another date of the same table
-- question: How many members were there since 2020?
SELECT COUNT(*) FROM members WHERE birthday >= '2020-01-01'
-- after
SELECT COUNT(*) FROM members WHERE joined >= '2020-01-01'

-- case: the noun before the period
-- question: Which members had loans since 2020?
SELECT DISTINCT members.member_name FROM members JOIN loans ON loans.member_id = members.member_id WHERE members.birthday >= '2020-01-01'
-- after
SELECT DISTINCT members.member_name FROM members JOIN loans ON loans.member_id = members.member_id WHERE DATE(SUBSTRING(loans.lent, 7, 4) || '-' || SUBSTRING(loans.lent, 4, 2) || '-' || SUBSTRING(loans.lent, 1, 2)) >= '2020-01-01'
