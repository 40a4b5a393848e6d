-- A value that the asked table stores is compared there, whichever table a model joined for it.
-- schema: CREATE TABLE yard_boat (boat_id INTEGER PRIMARY KEY, berth_id INTEGER, condition TEXT, paint TEXT);
-- schema: CREATE TABLE yard_permit (permit_id INTEGER PRIMARY KEY, berth_id INTEGER, condition TEXT, permit_kind TEXT);
-- schema: CREATE TABLE yard_repair (repair_id INTEGER PRIMARY KEY, boat_id INTEGER REFERENCES yard_boat (boat_id), hours INTEGER);
-- schema: CREATE TABLE yard_lock_info (boat_id INTEGER, condition TEXT, keeper TEXT);
-- values: yard_lock_info.condition = leaking | tight
-- values: yard_boat.condition = leaking | sound
-- values: yard_boat.paint = red | blue
-- values: yard_permit.condition = leaking | expired
-- values: yard_permit.permit_kind = guest | blue

-- case: two tables joined by a key of neither
-- question: How many leaking boats are there in the yard?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_permit.condition = 'leaking'
-- after
SELECT COUNT(*) FROM yard_boat WHERE yard_boat.condition = 'leaking'

-- case: the stray table stands first
-- question: Which boats are leaking?
SELECT b.boat_id FROM yard_permit AS p JOIN yard_boat AS b ON p.berth_id = b.berth_id WHERE p.condition = 'leaking'
-- after
SELECT b.boat_id FROM yard_boat AS b WHERE b.condition = 'leaking'

-- case: a column called otherwise
-- question: How many boats are blue?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_permit.permit_kind = 'blue'
-- after
SELECT COUNT(*) FROM yard_boat WHERE yard_boat.paint = 'blue'

-- case: a table that is joined for nothing
-- question: How many red boats are there?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_boat.paint = 'red'
-- after
SELECT COUNT(*) FROM yard_boat WHERE yard_boat.paint = 'red'

-- case: both nouns are said
-- question: How many boats have a leaking permit?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_permit.condition = 'leaking'
-- stays

-- case: the word of the compared column is said
-- question: How many boats are of the kind blue?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_permit.permit_kind = 'blue'
-- stays

-- case: a value that the asked table does not store
-- question: How many expired boats are there?
SELECT COUNT(*) FROM yard_boat JOIN yard_permit ON yard_boat.berth_id = yard_permit.berth_id WHERE yard_permit.condition = 'expired'
-- stays

-- case: what is shown of the other table
-- question: Which hours were spent on red boats?
SELECT yard_repair.hours FROM yard_boat JOIN yard_repair ON yard_boat.boat_id = yard_repair.boat_id WHERE yard_boat.paint = 'red'
-- stays

-- case: a key to the asked table may ask for rows that have one
-- question: Which boats were worked on?
SELECT yard_boat.boat_id FROM yard_boat JOIN yard_repair ON yard_boat.boat_id = yard_repair.boat_id
-- stays

-- case: a table whose name says its noun before "info" is named by it
-- question: How many boats have leaking locks?
SELECT COUNT(*) FROM yard_boat JOIN yard_lock_info ON yard_boat.boat_id = yard_lock_info.boat_id WHERE yard_lock_info.condition = 'leaking'
-- after
SELECT COUNT(*) FROM yard_boat JOIN yard_lock_info ON yard_boat.boat_id = yard_lock_info.boat_id WHERE yard_lock_info.condition = 'leaking'
