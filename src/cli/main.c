/* SPDX-License-Identifier: PostgreSQL */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/hooks.h"
#include "cli/prompt.h"
#include "cli/run_command.h"

/* "v0.1.0-12-g1234567", from git describe; "" if it was not built from a git
 * repository. */
extern const char revision[];

static void on_signal(void *owner, int signal_number)
{
	struct cli *cli = owner;

	if (cli->task)
		cli->command->cancel(cli->task, signal_number);
	else
		hooks_cancel(cli, signal_number);
}

static void print_version(void)
{
	printf("metamodel %s", VERSION);
	if (revision[0])
		printf(" (%s)", revision);
	putchar('\n');
}

static int fail(const struct cli *cli, const struct error *err)
{
	log_error(&cli->log, err);
	if (err->kind == ERROR_SIGNAL)
		return 128 + SIGINT;
	return err->kind == ERROR_USAGE ? 2 : 1;
}

/* -W: ask before anything is begun and before signals are watched. */
static bool ask_password(struct cli *cli, struct error *err)
{
	if (!cli->conf.ask_password)
		return true;
	switch (prompt_password(&cli->conf.command_line.password)) {
	case PROMPT_ANSWERED:
		return true;
	case PROMPT_NO_TERMINAL:
		return error_set(err, ERROR_USAGE,
				 "option --password: there is no terminal to prompt on");
	case PROMPT_NO_ANSWER:
		return error_set(err, ERROR_USAGE,
				 "option --password: no password given");
	case PROMPT_INTERRUPTED:
		return error_set(err, ERROR_SIGNAL, "no password given");
	}
	return false;
}

static const struct command *find_command(const struct conf_command *line)
{
	const struct command *const *command = commands;

	while (&(*command)->line != line)
		command++;
	return *command;
}

static void print_help(const struct conf_command *line)
{
	if (line)
		help_print_command(find_command(line), stdout);
	else
		help_print(stdout);
}

static int run(struct cli *cli)
{
	struct error err;

	if (!loop_check_limits(&err))
		return fail(cli, &err);
	cli->loop = loop_new();
	progress_init(&cli->progress, cli->loop, &cli->conf);
	cli->log = (struct log){ .level = cli->conf.quiet     ? LOG_ERROR
					  : cli->conf.verbose ? LOG_DEBUG
							      : LOG_INFO,
				 .before = progress_hide,
				 .after = progress_show,
				 .owner = &cli->progress };
	for (size_t i = 0; i < cli->conf.warnings.count; i++)
		log_warning(&cli->log, "%s", cli->conf.warnings.v[i]);
	if (ask_password(cli, &err) &&
	    loop_watch_signals(cli->loop, on_signal, cli, &err)) {
		run_command(cli);
		loop_run(cli->loop);
	} else {
		cli->exit_status = fail(cli, &err);
	}
	loop_ignore_signals(cli->loop); /* the work is done and reported */
	loop_free(cli->loop);
	return cli->exit_status;
}

static int run_or_answer(struct cli *cli)
{
	bool is_answered = false;
	struct error err;

	clock_now(cli->started);
	cli->started_ms = loop_now_ms();
	cli->command = find_command(cli->conf.command);
	if (cli->command->answer && !cli->command->answer(cli, &is_answered, &err))
		return fail(cli, &err);
	return is_answered ? cli->exit_status : run(cli);
}

/*
 * If descriptor 0, 1 or 2 is closed, the next file that this program opens would get its
 * number, and messages would be written to it. So open it; writing to a closed standard
 * output must still fail.
 */
static void open_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

int main(int argc, char **argv)
{
	struct cli cli = { .log.level = LOG_INFO };
	struct error err;
	sigset_t none;
	int status = 0;

	open_standard_files();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* a blocked SIGCHLD would never arrive */
	umask(0077); /* dumps hold secrets: only this user may read what is created */
	if (!conf_load(command_lines, argc, argv, &cli.conf, &err))
		return fail(&cli, &err);
	if (cli.conf.help)
		print_help(cli.conf.command);
	else if (cli.conf.version)
		print_version();
	else
		status = run_or_answer(&cli);
	if (!command_close_output(&err)) {
		int failed = fail(&cli, &err);

		status = status ? status : failed;
	}
	conf_release(&cli.conf);
	return status;
}
