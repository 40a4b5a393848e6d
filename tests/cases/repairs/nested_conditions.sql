-- Texts inside lists and objects.
-- schema: CREATE TABLE recipes (id INTEGER, name TEXT, labels TEXT, origin TEXT);
-- schema: CREATE TABLE cooks (id INTEGER, name TEXT);
-- values: recipes.labels = vegan | quick | cheap
-- values: recipes.origin = Peru | Lima
-- values: recipes.origin.country = Peru
-- values: recipes.origin.city = Lima
-- nested: recipes.labels =
-- nested: recipes.origin = country | city
-- question: Which recipes are these?

-- case: a list that equals one of its texts
SELECT name FROM recipes WHERE labels = 'Vegan'
-- after
SELECT name FROM recipes WHERE EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan')

-- case: a list that is like one of its texts
SELECT r.name FROM recipes AS r WHERE r.labels LIKE '%quick%'
-- after
SELECT r.name FROM recipes AS r WHERE EXISTS(SELECT 1 FROM JSON_EACH(r.labels) AS item WHERE item.value = 'quick')

-- case: a list that lacks a text
SELECT name FROM recipes WHERE labels <> 'vegan'
-- after
SELECT name FROM recipes WHERE NOT (EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan'))

-- case: the only field that stores the text
SELECT COUNT(*) FROM recipes WHERE origin = 'Lima'
-- after
SELECT COUNT(*) FROM recipes WHERE JSON_EXTRACT(recipes.origin, '$.city') = 'Lima'

-- case: a text that the list stores nowhere is asked for all the same
SELECT name FROM recipes WHERE labels = 'raw'
-- after
SELECT name FROM recipes WHERE EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'raw')

-- case: a part of a text
SELECT name FROM recipes WHERE labels LIKE '%veg%'
-- stays

-- case: a text that no field stores
SELECT name FROM recipes WHERE origin = 'Quito'
-- stays

-- case: a list that is taken apart already
SELECT name FROM recipes WHERE JSON_EXTRACT(origin, '$.city') = 'Lima'
-- question: Which recipes are from Lima?
-- stays

-- case: a value that the query leaves out, ranked by the list instead
SELECT name FROM recipes ORDER BY labels DESC LIMIT 1
-- question: Which recipes are labelled vegan?
-- after
SELECT name FROM recipes WHERE EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan')

-- case: a value that the question excludes
SELECT name FROM recipes
-- question: Which recipes are not labelled vegan?
-- after
SELECT name FROM recipes WHERE NOT (EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan'))

-- case: both of two values
SELECT name FROM recipes
-- question: Which recipes are quick and vegan?
-- after
SELECT name FROM recipes WHERE (EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'quick') AND EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan'))

-- case: one of two values
SELECT name FROM recipes
-- question: Which recipes are quick or vegan?
-- after
SELECT name FROM recipes WHERE (EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'quick') OR EXISTS(SELECT 1 FROM JSON_EACH(recipes.labels) AS item WHERE item.value = 'vegan'))

-- case: one value asked for and one excluded
SELECT name FROM recipes
-- question: Which cheap recipes are not suitable as vegan?
-- stays

-- case: a query of another table
SELECT name FROM cooks
-- question: Which cooks are vegan?
-- stays
