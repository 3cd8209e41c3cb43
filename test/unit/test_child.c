/* SPDX-License-Identifier: PostgreSQL */
#include "proc/child.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

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

static int read_start_fails; /* the next one, with this */

/* libuv's, for the library under test: nothing makes it fail once the child runs. */
int uv_read_start(uv_stream_t *stream, uv_alloc_cb on_alloc, uv_read_cb on_read)
{
	int (*original)(uv_stream_t *, uv_alloc_cb, uv_read_cb);
	int rc = read_start_fails;

	read_start_fails = 0;
	if (rc)
		return rc;
	*(void **)&original = dlsym(RTLD_NEXT, "uv_read_start");
	return original(stream, on_alloc, on_read);
}

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
	child_opts_init(&fixture.opts);
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

static void push_script(struct strvec *argv, const char *script)
{
	strvec_push(argv, "/bin/sh");
	strvec_push(argv, "-c");
	strvec_push(argv, script);
}

/* Run `script` with /bin/sh to its end. */
static void run_script(struct fixture *f, const char *script)
{
	push_script(&f->opts.argv, script);
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

static void test_all_that_a_child_says_can_be_kept(void **state)
{
	struct fixture *f = *state;

	f->opts.keeps_stdout = true;
	run_script(f,
		   "echo one; echo two >&2; echo three > /dev/stderr; printf '4\\0005'");
	assert_string_equal(f->messages, "one\ntwo\nthree\n4?5");
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

	strvec_push(&f->opts.argv, "/nonexistent/pg_dump");
	assert_false(child_start(f->loop, &f->opts, &f->child, &f->err));
	loop_run(f->loop);
	assert_int_equal(f->done_calls, 0);
	assert_string_equal(f->err.text,
			    "start /nonexistent/pg_dump: no such file or directory");
}

static void test_a_child_whose_stderr_cannot_be_read_is_killed_and_reaped(void **state)
{
	struct fixture *f = *state;

	push_script(&f->opts.argv, "exec sleep 1000");
	read_start_fails = UV_ENOMEM;
	assert_false(child_start(f->loop, &f->opts, &f->child, &f->err));
	assert_string_equal(f->err.text, "start /bin/sh: not enough memory");
	loop_run(f->loop);
	assert_int_equal(f->done_calls, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* there is no child */
	assert_int_equal(errno, ECHILD);
}

static void test_the_descriptor_is_the_childs_stdout(void **state)
{
	struct fixture *f = *state;
	char text[16] = "";

	int fd = memfd_create("out", MFD_CLOEXEC);

	f->opts.stdout_fd = fd;
	run_script(f, "printf hello");
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 5);
	assert_string_equal(text, "hello");
	close(fd);
}

static void test_without_descriptors_stdin_and_stdout_are_dev_null(void **state)
{
	struct fixture *f = *state;

	run_script(
		f,
		"readlink /proc/self/fd/0 >&2; exec 3>&1; readlink /proc/self/fd/3 >&2");
	assert_string_equal(f->messages, "/dev/null\n/dev/null");
}

static void test_descriptors_that_are_owned_are_closed_others_are_not(void **state)
{
	struct fixture *f = *state;
	int owned_fd = memfd_create("in", MFD_CLOEXEC);
	int kept_fd = memfd_create("out", MFD_CLOEXEC);

	f->opts.stdin_fd = owned_fd;
	f->opts.owns_stdin = true;
	f->opts.stdout_fd = kept_fd;
	run_script(f, "exit 0");
	assert_int_equal(fcntl(owned_fd, F_GETFD), -1);
	assert_int_not_equal(fcntl(kept_fd, F_GETFD), -1);
	assert_int_equal(f->opts.stdin_fd, CHILD_NO_FD);
	assert_int_equal(f->opts.stdout_fd, CHILD_NO_FD);
	assert_null(f->opts.argv.v);
	close(kept_fd);
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
	const char *script; /* NULL: a program that is not there */
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
	if (jobs->script)
		push_script(&child->argv, jobs->script);
	else
		strvec_push(&child->argv, "/nonexistent");
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
	return (struct jobs){ .f = f, .left = count, .script = script };
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
	struct jobs jobs = make_jobs(*state, 5, NULL);

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
		TEST(test_all_that_a_child_says_can_be_kept),
		TEST(test_of_a_flood_on_stderr_its_first_and_last_lines_are_kept),
		TEST(test_of_one_endless_line_on_stderr_both_ends_are_kept),
		TEST(test_a_program_that_is_not_there_is_an_error_and_done_stays_silent),
		TEST(test_a_child_whose_stderr_cannot_be_read_is_killed_and_reaped),
		TEST(test_the_descriptor_is_the_childs_stdout),
		TEST(test_without_descriptors_stdin_and_stdout_are_dev_null),
		TEST(test_descriptors_that_are_owned_are_closed_others_are_not),
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
