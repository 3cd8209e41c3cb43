SELECT pg_catalog.set_config('search_path', '', false);
INSERT INTO t VALUES ('x');CREATE UNLOGGED TABLE "q""r".T ();CREATE FOREIGN TABLE f ();
-- PostgreSQL database dump complete