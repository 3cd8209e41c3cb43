/* SPDX-License-Identifier: PostgreSQL */
#include "task/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct report_account *report_add(struct report *r, const char *account)
{
	r->accounts = xgrow(r->accounts, r->count, sizeof(*r->accounts));
	r->accounts[r->count] = (struct report_account){ .account = xstrdup(account) };
	return &r->accounts[r->count++];
}

bool report_is_current(const struct report_account *a)
{
	return a->state && (!strcmp(a->state, "current") || !strcmp(a->state, "shared"));
}

void report_release(struct report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->accounts[i].account);
		free(r->accounts[i].file);
		free(r->accounts[i].node);
		free(r->accounts[i].error);
		free(r->accounts[i].version);
		free(r->accounts[i].from);
		free(r->accounts[i].destroyed);
		free(r->accounts[i].state);
		free(r->accounts[i].problem);
		free(r->accounts[i].hint);
		free(r->accounts[i].behind);
		free(r->accounts[i].differences);
	}
	free(r->accounts);
	free(r->advice);
	free(r->too_old);
	strvec_release(&r->unregistered);
	*r = (struct report){ 0 };
}
