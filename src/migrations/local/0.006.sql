-- A model and its table have the same name now. Rules are found by a prefix and the number of their
-- segments, may prohibit, and no longer list what Admin may do: Admin may do all.

ALTER TABLE _models DROP COLUMN table_name;
ALTER TABLE _columns RENAME COLUMN table_name TO model;

DELETE FROM _access WHERE role = 'Admin';
ALTER TABLE _access RENAME COLUMN url TO prefix;
ALTER TABLE _access ADD COLUMN segments smallint;
ALTER TABLE _access ADD COLUMN prohibiting boolean, ALTER COLUMN prohibiting SET DEFAULT false;

-- /=/model/Post/~/~ has the prefix model/Post and four segments.
UPDATE _access SET
	segments = length(prefix) - length(replace(prefix, '/', '')) - 1,
	prefix = regexp_replace(regexp_replace(prefix, '^/=/', ''), '(/~)+$', ''),
	prohibiting = DEFAULT;
ALTER TABLE _access ALTER COLUMN prohibiting SET NOT NULL;
