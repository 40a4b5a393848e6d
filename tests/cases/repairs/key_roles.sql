-- Two keys to one table: the words around a value choose.
-- schema: CREATE TABLE stops (stop_id INTEGER PRIMARY KEY, town TEXT, zone TEXT);
-- schema: CREATE TABLE trips (trip_id INTEGER PRIMARY KEY, from_id INTEGER REFERENCES stops, to_id INTEGER REFERENCES stops, fare REAL);
-- values: stops.town = Ghent | Lille | Bruges
-- question: How many trips went to Ghent?

-- case: to is not from
SELECT COUNT(*) FROM trips JOIN stops ON trips.from_id = stops.stop_id WHERE stops.town = 'Ghent'
-- after
SELECT COUNT(*) FROM trips JOIN stops ON trips.to_id = stops.stop_id WHERE stops.town = 'Ghent'

-- case: a verb says the side
-- question: Fares of trips that arrived in Lille
SELECT t.fare FROM stops AS s JOIN trips AS t ON t.from_id = s.stop_id WHERE s.town = 'Lille'
-- after
SELECT t.fare FROM stops AS s JOIN trips AS t ON t.to_id = s.stop_id WHERE s.town = 'Lille'

-- case: a noun behind the value says the side
-- question: Number of Bruges departures
SELECT COUNT(*) FROM trips JOIN stops ON trips.to_id = stops.stop_id WHERE stops.town = 'Bruges'
-- after
SELECT COUNT(*) FROM trips JOIN stops ON trips.from_id = stops.stop_id WHERE stops.town = 'Bruges'

-- case: from one to the other joins twice
-- question: Total fare from Lille to Ghent
SELECT SUM(trips.fare) FROM trips JOIN stops ON trips.from_id = stops.stop_id WHERE stops.town IN ('Lille', 'Ghent') AND trips.fare > 2
-- after
SELECT SUM(trips.fare) FROM trips JOIN stops AS from_id_stops ON trips.from_id = from_id_stops.stop_id JOIN stops AS to_id_stops ON trips.to_id = to_id_stops.stop_id WHERE trips.fare > 2 AND from_id_stops.town = 'Lille' AND to_id_stops.town = 'Ghent'

-- case: the other way round joins twice too
-- question: Trips to Ghent from Bruges
SELECT COUNT(*) FROM stops JOIN trips ON trips.from_id = stops.stop_id WHERE stops.town BETWEEN 'Bruges' AND 'Ghent'
-- after
SELECT COUNT(*) FROM trips JOIN stops AS to_id_stops ON trips.to_id = to_id_stops.stop_id JOIN stops AS from_id_stops ON trips.from_id = from_id_stops.stop_id WHERE to_id_stops.town = 'Ghent' AND from_id_stops.town = 'Bruges'

-- case: a question without values names the side
-- question: Average fare by destination zone
SELECT stops.zone, AVG(trips.fare) FROM trips JOIN stops ON trips.from_id = stops.stop_id GROUP BY stops.zone
-- after
SELECT stops.zone, AVG(trips.fare) FROM trips JOIN stops ON trips.to_id = stops.stop_id GROUP BY stops.zone

-- case: the right key stays
-- question: How many trips started in Ghent?
SELECT COUNT(*) FROM trips JOIN stops ON trips.from_id = stops.stop_id WHERE stops.town = 'Ghent'
-- stays

-- case: nothing says the side
-- question: How many trips touch Ghent?
SELECT COUNT(*) FROM trips JOIN stops ON trips.to_id = stops.stop_id WHERE stops.town = 'Ghent'
-- stays

-- case: both keys are joined
SELECT COUNT(*) FROM trips JOIN stops AS a ON trips.from_id = a.stop_id JOIN stops AS b ON trips.to_id = b.stop_id WHERE b.town = 'Ghent'
-- stays

-- Keys that are the values themselves.
-- schema: CREATE TABLE harbours (locode TEXT PRIMARY KEY, harbour TEXT);
-- schema: CREATE TABLE sailings (number INTEGER, loading TEXT REFERENCES harbours, unloading TEXT REFERENCES harbours, sender TEXT);
-- values: harbours.locode = DEHAM | SGSIN
-- values: sailings.loading = DEHAM | SGSIN
-- values: sailings.unloading = DEHAM | SGSIN
-- question: How many sailings with loading in DEHAM and unloading in SGSIN?

-- case: codes need no join
SELECT COUNT(*) FROM sailings JOIN harbours ON sailings.loading = harbours.locode WHERE harbours.locode = 'DEHAM' AND sailings.unloading > 'SGSIN'
-- after
SELECT COUNT(*) FROM sailings WHERE sailings.loading = 'DEHAM' AND sailings.unloading = 'SGSIN'

-- case: one code by the wrong key
-- question: Sailings unloading in DEHAM
SELECT number FROM sailings WHERE loading = 'DEHAM'
-- after
SELECT number FROM sailings WHERE unloading = 'DEHAM'

-- Opposites that the columns and the question spell differently.
-- schema: CREATE TABLE members (id INTEGER PRIMARY KEY, nick TEXT);
-- schema: CREATE TABLE notes (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES members, addressee_id INTEGER REFERENCES members, body TEXT);
-- values: members.nick = Ada | Bo
-- question: Notes received by Ada

-- case: received is for the addressee
SELECT notes.body FROM notes JOIN members ON notes.author_id = members.id WHERE members.nick = 'Ada'
-- after
SELECT notes.body FROM notes JOIN members ON notes.addressee_id = members.id WHERE members.nick = 'Ada'

-- case: sent is for the author
-- question: How many notes did Ada send to Bo?
SELECT COUNT(*) FROM notes JOIN members ON notes.addressee_id = members.id WHERE members.nick = 'Ada' AND members.nick = 'Bo'
-- after
SELECT COUNT(*) FROM notes JOIN members AS author_id_members ON notes.author_id = author_id_members.id JOIN members AS addressee_id_members ON notes.addressee_id = addressee_id_members.id WHERE author_id_members.nick = 'Ada' AND addressee_id_members.nick = 'Bo'

-- A word of the table's own name is on no side.
-- schema: CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER);
-- schema: CREATE TABLE rivals (name TEXT REFERENCES people, rival TEXT REFERENCES people);
-- schema: CREATE TABLE duels (winner_id INTEGER REFERENCES people, loser_id INTEGER REFERENCES people);
-- values: people.name = Ada | Bo
-- question: Who won against Bo and is a rival of Bo?

-- case: a rival is on both sides
SELECT rivals.rival FROM people JOIN rivals ON rivals.name = people.name WHERE people.name = 'Bo'
-- stays

-- case: a winner of a duel
-- question: Ages of those who lost to Ada
SELECT COUNT(*) FROM people JOIN duels ON duels.winner_id = people.name WHERE people.age > 9
-- after
SELECT COUNT(*) FROM people JOIN duels ON duels.loser_id = people.name WHERE people.age > 9
