/* SPDX-License-Identifier: PostgreSQL */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/prompt.h"

static const struct command *const commands[] = { &cmd_save, &cmd_restore, &cmd_upgrade,
						  &cmd_status, &cmd_verify };

static void on_signal(void *owner, int signal_number)
{
	struct cli *cli = owner;

	if (cli->task)
		cli->command->cancel(cli->task, signal_number);
}

static int fail(const struct cli *cli, const struct error *err)
{
	log_error(&cli->log, err);
	if (err->kind == ERROR_SIGNAL)
		return 128 + SIGINT;
	return err->kind == ERROR_USAGE ? 2 : 1;
}

/* -W: before anything is begun, and before signals are ours. */
static bool ask_password(struct cli *cli, struct error *err)
{
	if (!cli->conf.ask_password)
		return true;
	switch (prompt_password(&cli->conf.command_line.password)) {
	case PROMPT_ANSWERED:
		return true;
	case PROMPT_NO_TERMINAL:
		return error_set(err, ERROR_USAGE,
				 "option --password: there is no terminal to ask on");
	case PROMPT_NO_ANSWER:
		return error_set(err, ERROR_USAGE,
				 "option --password: no password given");
	case PROMPT_INTERRUPTED:
		return error_set(err, ERROR_SIGNAL, "no password given");
	}
	return false;
}

static int run(struct cli *cli)
{
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->id == cli->conf.command)
			cli->command = commands[i];
	clock_now(cli->started);
	cli->started_ms = loop_now_ms();
	cli->loop = loop_new();
	progress_init(&cli->progress, cli->loop, &cli->conf);
	cli->log = (struct log){ .level = cli->conf.quiet     ? LOG_ERROR
					  : cli->conf.verbose ? LOG_DEBUG
							      : LOG_INFO,
				 .before = progress_hide,
				 .after = progress_show,
				 .owner = &cli->progress };
	if (ask_password(cli, &err) &&
	    loop_watch_signals(cli->loop, on_signal, cli, &err)) {
		command_start(cli);
		loop_run(cli->loop);
	} else {
		cli->exit_status = fail(cli, &err);
	}
	loop_ignore_signals(cli->loop); /* what is done is done, and said */
	loop_free(cli->loop);
	return cli->exit_status;
}

/* A closed descriptor 0, 1 or 2 would be given to the next file we open, and written to.
 */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct cli cli = { .log.level = LOG_INFO };
	struct error err;
	sigset_t none;
	int status = 0;

	open_standard_files();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* a blocked SIGCHLD would never come */
	umask(0077); /* dumps hold secrets: whatever we create is ours alone */
	if (!conf_load(argc, argv, &cli.conf, &err))
		return fail(&cli, &err);
	if (cli.conf.help)
		conf_print_help(stdout);
	else if (cli.conf.version)
		puts("metamodel " VERSION);
	else if (cli.conf.show && cli.conf.command == CONF_UPGRADE)
		status = cmd_upgrade_show(&cli.conf, &err) ? 0 : fail(&cli, &err);
	else
		status = run(&cli);
	if (fflush(stdout) &&
	    !error_set(&err, ERROR_SYSTEM, "write: %s", strerror(errno)))
		status = fail(&cli, &err);
	conf_release(&cli.conf);
	return status;
}
