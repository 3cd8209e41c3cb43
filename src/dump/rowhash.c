/* SPDX-License-Identifier: PostgreSQL */
#include "dump/rowhash.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/str.h"

struct rowhash {
	EVP_MD_CTX *digest;
	const int *wanted; /* NULL: the whole row */
	size_t count;
	size_t column;
	bool has_begun; /* the digest of the column or of the row */
	bool has_failed;
	struct rowhash_value sum; /* of the columns, in any order */
};

struct rowhash *rowhash_new(void)
{
	struct rowhash *h = xcalloc(1, sizeof(*h));

	h->digest = EVP_MD_CTX_new();
	h->has_failed = !h->digest || !EVP_DigestInit_ex(h->digest, EVP_sha256(), NULL);
	return h;
}

void rowhash_free(struct rowhash *h)
{
	EVP_MD_CTX_free(h->digest);
	free(h);
}

void rowhash_choose(struct rowhash *h, const int *wanted, size_t count)
{
	h->wanted = wanted;
	h->count = count;
}

static bool is_wanted(const struct rowhash *h)
{
	return !h->wanted || (h->column < h->count && h->wanted[h->column] >= 0);
}

static void add(struct rowhash *h, const void *data, size_t length)
{
	if (!h->has_begun && !h->has_failed)
		h->has_failed = !EVP_DigestInit_ex(h->digest, NULL, NULL);
	if (!h->has_begun && h->wanted && !h->has_failed)
		h->has_failed =
			!EVP_DigestUpdate(h->digest, &h->wanted[h->column], sizeof(int));
	h->has_begun = true;
	if (!h->has_failed)
		h->has_failed = !EVP_DigestUpdate(h->digest, data, length);
}

static void end_column(struct rowhash *h)
{
	unsigned char bytes[EVP_MAX_MD_SIZE] = { 0 };
	struct rowhash_value value;

	if (is_wanted(h)) {
		add(h, "", 0);
		if (!h->has_failed)
			h->has_failed = !EVP_DigestFinal_ex(h->digest, bytes, NULL);
		memcpy(&value, bytes, sizeof(value));
		h->sum.word[0] += value.word[0];
		h->sum.word[1] += value.word[1];
	}
	h->has_begun = false;
	h->column++;
}

/* In COPY data, tabs occur only between columns. */
void rowhash_feed(struct rowhash *h, const char *data, size_t length)
{
	while (length > 0) {
		const char *tab = h->wanted ? memchr(data, '\t', length) : NULL;
		size_t used = tab ? (size_t)(tab - data) : length;

		if (is_wanted(h))
			add(h, data, used);
		if (tab)
			end_column(h);
		used += tab != NULL;
		data += used;
		length -= used;
	}
}

struct rowhash_value rowhash_end(struct rowhash *h)
{
	struct rowhash_value value;

	end_column(h);
	value = h->sum;
	h->sum = (struct rowhash_value){ { 0 } };
	h->column = 0;
	return value;
}

bool rowhash_has_failed(const struct rowhash *h)
{
	return h->has_failed;
}
