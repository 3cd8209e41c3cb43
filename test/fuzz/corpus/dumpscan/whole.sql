--
-- PostgreSQL database dump
--

\restrict 3D56QAphcjW9gnPg5f1ag0KM02gcQHlacUL2S3ZkNLVFeF7U9pgAuaIlGsjt7AB

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: every thing; Type: SCHEMA; Schema: -; Owner: own'er
--

CREATE SCHEMA "every thing";


ALTER SCHEMA "every thing" OWNER TO "own'er";

--
-- Name: SCHEMA "every thing"; Type: COMMENT; Schema: -; Owner: own'er
--

COMMENT ON SCHEMA "every thing" IS 'it''s; COMMENT ON SCHEMA';


--
-- Name: de; Type: COLLATION; Schema: every thing; Owner: own'er
--

CREATE COLLATION "every thing".de (provider = libc, locale = 'C');


ALTER COLLATION "every thing".de OWNER TO "own'er";

--
-- Name: COLLATION de; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON COLLATION "every thing".de IS 'x';


--
-- Name: nd; Type: COLLATION; Schema: every thing; Owner: postgres
--

CREATE COLLATION "every thing".nd (provider = icu, deterministic = false, locale = 'und');


ALTER COLLATION "every thing".nd OWNER TO postgres;

--
-- Name: Empty; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing"."Empty" AS ENUM (
);


ALTER TYPE "every thing"."Empty" OWNER TO postgres;

--
-- Name: email; Type: DOMAIN; Schema: every thing; Owner: own'er
--

CREATE DOMAIN "every thing".email AS character varying(99) COLLATE pg_catalog."C" NOT NULL DEFAULT 'a@b'::character varying
	CONSTRAINT has_at CHECK ((((VALUE)::text ~ '@'::text) OR ((VALUE)::text = '; '''::text)));


ALTER DOMAIN "every thing".email OWNER TO "own'er";

--
-- Name: DOMAIN email; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON DOMAIN "every thing".email IS 'x';


--
-- Name: CONSTRAINT has_at ON DOMAIN email; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON CONSTRAINT has_at ON DOMAIN "every thing".email IS 'x';


--
-- Name: later; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing".later;


ALTER TYPE "every thing".later OWNER TO postgres;

--
-- Name: mood; Type: TYPE; Schema: every thing; Owner: own'er
--

CREATE TYPE "every thing".mood AS ENUM (
    'sad',
    'it''s; ok',
    '\.'
);


ALTER TYPE "every thing".mood OWNER TO "own'er";

--
-- Name: TYPE mood; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON TYPE "every thing".mood IS 'x';


--
-- Name: mine; Type: DOMAIN; Schema: every thing; Owner: postgres
--

CREATE DOMAIN "every thing".mine AS "every thing".mood;


ALTER DOMAIN "every thing".mine OWNER TO postgres;

--
-- Name: nothing; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing".nothing AS (
);


ALTER TYPE "every thing".nothing OWNER TO postgres;

--
-- Name: pair; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing".pair AS (
	a integer,
	"B c" "every thing".mood,
	t text COLLATE pg_catalog."C"
);


ALTER TYPE "every thing".pair OWNER TO postgres;

--
-- Name: COLUMN pair."B c"; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON COLUMN "every thing".pair."B c" IS 'x';


--
-- Name: diff(double precision, double precision); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".diff(double precision, double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    AS $_$SELECT $1 - $2$_$;


ALTER FUNCTION "every thing".diff(double precision, double precision) OWNER TO postgres;

--
-- Name: span; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing".span AS RANGE (
    subtype = double precision,
    multirange_type_name = "every thing".span_multirange,
    subtype_diff = "every thing".diff
);


ALTER TYPE "every thing".span OWNER TO postgres;

--
-- Name: table; Type: TYPE; Schema: every thing; Owner: postgres
--

CREATE TYPE "every thing"."table" AS (
	x integer[]
);


ALTER TYPE "every thing"."table" OWNER TO postgres;

--
-- Name: begin'(); Type: PROCEDURE; Schema: every thing; Owner: postgres
--

CREATE PROCEDURE "every thing"."begin'"()
    LANGUAGE sql
    AS $$$$;


ALTER PROCEDURE "every thing"."begin'"() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: moods; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing".moods (
    m "every thing".mood NOT NULL,
    begin integer,
    n integer,
    at timestamp with time zone
);


ALTER TABLE "every thing".moods OWNER TO postgres;

--
-- Name: body(integer, "every thing".mood); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".body(a integer, b "every thing".mood) RETURNS text
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (body.a > 1) THEN 'end; case'::text
             ELSE
             CASE body.b
                 WHEN 'sad'::"every thing".mood THEN 'x'::text
                 ELSE NULL::text
             END
         END AS "end",
     distinct_.n
    FROM "every thing".moods distinct_;
 INSERT INTO "every thing".moods (m, n)
   VALUES (
         CASE body.a
             WHEN 1 THEN 'sad'::"every thing".mood
             ELSE NULL::"every thing".mood
         END, 2) ON CONFLICT(m) DO UPDATE SET n =
         CASE
             WHEN (moods.n > 1) THEN 1
             ELSE excluded.n
         END;
 UPDATE "every thing".moods SET n = (moods.n +
         CASE
             WHEN true THEN 1
             ELSE NULL::integer
         END)
   WHERE
         CASE
             WHEN (moods.n > 1) THEN true
             ELSE NULL::boolean
         END
   RETURNING moods.n;
 DELETE FROM "every thing".moods
   WHERE (moods.n = 1);
 SELECT DISTINCT ON (moods.n)
         CASE
             WHEN (moods.n > 1) THEN 'x'::text
             ELSE NULL::text
         END AS "case"
    FROM "every thing".moods
   ORDER BY moods.n,
         CASE
             WHEN true THEN 1
             ELSE NULL::integer
         END;
 SELECT (b)::text AS b;
END;


ALTER FUNCTION "every thing".body(a integer, b "every thing".mood) OWNER TO postgres;

--
-- Name: cmp("every thing".mood, "every thing".mood); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".cmp("every thing".mood, "every thing".mood) RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $_$SELECT enum_cmp($1, $2)$_$;


ALTER FUNCTION "every thing".cmp("every thing".mood, "every thing".mood) OWNER TO postgres;

--
-- Name: empty(); Type: PROCEDURE; Schema: every thing; Owner: postgres
--

CREATE PROCEDURE "every thing".empty()
    LANGUAGE sql
    BEGIN ATOMIC
END;


ALTER PROCEDURE "every thing".empty() OWNER TO postgres;

--
-- Name: is_ok("every thing".mood); Type: FUNCTION; Schema: every thing; Owner: own'er
--

CREATE FUNCTION "every thing".is_ok(m "every thing".mood) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT m::text = 'ok' $$;


ALTER FUNCTION "every thing".is_ok(m "every thing".mood) OWNER TO "own'er";

--
-- Name: FUNCTION is_ok(m "every thing".mood); Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON FUNCTION "every thing".is_ok(m "every thing".mood) IS 'x';


--
-- Name: less("every thing".mood, "every thing".mood); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".less("every thing".mood, "every thing".mood) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$SELECT $1 < $2$_$;


ALTER FUNCTION "every thing".less("every thing".mood, "every thing".mood) OWNER TO postgres;

--
-- Name: many(); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".many() RETURNS SETOF "every thing".pair
    LANGUAGE plpgsql STABLE LEAKPROOF ROWS 12 PARALLEL RESTRICTED
    AS $$ BEGIN
    RETURN QUERY SELECT 1, 'sad'::mood, '\'; END; $$;


ALTER FUNCTION "every thing".many() OWNER TO postgres;

--
-- Name: odd "f;(integer, "every thing".mood[]); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing"."odd ""f;"(a integer DEFAULT 1, VARIADIC b "every thing".mood[] DEFAULT '{}'::"every thing".mood[], OUT c text, OUT d integer) RETURNS record
    LANGUAGE sql STRICT SECURITY DEFINER COST 7
    SET search_path TO 'pg_catalog', 'a; b'
    SET work_mem TO '8MB'
    SET "my.own" TO 'x'
    AS $_X$ SELECT '$_$;', NULL::int $_X$;


ALTER FUNCTION "every thing"."odd ""f;"(a integer, VARIADIC b "every thing".mood[], OUT c text, OUT d integer) OWNER TO postgres;

--
-- Name: same(integer, text); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".same(integer, text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$SELECT $1::text = $2$_$;


ALTER FUNCTION "every thing".same(integer, text) OWNER TO postgres;

--
-- Name: same(text, integer); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".same(text, integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$SELECT $2::text = $1$_$;


ALTER FUNCTION "every thing".same(text, integer) OWNER TO postgres;

--
-- Name: short(text, integer); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".short(language text, return integer) RETURNS text
    LANGUAGE sql
    RETURN CASE WHEN (language = 'x'::text) THEN language ELSE 'y'::text END;


ALTER FUNCTION "every thing".short(language text, return integer) OWNER TO postgres;

--
-- Name: support_me(integer); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".support_me(integer) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE
    AS $$SELECT '{}'::float8[]$$;


ALTER FUNCTION "every thing".support_me(integer) OWNER TO postgres;

--
-- Name: tab(timestamp without time zone); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".tab(x timestamp without time zone) RETURNS TABLE(n numeric, "time" interval)
    LANGUAGE sql
    AS $$SELECT 1, NULL::interval$$;


ALTER FUNCTION "every thing".tab(x timestamp without time zone) OWNER TO postgres;

--
-- Name: tidy(integer); Type: PROCEDURE; Schema: every thing; Owner: own'er
--

CREATE PROCEDURE "every thing".tidy(INOUT x integer)
    LANGUAGE sql
    AS $$SELECT 1$$;


ALTER PROCEDURE "every thing".tidy(INOUT x integer) OWNER TO "own'er";

--
-- Name: PROCEDURE tidy(INOUT x integer); Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON PROCEDURE "every thing".tidy(INOUT x integer) IS 'x';


--
-- Name: trig(); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".trig() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RETURN NEW; END$$;


ALTER FUNCTION "every thing".trig() OWNER TO postgres;

--
-- Name: n;(*); Type: AGGREGATE; Schema: every thing; Owner: postgres
--

CREATE AGGREGATE "every thing"."n;"(*) (
    SFUNC = int8inc,
    STYPE = bigint,
    INITCOND = '0'
);


ALTER AGGREGATE "every thing"."n;"(*) OWNER TO postgres;

--
-- Name: AGGREGATE "n;"(*); Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON AGGREGATE "every thing"."n;"(*) IS 'x';


--
-- Name: pct(double precision, anyelement); Type: AGGREGATE; Schema: every thing; Owner: postgres
--

CREATE AGGREGATE "every thing".pct(double precision ORDER BY anyelement) (
    SFUNC = ordered_set_transition,
    STYPE = internal,
    FINALFUNC = percentile_disc_final,
    FINALFUNC_EXTRA
);


ALTER AGGREGATE "every thing".pct(double precision ORDER BY anyelement) OWNER TO postgres;

--
-- Name: total(integer); Type: AGGREGATE; Schema: every thing; Owner: own'er
--

CREATE AGGREGATE "every thing".total(integer) (
    SFUNC = int4pl,
    STYPE = integer,
    INITCOND = '0'
);


ALTER AGGREGATE "every thing".total(integer) OWNER TO "own'er";

--
-- Name: AGGREGATE total(integer); Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON AGGREGATE "every thing".total(integer) IS 'x';


--
-- Name: !@#; Type: OPERATOR; Schema: every thing; Owner: postgres
--

CREATE OPERATOR "every thing".!@# (
    FUNCTION = "every thing".support_me,
    RIGHTARG = integer
);


ALTER OPERATOR "every thing".!@# (NONE, integer) OWNER TO postgres;

--
-- Name: OPERATOR !@# (NONE, integer); Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON OPERATOR "every thing".!@# (NONE, integer) IS 'x';


--
-- Name: <@@; Type: OPERATOR; Schema: every thing; Owner: postgres
--

CREATE OPERATOR "every thing".<@@ (
    FUNCTION = "every thing".less,
    LEFTARG = "every thing".mood,
    RIGHTARG = "every thing".mood,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);


ALTER OPERATOR "every thing".<@@ ("every thing".mood, "every thing".mood) OWNER TO postgres;

--
-- Name: =#; Type: OPERATOR; Schema: every thing; Owner: postgres
--

CREATE OPERATOR "every thing".=# (
    FUNCTION = "every thing".less,
    LEFTARG = "every thing".mood,
    RIGHTARG = "every thing".mood
);


ALTER OPERATOR "every thing".=# ("every thing".mood, "every thing".mood) OWNER TO postgres;

--
-- Name: ===; Type: OPERATOR; Schema: every thing; Owner: own'er
--

CREATE OPERATOR "every thing".=== (
    FUNCTION = "every thing".same,
    LEFTARG = integer,
    RIGHTARG = text,
    COMMUTATOR = OPERATOR("every thing".===)
);


ALTER OPERATOR "every thing".=== (integer, text) OWNER TO "own'er";

--
-- Name: OPERATOR === (integer, text); Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON OPERATOR "every thing".=== (integer, text) IS 'x';


--
-- Name: ===; Type: OPERATOR; Schema: every thing; Owner: postgres
--

CREATE OPERATOR "every thing".=== (
    FUNCTION = "every thing".same,
    LEFTARG = text,
    RIGHTARG = integer,
    COMMUTATOR = OPERATOR("every thing".===)
);


ALTER OPERATOR "every thing".=== (text, integer) OWNER TO postgres;

--
-- Name: fam; Type: OPERATOR FAMILY; Schema: every thing; Owner: own'er
--

CREATE OPERATOR FAMILY "every thing".fam USING btree;
ALTER OPERATOR FAMILY "every thing".fam USING btree ADD
    OPERATOR 3 =(integer,bigint) ,
    FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint);


ALTER OPERATOR FAMILY "every thing".fam USING btree OWNER TO "own'er";

--
-- Name: OPERATOR FAMILY fam USING btree; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON OPERATOR FAMILY "every thing".fam USING btree IS 'x';


--
-- Name: cls; Type: OPERATOR CLASS; Schema: every thing; Owner: own'er
--

CREATE OPERATOR CLASS "every thing".cls
    FOR TYPE "every thing".mood USING btree FAMILY "every thing".fam AS
    OPERATOR 1 "every thing".<@@("every thing".mood,"every thing".mood) ,
    FUNCTION 1 ("every thing".mood, "every thing".mood) "every thing".cmp("every thing".mood,"every thing".mood);


ALTER OPERATOR CLASS "every thing".cls USING btree OWNER TO "own'er";

--
-- Name: OPERATOR CLASS cls USING btree; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON OPERATOR CLASS "every thing".cls USING btree IS 'x';


--
-- Name: dflt; Type: OPERATOR FAMILY; Schema: every thing; Owner: postgres
--

CREATE OPERATOR FAMILY "every thing".dflt USING hash;
ALTER OPERATOR FAMILY "every thing".dflt USING hash ADD
    OPERATOR 1 "every thing".=#("every thing".mood,"every thing".mood) ,
    FUNCTION 1 (anyenum, anyenum) hashenum(anyenum);


ALTER OPERATOR FAMILY "every thing".dflt USING hash OWNER TO postgres;

--
-- Name: dflt; Type: OPERATOR CLASS; Schema: every thing; Owner: postgres
--

CREATE OPERATOR CLASS "every thing".dflt
    DEFAULT FOR TYPE "every thing".mine USING hash FAMILY "every thing".dflt AS
    STORAGE "every thing".mine;


ALTER OPERATOR CLASS "every thing".dflt USING hash OWNER TO postgres;

--
-- Name: own fam; Type: OPERATOR FAMILY; Schema: every thing; Owner: postgres
--

CREATE OPERATOR FAMILY "every thing"."own fam" USING hash;


ALTER OPERATOR FAMILY "every thing"."own fam" USING hash OWNER TO postgres;

--
-- Name: own fam; Type: OPERATOR CLASS; Schema: every thing; Owner: postgres
--

CREATE OPERATOR CLASS "every thing"."own fam"
    FOR TYPE integer USING hash FAMILY "every thing"."own fam" AS
    OPERATOR 1 =(integer,integer) ,
    FUNCTION 1 (integer, integer) hashint4(integer);


ALTER OPERATOR CLASS "every thing"."own fam" USING hash OWNER TO postgres;

--
-- Name: conv; Type: CONVERSION; Schema: every thing; Owner: own'er
--

CREATE CONVERSION "every thing".conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;


ALTER CONVERSION "every thing".conv OWNER TO "own'er";

--
-- Name: CONVERSION conv; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON CONVERSION "every thing".conv IS 'x';


--
-- Name: conv2; Type: CONVERSION; Schema: every thing; Owner: postgres
--

CREATE DEFAULT CONVERSION "every thing".conv2 FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;


ALTER CONVERSION "every thing".conv2 OWNER TO postgres;

--
-- Name: pars; Type: TEXT SEARCH PARSER; Schema: every thing; Owner: -
--

CREATE TEXT SEARCH PARSER "every thing".pars (
    START = prsd_start,
    GETTOKEN = prsd_nexttoken,
    END = prsd_end,
    HEADLINE = prsd_headline,
    LEXTYPES = prsd_lextype );


--
-- Name: TEXT SEARCH PARSER pars; Type: COMMENT; Schema: every thing; Owner: 
--

COMMENT ON TEXT SEARCH PARSER "every thing".pars IS 'x';


--
-- Name: tmpl; Type: TEXT SEARCH TEMPLATE; Schema: every thing; Owner: -
--

CREATE TEXT SEARCH TEMPLATE "every thing".tmpl (
    INIT = dsimple_init,
    LEXIZE = dsimple_lexize );


--
-- Name: TEXT SEARCH TEMPLATE tmpl; Type: COMMENT; Schema: every thing; Owner: 
--

COMMENT ON TEXT SEARCH TEMPLATE "every thing".tmpl IS 'x';


--
-- Name: dict; Type: TEXT SEARCH DICTIONARY; Schema: every thing; Owner: own'er
--

CREATE TEXT SEARCH DICTIONARY "every thing".dict (
    TEMPLATE = pg_catalog.simple,
    accept = 'false' );


ALTER TEXT SEARCH DICTIONARY "every thing".dict OWNER TO "own'er";

--
-- Name: TEXT SEARCH DICTIONARY dict; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON TEXT SEARCH DICTIONARY "every thing".dict IS 'x';


--
-- Name: cfg; Type: TEXT SEARCH CONFIGURATION; Schema: every thing; Owner: own'er
--

CREATE TEXT SEARCH CONFIGURATION "every thing".cfg (
    PARSER = "every thing".pars );

ALTER TEXT SEARCH CONFIGURATION "every thing".cfg
    ADD MAPPING FOR asciiword WITH "every thing".dict, simple;

ALTER TEXT SEARCH CONFIGURATION "every thing".cfg
    ADD MAPPING FOR word WITH "every thing".dict, simple;


ALTER TEXT SEARCH CONFIGURATION "every thing".cfg OWNER TO "own'er";

--
-- Name: TEXT SEARCH CONFIGURATION cfg; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON TEXT SEARCH CONFIGURATION "every thing".cfg IS 'x';


--
-- Name: _under; Schema: other; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing"."_under; Schema: other" (
    t text
);


ALTER TABLE "every thing"."_under; Schema: other" OWNER TO postgres;

--
-- Name: customer; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing".customer (
    id integer NOT NULL,
    mail "every thing".email,
    m "every thing".mood DEFAULT 'sad'::"every thing".mood,
    p "every thing".pair,
    name text COLLATE "every thing".de,
    s "every thing".span,
    no double precision[] DEFAULT "every thing".support_me(1),
    twice integer GENERATED ALWAYS AS ((1 + 1)) STORED,
    CONSTRAINT ok CHECK (("every thing".is_ok(m) OR (id > 0)))
);


ALTER TABLE "every thing".customer OWNER TO postgres;

--
-- Name: TABLE customer; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON TABLE "every thing".customer IS 'x';


--
-- Name: COLUMN customer.mail; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON COLUMN "every thing".customer.mail IS 'x';


--
-- Name: CONSTRAINT ok ON customer; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON CONSTRAINT ok ON "every thing".customer IS 'x';


--
-- Name: child; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE UNLOGGED TABLE "every thing".child (
    more integer NOT NULL,
    of_type "every thing".pair
)
INHERITS ("every thing".customer);


ALTER TABLE "every thing".child OWNER TO postgres;

--
-- Name: child_more_seq; Type: SEQUENCE; Schema: every thing; Owner: postgres
--

CREATE UNLOGGED SEQUENCE "every thing".child_more_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE "every thing".child_more_seq OWNER TO postgres;

--
-- Name: child_more_seq; Type: SEQUENCE OWNED BY; Schema: every thing; Owner: postgres
--

ALTER SEQUENCE "every thing".child_more_seq OWNED BY "every thing".child.more;


--
-- Name: circle; Type: VIEW; Schema: every thing; Owner: postgres
--

CREATE VIEW "every thing".circle AS
SELECT
    NULL::integer AS x;


ALTER TABLE "every thing".circle OWNER TO postgres;

--
-- Name: circle2; Type: VIEW; Schema: every thing; Owner: postgres
--

CREATE VIEW "every thing".circle2 AS
 SELECT circle.x
   FROM "every thing".circle;


ALTER TABLE "every thing".circle2 OWNER TO postgres;

--
-- Name: customer_id_seq; Type: SEQUENCE; Schema: every thing; Owner: postgres
--

ALTER TABLE "every thing".customer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "every thing".customer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: event; Type: TABLE; Schema: every thing; Owner: own'er
--

CREATE TABLE "every thing".event (
    at date NOT NULL,
    customer integer,
    body jsonb
)
PARTITION BY RANGE (at);


ALTER TABLE "every thing".event OWNER TO "own'er";

--
-- Name: event_2026; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing".event_2026 (
    at date NOT NULL,
    customer integer,
    body jsonb
);


ALTER TABLE "every thing".event_2026 OWNER TO postgres;

--
-- Name: event_rest; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing".event_rest (
    at date NOT NULL,
    customer integer,
    body jsonb
);


ALTER TABLE "every thing".event_rest OWNER TO postgres;

--
-- Name: free; Type: SEQUENCE; Schema: every thing; Owner: own'er
--

CREATE SEQUENCE "every thing".free
    AS smallint
    START WITH 1
    INCREMENT BY 3
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE "every thing".free OWNER TO "own'er";

--
-- Name: grouped; Type: VIEW; Schema: every thing; Owner: postgres
--

CREATE VIEW "every thing".grouped AS
SELECT
    NULL::integer AS id,
    NULL::text COLLATE "every thing".de AS name;


ALTER TABLE "every thing".grouped OWNER TO postgres;

--
-- Name: mv; Type: MATERIALIZED VIEW; Schema: every thing; Owner: own'er
--

CREATE MATERIALIZED VIEW "every thing".mv AS
 SELECT customer.m,
    count(*) AS n
   FROM "every thing".customer
  GROUP BY customer.m
  WITH NO DATA;


ALTER TABLE "every thing".mv OWNER TO "own'er";

--
-- Name: mv2; Type: MATERIALIZED VIEW; Schema: every thing; Owner: postgres
--

CREATE MATERIALIZED VIEW "every thing".mv2 AS
 SELECT mv.m,
    mv.n
   FROM "every thing".mv
  WITH NO DATA;


ALTER TABLE "every thing".mv2 OWNER TO postgres;

--
-- Name: typed; Type: TABLE; Schema: every thing; Owner: postgres
--

CREATE TABLE "every thing".typed OF "every thing".pair (
    a DEFAULT 3 NOT NULL
);


ALTER TABLE "every thing".typed OWNER TO postgres;

--
-- Name: v; Type: VIEW; Schema: every thing; Owner: own'er
--

CREATE VIEW "every thing".v WITH (security_barrier='true') AS
 SELECT c.id,
    c.mail,
    c.m,
    c.p,
    c.name,
    c.s,
    c.no,
    c.twice,
    (c.id OPERATOR("every thing".===) c.name) AS same
   FROM "every thing".customer c;


ALTER TABLE "every thing".v OWNER TO "own'er";

--
-- Name: event_2026; Type: TABLE ATTACH; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".event ATTACH PARTITION "every thing".event_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');


--
-- Name: event_rest; Type: TABLE ATTACH; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".event ATTACH PARTITION "every thing".event_rest DEFAULT;


--
-- Name: child m; Type: DEFAULT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".child ALTER COLUMN m SET DEFAULT 'sad'::"every thing".mood;


--
-- Name: child no; Type: DEFAULT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".child ALTER COLUMN no SET DEFAULT "every thing".support_me(1);


--
-- Name: child more; Type: DEFAULT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".child ALTER COLUMN more SET DEFAULT nextval('"every thing".child_more_seq'::regclass);


--
-- Data for Name: _under; Schema: other; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing"."_under; Schema: other" (t) FROM stdin;
CREATE SCHEMA x;\n\\.
\N
\t
\.


--
-- Data for Name: child; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".child (id, mail, m, p, name, s, no, more, of_type) FROM stdin;
\.


--
-- Data for Name: customer; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".customer (id, mail, m, p, name, s, no) FROM stdin;
1	a@example.test	sad	(1,sad,x)	\N	\N	{}
2	b@example.test	\\.	\N	\N	\N	{}
\.


--
-- Data for Name: event_2026; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".event_2026 (at, customer, body) FROM stdin;
2026-02-03	1	{}
\.


--
-- Data for Name: event_rest; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".event_rest (at, customer, body) FROM stdin;
2020-01-01	2	\N
\.


--
-- Data for Name: moods; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".moods (m, begin, n, at) FROM stdin;
\.


--
-- Data for Name: typed; Type: TABLE DATA; Schema: every thing; Owner: postgres
--

COPY "every thing".typed (a, "B c", t) FROM stdin;
\.


--
-- Name: child_more_seq; Type: SEQUENCE SET; Schema: every thing; Owner: postgres
--

SELECT pg_catalog.setval('"every thing".child_more_seq', 1, false);


--
-- Name: customer_id_seq; Type: SEQUENCE SET; Schema: every thing; Owner: postgres
--

SELECT pg_catalog.setval('"every thing".customer_id_seq', 2, true);


--
-- Name: free; Type: SEQUENCE SET; Schema: every thing; Owner: own'er
--

SELECT pg_catalog.setval('"every thing".free', 1, true);


--
-- Name: moods moods_pkey; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".moods
    ADD CONSTRAINT moods_pkey PRIMARY KEY (m);


--
-- Name: late(); Type: FUNCTION; Schema: every thing; Owner: postgres
--

CREATE FUNCTION "every thing".late() RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT moods.n
    FROM "every thing".moods
   GROUP BY moods.m;
END;


ALTER FUNCTION "every thing".late() OWNER TO postgres;

--
-- Name: customer customer_name_m_key; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".customer
    ADD CONSTRAINT customer_name_m_key UNIQUE (name, m);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (id);


--
-- Name: customer customer_s_excl; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".customer
    ADD CONSTRAINT customer_s_excl EXCLUDE USING gist (s WITH &&);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: every thing; Owner: own'er
--

ALTER TABLE ONLY "every thing".event
    ADD CONSTRAINT event_pkey PRIMARY KEY (at);


--
-- Name: event_2026 event_2026_pkey; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".event_2026
    ADD CONSTRAINT event_2026_pkey PRIMARY KEY (at);


--
-- Name: event_rest event_rest_pkey; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".event_rest
    ADD CONSTRAINT event_rest_pkey PRIMARY KEY (at);


--
-- Name: email later; Type: CHECK CONSTRAINT; Schema: every thing; Owner: own'er
--

ALTER DOMAIN "every thing".email
    ADD CONSTRAINT later CHECK ((length((VALUE)::text) > 2)) NOT VALID;


--
-- Name: typed typed_pkey; Type: CONSTRAINT; Schema: every thing; Owner: postgres
--

ALTER TABLE ONLY "every thing".typed
    ADD CONSTRAINT typed_pkey PRIMARY KEY (a);


--
-- Name: customer_ok; Type: INDEX; Schema: every thing; Owner: postgres
--

CREATE INDEX customer_ok ON "every thing".customer USING btree ("every thing".is_ok(m)) WHERE (id > 7);


--
-- Name: INDEX customer_ok; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON INDEX "every thing".customer_ok IS 'x';


--
-- Name: event_customer; Type: INDEX; Schema: every thing; Owner: own'er
--

CREATE INDEX event_customer ON ONLY "every thing".event USING btree (customer);


--
-- Name: event_2026_customer_idx; Type: INDEX; Schema: every thing; Owner: postgres
--

CREATE INDEX event_2026_customer_idx ON "every thing".event_2026 USING btree (customer);


--
-- Name: event_rest_customer_idx; Type: INDEX; Schema: every thing; Owner: postgres
--

CREATE INDEX event_rest_customer_idx ON "every thing".event_rest USING btree (customer);


--
-- Name: mv_m; Type: INDEX; Schema: every thing; Owner: own'er
--

CREATE UNIQUE INDEX mv_m ON "every thing".mv USING btree (m);


--
-- Name: event_2026_customer_idx; Type: INDEX ATTACH; Schema: every thing; Owner: own'er
--

ALTER INDEX "every thing".event_customer ATTACH PARTITION "every thing".event_2026_customer_idx;


--
-- Name: event_2026_pkey; Type: INDEX ATTACH; Schema: every thing; Owner: own'er
--

ALTER INDEX "every thing".event_pkey ATTACH PARTITION "every thing".event_2026_pkey;


--
-- Name: event_rest_customer_idx; Type: INDEX ATTACH; Schema: every thing; Owner: own'er
--

ALTER INDEX "every thing".event_customer ATTACH PARTITION "every thing".event_rest_customer_idx;


--
-- Name: event_rest_pkey; Type: INDEX ATTACH; Schema: every thing; Owner: own'er
--

ALTER INDEX "every thing".event_pkey ATTACH PARTITION "every thing".event_rest_pkey;


--
-- Name: ex; Type: STATISTICS; Schema: every thing; Owner: postgres
--

CREATE STATISTICS "every thing".ex ON m, (id + 1) FROM "every thing".customer;


ALTER STATISTICS "every thing".ex OWNER TO postgres;

--
-- Name: st; Type: STATISTICS; Schema: every thing; Owner: own'er
--

CREATE STATISTICS "every thing".st (dependencies) ON m, name FROM "every thing".customer;
ALTER STATISTICS "every thing".st SET STATISTICS 7;


ALTER STATISTICS "every thing".st OWNER TO "own'er";

--
-- Name: STATISTICS st; Type: COMMENT; Schema: every thing; Owner: own'er
--

COMMENT ON STATISTICS "every thing".st IS 'x';


--
-- Name: circle _RETURN; Type: RULE; Schema: every thing; Owner: postgres
--

CREATE OR REPLACE VIEW "every thing".circle AS
 SELECT circle2.x
   FROM "every thing".circle2;


--
-- Name: grouped _RETURN; Type: RULE; Schema: every thing; Owner: postgres
--

CREATE OR REPLACE VIEW "every thing".grouped AS
 SELECT customer.id,
    customer.name
   FROM "every thing".customer
  GROUP BY customer.id;


--
-- Name: event_2026 no_del; Type: RULE; Schema: every thing; Owner: postgres
--

CREATE RULE no_del AS
    ON DELETE TO "every thing".event_2026 DO INSTEAD NOTHING;


--
-- Name: RULE no_del ON event_2026; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON RULE no_del ON "every thing".event_2026 IS 'x';


--
-- Name: v twice; Type: RULE; Schema: every thing; Owner: own'er
--

CREATE RULE twice AS
    ON INSERT TO "every thing".v DO INSTEAD ( INSERT INTO "every thing".customer (mail)
  VALUES (new.mail);

 NOTIFY x;
);


--
-- Name: customer aud; Type: TRIGGER; Schema: every thing; Owner: postgres
--

CREATE TRIGGER aud AFTER INSERT ON "every thing".customer FOR EACH ROW WHEN ((new.id > 1)) EXECUTE FUNCTION "every thing".trig();


--
-- Name: TRIGGER aud ON customer; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON TRIGGER aud ON "every thing".customer IS 'x';


--
-- Name: event event_customer_fkey; Type: FK CONSTRAINT; Schema: every thing; Owner: own'er
--

ALTER TABLE "every thing".event
    ADD CONSTRAINT event_customer_fkey FOREIGN KEY (customer) REFERENCES "every thing".customer(id) ON DELETE CASCADE;


--
-- Name: child; Type: ROW SECURITY; Schema: every thing; Owner: postgres
--

ALTER TABLE "every thing".child ENABLE ROW LEVEL SECURITY;

--
-- Name: child mine; Type: POLICY; Schema: every thing; Owner: postgres
--

CREATE POLICY mine ON "every thing".child TO "own'er" USING ("every thing".is_ok(m));


--
-- Name: POLICY mine ON child; Type: COMMENT; Schema: every thing; Owner: postgres
--

COMMENT ON POLICY mine ON "every thing".child IS 'x';


--
-- Name: SCHEMA "every thing"; Type: ACL; Schema: -; Owner: own'er
--

REVOKE ALL ON SCHEMA "every thing" FROM "own'er";
GRANT USAGE ON SCHEMA "every thing" TO "own'er";
GRANT CREATE ON SCHEMA "every thing" TO "own'er" WITH GRANT OPTION;
GRANT USAGE ON SCHEMA "every thing" TO PUBLIC;


--
-- Name: TYPE email; Type: ACL; Schema: every thing; Owner: own'er
--

REVOKE ALL ON TYPE "every thing".email FROM PUBLIC;


--
-- Name: TYPE pair; Type: ACL; Schema: every thing; Owner: postgres
--

REVOKE ALL ON TYPE "every thing".pair FROM PUBLIC;


--
-- Name: FUNCTION is_ok(m "every thing".mood); Type: ACL; Schema: every thing; Owner: own'er
--

REVOKE ALL ON FUNCTION "every thing".is_ok(m "every thing".mood) FROM PUBLIC;


--
-- Name: FUNCTION "odd ""f;"(a integer, VARIADIC b "every thing".mood[], OUT c text, OUT d integer); Type: ACL; Schema: every thing; Owner: postgres
--

REVOKE ALL ON FUNCTION "every thing"."odd ""f;"(a integer, VARIADIC b "every thing".mood[], OUT c text, OUT d integer) FROM PUBLIC;


--
-- Name: PROCEDURE tidy(INOUT x integer); Type: ACL; Schema: every thing; Owner: own'er
--

REVOKE ALL ON PROCEDURE "every thing".tidy(INOUT x integer) FROM "own'er";
GRANT ALL ON PROCEDURE "every thing".tidy(INOUT x integer) TO "own'er" WITH GRANT OPTION;


--
-- Name: FUNCTION total(integer); Type: ACL; Schema: every thing; Owner: own'er
--

REVOKE ALL ON FUNCTION "every thing".total(integer) FROM PUBLIC;


--
-- Name: TABLE "_under; Schema: other"; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing"."_under; Schema: other" TO PUBLIC;


--
-- Name: TABLE customer; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".customer TO PUBLIC;


--
-- Name: COLUMN customer.mail; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT INSERT(mail) ON TABLE "every thing".customer TO PUBLIC;


--
-- Name: TABLE child; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".child TO PUBLIC;


--
-- Name: SEQUENCE child_more_seq; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT USAGE ON SEQUENCE "every thing".child_more_seq TO "own'er" WITH GRANT OPTION;


--
-- Name: TABLE circle; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".circle TO PUBLIC;


--
-- Name: TABLE circle2; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".circle2 TO PUBLIC;


--
-- Name: SEQUENCE customer_id_seq; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT USAGE ON SEQUENCE "every thing".customer_id_seq TO "own'er" WITH GRANT OPTION;


--
-- Name: TABLE event; Type: ACL; Schema: every thing; Owner: own'er
--

GRANT SELECT ON TABLE "every thing".event TO PUBLIC;


--
-- Name: TABLE event_2026; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".event_2026 TO PUBLIC;


--
-- Name: TABLE event_rest; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".event_rest TO PUBLIC;


--
-- Name: SEQUENCE free; Type: ACL; Schema: every thing; Owner: own'er
--

REVOKE ALL ON SEQUENCE "every thing".free FROM "own'er";
GRANT SELECT,UPDATE ON SEQUENCE "every thing".free TO "own'er";
GRANT USAGE ON SEQUENCE "every thing".free TO "own'er" WITH GRANT OPTION;


--
-- Name: TABLE grouped; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".grouped TO PUBLIC;


--
-- Name: TABLE mv; Type: ACL; Schema: every thing; Owner: own'er
--

GRANT SELECT ON TABLE "every thing".mv TO PUBLIC;


--
-- Name: TABLE mv2; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".mv2 TO PUBLIC;


--
-- Name: TABLE typed; Type: ACL; Schema: every thing; Owner: postgres
--

GRANT SELECT ON TABLE "every thing".typed TO PUBLIC;


--
-- Name: TABLE v; Type: ACL; Schema: every thing; Owner: own'er
--

GRANT SELECT ON TABLE "every thing".v TO PUBLIC;


--
-- Name: DEFAULT PRIVILEGES FOR SEQUENCES; Type: DEFAULT ACL; Schema: every thing; Owner: postgres
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA "every thing" GRANT USAGE ON SEQUENCES  TO "own'er" WITH GRANT OPTION;


--
-- Name: DEFAULT PRIVILEGES FOR TYPES; Type: DEFAULT ACL; Schema: every thing; Owner: postgres
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA "every thing" GRANT ALL ON TYPES  TO PUBLIC;


--
-- Name: DEFAULT PRIVILEGES FOR FUNCTIONS; Type: DEFAULT ACL; Schema: every thing; Owner: own'er
--

ALTER DEFAULT PRIVILEGES FOR ROLE "own'er" IN SCHEMA "every thing" GRANT ALL ON FUNCTIONS  TO PUBLIC;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: every thing; Owner: postgres
--

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA "every thing" GRANT SELECT ON TABLES  TO PUBLIC;


--
-- Name: mv; Type: MATERIALIZED VIEW DATA; Schema: every thing; Owner: own'er
--

REFRESH MATERIALIZED VIEW "every thing".mv;


--
-- PostgreSQL database dump complete
--

\unrestrict 3D56QAphcjW9gnPg5f1ag0KM02gcQHlacUL2S3ZkNLVFeF7U9pgAuaIlGsjt7AB

