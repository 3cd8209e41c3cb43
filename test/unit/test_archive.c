/* SPDX-License-Identifier: PostgreSQL */
#include "archive_builder.h"

#include "archive/archive.h"
#include "archive/ids.h"

/* All versions that there are, with the integers of this machine and larger ones. */
static const struct form {
	unsigned minor;
	unsigned integer_bytes;
} forms[] = { { 14, 4 }, { 15, 4 }, { 16, 4 }, { 14, 8 }, { 15, 8 }, { 16, 8 } };

static const struct build_entry table = {
	.id = 201,
	.tag = "users",
	.desc = "TABLE",
	.definition = "CREATE TABLE a.users (\n    id integer\n);\n",
	.drop = "DROP TABLE a.users;\n",
	.schema = "a",
	.tablespace = "",
	.access_method = "heap",
	.relkind = 'r',
	.owner = "joe",
	.needs = { 5, 2147483647 },
};

static const struct build_entry table_data = {
	.id = 3301,
	.has_data = true,
	.tag = "users",
	.desc = "TABLE DATA",
	.definition = "",
	.drop = "",
	.copy = "COPY a.users (id) FROM stdin;\n",
	.schema = "a",
	.owner = "joe",
	.needs = { 201 },
};

static int open_fd; /* of the one archive that is open */

static struct archive *open_archive(const struct builder *b)
{
	struct error err;
	struct archive *archive;
	bool is_unknown = true;

	open_fd = build_file(b);
	archive = archive_open(open_fd, &is_unknown, &err);
	assert_non_null(archive);
	assert_false(is_unknown);
	return archive;
}

static void close_archive(struct archive *archive, struct builder *b)
{
	archive_close(archive);
	close(open_fd);
	build_release(b);
}

static void assert_text(const char *is, const char *should_be)
{
	if (should_be)
		assert_string_equal(is, should_be);
	else
		assert_null(is);
}

static void assert_entry(const struct archive_entry *e,
			 const struct build_entry *should_be, bool has_relkind)
{
	assert_int_equal(e->dump_id, should_be->id);
	assert_int_equal(e->has_data, should_be->has_data);
	assert_text(e->tag, should_be->tag);
	assert_text(e->desc, should_be->desc);
	assert_text(e->definition, should_be->definition);
	assert_text(e->drop, should_be->drop);
	assert_text(e->copy, should_be->copy);
	assert_text(e->schema, should_be->schema);
	assert_text(e->tablespace, should_be->tablespace);
	assert_text(e->access_method, should_be->access_method);
	assert_int_equal(e->relkind, has_relkind ? should_be->relkind : 0);
	assert_text(e->owner, should_be->owner);
	for (size_t i = 0; i < e->dependency_count; i++)
		assert_int_equal(e->dependencies[i], should_be->needs[i]);
	assert_int_equal(should_be->needs[e->dependency_count], 0);
}

/* Read all there is. How many bytes of data, at *bytes. */
static bool read_all(int fd, size_t *bytes, bool *is_unknown, struct error *err)
{
	struct archive *archive = archive_open(fd, is_unknown, err);
	bool is_ok = archive != NULL, is_end = false;

	*bytes = 0;
	for (uint32_t i = 0; is_ok && i < archive_head(archive)->entry_count; i++) {
		struct archive_entry e;

		is_ok = archive_next_entry(archive, &e, err);
		if (is_ok) {
			assert_true(e.dump_id > 0);
			assert_true(strlen(e.desc) < 1000);
			assert_true(!e.definition || strlen(e.definition) < 1000);
		}
	}
	while (is_ok && !is_end) {
		uint32_t id;
		size_t length = 1;

		is_ok = archive_next_data(archive, &id, &is_end, err);
		while (is_ok && !is_end && length) {
			const char *data;

			is_ok = archive_read(archive, &data, &length, err);
			*bytes += is_ok ? length : 0;
		}
	}
	archive_close(archive);
	return is_ok;
}

static bool read_bytes(const void *data, size_t length, size_t *bytes, bool *is_unknown,
		       struct error *err)
{
	int fd = build_file_of(data, length);
	bool is_ok = read_all(fd, bytes, is_unknown, err);

	close(fd);
	return is_ok;
}

static void assert_fails(struct builder *b, bool should_be_unknown, const char *text)
{
	struct error err = { 0 };
	size_t bytes;
	bool is_unknown;

	assert_false(read_bytes(b->out.buf, b->out.length, &bytes, &is_unknown, &err));
	assert_int_equal(err.kind, ERROR_DATA);
	assert_int_equal(is_unknown, should_be_unknown);
	if (!strstr(err.text, text))
		assert_string_equal(err.text, text);
	build_release(b);
}

/* ---- what is in an archive comes out ---- */

static void test_every_version_and_integer_size_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct archive *archive;
		struct archive_entry e;
		struct builder b;
		struct error err;
		bool has_relkind = forms[i].minor >= 16;

		build_head(&b, forms[i].minor, forms[i].integer_bytes, 2);
		build_entry(&b, &table);
		build_entry(&b, &table_data);
		archive = open_archive(&b);
		assert_int_equal(archive_head(archive)->minor, forms[i].minor);
		assert_string_equal(archive_head(archive)->remote_version, "15.1");
		assert_string_equal(archive_head(archive)->dump_version,
				    "15.13 (Debian)");
		assert_int_equal(archive_head(archive)->entry_count, 2);
		assert_true(archive_next_entry(archive, &e, &err));
		assert_entry(&e, &table, has_relkind);
		assert_true(archive_next_entry(archive, &e, &err));
		assert_entry(&e, &table_data, has_relkind);
		close_archive(archive, &b);
	}
}

static void test_no_string_is_not_an_empty_string(void **state)
{
	static const struct build_entry none = { .id = 1, .desc = "X" },
					empty = { .id = 2,
						  .tag = "",
						  .desc = "",
						  .definition = "",
						  .drop = "",
						  .copy = "",
						  .schema = "",
						  .tablespace = "",
						  .access_method = "",
						  .owner = "" };
	struct builder b;
	struct archive_entry e;
	struct archive *archive;
	struct error err;

	(void)state;
	build_head_of(&b, 16, 4, NULL, 2);
	build_entry(&b, &none);
	build_entry(&b, &empty);
	archive = open_archive(&b);
	assert_null(archive_head(archive)->dump_version);
	assert_true(archive_next_entry(archive, &e, &err));
	assert_entry(&e, &none, true);
	assert_true(archive_next_entry(archive, &e, &err));
	assert_entry(&e, &empty, true);
	close_archive(archive, &b);
}

static void test_strings_may_be_longer_than_any_buffer(void **state)
{
	struct build_entry e = table;
	struct builder b;
	struct archive_entry read;
	struct archive *archive;
	struct error err;
	char *text = xcalloc(1, 1000001);

	(void)state;
	memset(text, 'x', 1000000);
	e.definition = text;
	build_head(&b, 15, 4, 2);
	build_entry(&b, &e);
	build_entry(&b, &table_data);
	archive = open_archive(&b);
	assert_true(archive_next_entry(archive, &read, &err));
	assert_entry(&read, &e, false);
	assert_true(archive_next_entry(archive, &read, &err));
	assert_entry(&read, &table_data, false);
	close_archive(archive, &b);
	free(text);
}

static void test_an_entry_may_depend_on_many_others(void **state)
{
	enum { COUNT = 1000 };
	struct builder b;
	struct archive_entry e;
	struct archive *archive;
	struct error err;

	(void)state;
	build_head(&b, 14, 4, 1);
	build_entry(&b, &(struct build_entry){ .id = 1, .desc = "VIEW" });
	b.out.length -= 5 + 9; /* the end of the dependencies, and the place of data */
	for (uint32_t i = 0; i < COUNT; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		build_text(&b, text);
	}
	build_text(&b, NULL);
	strbuf_add(&b.out, "\0\0\0\0\0\0\0\0", 9);
	archive = open_archive(&b);
	assert_true(archive_next_entry(archive, &e, &err));
	assert_int_equal(e.dependency_count, COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(e.dependencies[i], i);
	close_archive(archive, &b);
}

static void read_block(struct archive *archive, uint32_t should_be, struct strbuf *out)
{
	struct error err;
	const char *data;
	uint32_t id;
	size_t length;
	bool is_end;

	assert_true(archive_next_data(archive, &id, &is_end, &err));
	assert_false(is_end);
	assert_int_equal(id, should_be);
	strbuf_reset(out);
	strbuf_add(out, "", 0);
	do {
		assert_true(archive_read(archive, &data, &length, &err));
		if (length)
			strbuf_add(out, data, length);
	} while (length);
}

static void test_data_come_in_blocks_of_chunks(void **state)
{
	struct strbuf text = { 0 };
	struct builder b;
	struct archive *archive;
	struct error err;
	uint32_t id;
	bool is_end;
	char *large = xcalloc(1, 700001);

	(void)state;
	memset(large, 'x', 700000);
	build_head(&b, 15, 8, 0);
	build_data(&b, 7, "1\tone\n", "2", "\ttwo\n", "\\.\n\n\n", NULL);
	build_data(&b, 9, NULL);
	build_data(&b, 8, large, "y", NULL);
	archive = open_archive(&b);
	read_block(archive, 7, &text);
	assert_string_equal(text.buf, "1\tone\n2\ttwo\n\\.\n\n\n");
	read_block(archive, 9, &text);
	assert_string_equal(text.buf, "");
	read_block(archive, 8, &text);
	assert_int_equal(text.length, 700001);
	assert_int_equal(text.buf[700000], 'y');
	assert_true(archive_next_data(archive, &id, &is_end, &err));
	assert_true(is_end);
	close_archive(archive, &b);
	strbuf_release(&text);
	free(large);
}

/* ---- the kept table of contents ---- */

static void read_again(struct archive *archive)
{
	struct archive_entry e;
	struct error err;
	struct archive *again = archive_reread(archive, &err);

	assert_non_null(again);
	assert_int_equal(archive_head(again)->entry_count, 2);
	assert_true(archive_next_entry(again, &e, &err));
	assert_entry(&e, &table, true);
	assert_true(archive_next_entry(again, &e, &err));
	assert_entry(&e, &table_data, true);
	archive_close(again);
}

static void test_kept_entries_can_be_read_again_before_and_after_data(void **state)
{
	struct strbuf text = { 0 };
	struct builder b;
	struct archive_entry e;
	struct archive *archive;
	struct error err;
	int keep_fd = build_file_of("", 0);
	uint32_t id;
	bool is_end;

	(void)state;
	build_head(&b, 16, 4, 2);
	build_entry(&b, &table);
	build_entry(&b, &table_data);
	build_data(&b, 3301, "1\n", NULL);
	archive = open_archive(&b);
	archive_keep_entries(archive, keep_fd);
	assert_true(archive_next_entry(archive, &e, &err));
	assert_true(archive_next_entry(archive, &e, &err));
	read_again(archive);
	read_block(archive, 3301, &text);
	read_again(archive);
	assert_true(archive_next_data(archive, &id, &is_end, &err));
	assert_true(is_end);
	read_again(archive);
	close_archive(archive, &b);
	close(keep_fd);
	strbuf_release(&text);
}

static void test_kept_entries_may_be_more_than_a_buffer(void **state)
{
	enum { COUNT = 3000 };
	struct build_entry each = table;
	struct builder b;
	struct archive_entry e;
	struct archive *archive, *again;
	struct error err;
	int keep_fd = build_file_of("", 0);

	(void)state;
	build_head(&b, 16, 4, COUNT);
	for (each.id = 1; each.id <= COUNT; each.id++)
		build_entry(&b, &each);
	build_data(&b, 1, "x", NULL);
	archive = open_archive(&b);
	archive_keep_entries(archive, keep_fd);
	for (each.id = 1; each.id <= COUNT; each.id++)
		assert_true(archive_next_entry(archive, &e, &err));
	again = archive_reread(archive, &err);
	for (each.id = 1; each.id <= COUNT; each.id++) {
		assert_true(archive_next_entry(again, &e, &err));
		assert_entry(&e, &each, true);
	}
	archive_close(again);
	close_archive(archive, &b);
	close(keep_fd);
}

static void test_an_entry_that_cannot_be_kept_is_an_error(void **state)
{
	struct builder b;
	struct archive_entry e;
	struct archive *archive;
	struct error err;
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	build_head(&b, 16, 4, 1);
	build_entry(&b, &table);
	archive = open_archive(&b);
	archive_keep_entries(archive, fd);
	assert_false(archive_next_entry(archive, &e, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_non_null(strstr(err.text, "table of contents"));
	close_archive(archive, &b);
	close(fd);
}

/* ---- damage ---- */

static void test_an_archive_cut_off_anywhere_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct builder b;
		struct error err;
		size_t bytes, begin;
		bool is_unknown;

		build_head(&b, forms[i].minor, forms[i].integer_bytes, 2);
		build_entry(&b, &table);
		build_entry(&b, &table_data);
		begin = b.out.length; /* that there are data, only the entries say */
		build_data(&b, 3301, "1\n2\n", "\\.\n\n\n", NULL);
		for (size_t cut = 0; cut < b.out.length; cut++) {
			if (cut == begin)
				continue;
			assert_false(
				read_bytes(b.out.buf, cut, &bytes, &is_unknown, &err));
			assert_int_equal(err.kind, ERROR_DATA);
			assert_false(is_unknown);
			assert_non_null(strstr(err.text, "it ends too early"));
		}
		assert_true(
			read_bytes(b.out.buf, b.out.length, &bytes, &is_unknown, &err));
		assert_int_equal(bytes, 9);
		build_release(&b);
	}
}

static void test_a_damaged_byte_is_an_error_or_another_text(void **state)
{
	static const unsigned flips[] = { 0x01, 0x02, 0x10, 0x80, 0xff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct builder b;

		build_head(&b, forms[i].minor, forms[i].integer_bytes, 2);
		build_entry(&b, &table);
		build_entry(&b, &table_data);
		build_data(&b, 3301, "1\n2\n", "\\.\n\n\n", NULL);
		for (size_t at = 0; at < b.out.length; at++)
			for (size_t j = 0; j < ARRAY_SIZE(flips); j++) {
				struct error err = { 0 };
				size_t bytes;
				bool is_unknown;

				b.out.buf[at] = (char)(b.out.buf[at] ^ (int)flips[j]);
				if (!read_bytes(b.out.buf, b.out.length, &bytes,
						&is_unknown, &err))
					assert_int_equal(err.kind, ERROR_DATA);
				b.out.buf[at] = (char)(b.out.buf[at] ^ (int)flips[j]);
			}
		build_release(&b);
	}
}

static void test_an_empty_file_is_an_error(void **state)
{
	struct builder b = { 0 };

	(void)state;
	assert_fails(&b, false, "at byte 0: it ends too early");
}

static void test_what_is_no_archive_is_an_error(void **state)
{
	struct builder b = { 0 };

	(void)state;
	strbuf_add_str(&b.out, "--\n-- PostgreSQL database dump\n--\n");
	assert_fails(&b, false, "PGDMP");
}

static void test_other_versions_formats_and_compression_are_unknown(void **state)
{
	static const struct {
		size_t at;
		char byte;
		const char *text;
	} cases[] = {
		{ 5, 0, "version 0.15" },  { 5, 2, "version 2.15" },
		{ 6, 13, "version 1.13" }, { 6, 17, "version 1.17" },
		{ 10, 3, "format 3" },     { 10, 5, "format 5" },
		{ 11, 1, "compressed" },   { 11, (char)0xff, "compressed" },
	};
	struct builder b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		build_head(&b, 15, 4, 0);
		b.out.buf[cases[i].at] = cases[i].byte;
		assert_fails(&b, true, cases[i].text);
	}
	build_magic(&b, 14, 4);
	build_integer(&b, -1); /* zlib's own idea of a level */
	assert_fails(&b, true, "compressed");
	build_magic(&b, 14, 4);
	build_integer(&b, 9);
	assert_fails(&b, true, "compressed");
}

static void test_integers_have_four_to_eight_bytes(void **state)
{
	static const unsigned char sizes[] = { 0, 1, 3, 9, 32, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t at = 8; at < 10; at++) {
			struct builder b;

			if (at == 9 && sizes[i] > 0 && sizes[i] < 9)
				continue; /* of an offset, that is possible */
			build_head(&b, 15, 4, 0);
			b.out.buf[at] = (char)sizes[i];
			assert_fails(&b, false, "invalid size of integers");
		}
}

static void test_a_number_of_entries_that_is_none_is_an_error(void **state)
{
	struct builder b;

	(void)state;
	build_head(&b, 15, 4, -1);
	assert_fails(&b, false, "negative");
	build_head(&b, 15, 8, INT64_C(1) << 31);
	assert_fails(&b, false, "not an integer");
	build_head(&b, 15, 8, INT64_MAX);
	assert_fails(&b, false, "not an integer");
	build_head(&b, 15, 4, INT32_MAX); /* there is nothing, so nothing grows */
	assert_fails(&b, false, "it ends too early");
	build_head(&b, 15, 4, 0);
	b.out.buf[b.out.length - 5] = 2; /* the sign */
	assert_fails(&b, false, "not an integer");
}

/* An entry whose tag is `length` bytes long, as it says; four are there. */
static void build_tag(struct builder *b, int64_t length, const char *bytes)
{
	build_head(b, 16, 8, 1);
	build_integer(b, 1);
	build_integer(b, 0);
	build_text(b, "1259");
	build_text(b, "1");
	build_integer(b, length);
	strbuf_add(&b->out, bytes, 4);
}

static void test_a_length_that_is_not_there_is_an_error(void **state)
{
	struct builder b;

	(void)state;
	build_tag(&b, INT64_MAX, "abcd");
	assert_fails(&b, false, "entry 1 of 1: not an integer");
	build_tag(&b, INT32_MAX, "abcd");
	assert_fails(&b, false, "a string is too long");
	build_tag(&b, ARCHIVE_ENTRY_BYTES_MAX - 1000, "abcd");
	assert_fails(&b, false, "it ends too early");
}

static void test_the_byte_that_is_wrong_is_named(void **state)
{
	struct builder b;
	char *text;

	(void)state;
	build_tag(&b, 4, "ab\0d");
	text = str_format("at byte %zu, entry 1 of 1: a string contains a NUL",
			  b.out.length - 2);
	assert_fails(&b, false, text);
	free(text);
}

static void test_an_entry_that_makes_no_sense_is_an_error(void **state)
{
	static const struct build_entry no_id = { .id = 0, .desc = "TABLE" },
					no_desc = { .id = 1, .tag = "x" };
	struct builder b;

	(void)state;
	build_head(&b, 15, 4, 1);
	build_entry(&b, &no_id);
	assert_fails(&b, false, "entry 1 of 1: the entry is inconsistent");
	build_head(&b, 15, 4, 1);
	build_entry(&b, &no_desc);
	assert_fails(&b, false, "is inconsistent");
	build_head(&b, 15, 4, 1);
	build_integer(&b, -1); /* the id */
	assert_fails(&b, false, "negative");
}

static void test_a_dependency_that_is_no_number_is_an_error(void **state)
{
	static const char *const texts[] = {
		"", "-1", "x", " 1", "1 ", "1x", "2147483648", "18446744073709551617"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct builder b;

		build_head(&b, 15, 4, 1);
		build_entry(&b, &(struct build_entry){ .id = 1, .desc = "TABLE" });
		b.out.length -= 5 + 9;
		build_text(&b, texts[i]);
		assert_fails(&b, false, "a dependency is not a number");
	}
}

static void test_an_unknown_block_is_an_error(void **state)
{
	static const unsigned kinds[] = { 0, 2, 3, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct builder b;

		build_head(&b, 15, 4, 0);
		build_byte(&b, kinds[i]);
		build_integer(&b, 7);
		build_integer(&b, 0);
		assert_fails(&b, false, "not a table's data");
	}
}

static void test_a_chunk_of_less_than_nothing_is_an_error(void **state)
{
	struct builder b;

	(void)state;
	build_head(&b, 15, 4, 0);
	build_byte(&b, 1);
	build_integer(&b, 7);
	build_integer(&b, -5);
	strbuf_add_str(&b.out, "xxxxx");
	assert_fails(&b, false, "negative");
}

static void test_a_file_that_cannot_be_read_is_no_damage(void **state)
{
	struct error err;
	size_t bytes;
	bool is_unknown;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_false(read_all(fd, &bytes, &is_unknown, &err));
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_false(is_unknown);
	close(fd);
}

/* ---- ids ---- */

static void test_ids_are_found_and_are_there_once(void **state)
{
	enum { COUNT = 100000, STEP = 21473 }; /* some near each other, some far */
	struct ids ids = { 0 };

	(void)state;
	assert_null(ids_find(&ids, 1));
	for (uint32_t i = 1; i <= COUNT; i++)
		assert_true(ids_add(&ids, i & 1 ? i : i * STEP, i));
	for (uint32_t i = 1; i <= COUNT; i++) {
		uint32_t id = i & 1 ? i : i * STEP;

		assert_false(ids_add(&ids, id, 0));
		assert_int_equal(*ids_find(&ids, id), i);
	}
	assert_null(ids_find(&ids, 0));
	assert_null(ids_find(&ids, 2));
	assert_null(ids_find(&ids, UINT32_MAX));
	ids_release(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(test_every_version_and_integer_size_is_read),
		UNIT_TEST(test_no_string_is_not_an_empty_string),
		UNIT_TEST(test_strings_may_be_longer_than_any_buffer),
		UNIT_TEST(test_an_entry_may_depend_on_many_others),
		UNIT_TEST(test_data_come_in_blocks_of_chunks),
		UNIT_TEST(test_kept_entries_can_be_read_again_before_and_after_data),
		UNIT_TEST(test_kept_entries_may_be_more_than_a_buffer),
		UNIT_TEST(test_an_entry_that_cannot_be_kept_is_an_error),
		UNIT_TEST(test_an_archive_cut_off_anywhere_is_an_error),
		UNIT_TEST(test_a_damaged_byte_is_an_error_or_another_text),
		UNIT_TEST(test_an_empty_file_is_an_error),
		UNIT_TEST(test_what_is_no_archive_is_an_error),
		UNIT_TEST(test_other_versions_formats_and_compression_are_unknown),
		UNIT_TEST(test_integers_have_four_to_eight_bytes),
		UNIT_TEST(test_a_number_of_entries_that_is_none_is_an_error),
		UNIT_TEST(test_a_length_that_is_not_there_is_an_error),
		UNIT_TEST(test_the_byte_that_is_wrong_is_named),
		UNIT_TEST(test_an_entry_that_makes_no_sense_is_an_error),
		UNIT_TEST(test_a_dependency_that_is_no_number_is_an_error),
		UNIT_TEST(test_an_unknown_block_is_an_error),
		UNIT_TEST(test_a_chunk_of_less_than_nothing_is_an_error),
		UNIT_TEST(test_a_file_that_cannot_be_read_is_no_damage),
		UNIT_TEST(test_ids_are_found_and_are_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
