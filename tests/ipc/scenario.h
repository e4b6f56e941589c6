/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios: each is a process of its own, under the library on the simulated
 * GPU, which talks with peers (peer.h).
 */
#ifndef IPC_SCENARIO_H
#define IPC_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ipc/handle.h"
#include "peer.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

#define ROOMY	 "GREENBOOST_VRAM=1g GREENBOOST_RAM=1g"
#define TIGHT	 "GREENBOOST_VRAM=64m GREENBOOST_RAM=1g"
#define HUGE	 "GREENBOOST_SIM_VRAM=64g GREENBOOST_VRAM=32g GREENBOOST_RAM=1g"
#define TWO_GPUS ROOMY " GREENBOOST_SIM_DEVICES=2"

/* Ends the scenario unless the call gives that result. */
#define WANT(code, call)                                                       \
	do {                                                                   \
		int want_ = (int)(code), got_ = (int)(call);                   \
		if (want_ != got_) {                                           \
			fprintf(stderr, "%s:%d: %s = %d, wanted %d\n",         \
				__FILE__, __LINE__, #call, got_, want_);       \
			_exit(1);                                              \
		}                                                              \
	} while (0)
#define OK(call)	 WANT(CUDA_SUCCESS, call)
#define TRUE_(condition) WANT(1, !!(condition))

/* The handle of arena memory, which is known to be one of ours. */
CUipcMemHandle share(CUdeviceptr address);
/* The word at @address, by a copy. */
uint32_t word(CUdeviceptr address);
/* Of this process's memory in RAM, as its statistics page has it. */
uint64_t ram_used(void);
double seconds(void);

/*
 * Runs it in a child with these settings: its exit status, or 256 + the signal
 * that ended it.
 */
int run(void (*scenario)(void), const char *settings);

/* The test of a scenario, which exits with 77 where it cannot run. */
#define SCENARIO(name, settings)                                               \
	static void test_##name(void **state)                                  \
	{                                                                      \
		int status = run(name, settings);                              \
                                                                               \
		if (status == 77)                                              \
			skip();                                                \
		assert_int_equal(status, 0);                                   \
	}

/* A folder for the statistics pages of all that a program starts. */
int make_folder(void **state);
int remove_folder(void **state);

/* A scenario's program is its peers' program, too. */
#define SCENARIO_MAIN(tests)                                                      \
	int main(int argc, char **argv)                                           \
	{                                                                         \
		if (argc == 4)                                                    \
			return peer_main(atoi(argv[2]), (uid_t)atoi(argv[3]));    \
		if (argc == 2)                                                    \
			cmocka_set_test_filter(argv[1]);                          \
		return cmocka_run_group_tests(tests, make_folder, remove_folder); \
	}

#endif
