-- What 0.003 to 0.005 change in an account at 0.002, except that the defaults of _columns are given as
-- they might be, not converted. Comes after 0.002.sql.
UPDATE _roles SET password = md5(convert_to(password, getdatabaseencoding()));

UPDATE _columns SET "default" = '["now()"]' WHERE "default" = 'now()';
UPDATE _columns SET "default" = '"it''''s"' WHERE name = 'title';

ALTER TABLE _views DROP CONSTRAINT _views_definition_key;

UPDATE _general SET version = '0.005';
