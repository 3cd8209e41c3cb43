--
-- PostgreSQL database dump
--
COPY t FROM stdin;
1
\.
