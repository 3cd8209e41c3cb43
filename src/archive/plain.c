/* SPDX-License-Identifier: PostgreSQL */
#include "archive/plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAJOR_MIN = 12, MAJOR_MAX = 18 };

/* The first minor version of each major version that writes \restrict; -1: none does. */
static const int restricts_since[] = {
	[12] = -1, [13] = 22, [14] = 19, [15] = 14, [16] = 10, [17] = 6, [18] = 0,
};

/* How ALTER ... OWNER TO names the object. */
enum owner_form {
	OWNER_NONE,    /* it has no owner of its own */
	OWNER_TABLE,   /* by its name; pg_dump before 16 calls all of them tables */
	OWNER_NAME,    /* by its kind and name */
	OWNER_DROPPED, /* as the DROP statement does */
};

static const struct kind {
	const char *desc;
	enum plain_kind kind;
	enum plain_pass pass;
	enum owner_form owner;
} kinds[] = {
	{ "ENCODING", PLAIN_SETTING, PLAIN_MAIN, OWNER_NONE },
	{ "STDSTRINGS", PLAIN_SETTING, PLAIN_MAIN, OWNER_NONE },
	{ "SEARCHPATH", PLAIN_SETTING, PLAIN_MAIN, OWNER_NONE },
	{ "TABLE", PLAIN_RELATION, PLAIN_MAIN, OWNER_TABLE },
	{ "FOREIGN TABLE", PLAIN_RELATION, PLAIN_MAIN, OWNER_NAME },
	{ "VIEW", PLAIN_RELATION, PLAIN_MAIN, OWNER_TABLE },
	{ "MATERIALIZED VIEW", PLAIN_RELATION, PLAIN_MAIN, OWNER_TABLE },
	{ "SEQUENCE", PLAIN_RELATION, PLAIN_MAIN, OWNER_TABLE },
	{ "TABLE ATTACH", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "SEQUENCE OWNED BY", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "DEFAULT", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "TABLE DATA", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "SEQUENCE SET", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "MATERIALIZED VIEW DATA", PLAIN_PART, PLAIN_REFRESH, OWNER_NONE },
	{ "CONSTRAINT", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "CHECK CONSTRAINT", PLAIN_EXTRA, PLAIN_MAIN, OWNER_NONE },
	{ "FK CONSTRAINT", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "INDEX", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "INDEX ATTACH", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "RULE", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "TRIGGER", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "ROW SECURITY", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "POLICY", PLAIN_PART, PLAIN_MAIN, OWNER_NONE },
	{ "COMMENT", PLAIN_EXTRA, PLAIN_MAIN, OWNER_NONE },
	{ "SECURITY LABEL", PLAIN_EXTRA, PLAIN_MAIN, OWNER_NONE },
	{ "ACL", PLAIN_EXTRA, PLAIN_ACL, OWNER_NONE },
	{ "DATABASE", PLAIN_OTHER, PLAIN_MAIN, OWNER_NONE },
	{ "DATABASE PROPERTIES", PLAIN_OTHER, PLAIN_MAIN, OWNER_NONE },
	{ "SCHEMA", PLAIN_SCHEMA, PLAIN_MAIN, OWNER_NAME },
	{ "DEFAULT ACL", PLAIN_MEMBER, PLAIN_ACL, OWNER_NONE },
	{ "TYPE", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "SHELL TYPE", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NONE },
	{ "DOMAIN", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "FUNCTION", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "PROCEDURE", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "AGGREGATE", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "OPERATOR", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "OPERATOR CLASS", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "OPERATOR FAMILY", PLAIN_MEMBER, PLAIN_MAIN, OWNER_DROPPED },
	{ "COLLATION", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "CONVERSION", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "STATISTICS", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "TEXT SEARCH PARSER", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NONE },
	{ "TEXT SEARCH DICTIONARY", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
	{ "TEXT SEARCH TEMPLATE", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NONE },
	{ "TEXT SEARCH CONFIGURATION", PLAIN_MEMBER, PLAIN_MAIN, OWNER_NAME },
};

static const struct kind *find_kind(const struct archive_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (*kinds[i].desc == *e->desc && !strcmp(kinds[i].desc, e->desc))
			return &kinds[i];
	return NULL;
}

static bool is_empty(const char *text)
{
	return !text || !*text;
}

/* Has the entry what every entry of this kind has? If not, it has a special form that is
 * better left to pg_dump. */
static bool is_usual(const struct archive_entry *e, enum plain_kind kind)
{
	switch (kind) {
	case PLAIN_SETTING:
		return !e->has_data && e->definition;
	case PLAIN_RELATION:
		/* the access method of a partitioned table needs another statement */
		return !e->has_data && e->schema && !is_empty(e->tag) &&
		       !(e->relkind == 'p' && e->access_method);
	case PLAIN_PART:
		return !e->has_data ||
		       (is_empty(e->definition) && !strcmp(e->desc, "TABLE DATA"));
	case PLAIN_EXTRA:
	case PLAIN_OTHER:
		return !e->has_data;
	case PLAIN_SCHEMA:
		return !e->has_data && !is_empty(e->tag);
	case PLAIN_MEMBER:
		return !e->has_data && e->schema && !is_empty(e->tag);
	case PLAIN_UNKNOWN:
		break;
	}
	return false;
}

enum plain_kind plain_kind(const struct archive_entry *e)
{
	const struct kind *kind = find_kind(e);

	return kind && is_usual(e, kind->kind) ? kind->kind : PLAIN_UNKNOWN;
}

enum plain_pass plain_pass(const struct archive_entry *e)
{
	const struct kind *kind = find_kind(e);

	return kind ? kind->pass : PLAIN_MAIN;
}

/* ---- the settings ---- */

bool plain_init(struct plain *p, const struct archive_head *head,
		const struct strvec *keywords, struct error *err)
{
	unsigned major, minor;

	/* not for a beta version: "19beta1" */
	if (!head->dump_version ||
	    sscanf(head->dump_version, "%2u.%9u", &major, &minor) != 2 ||
	    major < MAJOR_MIN || major > MAJOR_MAX)
		return error_set(err, ERROR_DATA,
				 "the format of dumps by pg_dump %s is unknown",
				 head->dump_version ? head->dump_version : "?");
	*p = (struct plain){
		.major = major,
		.is_restricted = restricts_since[major] >= 0 &&
				 minor >= (unsigned)restricts_since[major],
		.head = head,
		.keywords = keywords,
	};
	return true;
}

void plain_release(struct plain *p)
{
	free(p->encoding);
	free(p->standard_strings);
	free(p->search_path);
	strvec_release(&p->names);
}

static bool has_form(const char *text, const char *begin, const char *end)
{
	return strlen(text) >= strlen(begin) + strlen(end) &&
	       str_has_prefix(text, begin) && str_has_suffix(text, end);
}

bool plain_set(struct plain *p, const struct archive_entry *e, struct error *err)
{
	static const struct {
		const char *desc;
		const char *begin;
		const char *end;
	} forms[] = {
		{ "ENCODING", "SET client_encoding = '", "';\n" },
		{ "STDSTRINGS", "SET standard_conforming_strings = 'on'", ";\n" },
		{ "STDSTRINGS", "SET standard_conforming_strings = 'off'", ";\n" },
		{ "SEARCHPATH", "SELECT pg_catalog.set_config('search_path', ", ";\n" },
	};
	char **settings[] = { &p->encoding, &p->standard_strings, &p->standard_strings,
			      &p->search_path };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (strcmp(e->desc, forms[i].desc) != 0 ||
		    !has_form(e->definition, forms[i].begin, forms[i].end))
			continue;
		if (*settings[i])
			break;
		*settings[i] = xstrdup(e->definition);
		return true;
	}
	return error_set(err, ERROR_DATA, "the archive's %s cannot be parsed", e->desc);
}

/* ---- names ---- */

static bool is_plain_name(const struct plain *p, const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_'))
			return false;
	return !strvec_has(p->keywords, name);
}

static void add_name(const struct plain *p, struct strbuf *out, const char *name)
{
	if (is_plain_name(p, name))
		strbuf_add_str(out, name);
	else
		strbuf_add_identifier(out, name, strlen(name));
}

/* Add text to a comment, on one line. */
static void add_line(struct strbuf *out, const char *text)
{
	size_t begin = out->length;

	strbuf_add_str(out, text ? text : "-");
	for (char *c = out->buf + begin; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
}

/* The number of a name in p->names, from 1. There are only a few. */
static unsigned intern(struct plain *p, const char *name)
{
	size_t i = 0;

	while (i < p->names.count && strcmp(p->names.v[i], name) != 0)
		i++;
	if (i == p->names.count)
		strvec_push(&p->names, name);
	return (unsigned)i + 1;
}

/* ---- the file ---- */

/* Make a key of letters and digits, as long as pg_dump's. */
static bool make_key(char *out, struct error *err)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t length = 0;

	while (length < PLAIN_KEY_SIZE - 1) {
		/* more than enough, since some are rejected */
		unsigned char bytes[PLAIN_KEY_SIZE + 32];

		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return error_set(err, ERROR_SYSTEM, "getrandom: %s",
					 strerror(errno));
		for (size_t i = 0; i < sizeof(bytes) && length < PLAIN_KEY_SIZE - 1; i++)
			/* so that all are equally likely */
			if (bytes[i] < 4 * strlen(letters))
				out[length++] = letters[bytes[i] % strlen(letters)];
	}
	out[length] = '\0';
	return true;
}

static void add_settings(const struct plain *p, struct strbuf *out)
{
	bool is_standard = strstr(p->standard_strings, "'on'") != NULL;

	strbuf_add_str(out, "SET statement_timeout = 0;\n"
			    "SET lock_timeout = 0;\n"
			    "SET idle_in_transaction_session_timeout = 0;\n");
	if (p->major >= 17)
		strbuf_add_str(out, "SET transaction_timeout = 0;\n");
	strbuf_add_str(out, p->encoding);
	strbuf_add_format(out, "SET standard_conforming_strings = %s;\n",
			  is_standard ? "on" : "off");
	strbuf_add_str(out, p->search_path);
	strbuf_add_str(out, "SET check_function_bodies = false;\n"
			    "SET xmloption = content;\n"
			    "SET client_min_messages = warning;\n");
	if (!is_standard)
		strbuf_add_str(out, "SET escape_string_warning = off;\n");
	strbuf_add_str(out, "SET row_security = off;\n\n");
}

bool plain_begin(const struct plain *p, struct plain_file *file, struct strbuf *out,
		 struct error *err)
{
	if (!p->encoding || !p->standard_strings || !p->search_path)
		return error_set(err, ERROR_DATA, "the archive lacks its settings");
	if (p->is_restricted && !make_key(file->key, err))
		return false;
	strbuf_add_str(out, "--\n-- PostgreSQL database dump\n--\n\n");
	if (p->is_restricted)
		strbuf_add_format(out, "\\restrict %s\n\n", file->key);
	if (p->head->remote_version) {
		strbuf_add_str(out, "-- Dumped from database version ");
		add_line(out, p->head->remote_version);
		strbuf_add_char(out, '\n');
	}
	strbuf_add_str(out, "-- Dumped by pg_dump version ");
	add_line(out, p->head->dump_version);
	strbuf_add_str(out, "\n\n");
	add_settings(p, out);
	return true;
}

static void add_default(struct plain *p, const char *setting, const char *name,
			unsigned *current, struct strbuf *out)
{
	unsigned number = name ? intern(p, name) : 0;

	if (!number || number == *current)
		return;
	*current = number;
	strbuf_add_format(out, "SET %s = ", setting);
	if (*name)
		add_name(p, out, name);
	else
		strbuf_add_str(out, "''"); /* the tablespace of the database */
	strbuf_add_str(out, ";\n\n");
}

static void add_header(const struct archive_entry *e, struct strbuf *out)
{
	strbuf_add_str(out, e->has_data ? "--\n-- Data for Name: " : "--\n-- Name: ");
	add_line(out, e->tag ? e->tag : "");
	strbuf_add_str(out, "; Type: ");
	strbuf_add_str(out, e->desc);
	strbuf_add_str(out, "; Schema: ");
	add_line(out, e->schema);
	strbuf_add_str(out, "; Owner: ");
	add_line(out, e->owner);
	if (!is_empty(e->tablespace)) {
		strbuf_add_str(out, "; Tablespace: ");
		add_line(out, e->tablespace);
	}
	strbuf_add_str(out, "\n--\n\n");
}

/* Take the object's name from "DROP FUNCTION a.f(integer);\n". */
static void add_dropped(const struct archive_entry *e, struct strbuf *out)
{
	size_t skipped = str_has_prefix(e->drop, "DROP ") ? strlen("DROP ") : 0;
	size_t length = strlen(e->drop);

	while (length > skipped && strchr(";\n", e->drop[length - 1]))
		length--;
	strbuf_add(out, e->drop + skipped, length - skipped);
}

static void add_owner(const struct plain *p, const struct archive_entry *e,
		      enum owner_form form, struct strbuf *out)
{
	strbuf_add_str(out, "ALTER ");
	if (form == OWNER_DROPPED) {
		add_dropped(e, out);
	} else {
		strbuf_add_str(out,
			       form == OWNER_TABLE && p->major < 16 ? "TABLE" : e->desc);
		strbuf_add_char(out, ' ');
		if (e->schema) {
			add_name(p, out, e->schema);
			strbuf_add_char(out, '.');
		}
		add_name(p, out, e->tag);
	}
	strbuf_add_str(out, " OWNER TO ");
	add_name(p, out, e->owner);
	strbuf_add_str(out, ";\n\n");
}

void plain_add(struct plain *p, struct plain_file *file, const struct archive_entry *e,
	       struct strbuf *out)
{
	const struct kind *kind = find_kind(e);

	if (!e->has_data && is_empty(e->definition))
		return;
	add_default(p, "default_tablespace", e->tablespace, &file->tablespace, out);
	add_default(p, "default_table_access_method", e->access_method,
		    &file->access_method, out);
	add_header(e, out);
	if (!is_empty(e->definition)) {
		strbuf_add_str(out, e->definition);
		strbuf_add_str(out, "\n\n");
	}
	if (kind && kind->owner != OWNER_NONE && !is_empty(e->drop) &&
	    !is_empty(e->owner))
		add_owner(p, e, kind->owner, out);
	if (e->has_data && e->copy)
		strbuf_add_str(out, e->copy);
}

void plain_end(const struct plain *p, const struct plain_file *file, struct strbuf *out)
{
	strbuf_add_str(out, "--\n-- PostgreSQL database dump complete\n--\n\n");
	if (p->is_restricted)
		strbuf_add_format(out, "\\unrestrict %s\n\n", file->key);
}
