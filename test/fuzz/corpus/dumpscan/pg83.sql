--
-- PostgreSQL database dump
--

SET client_encoding = 'LATIN1';
SET standard_conforming_strings = off;
SET search_path = "a""b", pg_catalog;
CREATE TABLE _general (
    version character varying(10)
);
COPY _general (version) FROM stdin;
0.003
\N
\.
COMMENT ON TABLE t IS 'it\'s';
COPY t (a) WITH OIDS FROM stdin;
1	x
\.

--
-- PostgreSQL database dump complete
--

