\restrict abc123
INSERT INTO t SELECT 1;
--
-- PostgreSQL database dump complete
--

\unrestrict `id`
