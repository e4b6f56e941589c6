/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is used of VRAM and of pinned host memory: by this process, or, where
 * GREENBOOST_SIM_SHARED names a file, by all processes that share this file and
 * so make one machine. Each has a row in it, which it alone writes; rows of
 * dead processes count for nothing. The file's lock is held while a row grows,
 * so that two processes cannot both take the last byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim.h"

#define ROWS 64
#define HOST SIM_MAX_DEVICES /* the place of host memory in a row */

struct row {
	int pid;
	uint64_t used[SIM_MAX_DEVICES + 1];
};

static struct row own, *mine = &own, *rows;
static int file = -1;

static bool is_alive(const struct row *row)
{
	return row->pid && (kill(row->pid, 0) == 0 || errno != ESRCH);
}

static bool take_row(void)
{
	for (int i = 0; i < ROWS; i++) {
		if (is_alive(&rows[i]))
			continue;
		mine = &rows[i];
		memset(mine, 0, sizeof(*mine));
		mine->pid = getpid();
		return true;
	}
	return false;
}

void sim_machine_join(void)
{
	const char *path = getenv("GREENBOOST_SIM_SHARED");
	void *at = MAP_FAILED;
	bool joined;

	if (!path || !*path || rows)
		return;
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file >= 0 && ftruncate(file, ROWS * sizeof(*rows)) == 0)
		at = mmap(NULL, ROWS * sizeof(*rows), PROT_READ | PROT_WRITE,
			  MAP_SHARED, file, 0);
	if (at == MAP_FAILED) {
		sim_log("GREENBOOST_SIM_SHARED=%s: %s, ignored", path,
			strerror(errno));
		return;
	}
	rows = at;
	flock(file, LOCK_EX);
	joined = take_row();
	flock(file, LOCK_UN);
	if (joined)
		return;
	sim_log("GREENBOOST_SIM_SHARED=%s: %d processes already, ignored", path,
		ROWS);
	munmap(rows, ROWS * sizeof(*rows));
	rows = NULL;
}

static int place(const struct sim_device *device)
{
	return device ? device->ordinal : HOST;
}

uint64_t sim_used(const struct sim_device *device)
{
	uint64_t used = 0;

	if (!rows)
		return mine->used[place(device)];
	for (int i = 0; i < ROWS; i++)
		if (is_alive(&rows[i]))
			used += rows[i].used[place(device)];
	return used;
}

CUresult sim_charge(const struct sim_device *device, uint64_t bytes)
{
	uint64_t limit = device ? device->vram_bytes : sim.config.ram_bytes;
	uint64_t used;
	CUresult rc = CUDA_SUCCESS;

	if (rows)
		flock(file, LOCK_EX);
	used = sim_used(device);
	if (bytes > limit || used > limit - bytes)
		rc = CUDA_ERROR_OUT_OF_MEMORY;
	else
		mine->used[place(device)] += bytes;
	if (rows)
		flock(file, LOCK_UN);
	return rc;
}

void sim_uncharge(const struct sim_device *device, uint64_t bytes)
{
	mine->used[place(device)] -= bytes;
}
