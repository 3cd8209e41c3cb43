/* SPDX-License-Identifier: PostgreSQL */
#include "proc/child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "proc/pool.h"

struct fixture {
	struct loop *loop;
	struct child *child;
	struct child_opts opts;
	struct error err;
	unsigned done_calls;
	struct child_result result;
	char messages[CHILD_STDERR_BYTES];
};

static void on_done(void *owner, const struct child_result *result)
{
	struct fixture *f = owner;

	f->done_calls++;
	f->result = *result;
	snprintf(f->messages, sizeof(f->messages), "%s", result->messages);
	f->result.messages = f->messages;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .loop = loop_new() };
	fixture.opts.stdout_fd = -1;
	fixture.opts.done = on_done;
	fixture.opts.owner = &fixture;
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop); /* asserts that no handle is left */
	return 0;
}

/* Run `script` with /bin/sh to its end. */
static void run_script(struct fixture *f, const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	f->opts.argv = argv;
	assert_true(child_start(f->loop, &f->opts, &f->child, &f->err));
	assert_int_equal(f->done_calls, 0);
	loop_run(f->loop);
	assert_int_equal(f->done_calls, 1);
}

static void test_done_is_never_synchronous_and_comes_once(void **state)
{
	run_script(*state, "exit 0");
}

static void test_an_exit_status_arrives(void **state)
{
	struct fixture *f = *state;

	run_script(f, "exit 7");
	assert_int_equal(f->result.exit_status, 7);
	assert_int_equal(f->result.term_signal, 0);
	assert_false(child_succeeded(&f->result, "sh", &f->err));
	assert_string_equal(f->err.text, "sh exited with status 7");
}

static void test_a_death_by_signal_is_named(void **state)
{
	struct fixture *f = *state;

	run_script(f, "kill -9 $$");
	assert_int_equal(f->result.term_signal, SIGKILL);
	assert_false(child_succeeded(&f->result, "sh", &f->err));
	assert_string_equal(f->err.text, "sh was killed by signal 9 (Killed)");
}

static void test_messages_lose_their_last_newline(void **state)
{
	struct fixture *f = *state;

	run_script(f, "echo one >&2; echo two >&2");
	assert_string_equal(f->messages, "one\ntwo");
}

static void test_of_a_flood_on_stderr_its_first_and_last_lines_are_kept(void **state)
{
	struct fixture *f = *state;

	run_script(f,
		   "i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done");
	assert_true(strlen(f->messages) < CHILD_STDERR_BYTES);
	assert_int_equal(strncmp(f->messages, "line 0\nline 1\n", 14), 0);
	assert_true(str_has_suffix(f->messages, "\nline 4998\nline 4999"));
	for (const char *line = f->messages, *end; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n'); /* whole ones only */
		assert_true(str_has_prefix(line, "line ") ||
			    str_has_prefix(line, "...\n"));
	}
}

static void test_of_one_endless_line_on_stderr_both_ends_are_kept(void **state)
{
	struct fixture *f = *state;

	run_script(f, "printf 'ERROR: %09000d the end' 7 >&2");
	assert_true(strlen(f->messages) < CHILD_STDERR_BYTES);
	assert_true(str_has_prefix(f->messages, "ERROR: 000"));
	assert_non_null(strstr(f->messages, "00...\n00"));
	assert_true(str_has_suffix(f->messages, "7 the end"));
}

static void
test_a_program_that_is_not_there_is_an_error_and_done_stays_silent(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { "/nonexistent/pg_dump", NULL };

	f->opts.argv = argv;
	assert_false(child_start(f->loop, &f->opts, &f->child, &f->err));
	loop_run(f->loop);
	assert_int_equal(f->done_calls, 0);
	assert_string_equal(f->err.text,
			    "start /nonexistent/pg_dump: no such file or directory");
}

static void test_the_descriptor_is_the_childs_stdout(void **state)
{
	struct fixture *f = *state;
	char text[16] = "";

	f->opts.stdout_fd = memfd_create("out", MFD_CLOEXEC);
	run_script(f, "printf hello");
	assert_int_equal(pread(f->opts.stdout_fd, text, sizeof(text) - 1, 0), 5);
	assert_string_equal(text, "hello");
	close(f->opts.stdout_fd);
}

static void test_the_environment_is_the_one_given(void **state)
{
	struct fixture *f = *state;
	const char *env[] = { "ONLY=this", NULL };

	f->opts.env = env;
	run_script(f, "echo \"$ONLY$HOME\" >&2");
	assert_string_equal(f->messages, "this");
}

static void test_a_child_past_its_deadline_is_ended_and_says_so(void **state)
{
	struct fixture *f = *state;

	f->opts.timeout_ms = 50;
	run_script(f, "sleep 1000");
	assert_true(f->result.is_timed_out);
	assert_int_equal(f->result.term_signal, SIGTERM);
	assert_false(child_succeeded(&f->result, "sh", &f->err));
	assert_non_null(strstr(f->err.text, "exceeded its time limit"));
}

static void test_a_child_that_ends_well_after_its_deadline_still_failed(void **state)
{
	struct fixture *f = *state;

	f->opts.timeout_ms = 2000;
	run_script(f, "trap 'exit 0' TERM; sleep 1000 & wait");
	assert_true(f->result.is_timed_out);
	assert_int_equal(f->result.exit_status, 0);
	assert_false(child_succeeded(&f->result, "sh", &f->err));
}

static void cancel_twice(void *owner)
{
	struct fixture *f = owner;

	child_cancel(f->child);
	child_cancel(f->child);
}

static void test_a_child_that_ignores_sigterm_is_killed_by_the_second_cancel(void **state)
{
	struct fixture *f = *state;

	timer_start(f->loop, 2000, cancel_twice, f);
	run_script(f, "trap '' TERM; while :; do sleep 1; done");
	assert_true(f->result.is_cancelled);
	assert_int_equal(f->result.term_signal, SIGKILL);
}

/* A zombie is not: it stays where nobody waits for orphans, as in some containers. */
static bool is_running(const char *pid)
{
	char stat[200], state = 'Z', path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", atol(pid));
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fgets(stat, sizeof(stat), file))
		state = strrchr(stat, ')')[2];
	fclose(file);
	return state != 'Z';
}

static void test_grandchildren_are_ended_with_the_child(void **state)
{
	struct fixture *f = *state;

	f->opts.timeout_ms = 2000;
	run_script(f, "sleep 1000 & sleep 1000 & echo $! >&2; wait");
	assert_true(strlen(f->messages) > 0);
	for (int i = 0; i < 1000 && is_running(f->messages); i++)
		usleep(10000);
	assert_false(is_running(f->messages));
}

static void test_a_grandchild_that_holds_stderr_does_not_hold_us(void **state)
{
	struct fixture *f = *state;

	run_script(f, "setsid sleep 1000 & echo $! >&2; exit 3");
	assert_int_equal(f->result.exit_status, 3);
	kill((pid_t)atol(f->messages), SIGKILL);
}

/* ---- pool ---- */

struct jobs {
	struct fixture *f;
	struct pool *pool;
	unsigned left, started, finished, failed, running, most;
	const char *argv[4];
};

static bool next_job(void *owner, struct child_opts *child, void **item)
{
	struct jobs *jobs = owner;

	if (!jobs->left)
		return false;
	jobs->left--;
	jobs->started++;
	if (++jobs->running > jobs->most)
		jobs->most = jobs->running;
	child->argv = jobs->argv;
	*item = jobs;
	return true;
}

static void on_job_failed(void *owner, void *item, const struct error *err)
{
	struct jobs *jobs = owner;

	assert_ptr_equal(item, jobs);
	assert_int_equal(err->kind, ERROR_SYSTEM);
	jobs->failed++;
	jobs->running--;
}

static void on_job_finished(void *owner, void *item, const struct child_result *result)
{
	struct jobs *jobs = owner;

	assert_ptr_equal(item, jobs);
	(void)result;
	jobs->finished++;
	jobs->running--;
	if (jobs->finished + jobs->failed == jobs->started && !jobs->left) {
		pool_free(jobs->pool); /* from the callback, as the save does */
		jobs->pool = NULL;
	}
}

static struct jobs make_jobs(struct fixture *f, unsigned count, const char *script)
{
	return (struct jobs){ .f = f,
			      .left = count,
			      .argv = { "/bin/sh", "-c", script, NULL } };
}

static struct pool *make_pool(struct jobs *jobs, unsigned width)
{
	const struct pool_opts opts = { .loop = jobs->f->loop,
					.jobs = width,
					.next = next_job,
					.start_failed = on_job_failed,
					.finished = on_job_finished,
					.owner = jobs };

	return pool_new(&opts);
}

static void test_a_pool_runs_all_and_never_more_than_its_width(void **state)
{
	struct jobs jobs = make_jobs(*state, 20, "exit 0");

	jobs.pool = make_pool(&jobs, 3);
	pool_kick(jobs.pool);
	assert_int_equal(jobs.running, 3);
	loop_run(jobs.f->loop);
	assert_int_equal(jobs.finished, 20);
	assert_int_equal(jobs.most, 3);
	assert_null(jobs.pool);
}

static void test_a_pool_reports_each_child_that_could_not_start(void **state)
{
	struct jobs jobs = make_jobs(*state, 5, "exit 0");

	jobs.argv[0] = "/nonexistent";
	jobs.pool = make_pool(&jobs, 2);
	pool_kick(jobs.pool);
	loop_run(jobs.f->loop);
	assert_int_equal(jobs.failed, 5);
	assert_int_equal(pool_running(jobs.pool), 0);
	pool_free(jobs.pool);
}

static void cancel_pool(void *owner)
{
	struct jobs *jobs = owner;

	jobs->left = 0;
	pool_cancel(jobs->pool);
}

static void test_a_cancelled_pool_ends_what_runs_and_starts_nothing(void **state)
{
	struct jobs jobs = make_jobs(*state, 100, "sleep 1000");

	jobs.pool = make_pool(&jobs, 4);
	pool_kick(jobs.pool);
	timer_start(jobs.f->loop, 100, cancel_pool, &jobs);
	loop_run(jobs.f->loop);
	assert_int_equal(jobs.started, 4);
	assert_int_equal(jobs.finished, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_done_is_never_synchronous_and_comes_once),
		TEST(test_an_exit_status_arrives),
		TEST(test_a_death_by_signal_is_named),
		TEST(test_messages_lose_their_last_newline),
		TEST(test_of_a_flood_on_stderr_its_first_and_last_lines_are_kept),
		TEST(test_of_one_endless_line_on_stderr_both_ends_are_kept),
		TEST(test_a_program_that_is_not_there_is_an_error_and_done_stays_silent),
		TEST(test_the_descriptor_is_the_childs_stdout),
		TEST(test_the_environment_is_the_one_given),
		TEST(test_a_child_past_its_deadline_is_ended_and_says_so),
		TEST(test_a_child_that_ends_well_after_its_deadline_still_failed),
		TEST(test_a_child_that_ignores_sigterm_is_killed_by_the_second_cancel),
		TEST(test_grandchildren_are_ended_with_the_child),
		TEST(test_a_grandchild_that_holds_stderr_does_not_hold_us),
		TEST(test_a_pool_runs_all_and_never_more_than_its_width),
		TEST(test_a_pool_reports_each_child_that_could_not_start),
		TEST(test_a_cancelled_pool_ends_what_runs_and_starts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
