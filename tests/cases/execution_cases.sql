-- The database behind execution_cases.jsonl: small enough to check every verdict by hand.
CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT NOT NULL, continent TEXT);
INSERT INTO country VALUES ('FR', 'France', 'Europe'), ('DE', 'Germany', 'Europe'), ('JP', 'Japan', 'Asia'), ('AQ', 'Antarctica', NULL);

CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT, country TEXT REFERENCES country(code), population INTEGER, area REAL, mayor TEXT, zip TEXT);
INSERT INTO city VALUES
  (1, 'Paris', 'FR', 200, 10.5, 'Anne', '07500'),
  (2, 'Lyon', 'FR', 50, 4.0, NULL, '69000'),
  (3, 'Nice', 'FR', 50, 7.2, '', '06000'),
  (4, 'Berlin', 'DE', 300, 89.1, 'Kai', '10115'),
  (5, 'Hamburg', 'DE', 180, 75.5, NULL, '20095'),
  (6, 'Tokyo', 'JP', 900, 62.7, 'Yuriko', '100'),
  (7, 'Nice', 'JP', 10, 1.0, 'Anne', '200');

CREATE TABLE visit (id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES city(id), visitor TEXT, year INTEGER, spent REAL);
INSERT INTO visit VALUES
  (1, 1, 'Ann', 2020, 0.1), (2, 1, 'Ann', 2021, 0.2), (3, 1, 'Bob', 2021, 0.3), (4, 4, 'Ann', 2020, 100.0),
  (5, 4, 'bob', 2022, 50.0), (6, 6, 'Zoë', 2022, NULL), (7, 2, 'Ann', 2020, 3.0), (8, NULL, 'Cid', 2022, 1.0);
