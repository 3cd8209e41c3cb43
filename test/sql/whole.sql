-- A schema with everything in it that pg_dump --schema writes, for test_whole.py. Uses the role :"owner".
CREATE SCHEMA :"schema" AUTHORIZATION :"owner"; SET search_path = :"schema";
COMMENT ON SCHEMA :"schema" IS 'it''s; COMMENT ON SCHEMA';
GRANT USAGE ON SCHEMA :"schema" TO PUBLIC; GRANT CREATE ON SCHEMA :"schema" TO :"owner" WITH GRANT OPTION;
-- types
CREATE TYPE mood AS ENUM ('sad', 'it''s; ok', '\.'); CREATE TYPE "Empty" AS ENUM ();
CREATE TYPE pair AS (a int, "B c" mood, t text COLLATE "C"); CREATE TYPE nothing AS ();
CREATE FUNCTION diff(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = diff); CREATE TYPE later; CREATE TYPE "table" AS (x int[]);
CREATE DOMAIN email AS varchar(99) COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@' OR VALUE = '; ''');
ALTER DOMAIN email ADD CONSTRAINT later CHECK (length(VALUE) > 2) NOT VALID; CREATE DOMAIN mine AS mood;
COMMENT ON TYPE mood IS 'x'; COMMENT ON DOMAIN email IS 'x'; COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'x';
COMMENT ON COLUMN pair."B c" IS 'x'; GRANT USAGE ON TYPE mood TO :"owner"; REVOKE ALL ON TYPE pair FROM PUBLIC;
REVOKE ALL ON DOMAIN email FROM PUBLIC; ALTER TYPE mood OWNER TO :"owner"; ALTER DOMAIN email OWNER TO :"owner";
-- functions
CREATE FUNCTION "odd ""f;"(IN a int DEFAULT 1, VARIADIC b mood[] DEFAULT '{}', OUT c text, OUT d int) LANGUAGE sql STRICT
    SECURITY DEFINER COST 7 SET search_path = pg_catalog, "a; b" SET work_mem = '8MB' SET "my.own" TO 'x' AS $q$ SELECT '$_$;', NULL::int $q$;
CREATE FUNCTION many() RETURNS SETOF pair LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 12 LEAKPROOF AS $x$ BEGIN
    RETURN QUERY SELECT 1, 'sad'::mood, '\'; END; $x$;
CREATE FUNCTION tab(x timestamp without time zone) RETURNS TABLE (n numeric(10,2), "time" interval) LANGUAGE sql AS 'SELECT 1, NULL::interval';
CREATE FUNCTION win() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
DROP FUNCTION win();
CREATE FUNCTION is_ok(m mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS $f$ SELECT m::text = 'ok' $f$;
CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION same(int, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2';
CREATE FUNCTION same(text, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $2::text = $1';
CREATE FUNCTION support_me(int) RETURNS double precision[] LANGUAGE sql IMMUTABLE AS 'SELECT ''{}''::float8[]';
CREATE PROCEDURE tidy(INOUT x int) LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE "begin'"() LANGUAGE sql AS '';
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0'); CREATE AGGREGATE "n;"(*) (sfunc = int8inc, stype = int8, initcond = 0);
CREATE AGGREGATE pct(float8 ORDER BY anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
ALTER FUNCTION is_ok(mood) OWNER TO :"owner"; ALTER PROCEDURE tidy(int) OWNER TO :"owner"; ALTER AGGREGATE total(int) OWNER TO :"owner";
COMMENT ON FUNCTION is_ok(mood) IS 'x'; COMMENT ON PROCEDURE tidy(int) IS 'x'; COMMENT ON AGGREGATE total(int) IS 'x';
COMMENT ON AGGREGATE "n;"(*) IS 'x';
REVOKE ALL ON FUNCTION is_ok(mood) FROM PUBLIC; GRANT EXECUTE ON PROCEDURE tidy(int) TO :"owner" WITH GRANT OPTION;
REVOKE ALL ON FUNCTION "odd ""f;"(int, mood[]) FROM PUBLIC; REVOKE ALL ON FUNCTION total(int) FROM PUBLIC;
/*14*/ CREATE TABLE moods (m mood PRIMARY KEY, "begin" int, n int, at timestamptz);
/*14*/ CREATE FUNCTION body(a int, b mood) RETURNS text LANGUAGE sql BEGIN ATOMIC
/*14*/     SELECT CASE WHEN a > 1 THEN 'end; case' ELSE CASE b WHEN 'sad' THEN 'x' END END AS "end", DISTINCT_.n FROM moods DISTINCT_;
/*14*/     INSERT INTO moods (m, n) VALUES (CASE a WHEN 1 THEN 'sad'::mood END, 2) ON CONFLICT (m) DO UPDATE SET n = CASE WHEN moods.n > 1 THEN 1 ELSE excluded.n END;
/*14*/     UPDATE moods SET n = n + CASE WHEN true THEN 1 END WHERE CASE WHEN n > 1 THEN true END RETURNING n;
/*14*/     DELETE FROM moods WHERE n = 1;
/*14*/     SELECT DISTINCT ON (n) CASE WHEN n > 1 THEN 'x' END AS "case" FROM moods ORDER BY n, CASE WHEN true THEN 1 END;
/*14*/     SELECT b::text; END;
/*14*/ CREATE FUNCTION short(language text, return int) RETURNS text LANGUAGE sql RETURN CASE WHEN language = 'x' THEN language ELSE 'y' END;
/*14*/ CREATE PROCEDURE empty() LANGUAGE sql BEGIN ATOMIC END; CREATE FUNCTION late() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT n FROM moods GROUP BY m; END;
-- operators
CREATE OPERATOR === (leftarg = int, rightarg = text, function = same, commutator = ===); CREATE OPERATOR === (leftarg = text, rightarg = int, function = same, commutator = ===);
CREATE OPERATOR !@# (rightarg = int, function = support_me); CREATE FUNCTION less(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE OPERATOR <@@ (leftarg = mood, rightarg = mood, function = less, restrict = scalarltsel, join = scalarltjoinsel);
CREATE OPERATOR FAMILY fam USING btree; CREATE FUNCTION cmp(mood, mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT enum_cmp($1, $2)';
CREATE OPERATOR CLASS cls FOR TYPE mood USING btree FAMILY fam AS OPERATOR 1 <@@, FUNCTION 1 cmp(mood, mood);
CREATE OPERATOR CLASS "own fam" FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);
CREATE OPERATOR =# (leftarg = mood, rightarg = mood, function = less);
CREATE OPERATOR CLASS dflt DEFAULT FOR TYPE mine USING hash AS OPERATOR 1 =# (mood, mood), FUNCTION 1 hashenum(anyenum);
ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 3 pg_catalog.=(int, bigint), FUNCTION 1 (int, bigint) btint48cmp(int, bigint);
ALTER OPERATOR === (int, text) OWNER TO :"owner"; ALTER OPERATOR CLASS cls USING btree OWNER TO :"owner"; ALTER OPERATOR FAMILY fam USING btree OWNER TO :"owner";
COMMENT ON OPERATOR === (int, text) IS 'x'; COMMENT ON OPERATOR !@# (NONE, int) IS 'x'; COMMENT ON OPERATOR CLASS cls USING btree IS 'x';
COMMENT ON OPERATOR FAMILY fam USING btree IS 'x';
-- the rest of what has no rows
CREATE COLLATION de (provider = libc, locale = 'C'); CREATE COLLATION nd (provider = icu, locale = 'und', deterministic = false); COMMENT ON COLLATION de IS 'x';
CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; CREATE DEFAULT CONVERSION conv2 FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1; COMMENT ON CONVERSION conv IS 'x';
CREATE TEXT SEARCH TEMPLATE tmpl (init = dsimple_init, lexize = dsimple_lexize); CREATE TEXT SEARCH PARSER pars (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, headline = prsd_headline, lextypes = prsd_lextype);
CREATE TEXT SEARCH DICTIONARY dict (template = simple, accept = false); CREATE TEXT SEARCH CONFIGURATION cfg (parser = pars);
ALTER TEXT SEARCH CONFIGURATION cfg ADD MAPPING FOR asciiword, word WITH dict, simple; COMMENT ON TEXT SEARCH CONFIGURATION cfg IS 'x'; COMMENT ON TEXT SEARCH DICTIONARY dict IS 'x';
COMMENT ON TEXT SEARCH TEMPLATE tmpl IS 'x'; COMMENT ON TEXT SEARCH PARSER pars IS 'x'; ALTER TEXT SEARCH CONFIGURATION cfg OWNER TO :"owner"; ALTER TEXT SEARCH DICTIONARY dict OWNER TO :"owner";
ALTER COLLATION de OWNER TO :"owner"; ALTER CONVERSION conv OWNER TO :"owner";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE ON SEQUENCES TO :"owner" WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT EXECUTE ON FUNCTIONS TO PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE ON TYPES TO PUBLIC;
-- relations
CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail email, m mood DEFAULT 'sad', p pair, name text COLLATE de, s span, no float8[] DEFAULT support_me(1),
    twice int GENERATED ALWAYS AS (1 + 1) STORED, CONSTRAINT ok CHECK (is_ok(m) OR id > 0), EXCLUDE USING gist (s WITH &&), UNIQUE (name, m));
CREATE TABLE event (at date NOT NULL, customer int REFERENCES customer ON DELETE CASCADE, body jsonb, PRIMARY KEY (at)) PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); CREATE TABLE event_rest PARTITION OF event DEFAULT;
CREATE INDEX event_customer ON event (customer); CREATE INDEX customer_ok ON customer (is_ok(m)) WHERE id > 7; 
CREATE STATISTICS st (dependencies) ON m, name FROM customer; ALTER STATISTICS st SET STATISTICS 7; COMMENT ON STATISTICS st IS 'x'; ALTER STATISTICS st OWNER TO :"owner";
/*14*/ CREATE STATISTICS ex ON (id + 1), m FROM customer;
CREATE UNLOGGED TABLE child (more serial, of_type pair) INHERITS (customer); CREATE TABLE typed OF pair (a WITH OPTIONS DEFAULT 3, PRIMARY KEY (a));
CREATE VIEW v WITH (security_barrier) AS SELECT c.*, c.id === c.name AS same FROM customer c; CREATE VIEW grouped AS SELECT id, name FROM customer GROUP BY id;
CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) AS n FROM customer GROUP BY m; CREATE UNIQUE INDEX mv_m ON mv (m); CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM mv WITH NO DATA;
CREATE VIEW circle AS SELECT 1 AS x; CREATE VIEW circle2 AS TABLE circle; CREATE OR REPLACE VIEW circle AS TABLE circle2;
CREATE RULE no_del AS ON DELETE TO event_2026 DO INSTEAD NOTHING; CREATE RULE twice AS ON INSERT TO v DO INSTEAD (INSERT INTO customer (mail) VALUES (new.mail); NOTIFY x);
CREATE TRIGGER aud AFTER INSERT ON customer FOR EACH ROW WHEN (NEW.id > 1) EXECUTE FUNCTION trig(); COMMENT ON TRIGGER aud ON customer IS 'x'; ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON child TO :"owner" USING (is_ok(m)); COMMENT ON POLICY mine ON child IS 'x'; CREATE SEQUENCE free AS smallint INCREMENT 3; SELECT nextval('free');
GRANT SELECT, INSERT (mail) ON customer TO PUBLIC; GRANT USAGE ON SEQUENCE free TO :"owner"; ALTER TABLE event OWNER TO :"owner"; ALTER VIEW v OWNER TO :"owner"; ALTER SEQUENCE free OWNER TO :"owner"; ALTER MATERIALIZED VIEW mv OWNER TO :"owner";
COMMENT ON TABLE customer IS 'x'; COMMENT ON COLUMN customer.mail IS 'x'; COMMENT ON INDEX customer_ok IS 'x'; COMMENT ON CONSTRAINT ok ON customer IS 'x'; COMMENT ON RULE no_del ON event_2026 IS 'x';
CREATE TABLE "_under; Schema: other" (t text); INSERT INTO "_under; Schema: other" VALUES ('CREATE SCHEMA x;' || chr(10) || '\.'), (NULL), (chr(9));
INSERT INTO customer (mail, m, p) VALUES ('a@example.test', 'sad', '(1,sad,x)'), ('b@example.test', '\.', NULL); INSERT INTO event VALUES ('2026-02-03', 1, '{}'), ('2020-01-01', 2, NULL);
RESET search_path;
