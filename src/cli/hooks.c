/* SPDX-License-Identifier: PostgreSQL */
#include "cli/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/report_json.h"

enum { PARTLY = 3, BY_SIGNAL = 128, MOST_NAMES_BYTES = 64 * 1024 };

static const char *const names[] = { [CONF_BEFORE] = "before",
				     [CONF_AFTER] = "after",
				     [CONF_AFTER_FAILURE] = "after_failure" };
_Static_assert(ARRAY_SIZE(names) == CONF_HOOKS, "names[] follows conf_hook");

static bool has_hook(const struct cli *cli, enum conf_hook which)
{
	const char *text = cli->conf.hooks[which].text;

	return cli->command->has_hooks && !cli->conf.dry_run && !cli->hooks.is_refused &&
	       text && *text;
}

static bool check(struct cli *cli, struct error *err)
{
	for (int which = 0; which < CONF_HOOKS; which++)
		if (has_hook(cli, which) && !hook_check(&cli->conf.hooks[which], err)) {
			cli->hooks.is_refused = true;
			return false;
		}
	return true;
}

/* ---- what they find in the environment ---- */

static void add_common(struct cli *cli, struct strvec *out)
{
	AUTO_FREE char *here = get_current_dir_name();
	const char *directory = cli->conf.directory;

	strvec_push_format(out, "METAMODEL_COMMAND=%s", cli->command->line.name);
	if (directory[0] == '/' || !here)
		strvec_push_format(out, "METAMODEL_DIRECTORY=%s", directory);
	else
		strvec_push_format(out, "METAMODEL_DIRECTORY=%s/%s", here, directory);
}

/* One name per line; those that are too many for an environment are left out. */
static void add_failed(const struct report *report, struct strvec *out)
{
	AUTO_STRBUF struct strbuf failed = { 0 };
	size_t count = 0;

	strbuf_add_str(&failed, "METAMODEL_FAILED=");
	for (size_t i = 0; i < report->count; i++) {
		if (!report->accounts[i].error)
			continue;
		if (failed.length < MOST_NAMES_BYTES) {
			strbuf_add_str(&failed, count ? "\n" : "");
			strbuf_add_printable(&failed, report->accounts[i].account);
		}
		count++;
	}
	strvec_push(out, failed.buf);
	strvec_push_format(out, "METAMODEL_FAILED_COUNT=%zu", count);
}

/* Ownership: *path is the caller's, who deletes the file. */
static bool write_report(const struct cli *cli, const struct report *report, char **path,
			 struct error *err)
{
	const char *directory = getenv("TMPDIR");
	AUTO_FREE char *name = str_format("%s/metamodel-report.XXXXXX",
					  directory && *directory ? directory : "/tmp");
	AUTO_CLOSE int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "%s: %s", name, strerror(errno));
	if (!report_write_json(cli, report, fd, err)) {
		unlink(name);
		return false;
	}
	*path = xstrdup(name);
	return true;
}

static void add_result(struct cli *cli, const struct report *report)
{
	struct strvec *out = &cli->hooks.variables;
	struct error err;

	add_common(cli, out);
	strvec_push_format(out, "METAMODEL_RESULT=%s", report_result_name(report));
	strvec_push_format(out, "METAMODEL_EXIT_STATUS=%d", cli->exit_status);
	add_failed(report, out);
	if (!write_report(cli, report, &cli->hooks.report_path, &err))
		log_warning(&cli->log, "hooks get no report: %s", err.text);
	strvec_push_format(out, "METAMODEL_REPORT=%s",
			   cli->hooks.report_path ? cli->hooks.report_path : "");
}

/* ---- one after the other ---- */

static bool start(struct cli *cli, enum conf_hook which, const struct strvec *variables,
		  void (*done)(void *owner, const struct error *err), struct error *err)
{
	const struct hook_opts opts = {
		.loop = cli->loop,
		.log = &cli->log,
		.command = &cli->conf.hooks[which],
		.name = names[which],
		.variables = variables,
		.timeout_ms = conf_hook_timeout_ms(&cli->conf),
		.done = done,
		.owner = cli,
	};

	return hook_start(&opts, &cli->hooks.running, err);
}

static void on_before(void *owner, const struct error *err)
{
	struct cli *cli = owner;
	const struct located *command = &cli->conf.hooks[CONF_BEFORE];
	struct error hinted;

	cli->hooks.running = NULL;
	if (!err && !cli->hooks.signal_number) {
		cli->hooks.begin(cli, NULL);
		return;
	}
	if (cli->hooks.signal_number) {
		error_set(&hinted, ERROR_SIGNAL,
			  "stopped during the hook before: nothing was done");
	} else {
		hinted = *err;
		error_hint(
			&hinted,
			"nothing was done: fix the cause, or remove the hook from %s:%d",
			command->path, command->line);
	}
	cli->hooks.begin(cli, &hinted);
}

void hooks_before(struct cli *cli,
		  void (*begin)(struct cli *cli, const struct error *err))
{
	AUTO_STRVEC struct strvec variables = { 0 };
	struct error err;

	cli->hooks.begin = begin;
	if (!check(cli, &err)) {
		begin(cli, &err);
		return;
	}
	if (!has_hook(cli, CONF_BEFORE)) {
		begin(cli, NULL);
		return;
	}
	add_common(cli, &variables);
	if (!start(cli, CONF_BEFORE, &variables, on_before, &err))
		on_before(cli, &err);
}

static void end(struct cli *cli)
{
	if (cli->hooks.report_path)
		unlink(cli->hooks.report_path);
	free(cli->hooks.report_path);
	cli->hooks.report_path = NULL;
	strvec_release(&cli->hooks.variables);
}

/* Take what a hook that follows the run has come to. */
static void settle(struct cli *cli, const struct error *err)
{
	cli->hooks.running = NULL;
	if (err)
		log_error(&cli->log, err);
	if (cli->hooks.signal_number)
		cli->exit_status = BY_SIGNAL + cli->hooks.signal_number;
	else if (err && !cli->exit_status)
		cli->exit_status = PARTLY;
}

static void on_after_failure(void *owner, const struct error *err)
{
	settle(owner, err);
	end(owner);
}

static void start_after_failure(struct cli *cli)
{
	struct error err;

	if (!start(cli, CONF_AFTER_FAILURE, &cli->hooks.variables, on_after_failure,
		   &err))
		on_after_failure(cli, &err);
}

static void on_after(void *owner, const struct error *err)
{
	struct cli *cli = owner;

	settle(cli, err);
	if (cli->exit_status && !cli->hooks.signal_number &&
	    has_hook(cli, CONF_AFTER_FAILURE))
		start_after_failure(cli);
	else
		end(cli);
}

void hooks_after(struct cli *cli, const struct report *report)
{
	bool has_after = has_hook(cli, CONF_AFTER) && report->result != REPORT_FAILED;
	bool has_failure = has_hook(cli, CONF_AFTER_FAILURE) && cli->exit_status;
	struct error err;

	if ((!has_after && !has_failure) || cli->exit_status > BY_SIGNAL)
		return;
	add_result(cli, report);
	if (!has_after)
		start_after_failure(cli);
	else if (!start(cli, CONF_AFTER, &cli->hooks.variables, on_after, &err))
		on_after(cli, &err);
}

void hooks_cancel(struct cli *cli, int signal_number)
{
	if (!cli->hooks.running)
		return;
	cli->hooks.signal_number = signal_number;
	hook_cancel(cli->hooks.running);
}
