#!/usr/bin/python3
# SPDX-License-Identifier: PostgreSQL
"""The same as grammar.py for dumps of whole schemas: what the scanner accepts as a dump of all of the schema alice
must change nothing outside that schema."""

import sys

import grammar

WORLD = grammar.WORLD + """
CREATE TYPE victim.mood AS ENUM ('x'); CREATE DOMAIN victim.dom AS integer CHECK (VALUE > 0); CREATE TYPE victim.rng AS RANGE (subtype = float8);
CREATE FUNCTION victim.eq(victim.mood, victim.mood) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR victim.@= (LEFTARG = victim.mood, RIGHTARG = victim.mood, FUNCTION = victim.eq);
CREATE OPERATOR FAMILY victim.fam USING hash; CREATE COLLATION victim.col (provider = libc, locale = 'C');
CREATE TEXT SEARCH DICTIONARY victim.dict (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION victim.cfg (PARSER = "default");
CREATE TYPE alice.mood AS ENUM ('x'); CREATE DOMAIN alice.dom AS integer; CREATE FUNCTION alice.fn(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE alice.pr() LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION alice.eq(alice.mood, alice.mood) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR alice.@= (LEFTARG = alice.mood, RIGHTARG = alice.mood, FUNCTION = alice.eq); CREATE OPERATOR FAMILY alice.fam USING hash;
CREATE COLLATION alice.col (provider = libc, locale = 'C'); CREATE AGGREGATE alice.agg(integer) (SFUNC = int4pl, STYPE = integer);
CREATE OPERATOR CLASS alice.cls FOR TYPE alice.mood USING hash AS OPERATOR 1 alice.@=, FUNCTION 1 hashenum(anyenum);
CREATE TEXT SEARCH DICTIONARY alice.dict (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION alice.cfg (PARSER = "default");
CREATE CONVERSION alice.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
"""

BASES = grammar.BASES.replace("ALTER PUBLICATION pub ADD TABLE ONLY alice._t;\n", "") + """
ALTER SCHEMA alice OWNER TO bob;
COMMENT ON SCHEMA alice IS 'x';
GRANT USAGE ON SCHEMA alice TO bob WITH GRANT OPTION;
REVOKE ALL ON SCHEMA alice FROM bob;
CREATE TYPE alice.x AS ENUM ('a', 'b');
CREATE TYPE alice.x AS (id integer, name text COLLATE victim.col);
CREATE TYPE alice.x AS RANGE (subtype = double precision, multirange_type_name = alice.m, subtype_diff = float8mi);
CREATE TYPE alice.x;
ALTER TYPE alice.mood OWNER TO bob;
GRANT ALL ON TYPE alice.mood TO bob;
COMMENT ON TYPE alice.mood IS 'x';
CREATE DOMAIN alice.x AS numeric(3,2) DEFAULT 1 NOT NULL CONSTRAINT c CHECK ((VALUE > 0));
ALTER DOMAIN alice.dom ADD CONSTRAINT c CHECK ((VALUE > 0)) NOT VALID;
ALTER DOMAIN alice.dom OWNER TO bob;
COMMENT ON CONSTRAINT dom_check ON DOMAIN alice.dom IS 'x';
CREATE FUNCTION alice.x(a integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT SECURITY DEFINER COST 7 SET search_path TO 'alice' AS $$SELECT 1$$;
CREATE FUNCTION alice.x() RETURNS SETOF victim.t LANGUAGE plpgsql STABLE ROWS 7 PARALLEL SAFE AS $$BEGIN END$$;
CREATE FUNCTION alice.x(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC INSERT INTO victim.t VALUES (a, 'x'); SELECT CASE WHEN (a = 1) THEN CASE a WHEN 2 THEN 3 END END AS y FROM victim.t; END;
CREATE FUNCTION alice.x() RETURNS integer LANGUAGE sql RETURN victim.take();
CREATE FUNCTION alice.x() RETURNS TABLE(a integer, b text) LANGUAGE sql AS 'SELECT 1, NULL::text';
CREATE PROCEDURE alice.x(INOUT a integer) LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE alice.x() LANGUAGE sql BEGIN ATOMIC DELETE FROM victim.t; END;
ALTER FUNCTION alice.fn(integer) OWNER TO bob;
ALTER PROCEDURE alice.pr() OWNER TO bob;
COMMENT ON FUNCTION alice.fn(integer) IS 'x';
GRANT ALL ON FUNCTION alice.fn(integer) TO bob WITH GRANT OPTION;
REVOKE ALL ON PROCEDURE alice.pr() FROM PUBLIC;
CREATE AGGREGATE alice.x(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
ALTER AGGREGATE alice.agg(integer) OWNER TO bob;
COMMENT ON AGGREGATE alice.agg(integer) IS 'x';
CREATE OPERATOR alice.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(alice.===), NEGATOR = OPERATOR(alice.!==), MERGES, HASHES, RESTRICT = eqsel, JOIN = eqjoinsel);
ALTER OPERATOR alice.@= (alice.mood, alice.mood) OWNER TO bob;
COMMENT ON OPERATOR alice.@= (alice.mood, alice.mood) IS 'x';
CREATE OPERATOR FAMILY alice.x USING btree;
ALTER OPERATOR FAMILY alice.fam USING hash ADD OPERATOR 1 alice.@=(alice.mood,alice.mood) , FUNCTION 1 (alice.mood, alice.mood) hashenum(anyenum);
ALTER OPERATOR FAMILY alice.fam USING hash OWNER TO bob;
CREATE OPERATOR CLASS alice.x DEFAULT FOR TYPE alice.mood USING hash FAMILY alice.fam AS OPERATOR 1 alice.@=(alice.mood,alice.mood) , FUNCTION 1 (alice.mood, alice.mood) hashenum(anyenum);
CREATE OPERATOR CLASS alice.x FOR TYPE victim.mood USING hash AS OPERATOR 1 victim.@=(victim.mood,victim.mood) , FUNCTION 1 (victim.mood, victim.mood) hashenum(anyenum);
ALTER OPERATOR CLASS alice.cls USING hash OWNER TO bob;
COMMENT ON OPERATOR CLASS alice.cls USING hash IS 'x';
CREATE COLLATION alice.x (provider = libc, locale = 'C');
ALTER COLLATION alice.col OWNER TO bob;
CREATE DEFAULT CONVERSION alice.x FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER CONVERSION alice.conv OWNER TO bob;
CREATE TEXT SEARCH CONFIGURATION alice.x (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION alice.cfg ADD MAPPING FOR word WITH alice.dict, simple;
ALTER TEXT SEARCH CONFIGURATION alice.cfg OWNER TO bob;
CREATE TEXT SEARCH DICTIONARY alice.x (TEMPLATE = pg_catalog.simple, accept = 'false');
ALTER TEXT SEARCH DICTIONARY alice.dict OWNER TO bob;
COMMENT ON TEXT SEARCH DICTIONARY alice.dict IS 'x';
ALTER DEFAULT PRIVILEGES FOR ROLE bob IN SCHEMA alice GRANT SELECT,INSERT ON TABLES TO mallory;
ALTER DEFAULT PRIVILEGES FOR ROLE bob IN SCHEMA alice GRANT ALL ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE bob IN SCHEMA alice REVOKE GRANT OPTION FOR ALL ON TYPES FROM mallory;
"""

PIECES = grammar.PIECES + r"""
victim.@=
OPERATOR(victim.@=)
OPERATOR(pg_catalog.=)
COMMUTATOR = OPERATOR(victim.@=)
, COMMUTATOR = OPERATOR(victim.@@@)
, NEGATOR = OPERATOR(victim.@@@)
, "commutator" = OPERATOR(victim.@@@)
, multirange_type_name = victim.mr
, "multirange_type_name" = victim.mr
FAMILY victim.fam
DEFAULT FOR TYPE victim.mood
DEFAULT FOR TYPE point
DEFAULT
victim.fam
victim.dom
victim.mood
victim.cfg
victim.dict
victim.col
ON DOMAIN victim.dom
DOMAIN victim.dom
CLASS victim.x
FAMILY victim.x
IN SCHEMA alice, victim
IN SCHEMA victim
ON SCHEMAS
ON FUNCTION victim.take()
ON TYPE victim.mood
, victim.take()
, victim.mood
, victim
LANGUAGE c
LANGUAGE internal
LANGUAGE 'internal'
AS 'int4pl' LANGUAGE internal
begin
BEGIN ATOMIC
END
END;
; END; DELETE FROM victim.t; END
case
AS case
.case
.end
AS end
CASE WHEN true THEN 1 END
SELECT 1 case; END; DELETE FROM victim.t;
SELECT t.case FROM t; END; DELETE FROM victim.t;
RETURN victim.take()
SET search_path TO victim
SET role TO mallory
SET SCHEMA victim
SET SCHEMA 'victim'
RENAME TO victim2
RENAME VALUE 'x' TO 'y'
ADD VALUE 'z'
ADD ATTRIBUTE z integer
SECURITY INVOKER
SECURITY DEFINER
DEPENDS ON EXTENSION plpgsql
REFRESH VERSION
DROP MAPPING FOR word
FROM victim.col
VALIDATE CONSTRAINT c
AUTHORIZATION mallory
CREATE TABLE victim.z (i integer)
IF NOT EXISTS
OR REPLACE
"""

PICTURE = """SELECT jsonb_build_object(
 'rows', (SELECT jsonb_agg((t, t.xmin, t.ctid)::text) FROM ONLY victim.t t),
 'more rows', (SELECT count(*) FROM victim.t) + (SELECT count(*) FROM victim.p),
 'sequence', (SELECT concat(last_value, is_called) FROM victim.s),
 'schemas', (SELECT jsonb_agg((n.*)::text ORDER BY oid) FROM pg_namespace n WHERE nspname !~ '^pg_' AND nspname <> 'alice'),
 'relations', (SELECT md5(string_agg((c.oid, relname, relnamespace, reltype, reloftype, relowner, relam, relfilenode, relkind, relnatts,
    relhasrules, relrowsecurity, relforcerowsecurity, relreplident, relispartition, relacl, reloptions)::text, ',' ORDER BY c.oid)) FROM
    pg_class c WHERE relnamespace NOT IN ('alice'::regnamespace, 'pg_toast'::regnamespace)),
 'columns', (SELECT md5(string_agg((attrelid, attnum, attname, atttypid, attnotnull, atthasdef, attacl, attislocal, attinhcount)::text, ','
    ORDER BY attrelid, attnum)) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace NOT IN ('alice'::regnamespace,
    'pg_toast'::regnamespace)),
 'parts', (SELECT jsonb_agg(x::text ORDER BY x::text) FROM (
    SELECT 'k', conname, conrelid, contypid FROM pg_constraint WHERE connamespace <> 'alice'::regnamespace UNION ALL
    SELECT 't', tgname, tgrelid, 0 FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace <> 'alice'::regnamespace
    UNION ALL SELECT 'w', rulename, ev_class, 0 FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class WHERE relnamespace <> 'alice'::regnamespace
    UNION ALL SELECT 'p', polname, polrelid, 0 FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE relnamespace <> 'alice'::regnamespace
    UNION ALL SELECT 'i', '', inhparent, 0 FROM pg_inherits JOIN pg_class c ON c.oid = inhparent WHERE relnamespace <> 'alice'::regnamespace
    UNION ALL SELECT 'b', '', prrelid, 0 FROM pg_publication_rel
    UNION ALL SELECT 'e', '', stxrelid, 0 FROM pg_statistic_ext JOIN pg_class c ON c.oid = stxrelid WHERE stxnamespace <> 'alice'::regnamespace
        OR relnamespace <> 'alice'::regnamespace) x),
 'functions', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_proc p WHERE pronamespace <> 'alice'::regnamespace),
 'own code', (SELECT count(*) FROM pg_proc WHERE pronamespace = 'alice'::regnamespace AND prolang IN (SELECT oid FROM pg_language WHERE
    lanname IN ('c', 'internal')) AND proname !~ '^(m|x)$' AND prokind <> 'a'),
 'types', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_type p WHERE typnamespace NOT IN ('alice'::regnamespace, 'pg_toast'::regnamespace)),
 'operators', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_operator p WHERE oprnamespace <> 'alice'::regnamespace),
 'classes', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_opclass p WHERE opcnamespace <> 'alice'::regnamespace),
 'defaults of others', (SELECT count(*) FROM pg_opclass JOIN pg_type t ON t.oid = opcintype WHERE opcdefault AND typnamespace <> 'alice'::regnamespace),
 'families', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_opfamily p WHERE opfnamespace <> 'alice'::regnamespace),
 'members of families', (SELECT md5(string_agg((a.*)::text, ',' ORDER BY a.oid)) FROM pg_amop a JOIN pg_opfamily f ON f.oid = amopfamily WHERE
    opfnamespace <> 'alice'::regnamespace),
 'procs of families', (SELECT md5(string_agg((a.*)::text, ',' ORDER BY a.oid)) FROM pg_amproc a JOIN pg_opfamily f ON f.oid = amprocfamily WHERE
    opfnamespace <> 'alice'::regnamespace),
 'collations', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_collation p WHERE collnamespace <> 'alice'::regnamespace),
 'conversions', (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_conversion p WHERE connamespace <> 'alice'::regnamespace),
 'text search', (SELECT concat((SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_ts_config p WHERE cfgnamespace <> 'alice'::regnamespace),
    (SELECT md5(string_agg((p.*)::text, ',' ORDER BY oid)) FROM pg_ts_dict p WHERE dictnamespace <> 'alice'::regnamespace),
    (SELECT count(*) FROM pg_ts_config_map m JOIN pg_ts_config c ON c.oid = mapcfg WHERE cfgnamespace <> 'alice'::regnamespace),
    (SELECT count(*) FROM pg_ts_parser WHERE prsnamespace <> 'alice'::regnamespace), (SELECT count(*) FROM pg_ts_template WHERE tmplnamespace <>
    'alice'::regnamespace))),
 'comments', (SELECT md5(string_agg((d.*)::text, ',' ORDER BY objoid, classoid, objsubid)) FROM pg_description d WHERE classoid NOT IN
    ('pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass) AND objoid > 16384 AND
    objoid <> 'alice'::regnamespace AND (pg_identify_object(classoid, objoid, 0)).schema IS DISTINCT FROM 'alice'),
 'shared comments', (SELECT count(*) FROM pg_shdescription),
 'roles', (SELECT jsonb_agg((a.*)::text ORDER BY oid) FROM pg_authid a),
 'members', (SELECT jsonb_agg((a.*)::text) FROM pg_auth_members a),
 'settings', (SELECT jsonb_agg((a.*)::text) FROM pg_db_role_setting a),
 'default rights', (SELECT jsonb_agg((a.*)::text) FROM pg_default_acl a WHERE defaclnamespace <> 'alice'::regnamespace),
 'publications', (SELECT jsonb_agg((a.*)::text) FROM pg_publication a),
 'database', (SELECT jsonb_agg((datname, datacl, datdba)::text) FROM pg_database),
 'counts', (SELECT concat_ws(',', (SELECT count(*) FROM pg_cast JOIN pg_type t ON t.oid = castsource WHERE typnamespace <>
    'alice'::regnamespace), (SELECT count(*) FROM pg_language), (SELECT count(*) FROM pg_extension),
    (SELECT count(*) FROM pg_event_trigger), (SELECT count(*) FROM pg_foreign_server), (SELECT count(*) FROM pg_am), (SELECT count(*) FROM
    pg_transform), (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_tablespace))),
 'replication role', current_setting('session_replication_role'))"""

if __name__ == "__main__":
    sys.exit(grammar.main(BASES, PIECES, WORLD, PICTURE, ["whole"]))
