-- What an account may have to do with another one and with _global so that both can be in one batch. Comes after
-- kinds.sql. Variables: schema, other.
SET LOCAL search_path TO :"schema";
CREATE TABLE _to_others (id integer PRIMARY KEY REFERENCES :"other"._keys DEFERRABLE, account text REFERENCES _global._accounts (name) ON UPDATE CASCADE);
ALTER TABLE :"other"._keys ADD back integer, ADD FOREIGN KEY (back) REFERENCES _to_others NOT VALID;
CREATE VIEW _view_of_others AS SELECT v.*, a.name AS account FROM :"other"._v1 v, _global._accounts a;
CREATE VIEW :"other"._view_back AS SELECT * FROM _view_of_others;
CREATE RULE also AS ON INSERT TO _to_others DO ALSO INSERT INTO :"other"._empty VALUES (1);
CREATE TRIGGER theirs BEFORE INSERT ON _to_others EXECUTE FUNCTION public.trig();
CREATE POLICY theirs ON _to_others USING (id IN (SELECT id FROM :"other"._keys));
CREATE TABLE _of_their_type (a :"other".colour DEFAULT 'red', c :"other".even DEFAULT 2, d integer DEFAULT :"other".mine(1), e integer DEFAULT nextval(:'ticket'));
