/* SPDX-License-Identifier: GPL-2.0-only */
/* The three jobs on staged copies, through the operations of the engine. */
#include "staged.h"

#include <errno.h>
#include <pthread.h>

CUresult cuGraphInstantiateWithFlags(CUgraphExec *, CUgraph, unsigned long long);

static void learns_the_hash_of_every_page(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 300);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	for (uint32_t page = 0; page < s.pages; page++)
		TRUE_(entry(&s, page) == reference_hash(s.image + page * WORDS));
}

static void carries_only_what_has_changed(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 7);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&s, 0, 0));
	s.image[2 * WORDS + 5] ^= 1;
	memset(s.image + 6 * WORDS, 0, GB_PAGE);
	write_copy(&s);
	s.home[1] = 0; /* of a page that did not change: not its business */
	WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&s, 2, 3));
	TRUE_(!memcmp(s.home + WORDS, s.image + WORDS, 6 * GB_PAGE));
	TRUE_(s.home[1] == 0);
	TRUE_(entry(&s, 2) == reference_hash(s.image + 2 * WORDS));
	WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&s, 0, 0));
}

static void carries_every_page_if_need_be(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 513);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	for (uint32_t page = 0; page < s.pages; page++)
		s.image[page * WORDS + page * 15] += 1;
	write_copy(&s);
	WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&s, 513, 1));
	TRUE_(is_home(&s));
}

/* What is behind or in front of the job's pages stays as it is. */
static void keeps_to_its_pages(void)
{
	struct gb_reconcile job;
	struct staged s;

	begin_on(0);
	s = stage(0, 4);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	for (uint32_t page = 0; page < 4; page++)
		s.image[page * WORDS] = ~s.image[page * WORDS];
	write_copy(&s);
	job = job_of(&s, GB_RECONCILE_CARRY);
	job.copy += GB_PAGE;
	job.home += GB_PAGE;
	job.hashes += 8;
	job.pages = 2;
	WANT(0, ops->reconcile(s.stream, &job));
	finish(s.stream);
	TRUE_(is_verdict(&s, 2, 1));
	TRUE_(s.home[0] == ~s.image[0]);
	TRUE_(s.home[WORDS] == s.image[WORDS]);
	TRUE_(s.home[2 * WORDS] == s.image[2 * WORDS]);
	TRUE_(s.home[3 * WORDS] == ~s.image[3 * WORDS]);
	TRUE_(entry(&s, 3) != reference_hash(s.image + 3 * WORDS));
	job.pages = 0;
	WANT(0, ops->reconcile(s.stream, &job));
}

static void finds_every_differing_byte(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 64);
	WANT(0, reconcile(&s, GB_RECONCILE_VERIFY));
	TRUE_(is_verdict(&s, 0, 0));
	/* In page n byte n * 1021, which is a new one of every lane's 16. */
	for (uint32_t page = 3; page < s.pages; page += 2)
		((uint8_t *)s.home)[page * GB_PAGE + page * 1021] ^= 0x40;
	WANT(0, reconcile(&s, GB_RECONCILE_VERIFY));
	TRUE_(is_verdict(&s, 31, 4));
	TRUE_(!is_home(&s)); /* it only looks */
}

static void does_without_a_verdict(void)
{
	struct gb_reconcile job;
	struct staged s;

	begin_on(0);
	s = stage(0, 3);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	s.image[WORDS] ^= 2;
	write_copy(&s);
	for (int what = GB_RECONCILE_VERIFY; what >= GB_RECONCILE_LEARN; what--) {
		job = job_of(&s, what);
		job.verdict = NULL;
		WANT(0, ops->reconcile(s.stream, &job));
		finish(s.stream);
		TRUE_(is_home(&s) == (what < GB_RECONCILE_VERIFY));
	}
}

/* Verdicts add up until somebody zeroes them: the first stays the lowest. */
static void the_first_page_is_the_lowest(void)
{
	struct gb_reconcile job;
	struct staged s;

	begin_on(0);
	s = stage(0, 40);
	for (int page = 39; page >= 0; page -= 13) {
		s.home[page * WORDS] ^= 1;
		job = job_of(&s, GB_RECONCILE_VERIFY);
		WANT(0, ops->reconcile(s.stream, &job));
		finish(s.stream);
		TRUE_(s.verdict->first == (uint32_t)page + 1);
	}
	TRUE_(is_verdict(&s, 1 + 2 + 3 + 4, 1));
}

static void each_context_has_its_own_kernels(void)
{
	CUcontext first, second, current;
	struct staged a, b;

	first = begin_on(0);
	a = stage(0, 2);
	second = begin_on(1);
	b = stage(1, 2);
	/* The current context is the second's: neither call may change that. */
	WANT(0, ops->reconcile_prepare(a.stream));
	WANT(0, reconcile(&a, GB_RECONCILE_LEARN));
	WANT(0, reconcile(&b, GB_RECONCILE_LEARN));
	OK(cuCtxGetCurrent(&current));
	TRUE_(current == second);
	OK(cuCtxSetCurrent(NULL));
	OK(cuCtxSetCurrent(NULL)); /* both are off the stack */
	WANT(0, reconcile(&a, GB_RECONCILE_CARRY));
	TRUE_(is_verdict(&a, 0, 0));
	OK(cuCtxGetCurrent(&current));
	TRUE_(!current);
	OK(cuCtxSetCurrent(first));
	TRUE_(entry(&a, 1) == reference_hash(a.image + WORDS));
	OK(cuCtxSetCurrent(second));
	TRUE_(entry(&b, 1) == reference_hash(b.image + WORDS));
}

static void a_default_stream_is_that_of_the_current_context(void)
{
	static const uint64_t defaults[] = { 1, 2 };
	struct staged s;

	begin_on(0);
	s = stage(0, 2);
	for (int i = 0; i < 2; i++) {
		s.stream = defaults[i];
		WANT(0, ops->reconcile_prepare(s.stream));
		WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
		WANT(0, reconcile(&s, GB_RECONCILE_CARRY));
		TRUE_(is_verdict(&s, 0, 0));
	}
	OK(cuCtxSetCurrent(NULL));
	WANT(-ENOENT, ops->reconcile_prepare(1));
}

/* Contexts come and go, and their handles come again. */
static void contexts_that_end_take_their_kernels_along(void)
{
	CUcontext context;
	struct staged s;

	/* A real one takes some 100 ms. */
	for (int i = 0; i < (is_simulated() ? 200 : 20); i++) {
		context = begin_on(0);
		s = stage(0, 1);
		WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
		TRUE_(entry(&s, 0) == reference_hash(s.image));
		WANT(0, ops->host_unregister((uint64_t)s.home));
		free(s.home);
		free(s.image);
		if (i % 2)
			gb_driver_context_remove(context);
		OK(cuCtxDestroy_v2(context));
		if (!(i % 2))
			gb_driver_context_remove(context);
	}
}

static CUgraphExec capture(struct staged *s, enum gb_reconcile_what what)
{
	struct gb_reconcile job = job_of(s, what);
	CUstream stream = (CUstream)s->stream;
	CUgraphExec exec;
	CUgraph graph;

	gb_driver_capture_begin(s->stream);
	OK(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	WANT(0, ops->reconcile(s->stream, &job));
	OK(cuStreamEndCapture(stream, &graph));
	gb_driver_capture_end(s->stream);
	OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
	return exec;
}

/* The module is loaded in the middle of the capture, and does not break it. */
static void is_captured_and_replayed(void)
{
	CUgraphExec carry;
	struct staged s;

	begin_on(0);
	s = stage(0, 3);
	carry = capture(&s, GB_RECONCILE_CARRY);
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	for (uint32_t i = 0; i < 4; i++) {
		*s.verdict = (struct gb_verdict){ 0 };
		s.image[i / 2 * WORDS + i] ^= 1;
		write_copy(&s);
		OK(cuGraphLaunch(carry, (CUstream)s.stream));
		finish(s.stream);
		TRUE_(is_verdict(&s, 1, i / 2 + 1));
		TRUE_(is_home(&s));
	}
}

static void a_module_that_cannot_be_loaded_is_not_tried_again(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 1);
	WANT(-EOPNOTSUPP, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(-EOPNOTSUPP, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(-EOPNOTSUPP, ops->reconcile_prepare(s.stream));
}

/* Of memory there may be more later. */
static void a_module_is_loaded_once_there_is_memory(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 1);
	WANT(-ENOMEM, ops->reconcile_prepare(s.stream));
	WANT(-ENOMEM, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	TRUE_(entry(&s, 0) == reference_hash(s.image));
}

static void a_launch_that_fails_says_so(void)
{
	struct staged s;

	begin_on(0);
	s = stage(0, 1);
	WANT(-ENOMEM, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(0, reconcile(&s, GB_RECONCILE_LEARN));
	WANT(-EINVAL, ops->reconcile_prepare((uint64_t)&s));
}

static void *learn_on_a_thread(void *data)
{
	struct staged *s = data;

	for (int i = 0; i < 20; i++)
		WANT(0, reconcile(s, i % 2 ? GB_RECONCILE_CARRY
					   : GB_RECONCILE_LEARN));
	return NULL;
}

static void threads_load_and_launch_at_once(void)
{
	struct staged s[6];
	pthread_t thread[6];
	CUcontext context[2] = { begin_on(0), begin_on(0) };

	for (int i = 0; i < 6; i++) {
		OK(cuCtxSetCurrent(context[i % 2]));
		s[i] = stage(0, 5);
		OK(cuStreamDestroy_v2((CUstream)s[i].stream));
		OK(cuStreamCreate((CUstream *)&s[i].stream, CU_STREAM_NON_BLOCKING));
	}
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, learn_on_a_thread, &s[i]);
	for (int i = 0; i < 6; i++) {
		pthread_join(thread[i], NULL);
		TRUE_(is_verdict(&s[i], 0, 0));
		TRUE_(entry(&s[i], 4) == reference_hash(s[i].image + 4 * WORDS));
	}
}

/* One that asks the driver for what only the simulated one can do. */
#define SIMULATED_SCENARIO(name, settings)                                     \
	static void test_##name(void **state)                                  \
	{                                                                      \
		if (!is_simulated())                                           \
			skip();                                                \
		assert_int_equal(run(name, settings), 0);                      \
	}

SCENARIO(learns_the_hash_of_every_page, NULL)
SCENARIO(carries_only_what_has_changed, NULL)
SCENARIO(carries_every_page_if_need_be, NULL)
SCENARIO(keeps_to_its_pages, NULL)
SCENARIO(finds_every_differing_byte, NULL)
SCENARIO(does_without_a_verdict, NULL)
SCENARIO(the_first_page_is_the_lowest, NULL)
SIMULATED_SCENARIO(each_context_has_its_own_kernels, "GREENBOOST_SIM_DEVICES=2")
SCENARIO(a_default_stream_is_that_of_the_current_context, NULL)
SCENARIO(contexts_that_end_take_their_kernels_along, NULL)
SCENARIO(is_captured_and_replayed, NULL)
SIMULATED_SCENARIO(a_module_that_cannot_be_loaded_is_not_tried_again,
		   "GREENBOOST_SIM_FAIL=cuModuleLoadData:1:218")
SIMULATED_SCENARIO(a_module_is_loaded_once_there_is_memory,
		   "GREENBOOST_SIM_FAIL=cuModuleLoadData:1:2,cuModuleGetFunction:2:2")
SIMULATED_SCENARIO(a_launch_that_fails_says_so,
		   "GREENBOOST_SIM_FAIL=cuLaunchKernel:1:2")
SCENARIO(threads_load_and_launch_at_once, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns_the_hash_of_every_page),
		cmocka_unit_test(test_carries_only_what_has_changed),
		cmocka_unit_test(test_carries_every_page_if_need_be),
		cmocka_unit_test(test_keeps_to_its_pages),
		cmocka_unit_test(test_finds_every_differing_byte),
		cmocka_unit_test(test_does_without_a_verdict),
		cmocka_unit_test(test_the_first_page_is_the_lowest),
		cmocka_unit_test(test_each_context_has_its_own_kernels),
		cmocka_unit_test(test_a_default_stream_is_that_of_the_current_context),
		cmocka_unit_test(test_contexts_that_end_take_their_kernels_along),
		cmocka_unit_test(test_is_captured_and_replayed),
		cmocka_unit_test(
			test_a_module_that_cannot_be_loaded_is_not_tried_again),
		cmocka_unit_test(test_a_module_is_loaded_once_there_is_memory),
		cmocka_unit_test(test_a_launch_that_fails_says_so),
		cmocka_unit_test(test_threads_load_and_launch_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
