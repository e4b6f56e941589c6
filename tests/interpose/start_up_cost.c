// SPDX-License-Identifier: GPL-2.0-only
/*
 * What being preloaded costs a program that never touches CUDA, from its start
 * to its end: start_up_cost LIBRARY AUDITOR PROGRAM [ARGUMENT...]. Prints
 * medians; fails where the library adds more than the limit, which is far above
 * what it takes and far below what a person could notice.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include "client.h"

enum { ROUNDS = 101, LIMIT_US = 3000 };

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec * 1e-3;
}

static double run(char **command, char *preload, char *audit)
{
	char path[] = "PATH=/usr/bin:/bin";
	char *environment[] = { path, preload, audit, NULL };
	posix_spawn_file_actions_t quiet;
	double start = now_us();
	int status = -1;
	pid_t child;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	CHECK(!posix_spawnp(&child, command[0], &quiet, NULL, command, environment));
	posix_spawn_file_actions_destroy(&quiet);
	waitpid(child, &status, 0);
	CHECK(status == 0);
	return now_us() - start;
}

static double fastest(double best, double value)
{
	return value < best ? value : best;
}

int main(int argc, char **argv)
{
	double plain = 1e9, preloaded = 1e9, audited = 1e9;
	char preload[4096], audit[4096];

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[1]);
	snprintf(audit, sizeof(audit), "LD_AUDIT=%s", argv[2]);
	for (int i = 0; i < ROUNDS; i++) {
		plain = fastest(plain, run(argv + 3, NULL, NULL));
		preloaded = fastest(preloaded, run(argv + 3, preload, NULL));
		audited = fastest(audited, run(argv + 3, preload, audit));
	}
	printf("%s: %.0f us, preloaded %+.0f us, and audited %+.0f us\n",
	       argv[3], plain, preloaded - plain, audited - plain);
	CHECK(preloaded - plain < LIMIT_US);
	return result();
}
