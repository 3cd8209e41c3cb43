-- What the accounts of kinds.sql use and no dump of theirs may hold.
CREATE FUNCTION public.f(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';
CREATE FUNCTION public.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE DOMAIN public.positive AS integer DEFAULT 1 CHECK (VALUE > 0);
CREATE TYPE public.mood AS ENUM ('sad', 'it''s', 'a\b');
CREATE TYPE public.pair AS (a integer, b text);
CREATE SEQUENCE public.counter;
CREATE EXTENSION file_fdw WITH SCHEMA public;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
