/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs the tests and says "ok NAME", "not ok NAME" or "skip NAME" of each.
 *
 *	gbtest [-d] [-s SEED] [-x NAME]... [NAME...]
 *
 * All of them without names, but those that run on request; -x leaves one out.
 * -d is for a kernel that looks closely and so takes many times as long. The
 * module is inserted before the first test and is to be removable after the
 * last.
 *
 * After each test it waits until the module holds nothing any more, and looks
 * at what the kernel said meanwhile.
 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "device.h"
#include "leaks.h"
#include "module.h"

/* On a slow kernel tests do less by the one, and may take longer by the other. */
enum { SKIPPED = 77, EASE = 4, PATIENCE = 10 };

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

/* Shared with the tests' processes. */
static struct {
	char message[512];
	char note[256];
	bool module_changed;
} * report;

uint64_t test_seed = 1;
unsigned int test_ease = 1;
static int kernel_log;

void test_fail(const char *file, int line, const char *format, ...)
{
	int error = errno;
	va_list arguments;
	char what[384];

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	/* The first to fail is the one that says why. */
	if (!report->message[0])
		snprintf(report->message, sizeof(report->message),
			 "%s:%d: %s (errno %d, %s)", file, line, what, error,
			 strerror(error));
	_exit(1);
}

void test_skip(const char *reason)
{
	snprintf(report->message, sizeof(report->message), "%s", reason);
	_exit(SKIPPED);
}

void test_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->note, sizeof(report->note), format, arguments);
	va_end(arguments);
}

void test_changes_module(void)
{
	report->module_changed = true;
}

int test_fork(void)
{
	int pid = fork();

	if (pid < 0)
		FAIL("cannot fork");
	return pid;
}

int test_fork_pair(int *end)
{
	int ends[2], pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		FAIL("no socket");
	pid = test_fork();
	close(ends[pid != 0]);
	*end = ends[pid == 0];
	return pid;
}

void test_tell(int end)
{
	if (write(end, "", 1) != 1)
		FAIL("cannot tell the other process");
}

void test_await(int end)
{
	char byte;

	if (read(end, &byte, 1) != 1)
		FAIL("the other process is gone");
}

void test_close_from(int first)
{
	for (int fd = first; fd < 1024; fd++)
		close(fd);
}

void test_check_child(const char *file, int line, int pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		test_fail(file, line, "no child %d", pid);
	if (WIFSIGNALED(status))
		test_fail(file, line, "the child died of signal %d",
			  WTERMSIG(status));
	if (WEXITSTATUS(status))
		test_fail(file, line, "the child exited with %d",
			  WEXITSTATUS(status));
}

void test_kill(int pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Tells the kernel's log which test its next lines belong to. */
static void mark(const char *name)
{
	int fd = open("/dev/kmsg", O_WRONLY);
	char line[128];

	snprintf(line, sizeof(line), "<5>gbtest: %s\n", name);
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		perror("gbtest: /dev/kmsg");
	close(fd);
}

/* Does the kernel say this only when something is wrong? */
static bool is_trouble(const char *line)
{
	static const char *const signs[] = {
		"BUG:",		  "WARNING:",	  "KASAN",
		"UBSAN",	  "Oops",	  "possible ",
		"unlock balance", "sleeping fun", "inconsistent lo",
		"DMA-API:",	  "ODEBUG",	  "Bad page",
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strstr(line, signs[i]) && !strstr(line, "gbtest"))
			return true;
	return false;
}

/* Reads what the kernel said since the last time; keeps the first trouble. */
static bool kernel_complained(void)
{
	char line[1024];
	bool complained = false;
	ssize_t length;

	for (;;) {
		length = read(kernel_log, line, sizeof(line) - 1);
		if (length < 0 && errno == EPIPE)
			continue;
		if (length <= 0)
			return complained;
		line[length] = '\0';
		if (!complained && is_trouble(line)) {
			complained = true;
			snprintf(report->message, sizeof(report->message),
				 "the kernel says: %.*s",
				 (int)strcspn(line, "\n") % 400, line);
		}
	}
}

/* Ends what is left of a test's processes: they are our children by now. */
static void reap(int group)
{
	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Waits for the test's process; kills it when its time is up. */
static int wait_for(int pid, unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > end) {
			snprintf(report->message, sizeof(report->message),
				 "not done after %u s", seconds);
			kill(pid, SIGKILL);
		}
		usleep(2000);
	}
	return status;
}

static int run_process(const struct test *test)
{
	unsigned int seconds = test->seconds * (test_ease > 1 ? PATIENCE : 1);
	int status, pid = fork();

	if (pid == 0) {
		setsid();
		test->run();
		_exit(0);
	}
	if (pid < 0)
		return 1;
	status = wait_for(pid, seconds);
	reap(pid);
	if (WIFSIGNALED(status) && !report->message[0])
		snprintf(report->message, sizeof(report->message),
			 "died of signal %d", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Nothing that the test allocated may outlive its processes. */
static bool nothing_is_left(void)
{
	if (!module_is_inserted() || EVENTUALLY(device_used() == 0))
		return true;
	snprintf(report->message, sizeof(report->message),
		 "%llu bytes stay allocated", (unsigned long long)device_used());
	return false;
}

/* The next test finds the module as if it were just inserted. */
static bool module_is_as_before(void)
{
	if (!report->module_changed && module_is_inserted())
		return true;
	if (module_is_inserted() && !EVENTUALLY(module_remove() == 0)) {
		snprintf(report->message, sizeof(report->message),
			 "the module cannot be removed: %s", strerror(errno));
		return false;
	}
	return module_insert("") == 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *verdict(int status)
{
	if (status == SKIPPED)
		return "skip";
	return status ? "not ok" : "ok";
}

static int run(const struct test *test)
{
	double seconds = now();
	int status;

	memset(report, 0, sizeof(*report));
	mark(test->name);
	status = run_process(test);
	if (status == 0 && !nothing_is_left())
		status = 1;
	if (!module_is_as_before())
		status = 1;
	if (kernel_complained())
		status = 1;
	seconds = now() - seconds;
	printf("%s %s", verdict(status), test->name);
	if (seconds >= 2)
		printf(" [%.0f s]", seconds);
	if (report->note[0])
		printf(" (%s)", report->note);
	printf(status ? ": %s\n" : "\n", report->message);
	return status != 0 && status != SKIPPED;
}

static bool is_named(const char *name, char **names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static void prepare(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (report == MAP_FAILED || kernel_log < 0) {
		perror("gbtest");
		exit(2);
	}
	lseek(kernel_log, 0, SEEK_END);
}

/* The names left out, terminated by NULL. */
static char *left_out[64];

static void read_options(int count, char **words)
{
	size_t out = 0;
	int option;

	while ((option = getopt(count, words, "ds:x:")) != -1) {
		if (option == 'd')
			test_ease = EASE;
		else if (option == 's')
			test_seed = strtoull(optarg, NULL, 0);
		else if (option == 'x' && out < 63)
			left_out[out++] = optarg;
		else
			exit(2);
	}
}

static bool is_wanted(const struct test *test, char **names)
{
	if (is_named(test->name, left_out))
		return false;
	return *names ? is_named(test->name, names) : !test->on_request;
}

/* When all tests are done; how many of its own fail. */
static int finish(void)
{
	char leak[300] = "";
	int failed = 0;

	if (leaks_can_be_found()) {
		bool found = leaks_are_found(leak, sizeof(leak));

		printf("%s nothing_is_leaked%s%s\n", found ? "not ok" : "ok",
		       found ? ": " : "", leak);
		failed += found;
	}
	if (module_is_inserted() && !EVENTUALLY(module_remove() == 0)) {
		printf("not ok module_can_be_removed_at_the_end: %s\n",
		       strerror(errno));
		failed++;
	}
	return failed;
}

int main(int count, char **words)
{
	int failed = 0;

	read_options(count, words);
	prepare();
	if (module_insert("")) {
		printf("not ok the module can be inserted: %s\n", strerror(errno));
		return 1;
	}
	for (const struct test *const *test = __start_tests;
	     test < __stop_tests; test++)
		if (is_wanted(*test, words + optind))
			failed += run(*test);
	failed += finish();
	return failed != 0;
}
