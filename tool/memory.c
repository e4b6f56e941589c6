/* SPDX-License-Identifier: GPL-2.0-only */
#include "memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "page.h"
#include "tool.h"

static FILE *open_in(const char *root, const char *name)
{
	char *path = gb_print("%s%s", root, name);
	FILE *file = fopen(path, "re");

	free(path);
	return file;
}

static void read_amounts(struct gb_memory *memory, FILE *file)
{
	char line[128];
	uint64_t kib;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemTotal: %" SCNu64 " kB", &kib) == 1)
			memory->total = kib * 1024;
		else if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			memory->available = kib * 1024;
	}
	fclose(file);
}

static void read_pressure(struct gb_memory *memory, FILE *file)
{
	char line[128];
	double share;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "some avg10=%lf", &share) == 1)
			memory->some = share;
		else if (sscanf(line, "full avg10=%lf", &share) == 1)
			memory->full = share;
	}
	fclose(file);
}

void gb_memory_read(struct gb_memory *memory, const char *root)
{
	FILE *file = open_in(root, "/proc/meminfo");

	*memory = (struct gb_memory){ GB_UNKNOWN, GB_UNKNOWN, NAN, NAN, { 0 } };
	if (file)
		read_amounts(memory, file);
	file = open_in(root, "/proc/pressure/memory");
	if (file)
		read_pressure(memory, file);
	gb_pool_read(&memory->pool, root);
}
