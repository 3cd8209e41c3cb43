/* SPDX-License-Identifier: PostgreSQL */
#include "dump/digests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/str.h"

struct dumpdigests_reader {
	const struct dumpdigests *marks;
	int fd;
	off_t at;
	size_t next; /* mark */
	EVP_MD_CTX *digest;
	char buffer[DUMPDIGESTS_PIECE_BYTES];
};

void dumpdigests_release(struct dumpdigests *m)
{
	free(m->digests);
	*m = (struct dumpdigests){ 0 };
}

/* The digest of everything so far; more may follow. */
static bool digest_so_far(const EVP_MD_CTX *digest, unsigned char *out)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, digest) &&
		  EVP_DigestFinal_ex(copy, out, NULL);

	EVP_MD_CTX_free(copy);
	return ok;
}

bool dumpdigests_add(struct dumpdigests *m, const struct evp_md_ctx_st *digest)
{
	m->digests = xgrow(m->digests, m->count, sizeof(*m->digests));
	return digest_so_far(digest, m->digests[m->count++]);
}

bool dumpdigests_read(int fd, off_t at, char *buffer, size_t *length, struct error *err)
{
	size_t have = 0;

	while (have < DUMPDIGESTS_PIECE_BYTES) {
		ssize_t n = pread(fd, buffer + have, DUMPDIGESTS_PIECE_BYTES - have,
				  at + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read: %s", strerror(errno));
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*length = have;
	return true;
}

struct dumpdigests_reader *dumpdigests_open(const struct dumpdigests *marks, int fd)
{
	struct dumpdigests_reader *r = xcalloc(1, sizeof(*r));

	*r = (struct dumpdigests_reader){ .marks = marks,
					  .fd = fd,
					  .digest = EVP_MD_CTX_new() };
	if (r->digest && !EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(r->digest);
		r->digest = NULL;
	}
	return r;
}

void dumpdigests_close(struct dumpdigests_reader *r)
{
	EVP_MD_CTX_free(r->digest);
	free(r);
}

static bool is_as_marked(struct dumpdigests_reader *r, size_t length, bool *is_same)
{
	unsigned char now[EVP_MAX_MD_SIZE];

	if (!r->digest || !EVP_DigestUpdate(r->digest, r->buffer, length) ||
	    !digest_so_far(r->digest, now))
		return false;
	*is_same = r->next < r->marks->count &&
		   !memcmp(now, r->marks->digests[r->next], DUMPDIGESTS_DIGEST_BYTES);
	return true;
}

bool dumpdigests_next(struct dumpdigests_reader *r, char **data, size_t *length,
		      struct error *err)
{
	bool is_same = false;

	if (!dumpdigests_read(r->fd, r->at, r->buffer, length, err))
		return false;
	if (!*length)
		is_same = r->next == r->marks->count;
	else if (!is_as_marked(r, *length, &is_same))
		return error_set(err, ERROR_SYSTEM, "libcrypto: SHA-256 failed");
	if (!is_same)
		return error_set(err, ERROR_DATA, "it differs from what was checked");
	r->at += (off_t)*length;
	r->next += *length > 0;
	*data = r->buffer;
	return true;
}
