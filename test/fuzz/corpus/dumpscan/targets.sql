SET search_path = "a b", pg_catalog;
ALTER TABLE ONLY _b ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME a."S"
);
ALTER TABLE ONLY x.y ATTACH PARTITION a._b FOR VALUES IN (1);
ALTER INDEX x.y ATTACH PARTITION a.i;
ALTER PUBLICATION p ADD TABLE ONLY a._b (c);
ALTER SEQUENCE a.s SET LOGGED;
CREATE UNIQUE INDEX i ON ONLY a._b USING btree (lower(c));
CREATE CONSTRAINT TRIGGER t AFTER UPDATE OF "on" ON a._b EXECUTE FUNCTION f();
CREATE RULE "to" AS ON INSERT TO a._b DO (DELETE FROM x; NOTIFY y);
CREATE STATISTICS s ON c, extract(day from d) FROM a._b;
COMMENT ON COLUMN a._b.c IS 'x';
COMMENT ON CONSTRAINT c ON a._b IS 'x';
GRANT SELECT (c) ON TABLE a._b TO r;
SECURITY LABEL FOR p ON COLUMN b.c IS 'x';
REFRESH MATERIALIZED VIEW a._v;
SELECT pg_catalog.setval('a."S""x"', -3, true);
SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('_b', 'id'), 1, false);
SELECT pg_catalog.set_config('search_path', '', false);
SET standard_conforming_strings = off;
SELECT pg_catalog.setval('"a\\b"._s', 3);
-- PostgreSQL database dump complete
