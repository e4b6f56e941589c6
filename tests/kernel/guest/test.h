/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests that run in the guest, each in a process of its own.
 *
 * A test is a function between TEST(name) and its end, in whatever file; its
 * name is a sentence. It passes by returning. The first check that does not
 * hold ends it, with what was expected and where. Whatever it leaves behind,
 * processes and memory of the module, is looked for after it and counts
 * against it; descriptors and mappings go with its process.
 */
#ifndef GREENBOOST_TEST_H
#define GREENBOOST_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)

struct test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	/* Runs only when it is asked for by its whole name. */
	bool on_request;
};

#define TEST_OF(name_, seconds_, on_request_)                                  \
	static void name_(void);                                               \
	static const struct test test_##name_ = {                              \
		.name = #name_,                                                \
		.run = name_,                                                  \
		.seconds = (seconds_),                                         \
		.on_request = (on_request_),                                   \
	};                                                                     \
	static const struct test *const entry_##name_                          \
		__attribute__((section("tests"), used)) = &test_##name_;       \
	static void name_(void)

#define TEST(name)		  TEST_OF(name, 60, false)
#define SLOW_TEST(name, seconds)  TEST_OF(name, seconds, false)
#define ASKED_TEST(name, seconds) TEST_OF(name, seconds, true)

/* What random tests begin with. */
extern uint64_t test_seed;
/* Runs and amounts are divided by this: 1, or more on a slow kernel. */
extern unsigned int test_ease;

/* Ends the test as failed, with a message and errno as it was. */
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
/* Ends the test as one that could not run here. */
void test_skip(const char *reason) __attribute__((noreturn));
/* What is shown beside the verdict, such as a seed. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			FAIL("%s", #condition);                                \
	} while (0)

#define CHECK_EQUAL(left, right)                                               \
	do {                                                                   \
		long long left_ = (long long)(left);                           \
		long long right_ = (long long)(right);                         \
		if (left_ != right_)                                           \
			FAIL("%s is %lld, not %s (%lld)", #left, left_,        \
			     #right, right_);                                  \
	} while (0)

/* The value of a call that must not answer -1. */
#define MUST(call)                                                             \
	({                                                                     \
		long value_ = (long)(call);                                    \
		if (value_ == -1)                                              \
			FAIL("%s failed", #call);                              \
		value_;                                                        \
	})

/* The call must answer -1 with this errno. */
#define REFUSED(call, expected)                                                \
	do {                                                                   \
		errno = 0;                                                     \
		long value_ = (long)(call);                                    \
		if (value_ != -1)                                              \
			FAIL("%s answered %ld instead of " #expected, #call,   \
			     value_);                                          \
		if (errno != (expected))                                       \
			FAIL("%s did not answer " #expected, #call);           \
	} while (0)

/* The module is inserted afresh after this test. */
void test_changes_module(void);

/* As fork(); what goes wrong in a child ends the test when CHECK_CHILD sees. */
int test_fork(void);
/*
 * The same, with a socket between the two of which each has one end. Telling
 * ends the other's waiting; who waits for one that is gone fails.
 */
int test_fork_pair(int *end);
void test_tell(int end);
void test_await(int end);
/* Closes this descriptor and all above it. */
void test_close_from(int first);
/* Waits for a child, which must have exited with 0. */
#define CHECK_CHILD(pid) test_check_child(__FILE__, __LINE__, pid)
void test_check_child(const char *file, int line, int pid);
/* Kills it with SIGKILL and waits until it is gone. */
void test_kill(int pid);

/* Waits for a condition that others bring about; false after ten seconds. */
#define EVENTUALLY(condition)                                                  \
	({                                                                     \
		int left_ = 1000;                                              \
		while (!(condition) && --left_)                                \
			usleep(10000);                                         \
		left_ > 0;                                                     \
	})

#endif /* GREENBOOST_TEST_H */
