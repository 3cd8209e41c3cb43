--
-- PostgreSQL database dump
--

\restrict VK5RRg18eScJJqFJZXZRUVtQZr0SY0gQKexXHqeyGPjLoDrBGedL6e4jjZgz5Hz

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _general; Type: TABLE; Schema: bob; Owner: -
--

CREATE TABLE bob._general (
    version character varying(10),
    created timestamp(0) with time zone DEFAULT now()
);


--
-- Name: _roles; Type: TABLE; Schema: bob; Owner: -
--

CREATE TABLE bob._roles (
    id integer NOT NULL,
    name text NOT NULL,
    "Order" text DEFAULT 'it''s'::text
);


--
-- Name: TABLE _roles; Type: COMMENT; Schema: bob; Owner: -
--

COMMENT ON TABLE bob._roles IS 'fake
--
-- PostgreSQL database dump complete
--

\! id';


--
-- Name: _roles_id_seq; Type: SEQUENCE; Schema: bob; Owner: -
--

CREATE SEQUENCE bob._roles_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: _roles_id_seq; Type: SEQUENCE OWNED BY; Schema: bob; Owner: -
--

ALTER SEQUENCE bob._roles_id_seq OWNED BY bob._roles.id;


--
-- Name: _roles id; Type: DEFAULT; Schema: bob; Owner: -
--

ALTER TABLE ONLY bob._roles ALTER COLUMN id SET DEFAULT nextval('bob._roles_id_seq'::regclass);


--
-- Data for Name: _general; Type: TABLE DATA; Schema: bob; Owner: -
--

INSERT INTO bob._general VALUES ('0.009', '2008-01-01 00:00:00+00');


--
-- Data for Name: _roles; Type: TABLE DATA; Schema: bob; Owner: -
--

INSERT INTO bob._roles VALUES (1, 'Admin', 'tab	here\nl
x');
INSERT INTO bob._roles VALUES (2, 'Public', NULL);
INSERT INTO bob._roles VALUES (3, '\.', '
\.
');


--
-- Name: _roles_id_seq; Type: SEQUENCE SET; Schema: bob; Owner: -
--

SELECT pg_catalog.setval('bob._roles_id_seq', 3, true);


--
-- Name: _roles _roles_pkey; Type: CONSTRAINT; Schema: bob; Owner: -
--

ALTER TABLE ONLY bob._roles
    ADD CONSTRAINT _roles_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

\unrestrict VK5RRg18eScJJqFJZXZRUVtQZr0SY0gQKexXHqeyGPjLoDrBGedL6e4jjZgz5Hz

