/* SPDX-License-Identifier: GPL-2.0-only */
#include "process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * The second field is the program's name between parentheses; it may hold
 * anything, parentheses too, so what counts begins behind the last one.
 */
static int parse(const char *line, struct gb_process *process)
{
	const char *rest = strrchr(line, ')');
	int parent;

	if (!rest ||
	    sscanf(rest,
		   ") %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
		   &process->state, &parent, &process->start_ticks) != 3)
		return -EPROTO;
	process->parent = parent;
	return 0;
}

int gb_process_read(pid_t pid, struct gb_process *process)
{
	char path[32], line[1024];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[length] = '\0';
	/* It ended between opening and reading. */
	if (!length)
		return -ESRCH;
	return parse(line, process);
}
