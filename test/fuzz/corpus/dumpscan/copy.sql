COPY a._general (x, "version") FROM stdin;
1	\x41\102\t\\\N
\N	\N
\.x
\.
INSERT INTO t SELECT (1;
COPY t TO stdout;)