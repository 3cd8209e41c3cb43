-- Before each step: exactly the account's schema, with no temporary objects before it. One statement on one line.
-- Words with a colon as in upgrade_begin.sql.
SELECT pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', pg_catalog.convert_from(pg_catalog.decode(':account_hex', 'hex'), 'UTF8')), true);
