-- What dumps need ($1) and this database does not have, or does not let this session use: the need as given, whether
-- it only cannot be used, what it is, and what to do (NULL if that is not known). Each need is a letter and
-- SCHEMA.NAME in hexadecimal digits; dump/needs.h lists the letters.
WITH known (letter, name, extension) AS (VALUES
	('t', 'citext', 'citext'), ('t', 'hstore', 'hstore'), ('t', 'cube', 'cube'), ('t', 'seg', 'seg'),
	('t', 'ltree', 'ltree'), ('t', 'lquery', 'ltree'), ('t', 'ltxtquery', 'ltree'),
	('t', 'isbn', 'isn'), ('t', 'isbn13', 'isn'), ('t', 'issn', 'isn'), ('t', 'issn13', 'isn'),
	('t', 'ismn', 'isn'), ('t', 'ismn13', 'isn'), ('t', 'ean13', 'isn'), ('t', 'upc', 'isn'), ('t', 'lo', 'lo'),
	('t', 'geometry', 'postgis'), ('t', 'geography', 'postgis'), ('t', 'raster', 'postgis_raster'),
	('t', 'vector', 'vector'), ('t', 'halfvec', 'vector'), ('t', 'sparsevec', 'vector'),
	('t', 'query_int', 'intarray'),
	('f', 'uuid_generate_v1', 'uuid-ossp'), ('f', 'uuid_generate_v1mc', 'uuid-ossp'),
	('f', 'uuid_generate_v4', 'uuid-ossp'), ('f', 'uuid_generate_v5', 'uuid-ossp'),
	('f', 'gen_random_uuid', 'pgcrypto'), ('f', 'gen_random_bytes', 'pgcrypto'), ('f', 'gen_salt', 'pgcrypto'),
	('f', 'crypt', 'pgcrypto'), ('f', 'digest', 'pgcrypto'), ('f', 'hmac', 'pgcrypto'),
	('f', 'unaccent', 'unaccent'), ('f', 'similarity', 'pg_trgm'), ('f', 'word_similarity', 'pg_trgm'),
	('f', 'levenshtein', 'fuzzystrmatch'), ('f', 'soundex', 'fuzzystrmatch'),
	('g', 'moddatetime', 'moddatetime'), ('g', 'autoinc', 'autoinc'), ('g', 'insert_username', 'insert_username'),
	('g', 'check_primary_key', 'refint'), ('g', 'check_foreign_key', 'refint'),
	('g', 'lo_manage', 'lo'), ('g', 'triggered_change_notification', 'tcn'),
	('q', 'gin_trgm_ops', 'pg_trgm'), ('q', 'gist_trgm_ops', 'pg_trgm'),
	('q', 'gist_int4_ops', 'btree_gist'), ('q', 'gist_int8_ops', 'btree_gist'), ('q', 'gist_text_ops', 'btree_gist'),
	('q', 'gist_uuid_ops', 'btree_gist'), ('q', 'gist_date_ops', 'btree_gist'),
	('q', 'gin__int_ops', 'intarray'), ('q', 'gist__int_ops', 'intarray'),
	('q', 'vector_l2_ops', 'vector'), ('q', 'vector_ip_ops', 'vector'), ('q', 'vector_cosine_ops', 'vector'),
	('i', 'bloom', 'bloom'), ('i', 'rum', 'rum'), ('i', 'hnsw', 'vector'), ('i', 'ivfflat', 'vector')
),
asked (need, letter, schema, name) AS (
	SELECT need, left(need, 1),
		convert_from(decode(split_part(substr(need, 2), '.', 1), 'hex'), getdatabaseencoding())::name,
		convert_from(decode(split_part(need, '.', 2), 'hex'), getdatabaseencoding())::name
	FROM unnest($1::text[]) u (need)
),
placed AS (
	SELECT a.*, n.oid AS nsp FROM asked a LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema
),
-- One SELECT for each catalogue: each is a few look-ups in an index, and the planner knows it.
there (need, oid) AS (
	SELECT need, t.oid FROM placed p JOIN pg_catalog.pg_type t ON t.typname = p.name AND t.typnamespace = p.nsp
	WHERE letter IN ('t', 'f') -- one can be called like a function
	UNION ALL
	SELECT need, f.oid FROM placed p JOIN pg_catalog.pg_proc f ON f.proname = p.name AND f.pronamespace = p.nsp
	WHERE letter IN ('f', 'g')
	UNION ALL
	SELECT need, c.oid FROM placed p JOIN pg_catalog.pg_class c ON c.relname = p.name AND c.relnamespace = p.nsp
	WHERE letter IN ('r', 'R', 'P')
	UNION ALL
	SELECT need, c.oid FROM placed p JOIN pg_catalog.pg_collation c ON c.collname = p.name AND c.collnamespace = p.nsp
	WHERE letter = 'c'
	UNION ALL
	SELECT need, o.oid FROM placed p JOIN pg_catalog.pg_operator o ON o.oprname = p.name AND o.oprnamespace = p.nsp
	WHERE letter = 'o'
	UNION ALL
	SELECT need, o.oid FROM placed p JOIN pg_catalog.pg_opclass o ON o.opcname = p.name AND o.opcnamespace = p.nsp
	WHERE letter = 'q'
	UNION ALL
	SELECT need, c.oid FROM placed p JOIN pg_catalog.pg_ts_config c ON c.cfgname = p.name AND c.cfgnamespace = p.nsp
	WHERE letter = 'k'
	UNION ALL
	SELECT need, s.oid FROM placed p JOIN pg_catalog.pg_tablespace s ON s.spcname = p.name WHERE letter = 's'
	UNION ALL
	SELECT need, a.oid FROM placed p JOIN pg_catalog.pg_am a ON a.amname = p.name
	WHERE letter = CASE a.amtype WHEN 't' THEN 'a' ELSE 'i' END
	UNION ALL
	SELECT need, s.oid FROM placed p JOIN pg_catalog.pg_foreign_server s ON s.srvname = p.name WHERE letter = 'v'
	UNION ALL
	SELECT need, e.oid FROM placed p JOIN pg_catalog.pg_extension e ON e.extname = p.name WHERE letter = 'e'
	UNION ALL
	SELECT need, NULL FROM placed
	WHERE letter IN ('S', 'h') AND pg_catalog.current_setting(name::text, true) IS NOT NULL
),
-- If several functions have the same name, one that may be used is enough.
open (need, has_schema, is_open) AS (
	SELECT need, bool_or(coalesce(nsp IS NULL OR pg_catalog.has_schema_privilege(nsp, 'USAGE'), true)),
		bool_or(coalesce(CASE letter
			WHEN 'R' THEN pg_catalog.has_table_privilege(t.oid, 'REFERENCES')
				OR pg_catalog.has_any_column_privilege(t.oid, 'REFERENCES')
			WHEN 'P' THEN (SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c
				WHERE c.oid = t.oid)
			WHEN 'g' THEN pg_catalog.has_function_privilege(t.oid, 'EXECUTE')
			WHEN 's' THEN pg_catalog.has_tablespace_privilege(t.oid, 'CREATE') OR t.oid = (
				SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = current_database())
			WHEN 'v' THEN pg_catalog.has_server_privilege(t.oid, 'USAGE')
			END, true))
	FROM there t JOIN placed p USING (need) GROUP BY need
),
closed (need, remedy) AS (
	SELECT need, CASE
		WHEN NOT has_schema THEN format('GRANT USAGE ON SCHEMA %I TO %I', schema, current_user)
		WHEN letter = 'R' THEN format('GRANT REFERENCES ON %I.%I TO %I', schema, name, current_user)
		WHEN letter = 'P' THEN (SELECT format('GRANT %I TO %I', pg_catalog.pg_get_userbyid(c.relowner), current_user)
			FROM pg_catalog.pg_class c WHERE c.relname = p.name AND c.relnamespace = p.nsp)
		WHEN letter = 'g' THEN format('GRANT EXECUTE ON FUNCTION %I.%I() TO %I', schema, name, current_user)
		WHEN letter = 's' THEN format('GRANT CREATE ON TABLESPACE %I TO %I', name, current_user)
		WHEN letter = 'v' THEN format('GRANT USAGE ON FOREIGN SERVER %I TO %I', name, current_user)
		END
	FROM open o JOIN placed p USING (need) WHERE NOT (has_schema AND is_open)
),
-- Which extension provides it? Not asked if nothing is missing.
lacking AS (
	SELECT p.*, CASE WHEN letter = 'e' THEN p.name::text ELSE (SELECT k.extension FROM known k
		WHERE k.name = p.name::text AND k.letter = p.letter) END AS extension
	FROM placed p WHERE need NOT IN (SELECT t.need FROM there t)
),
remedied AS (
	SELECT l.*, CASE
		WHEN extension IS NULL THEN NULL
		WHEN letter <> 'e' AND EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = extension::name)
			THEN CASE WHEN schema <> '' THEN format('ALTER EXTENSION %I SET SCHEMA %I', extension, schema) END
		WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions() x WHERE x.name = extension::name)
			THEN format('install the extension %I on the server', extension)
		ELSE CASE WHEN schema <> '' AND nsp IS NULL THEN format('CREATE SCHEMA %I; ', schema) ELSE '' END
			|| format('CREATE EXTENSION %I', extension)
			|| CASE WHEN schema IN ('', 'public') THEN '' ELSE format(' SCHEMA %I', schema) END
		END AS remedy
	FROM lacking l
),
all_of_them (need, is_closed, remedy) AS (
	SELECT need, false, remedy FROM remedied
	UNION ALL
	SELECT need, true, remedy FROM closed
)
SELECT t.need, t.is_closed, CASE a.letter
	WHEN 't' THEN 'type' WHEN 'r' THEN 'relation' WHEN 'R' THEN 'table' WHEN 'P' THEN 'parent' WHEN 'f' THEN 'function'
	WHEN 'g' THEN 'trigger function' WHEN 'c' THEN 'collation' WHEN 'o' THEN 'operator'
	WHEN 'q' THEN 'operator class' WHEN 'k' THEN 'text search configuration' WHEN 's' THEN 'tablespace'
	WHEN 'a' THEN 'table access method' WHEN 'i' THEN 'index access method' WHEN 'v' THEN 'foreign server'
	WHEN 'e' THEN 'extension' ELSE 'setting' END
	|| ' ' || CASE WHEN a.schema = '' THEN '' ELSE format('%I.', a.schema) END
	|| CASE WHEN a.letter = 'o' THEN a.name::text ELSE format('%I', a.name) END,
	t.remedy
FROM all_of_them t JOIN asked a USING (need)
