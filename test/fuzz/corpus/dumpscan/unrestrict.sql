\restrict abc123
SELECT 1;
--
-- PostgreSQL database dump complete
--

\unrestrict `id`
