/* SPDX-License-Identifier: PostgreSQL */
#include "farm/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* ---- accounts ---- */

static int compare_accounts(const void *a, const void *b)
{
	const struct farm_account *x = a, *y = b;

	return x->is_global || y->is_global ? y->is_global - x->is_global
					    : strcmp(x->name, y->name);
}

static bool is_global(const struct farm *f, const char *name)
{
	return !strcmp(name, f->global);
}

struct farm_account *farm_add_account(struct farm *f, const char *name)
{
	f->accounts = xgrow(f->accounts, f->account_count, sizeof(*f->accounts));
	f->accounts[f->account_count] =
		(struct farm_account){ .name = xstrdup(name),
				       .is_global = is_global(f, name) };
	return &f->accounts[f->account_count++];
}

void farm_sort_accounts(struct farm *f)
{
	size_t kept = 0;

	if (f->account_count)
		qsort(f->accounts, f->account_count, sizeof(*f->accounts),
		      compare_accounts);
	for (size_t i = 0; i < f->account_count; i++) {
		if (kept && !strcmp(f->accounts[kept - 1].name, f->accounts[i].name))
			free(f->accounts[i].name);
		else
			f->accounts[kept++] = f->accounts[i];
	}
	f->account_count = kept;
}

struct farm_account *farm_find(const struct farm *f, const char *name)
{
	const struct farm_account key = { .name = (char *)name,
					  .is_global = is_global(f, name) };

	return f->account_count ? bsearch(&key, f->accounts, f->account_count,
					  sizeof(key), compare_accounts)
				: NULL;
}

bool farm_is_registered(const struct farm *f, const char *name)
{
	return strvec_has(&f->registered, name);
}

struct farm_node *farm_node_of(const struct farm *f, const char *name)
{
	const struct farm_account *account = farm_find(f, name);

	if (account)
		return account->node;
	return f->has_proxy ? NULL : f->nodes[0];
}

void farm_list(const struct farm *f, const struct farm_node *node, struct strvec *out)
{
	for (size_t i = 0; i < f->account_count; i++)
		if (f->accounts[i].node == node)
			strvec_push(out, f->accounts[i].name);
}

/* ---- nodes ---- */

struct farm_node *farm_require_node(struct farm *f, const char *name)
{
	struct farm_node *node;

	for (size_t i = 0; i < f->node_count; i++)
		if (!strcmp(f->nodes[i]->name, name))
			return f->nodes[i];
	node = xcalloc(1, sizeof(*node));
	node->farm = f;
	node->index = f->node_count;
	node->name = xstrdup(name);
	f->nodes = xgrow(f->nodes, f->node_count, sizeof(struct farm_node *));
	return f->nodes[f->node_count++] = node;
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp((*(struct farm_node *const *)a)->name,
		      (*(struct farm_node *const *)b)->name);
}

void farm_sort_nodes(struct farm *f)
{
	if (f->node_count)
		qsort(f->nodes, f->node_count, sizeof(f->nodes[0]), compare_nodes);
	for (size_t i = 0; i < f->node_count; i++)
		f->nodes[i]->index = i;
}

void farm_name_error(const struct farm_node *node, struct error *err)
{
	if (node->farm->has_proxy)
		error_prefix(err, "node %s", node->name);
}

void farm_node_failed(struct farm_node *node, const struct error *err)
{
	node->error = *err;
	farm_name_error(node, &node->error);
}

void farm_release_members(struct farm *f)
{
	for (size_t i = 0; i < f->node_count; i++) {
		free(f->nodes[i]->name);
		free(f->nodes[i]);
	}
	for (size_t i = 0; i < f->account_count; i++) {
		free(f->accounts[i].name);
		free(f->accounts[i].warning);
		free(f->accounts[i].problem);
	}
	free(f->nodes);
	free(f->accounts);
	strvec_release(&f->registered);
}
