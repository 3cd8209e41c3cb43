-- For recheck_then.sql, if a tenant is its whole schema: other rows that pg_dump, or the server in its COPY, looks up
-- as they are at that time. `name` is a digest of what counts in the row, `place` is the row's catalogue.
UNION ALL
SELECT 'function', x.oid, -1, md5((to_jsonb(x) - 'proacl' - 'proowner')::text)::name, x.xmin, x.xmax, n.nspname, x.proname, NULL, 'pg_proc'::regclass, 0
FROM pg_catalog.pg_proc x JOIN pg_catalog.pg_namespace n ON n.oid = x.pronamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'data type', x.oid, -1, md5((to_jsonb(x) - 'typacl' - 'typowner')::text)::name, x.xmin, x.xmax, n.nspname, x.typname, NULL, 'pg_type'::regclass, 0
FROM pg_catalog.pg_type x JOIN pg_catalog.pg_namespace n ON n.oid = x.typnamespace WHERE x.xmax <> '0'::xid
AND x.typcategory <> 'A' AND (x.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = x.typrelid AND c.relkind = 'c'))
UNION ALL
SELECT 'labels', x.oid, -1, md5(to_jsonb(x)::text)::name, x.xmin, x.xmax, n.nspname, e.typname, NULL, 'pg_enum'::regclass, 0
FROM pg_catalog.pg_enum x JOIN pg_catalog.pg_type e ON e.oid = x.enumtypid JOIN pg_catalog.pg_namespace n ON n.oid = e.typnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'operator', x.oid, -1, md5((to_jsonb(x) - 'oprowner')::text)::name, x.xmin, x.xmax, n.nspname, x.oprname, NULL, 'pg_operator'::regclass, 0
FROM pg_catalog.pg_operator x JOIN pg_catalog.pg_namespace n ON n.oid = x.oprnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'operator class', x.oid, -1, md5((to_jsonb(x) - 'opcowner')::text)::name, x.xmin, x.xmax, n.nspname, x.opcname, NULL, 'pg_opclass'::regclass, 0
FROM pg_catalog.pg_opclass x JOIN pg_catalog.pg_namespace n ON n.oid = x.opcnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'operator family', x.oid, -1, md5((to_jsonb(x) - 'opfowner')::text)::name, x.xmin, x.xmax, n.nspname, x.opfname, NULL, 'pg_opfamily'::regclass, 0
FROM pg_catalog.pg_opfamily x JOIN pg_catalog.pg_namespace n ON n.oid = x.opfnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'collation', x.oid, -1, md5((to_jsonb(x) - 'collowner')::text)::name, x.xmin, x.xmax, n.nspname, x.collname, NULL, 'pg_collation'::regclass, 0
FROM pg_catalog.pg_collation x JOIN pg_catalog.pg_namespace n ON n.oid = x.collnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'conversion', x.oid, -1, md5((to_jsonb(x) - 'conowner')::text)::name, x.xmin, x.xmax, n.nspname, x.conname, NULL, 'pg_conversion'::regclass, 0
FROM pg_catalog.pg_conversion x JOIN pg_catalog.pg_namespace n ON n.oid = x.connamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'text search configuration', x.oid, -1, md5((to_jsonb(x) - 'cfgowner')::text)::name, x.xmin, x.xmax, n.nspname, x.cfgname, NULL, 'pg_ts_config'::regclass, 0
FROM pg_catalog.pg_ts_config x JOIN pg_catalog.pg_namespace n ON n.oid = x.cfgnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'text search dictionary', x.oid, -1, md5((to_jsonb(x) - 'dictowner')::text)::name, x.xmin, x.xmax, n.nspname, x.dictname, NULL, 'pg_ts_dict'::regclass, 0
FROM pg_catalog.pg_ts_dict x JOIN pg_catalog.pg_namespace n ON n.oid = x.dictnamespace WHERE x.xmax <> '0'::xid
UNION ALL
SELECT 'statistics', x.oid, -1, md5((to_jsonb(x) - 'stxowner')::text)::name, x.xmin, x.xmax, n.nspname, x.stxname, NULL, 'pg_statistic_ext'::regclass, 0
FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace WHERE x.xmax <> '0'::xid
