# SPDX-License-Identifier: PostgreSQL
"""What the metamodel is at each of its versions, as doc/metamodel-versions.md says: tables to make
accounts of, and what an account at 0.009 must be. Versions are numbers here: 6 is 0.006, 0 none.

All of this is written from the facts, none of it from the migrations.
"""

import hashlib
import re

from support import literal, quote

NEWEST = 9
STARTS = range(NEWEST + 1)

# A line is there from its first to its last version. "serial" and CREATED are what pg_dump spells
# out; a line that begins with + is a constraint or an index.
TABLES = """
_general                                             1..
  version character varying(10)
  created CREATED
_models
  id serial
  name text NOT NULL
  table_name text NOT NULL                           ..5
  description text
  created CREATED                                    1..
  + _models_pkey PRIMARY KEY (id)
  + _models_name_key UNIQUE (name)
  + _models_table_name_key UNIQUE (table_name)       ..5
_columns
  id serial
  name text NOT NULL
  type text NOT NULL
  table_name text NOT NULL                           ..5
  model text NOT NULL                                6..
  "default" text
  label text
  indexed text                                       1..
  + _columns_pkey PRIMARY KEY (id)
  + _columns_table_name_name_key UNIQUE (table_name, name)   ..5
  + _columns_table_name_name_key UNIQUE (model, name)        6..
_roles
  id serial                                          1..
  name text NOT NULL
  parentrole integer DEFAULT 0                       ..0
  password text
  login text NOT NULL
  description text NOT NULL
  created CREATED                                    1..
  + _roles_pkey PRIMARY KEY (name)                   ..0
  + _roles_pkey1 PRIMARY KEY (id)                    1..
  + _roles_name_key UNIQUE (name)                    1..
_access_rules                                        ..0
  id serial
  role text NOT NULL
  method character varying(10) NOT NULL
  url text NOT NULL
  + _access_rules_pkey PRIMARY KEY (id)
_access                                              1..
  id integer NOT NULL DEFAULT nextval('_access_rules_id_seq'::regclass)
  role text NOT NULL
  method character varying(10) NOT NULL
  url text NOT NULL                                  ..5
  prefix text NOT NULL                               6..
  segments smallint                                  6..
  prohibiting boolean NOT NULL DEFAULT false         6..
  applied_to cidr[] DEFAULT '{0.0.0.0/0}'::cidr[]    9..
  + _access_rules_pkey PRIMARY KEY (id)
  + idx_query_for_acl USING btree (role, method, segments)   8..
_views
  id serial
  name text NOT NULL
  definition text NOT NULL
  description text
  created CREATED                                    1..
  + _views_pkey PRIMARY KEY (id)
  + _views_name_key UNIQUE (name)
  + _views_definition_key UNIQUE (definition)        ..4
_action                                              1..1
  id serial
  name text NOT NULL
  description text
  definition text NOT NULL
  confirmed_by text
  created CREATED
  + _action_pkey PRIMARY KEY (id)
  + _action_name_key UNIQUE (name)
  + _action_definition_key UNIQUE (definition)
_feeds                                               2..
  id serial
  name text NOT NULL
  description text NOT NULL
  view text NOT NULL
  title text NOT NULL
  link text NOT NULL
  logo text
  copyright text
  language text
  author text
  created CREATED
  + _feeds_pkey PRIMARY KEY (id)
  + _feeds_name_key UNIQUE (name)
_actions                                             7..
  id serial
  name text NOT NULL
  definition text NOT NULL
  description text
  compiled text
  created CREATED
  + _actions_pkey PRIMARY KEY (id)
  + _actions_name_key UNIQUE (name)
_action_params                                       7..
  id serial
  name text NOT NULL
  type text NOT NULL
  label text
  default_value text
  used boolean NOT NULL
  action_id integer
  + _action_params_pkey PRIMARY KEY (id)
  + _action_params_action_id_fkey FOREIGN KEY (action_id) REFERENCES _actions(id) ON DELETE CASCADE
_ylogins                                             8..
  id serial
  name text NOT NULL
  mapping_view text
  on_register text NOT NULL
  on_login text
  next_page text NOT NULL
  error_page text NOT NULL
  description text
  created CREATED
  + _ylogins_pkey PRIMARY KEY (id)
  + _ylogins_name_key UNIQUE (name)
"""
CREATED = "timestamp(0) with time zone DEFAULT now()"
OWN_SEQUENCE = {"_access": "_access_rules_id_seq"}


def version_name(number):
    return f"0.{number:03}" if number else "none"


def tables(version):
    """The tables of a version: {name: (columns, constraints and indexes)}, each line as text."""
    found = {}
    for text in TABLES.strip().splitlines():
        line, first, last = re.fullmatch(r"(.*?)(?: +(\d*)\.\.(\d*))?", text).groups()
        here = int(first or 0) <= version <= int(last or NEWEST)
        if not line.startswith(" "):
            current = line
            if here:
                found[current] = ([], [])
        elif current in found and here:
            line = line.strip().replace("CREATED", CREATED)
            own = OWN_SEQUENCE.get(current, f"{current}_id_seq")
            line = line.replace("serial", f"integer NOT NULL DEFAULT nextval('{own}'::regclass)")
            found[current][line.startswith("+")].append(line.lstrip("+ "))
    return found


def tables_sql(version):
    """Statements that make them, in the schema that search_path says."""
    made = []
    for table, (columns, constraints) in tables(version).items():
        sequence = OWN_SEQUENCE.get(table, f"{table}_id_seq")
        parts, indexes = list(columns), []
        for constraint in constraints:
            name, definition = constraint.split(" ", 1)
            if definition.startswith("USING"):
                indexes.append(f"CREATE INDEX {name} ON {table} {definition};")
            else:
                parts.append(f"CONSTRAINT {name} {definition}")
        if any("nextval" in column for column in columns):
            made.append(f"CREATE SEQUENCE {sequence} AS integer;")
            indexes.append(f"ALTER SEQUENCE {sequence} OWNED BY {table}.id;")
        made += [f"CREATE TABLE {table} ({', '.join(parts)});", *indexes]
    return "\n".join(made)


def structure(version):
    """What read_structure() has to find."""
    lines = []
    for table, (columns, constraints) in tables(version).items():
        lines.append(f"{table}: table")
        for i, column in enumerate(columns, 1):
            lines.append(f"{table}: column {i} {column}")
            if "nextval" in column:
                sequence = OWN_SEQUENCE.get(table, f"{table}_id_seq")
                lines.append(f"{sequence}: sequence integer 1 1..2147483647 by 1 cache 1 cycle "
                             f"False of {table}.id")
        for constraint in constraints:
            name, definition = constraint.split(" ", 1)
            if definition.startswith("USING"):
                lines.append(f"{table}: index {name} {definition}")
                continue
            lines.append(f"{table}: constraint {constraint}")
            if "KEY (" in definition and "FOREIGN" not in definition or "UNIQUE" in definition:
                columns_of = definition[definition.index("("):]
                lines.append(f"{table}: index {name} unique USING btree {columns_of}")
    return sorted(lines)


STRUCTURE = """
SELECT c.relname || ': ' || CASE c.relkind WHEN 'r' THEN 'table' ELSE 'kind ' || c.relkind::text END
    || CASE WHEN c.relpersistence <> 'p' OR c.relrowsecurity OR c.reloptions IS NOT NULL
        OR c.reltablespace <> 0 OR c.relreplident <> 'd' OR c.reloftype <> 0 THEN ' odd' ELSE '' END
FROM pg_class c WHERE c.relnamespace = {schema} AND c.relkind NOT IN ('i', 'I', 'S')
UNION ALL
SELECT format('%s: column %s %I %s%s%s%s', c.relname,
    row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
    format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' END,
    ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN a.attidentity <> '' OR a.attgenerated <> '' OR a.attacl IS NOT NULL
        OR a.attcollation NOT IN (0, 100) OR a.attstattarget <> -1 THEN ' odd' END)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = {schema} AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0
    AND NOT a.attisdropped
UNION ALL
SELECT format('%s: constraint %s %s%s', conrelid::regclass, conname, pg_get_constraintdef(oid),
    CASE WHEN NOT convalidated OR condeferrable THEN ' odd' END)
FROM pg_constraint WHERE connamespace = {schema} AND contype <> 'n'
UNION ALL
SELECT format('%s: index %s %s%s', indrelid::regclass, indexrelid::regclass,
    CASE WHEN indisunique THEN 'unique ' END,
    substring(pg_get_indexdef(indexrelid) FROM 'USING .*'))
FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace = {schema}
UNION ALL
SELECT format('%s: sequence %s %s %s..%s by %s cache %s cycle %s of %s.%s', c.relname,
    format_type(seqtypid, NULL), seqstart, seqmin, seqmax, seqincrement, seqcache,
    CASE WHEN seqcycle THEN 'True' ELSE 'False' END, d.refobjid::regclass, a.attname)
FROM pg_class c JOIN pg_sequence ON seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'
    AND d.refclassid = 'pg_class'::regclass
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relnamespace = {schema}
UNION ALL
SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass FROM pg_trigger
JOIN pg_class c ON c.oid = tgrelid WHERE c.relnamespace = {schema} AND NOT tgisinternal
UNION ALL
SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = {schema}
UNION ALL
SELECT 'type ' || t.oid::regtype FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
WHERE typnamespace = {schema} AND coalesce(c.relkind, 'c') = 'c' AND t.typelem = 0
"""


def schema_oid(schema):
    return f"(SELECT oid FROM pg_namespace WHERE nspname = {literal(schema)})"


def in_schema(db, schema, sql):
    """Rows of a query for which SCHEMA comes first: names need no schema then."""
    db.query(f"SELECT set_config('search_path', {literal(quote(schema))}, false)")
    try:
        return db.query(sql)
    finally:
        db.sql("RESET search_path")


def read_structure(db, schema, metamodel_only=True):
    """Everything in a schema that is no row, one line each; user tables only if asked for."""
    lines = [line for (line,) in in_schema(db, schema, STRUCTURE.format(schema=schema_oid(schema)))]
    return sorted(line for line in lines if not metamodel_only or
                  re.match(r"\"?_|(function|trigger) |type \"?_|[^:]*: index idx_query", line))


def read_rows(db, schema):
    """{table: rows} of the metamodel; a row is a dict of texts, id and created included."""
    found = {}
    for table in db.tables(schema):
        if table.startswith("_"):
            columns = [name for (name,) in db.query(
                "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND "
                f"attrelid = {literal(quote(schema) + '.' + quote(table))}::regclass "
                "ORDER BY attnum")]
            texts = ", ".join(f"{quote(column)}::text" for column in columns)
            order = "t.id" if "id" in columns else "ctid"
            found[table] = [dict(zip(columns, row)) for row in db.query(
                f"SELECT {texts} FROM {quote(schema)}.{quote(table)} t ORDER BY {order}")]
    return found


def read_sequences(db, schema):
    """{name: (last_value, is_called)} of the metamodel's sequences."""
    names = [name for (name,) in db.query(
        "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname ~ '^_' AND "
        f"relnamespace = {schema_oid(schema)}")]
    return {name: db.query(f"SELECT last_value, is_called FROM {quote(schema)}.{quote(name)}")[0]
            for name in names}


def read_comments(db, schema):
    """{(relation, column or None): comment}."""
    return {(relation, column): comment for relation, column, comment in db.query(
        "SELECT relname, attname, description FROM pg_description JOIN pg_class c ON objoid = c.oid"
        " LEFT JOIN pg_attribute a ON attrelid = c.oid AND attnum = objsubid AND objsubid <> 0 "
        "WHERE classoid = 'pg_class'::regclass AND relnamespace = " + schema_oid(schema))}


def snapshot(db, schema):
    """All of a schema as text, user tables with their rows, too: to see whether it was touched."""
    lines = read_structure(db, schema, metamodel_only=False)
    relations = db.query("SELECT relname, relkind FROM pg_class WHERE relkind IN ('r', 'S') AND "
                         f"relnamespace = {schema_oid(schema)}")
    rows = " UNION ALL ".join(
        f"SELECT {literal(name + ' ')} || " + ("last_value || ' ' || is_called" if kind == "S" else
                                               "t::text") + f" FROM {quote(schema)}.{quote(name)} t"
        for name, kind in relations)
    lines += [row for (row,) in (db.query(rows) if rows else [])]
    lines += [f"{key}: {comment}" for key, comment in read_comments(db, schema).items()]
    return "\n".join(sorted(lines))


def whole_snapshot(db):
    """...of every schema."""
    schemas = db.query("SELECT nspname FROM pg_namespace WHERE nspname !~ "
                       "'^(pg_|information_schema)' ORDER BY 1")
    return "\n".join(f"=== {schema}\n{snapshot(db, schema)}" for (schema,) in schemas)


# ---- rows ----

# _columns.default, before and after 0.005.
DEFAULTS = {
    "'abc'": '"abc"',
    "'it''s'": '"it\'\'s"',
    "''": '""',
    "''''": "\"''\"",
    "'''": "\"'\"",
    "''a''": "\"'a'\"",
    "''''''": "\"''''\"",
    "'a\"b'": '"a"b"',
    "'a\\b'": '"a\\b"',
    "'x' || 'y'": "\"x' || 'y\"",
    "'two\nlines'": '"two\nlines"',
    "now()": '["now()"]',
    "0": '["0"]',
    "": '[""]',
    "'": "[\"'\"]",
    "x''y": "[\"x'y\"]",
    "a'''b": "[\"a''b\"]",
    "nextval('s''q')": "[\"nextval('s'q')\"]",
    '"dq"': '["\\"dq\\""]',
    'a\\b"c': '["a\\b\\"c"]',
    '\\"': '["\\\\""]',
    "two\nlines": '["two\nlines"]',
    "'abc'\n": "[\"'abc'\n\"]",
    " 'abc'": "[\" 'abc'\"]",
    "'abc'::text": "[\"'abc'::text\"]",
    "E'a\\n'": "[\"E'a\\n'\"]",
    '["already"]': '["[\\"already\\"]"]',
    "\\1 & \\\\": '["\\1 & \\\\"]',
    # Not on the page, by its rules:
    "'é \\1 & \\\\ $1 %I %s'": '"é \\1 & \\\\ $1 %I %s"',
    "'\n'": '"\n"',
    "\n": '["\n"]',
    "$$x$$": '["$$x$$"]',
    "''''x": "[\"''x\"]",
    "x'''''": "[\"x'''\"]",
    "''\n": "[\"'\n\"]",
    None: None,
}

# _access.url before 0.006; prefix and segments afterwards.
URLS = {
    "/=/model": ("model", 1),
    "/=/model/~": ("model", 2),
    "/=/model/~/~/~/~": ("model", 5),
    "/=/model/Post/~/~": ("model/Post", 4),
    "/=/model/Post/id/~": ("model/Post/id", 4),
    "/=/model/~/id/~": ("model/~/id", 4),
    "/=/model/Post/id/3": ("model/Post/id/3", 4),
    "/=/model/~/": ("model/~/", 3),
    "/=/model//~": ("model/", 3),
    "/=/model/~~/~": ("model/~~", 3),
    "/=/model/~/Post/~": ("model/~/Post", 4),
    "//=/model/~": ("//=/model", 3),
    "/=//=/model/~": ("/=/model", 4),
    "/=//~": ("", 2),
    "/=/model/a\n/~": ("model/a\n", 3),
    "/=/a/~ ": ("a/~ ", 2),
    "/=/~": ("~", 1),
    "/=/~/~": ("~", 2),
    "/=/": ("", 1),
    "/=": ("/=", 0),
    "": ("", -1),
    "/": ("/", 0),
    "//": ("//", 1),
    "/~": ("", 0),
    "/~/~": ("", 1),
    "~": ("~", -1),
    "=/model/~": ("=/model", 1),
    "model/~/~": ("model", 1),
    "/=/=/a": ("=/a", 2),
    "/=/a~/~": ("a~", 2),
    "/=/model/a\nb/~/~\n": ("model/a\nb/~/~\n", 4),
    " /=/a/~": (" /=/a", 2),
    # Not on the page, by its rules:
    "/=/\n/~/~": ("\n", 3),
    "\n/=/a/~": ("\n/=/a", 2),
    "/=/a\r\n/~": ("a\r\n", 2),
    "/=/a\\1&\\\\'é\"%s/~": ("a\\1&\\\\'é\"%s", 2),
    "/=/~~/~~": ("~~/~~", 2),
    "/=/~/a/~/~": ("~/a", 4),
}

ADMIN_URLS = [(method, f"/=/{what}" + "/~" * depth)
              for method in ("DELETE", "GET", "PUT", "POST")
              for what in ("model", "view", "role", "action") for depth in range(5)]
ADMIN_URLS.append(("POST", "/=/admin/~"))
FEED_RULES = [("DELETE", "/=/feed"), ("DELETE", "/=/feed/~"), ("GET", "/=/feed"),
              ("GET", "/=/feed/~"), ("GET", "/=/feed/~/~/~"), ("POST", "/=/feed/~"),
              ("PUT", "/=/feed/~")]

PASSWORDS = ["secret", None, "", "Passwörd 'é\" \\1 & $(id)", "two\nlines",
             "5ebe2294ecd0e0f08eab7690d2a6ee69", "\x01\t€\u3000"]

# id, name, table_name, description. 3 was deleted.
MODELS = [
    (1, "Post", "Post", "Blog posts, the user's \"own\""),
    (2, "it's \"odd\"", "it's \"odd\"", "back\\slash\nsecond line\r\n\tthird"),
    (4, "Bücher 書", "Bücher 書", "Straße, naïve, 日本語, 🐘"),
    (5, "Renamed", "old_name", "Its table has the model's name"),
    (6, "NoTable", "NoTable", "There is none"),
    (7, "NoId", "NoId", "A table without id"),
    (8, "AView", "AView", "A view"),
    (9, "AMatview", "AMatview", "A materialized view"),
    (10, "ASequence", "ASequence", "A sequence"),
    (11, "AType", "AType", "A composite type"),
    (12, "Parts", "Parts", "A partitioned table"),
    (13, "InPublic", "InPublic", "A table of that name is in public"),
    (14, "pg_class", "pg_class", "A system catalogue"),
    (15, "Silent", "Silent", None),
    (16, "Emptied", "Emptied", ""),
    (17, "post", "post", "Not Post"),
    (18, "", "", "No name"),
    (19, "a.b; --", "a.b; --", "%s %I $1 \\. \\N"),
]

# name, table_name (later model), label; their "default" is a row of DEFAULTS' each.
COLUMNS = [
    ("title", "Post", "Title of 'it'"),
    ("content", "Post", ""),
    ("created", "Post", "It's the \"when\" \\ of it\n"),
    ("missing", "Post", "A column the table has not"),
    ("Title", "Post", "No such column either"),
    ("id", "it's \"odd\"", "Its own id"),
    ("ä \"b\"", "it's \"odd\"", "two\nlines"),
    ("Titel", "Bücher 書", "Überschrift 書"),
    ("a", "old_name", "Of no model"),
    ("b", "Renamed", "Of the model"),
    ("a", "NoTable", "X"),
    ("a", "NoId", "A of NoId"),
    ("a", "AView", "A of a view"),
    ("a", "AMatview", "A of a materialized view"),
    ("a", "AType", "A of a type"),
    ("x", "Parts", "X of Parts"),
    ("a", "InPublic", "A of InPublic"),
    ("relname", "pg_class", "X of pg_class"),
    ("a", "Silent", None),
    ("a", "Emptied", ""),
    ("y", "nobody's", "Of no model"),
    ("a b", "a.b; --", "'; DROP TABLE x; --"),
    ("TITEL", "Untold", "A table without a model"),
]

USER_TABLES = '''
CREATE TABLE "Post" (id serial PRIMARY KEY, title text, content text, created date, untold text);
INSERT INTO "Post" (title) VALUES ('user row');
CREATE TABLE "it's ""odd""" (id integer, "ä ""b""" text);
CREATE TABLE "Bücher 書" (id serial PRIMARY KEY, "Titel" text);
CREATE TABLE "Renamed" (id integer, a text, b text);
CREATE TABLE old_name (id integer, a text);
CREATE TABLE "NoId" (a text, "ID" integer);
CREATE VIEW "AView" AS SELECT 1 AS id, 2 AS a;
CREATE MATERIALIZED VIEW "AMatview" AS SELECT 1 AS id, 2 AS a;
CREATE SEQUENCE "ASequence";
CREATE TYPE "AType" AS (id integer, a text);
CREATE TABLE "Parts" (id integer, x text) PARTITION BY LIST (id);
CREATE TABLE parts_default PARTITION OF "Parts" DEFAULT;
CREATE TABLE "Silent" (id integer, a text);
CREATE TABLE "Emptied" (id integer, a text);
CREATE TABLE "a.b; --" (id integer, "a b" text);
CREATE TABLE "Untold" (id integer, "TITEL" text);
COMMENT ON TABLE "Post" IS 'before';
COMMENT ON COLUMN "Post".id IS 'before';
COMMENT ON COLUMN "Post".content IS 'before';
COMMENT ON COLUMN "Post".untold IS 'stays';
COMMENT ON TABLE "Emptied" IS 'before';
COMMENT ON COLUMN "Emptied".a IS 'before';
COMMENT ON TABLE "Untold" IS 'stays';
COMMENT ON VIEW "AView" IS 'stays';
'''

# Those comments once 0.008 has been there.
COMMENTS = {
    ("Post", None): "Blog posts, the user's \"own\"",
    ("Post", "id"): "ID",
    ("Post", "title"): "Title of 'it'",
    ("Post", "created"): "It's the \"when\" \\ of it\n",
    ("Post", "untold"): "stays",
    ("it's \"odd\"", None): "back\\slash\nsecond line\r\n\tthird",
    ("it's \"odd\"", "id"): "Its own id",
    ("it's \"odd\"", "ä \"b\""): "two\nlines",
    ("Bücher 書", None): "Straße, naïve, 日本語, 🐘",
    ("Bücher 書", "id"): "ID",
    ("Bücher 書", "Titel"): "Überschrift 書",
    ("Renamed", None): "Its table has the model's name",
    ("Renamed", "id"): "ID",
    ("Renamed", "b"): "Of the model",
    ("NoId", None): "A table without id",
    ("NoId", "a"): "A of NoId",
    ("Parts", None): "A partitioned table",
    ("Parts", "id"): "ID",
    ("Parts", "x"): "X of Parts",
    ("Silent", "id"): "ID",
    ("Emptied", "id"): "ID",
    ("a.b; --", None): "%s %I $1 \\. \\N",
    ("a.b; --", "id"): "ID",
    ("a.b; --", "a b"): "'; DROP TABLE x; --",
    ("Untold", None): "stays",
    ("AView", None): "stays",
}

NOW = "(the time of the upgrade)"
WHEN = ["2008-09-01 00:00:00+00", None, "infinity", "0044-03-15 00:00:00+00 BC"]


def when(i):
    return WHEN[i % len(WHEN)]


class Account:
    """The rows of one account, to be written as they are at a version and to be expected as they
    are at the newest one when it was upgraded from there. FIT makes a text fit an encoding."""

    def __init__(self, version, fit=lambda text: text, encoding="utf-8", more=False):
        self.version, self.fit, self.encoding, self.more = version, fit, encoding, more

    def _created(self, version, since, i):
        """A column that exists since a version: what it holds."""
        if version < since:
            return {}
        return {"created": NOW if self.version < since else when(i)}

    def rows(self, version):
        """{table: rows} at VERSION; sequences() to match."""
        at = {"_models": [], "_columns": [], "_roles": [], "_views": []}
        for number, name, table, description in MODELS:
            at["_models"].append({
                "id": number, "name": name, **({"table_name": table} if version < 6 else {}),
                "description": description, **self._created(version, 1, number)})
        columns = list(COLUMNS) + [(f"default {i}", "defaults", None)
                                   for i in range(len(DEFAULTS) - len(COLUMNS) % len(DEFAULTS))]
        for i, (name, model, label) in enumerate(columns, 1):
            before, after = list(DEFAULTS.items())[-i % len(DEFAULTS)]
            at["_columns"].append({
                "id": 2 * i, "name": name, "type": "text",
                ("table_name" if version < 6 else "model"): model,
                "default": before if version < 5 else after, "label": label,
                **({} if version < 1 else {"indexed": None if self.version < 1 else f"'{i}\""})})
        for i, password in enumerate(PASSWORDS, 1):
            password = password and self.fit(password)
            if version >= 3 and password is not None:
                password = hashlib.md5(password.encode(self.encoding)).hexdigest()
            at["_roles"].append({
                **({"id": i} if version else {}), "name": f"role '{i}'" if i > 2 else
                ["Admin", "Public"][i - 1], **({} if version else {"parentrole": 7}),
                "password": password, "login": ["password", "anonymous", ""][i % 3],
                "description": "back\\slash, 'quote', \"double\"\n\té 書" if i % 2 else "",
                **self._created(version, 1, i)})
        for i in range(1, 5):
            at["_views"].append({
                "id": 10 * i, "name": f"it's {i}\n", "description": None if i % 2 else "\\",
                "definition": f"select 'back\\\\slash' as \"a \"\"b\"\"\",\n\t${i} as ü" if i > 1
                else "", **self._created(version, 1, i)})
        at["_access" if version else "_access_rules"] = self._access(version)
        if version:
            at["_general"] = [{"version": version_name(version),
                               "created": NOW if self.version < 1 else when(0)}]
        for table in tables(version):
            at.setdefault(table, [])
        if self.more:
            self._add_more(at, version)
        return {table: [{key: value if value is None else self.fit(str(value))
                         for key, value in row.items()} for row in rows]
                for table, rows in at.items()}

    def _access(self, version):
        rules = [("Admin", method, url) for method, url in ADMIN_URLS]
        for i, url in enumerate(URLS):
            rules.append((["Public", "admin", "ADMIN", "Admin ", "", "Pub'lic é"][i % 6],
                          ["GET", "POST", "DELETE", "PUT", ""][i % 5], url))
        rules.append(("Admin", "GET", "/=/custom"))
        rules = list(enumerate(rules, 1))
        if version >= 2:
            rules += list(enumerate((("Admin", *rule) for rule in FEED_RULES), len(rules) + 1))
        if version < 6:
            return [{"id": i, "role": role, "method": method, "url": url}
                    for i, (role, method, url) in rules]
        return [{"id": i, "role": role, "method": method, "prefix": URLS[url][0],
                 "segments": URLS[url][1], "prohibiting": "false",
                 **({"applied_to": "{0.0.0.0/0}"} if version >= 9 else {})}
                for i, (role, method, url) in rules if role != "Admin"]

    def _add_more(self, at, version):
        """Rows in tables and columns that only came with later versions than none."""
        start = self.version
        if version == 1:
            at["_action"] = [{"id": 3, "name": "gone", "description": None, "definition": "x",
                              "confirmed_by": "'", "created": None}]
        if start >= 2:
            at["_feeds"] = [{
                "id": i, "name": f"it's {i}", "description": "\"\\", "view": "", "title": "ß\n",
                "link": "http://example.org/?a=1&b=%20", "logo": None, "copyright": "©",
                "language": "", "author": None if i % 2 else "書", "created": when(i)}
                for i in range(2, 9, 3)]
        if start >= 5:  # _views.definition need not be unique
            at["_views"] += [{"id": i, "name": f"same {i}", "definition": "same",
                              "description": "", "created": when(i)} for i in (101, 103)]
        if start >= 6:
            for i, role in enumerate(["Admin", "Public"], 501):
                at["_access"].append({
                    "id": i, "role": role, "method": "GET", "prefix": "/=/model/~\\",
                    "segments": None, "prohibiting": "true",
                    **({"applied_to": "{0.0.0.0/0}" if start < 9 else
                        [None, "{10.0.0.0/8,2001:db8::/32}"][i % 2]} if version >= 9 else {})})
        if start >= 7:
            at["_actions"] = [{"id": i, "name": f"'{i}\"", "definition": "same \\",
                               "description": None, "compiled": ["", None][i % 2],
                               "created": when(i)} for i in (1, 7)]
            at["_action_params"] = [{
                "id": i, "name": "same", "type": "literal", "label": "it's", "default_value": "\\",
                "used": "true", "action_id": [1, 7, None][i % 3]} for i in (4, 5, 6)]
        if start >= 8:
            at["_ylogins"] = [{
                "id": 9, "name": "it's", "mapping_view": None, "on_register": "select 'a\\\\b'\n",
                "on_login": "", "next_page": "/a?b=%22", "error_page": "/ü", "description": None,
                "created": when(1)}]

    def sequences(self, version):
        """{sequence: (last_value, is_called)} at VERSION."""
        found = {}
        for table, (columns, _) in tables(version).items():
            if not any("nextval" in column for column in columns):
                continue
            name = OWN_SEQUENCE.get(table, f"{table}_id_seq")
            rows = self.rows(version)[table]
            found[name] = (max(int(row["id"]) for row in rows), True) if rows else (1, False)
        found["_columns_id_seq"] = (5000, False)  # the next one is 5000
        found["_models_id_seq"] = (77, True)
        rules = len(ADMIN_URLS) + len(URLS) + 1 + (len(FEED_RULES) if version >= 2 else 0)
        if self.more and self.version >= 6:
            rules = 502
        found["_access_rules_id_seq"] = (rules, True)
        return found

    def comments(self):
        """Comments on the user's tables at the newest version."""
        return {(self.fit(table), column and self.fit(column)): self.fit(comment)
                for (table, column), comment in COMMENTS.items()}

    def make(self, run, name, user_tables=True, general=None, register=True):
        """Write it into a new schema. RUN(SQL, VALUES) runs statements; GENERAL are the versions
        in _general, if not the one."""
        run(f"CREATE SCHEMA {quote(self.fit(name))}; "
            f"SET search_path TO {quote(self.fit(name))};\n" + tables_sql(self.version))
        for table, rows in self.rows(self.version).items():
            if table == "_general" and general is not None:
                rows = [{**rows[0], "version": version} for version in general]
            if table == "_roles" and self.version == 0:
                rows = [*rows[-1:], *rows[:-1]]  # the UPDATE below moves it to the end
            if not rows:
                continue
            columns = ", ".join(quote(column) for column in rows[0])
            one = "(" + ", ".join(["%s"] * len(rows[0])) + ")"
            run(f"INSERT INTO {table} ({columns}) VALUES " + ", ".join([one] * len(rows)),
                [row[column] for row in rows for column in rows[0]])
        if self.version == 0:
            run("UPDATE _roles SET parentrole = 7 WHERE name = %s", [f"role '{len(PASSWORDS)}'"])
        for sequence, (last, called) in self.sequences(self.version).items():
            run("SELECT setval(%s, %s, %s)", [sequence, last, called])
        if user_tables:
            run(self.fit(USER_TABLES))
            if self.version >= 8:
                self._comment(run)
        if register:
            run("INSERT INTO _global._accounts (name) VALUES (%s)", [self.fit(name)])
        run("RESET search_path")

    def _comment(self, run):
        run('COMMENT ON COLUMN "Post".content IS NULL; COMMENT ON TABLE "Emptied" IS NULL; '
            'COMMENT ON COLUMN "Emptied".a IS NULL')
        for (table, column), comment in self.comments().items():
            on = f"COLUMN {quote(table)}.{quote(column)}" if column else f"TABLE {quote(table)}"
            if table != "AView":
                run(f"COMMENT ON {on} IS %s", [comment])


def global_sql(version):
    """The schema _global at a version from 1 on, without accounts."""
    key = ", captcha_key character(16) NOT NULL DEFAULT 'aB3dE5gH7jK9mN1p'"
    return f"""
CREATE SCHEMA _global;
CREATE TABLE _global._general (version character varying(10){key if version >= 4 else ""});
INSERT INTO _global._general (version) VALUES ('{version_name(version)}');
CREATE SEQUENCE _global._accounts_id_seq AS integer;
CREATE TABLE _global._accounts (
    id integer NOT NULL DEFAULT nextval('_global._accounts_id_seq'),
    name text NOT NULL,
    CONSTRAINT _accounts_pkey PRIMARY KEY (id),
    CONSTRAINT _accounts_name_key UNIQUE (name)
);
ALTER SEQUENCE _global._accounts_id_seq OWNED BY _global._accounts.id;
"""


GLOBAL_STRUCTURE = sorted("""\
_accounts: column 1 id integer NOT NULL DEFAULT nextval('_accounts_id_seq'::regclass)
_accounts: column 2 name text NOT NULL
_accounts: constraint _accounts_name_key UNIQUE (name)
_accounts: constraint _accounts_pkey PRIMARY KEY (id)
_accounts: index _accounts_name_key unique USING btree (name)
_accounts: index _accounts_pkey unique USING btree (id)
_accounts: table
_accounts_id_seq: sequence integer 1 1..2147483647 by 1 cache 1 cycle False of _accounts.id
_general: column 1 version character varying(10)
_general: column 2 captcha_key character(16) NOT NULL DEFAULT '?'::bpchar
_general: table""".splitlines())


def read_global_structure(db):
    """As GLOBAL_STRUCTURE, the key apart."""
    return [re.sub(r"'[0-9a-zA-Z]{16}'::bpchar", "'?'::bpchar", line)
            for line in read_structure(db, "_global", metamodel_only=False)]
