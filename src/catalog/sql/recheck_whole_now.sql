-- For recheck_now.sql: which of the rows of recheck_whole_then.sql do not exist any more, or differ?
UNION ALL
SELECT w.schema, format('function %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_proc x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_proc'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'proacl' - 'proowner')::text)::name
UNION ALL
SELECT w.schema, format('type %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_type x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_type'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'typacl' - 'typowner')::text)::name
UNION ALL
SELECT w.schema, format('type %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_enum x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_enum'::regclass AND w.name IS DISTINCT FROM md5(to_jsonb(x)::text)::name
UNION ALL
SELECT w.schema, format('operator %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_operator x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_operator'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'oprowner')::text)::name
UNION ALL
SELECT w.schema, format('operator class %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_opclass x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_opclass'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'opcowner')::text)::name
UNION ALL
SELECT w.schema, format('operator family %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_opfamily x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_opfamily'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'opfowner')::text)::name
UNION ALL
SELECT w.schema, format('collation %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_collation x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_collation'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'collowner')::text)::name
UNION ALL
SELECT w.schema, format('conversion %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_conversion x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_conversion'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'conowner')::text)::name
UNION ALL
SELECT w.schema, format('text search configuration %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_ts_config x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_ts_config'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'cfgowner')::text)::name
UNION ALL
SELECT w.schema, format('text search dictionary %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_ts_dict x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_ts_dict'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'dictowner')::text)::name
UNION ALL
SELECT w.schema, format('statistics %s was changed or dropped', w.relation) FROM was w LEFT JOIN pg_catalog.pg_statistic_ext x ON x.oid = w.oid
WHERE w.number = -1 AND w.place = 'pg_statistic_ext'::regclass AND w.name IS DISTINCT FROM md5((to_jsonb(x) - 'stxowner')::text)::name
