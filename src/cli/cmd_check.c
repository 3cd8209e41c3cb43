/* SPDX-License-Identifier: PostgreSQL */
/* Monitoring systems take one line and the exit statuses of Nagios' plug-ins, which are
 * not those of the other commands. */
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "conf/options.h"
#include "task/list/list.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

/* A nightly save that is an hour or two late, and one that has been missed twice. */
enum { WARNING_S = 26 * 3600, CRITICAL_S = 50 * 3600 };

struct limits {
	uint64_t warning_s; /* 0: none */
	uint64_t critical_s;
};

static struct limits read_limits(const struct conf *conf)
{
	struct limits limits = { WARNING_S, CRITICAL_S };

	/* checked when they were read */
	if (conf->warning)
		(void)options_parse_age(conf->warning, &limits.warning_s);
	if (conf->critical)
		(void)options_parse_age(conf->critical, &limits.critical_s);
	return limits;
}

/* The newest save that is whole; NULL: there is none. */
static const struct list_save *find_newest(const struct list *list)
{
	for (size_t i = 0; i < list->save_count; i++)
		if (!strcmp(list->saves[i].state, "complete") &&
		    list->saves[i].saved_at[0])
			return &list->saves[i];
	return NULL;
}

static bool is_over(uint64_t age_s, uint64_t limit_s)
{
	return limit_s && age_s > limit_s;
}

static enum verdict judge(const struct list_save *save, uint64_t age_s,
			  const struct limits *limits)
{
	if (is_over(age_s, limits->critical_s))
		return VERDICT_CRITICAL;
	if (is_over(age_s, limits->warning_s) || save->manifest.failed || save->stale)
		return VERDICT_WARNING;
	return VERDICT_OK;
}

static void begin_line(enum verdict verdict, const char *text)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	AUTO_STRBUF struct strbuf printable = { 0 };

	strbuf_add_printable(&printable, text);
	for (char *p = printable.buf; *p; p++)
		if (*p == '|') /* what follows it is for programs */
			*p = '/';
	printf("METAMODEL %s - %s", names[verdict], printable.buf);
}

static enum verdict print_save(const struct list_save *save, const struct limits *limits)
{
	time_t now = time(NULL), then = clock_parse(save->saved_at);
	uint64_t age_s = now > then ? (uint64_t)(now - then) : 0;
	enum verdict verdict = judge(save, age_s, limits);
	char age[CLOCK_AGE_BYTES];
	AUTO_FREE char *text = NULL;

	clock_format_age(then, now, age);
	text = str_format("%s: saved %s, %" PRIu64 " accounts, %" PRIu64
			  " failed, %" PRIu64 " stale",
			  save->path, age, save->accounts, save->manifest.failed,
			  save->stale);
	begin_line(verdict, text);
	printf(" | age=%" PRIu64 "s;%" PRIu64 ";%" PRIu64 ";0 accounts=%" PRIu64
	       ";;;0 failed=%" PRIu64 ";0;;0 stale=%" PRIu64 ";0;;0 size=%" PRIu64
	       "B;;;0\n",
	       age_s, limits->warning_s, limits->critical_s, save->accounts,
	       save->manifest.failed, save->stale, save->size_bytes);
	return verdict;
}

static bool answer(struct cli *cli, bool *is_answered, struct error *err)
{
	const struct limits limits = read_limits(&cli->conf);
	const struct list_save *save;
	enum verdict verdict;
	struct list list;

	*is_answered = true;
	if (!list_read(&cli->conf, &list, err)) {
		verdict = err->kind == ERROR_DATA ? VERDICT_CRITICAL : VERDICT_UNKNOWN;
		begin_line(verdict, err->text);
		putchar('\n');
		cli->exit_status = (int)verdict;
		list_release(&list);
		return true;
	}
	save = find_newest(&list);
	if (save) {
		verdict = print_save(save, &limits);
	} else {
		AUTO_FREE char *text =
			str_format("%s: there is no complete save", cli->conf.directory);

		verdict = VERDICT_CRITICAL;
		begin_line(verdict, text);
		putchar('\n');
	}
	cli->exit_status = (int)verdict;
	list_release(&list);
	return true;
}

static const char *const options[] = { "warning", "critical", NULL };

static const struct command_example examples[] = {
	{ "As a plug-in of Nagios",
	  "metamodel check /var/backups/metamodel/save --warning=26h --critical=2d" },
	{ "Only complain about what failed", "metamodel check --warning=0 --critical=0" },
	{ NULL, NULL },
};

const struct command cmd_check = {
	.line = { .name = "check",
		  .help = "say in one line for Nagios how old the save is",
		  .usage = "[DIR]",
		  .arguments = CONF_DIRECTORY,
		  .takes_models = true,
		  .is_offline = true,
		  .options = options },
	.about = "Prints one line about the newest save for Nagios, Icinga and the like, "
		 "with numbers\nafter a bar. The exit status is 0 (OK), 1 (warning), 2 "
		 "(critical) or 3 (unknown).",
	.examples = examples,
	.group = COMMAND_LOOKS,
	.changes_nothing = true,
	.answer = answer,
};
