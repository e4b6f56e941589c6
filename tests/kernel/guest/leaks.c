/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaks.h"

#include <string.h>

#include "module.h"
#include "test.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* kmemleak tells of nothing younger than five seconds. */
enum { OLD_ENOUGH = 6 };

bool leaks_can_be_found(void)
{
	return access(KMEMLEAK, W_OK) == 0;
}

/* A report: "unreferenced object ...", and below it who allocated it. */
bool leaks_are_found(char *where, int size)
{
	char line[256];
	bool found = false;
	FILE *report;

	sleep(OLD_ENOUGH);
	/* Pointers move while it looks; what two looks miss is gone. */
	file_write(KMEMLEAK, "scan");
	file_write(KMEMLEAK, "scan");
	report = fopen(KMEMLEAK, "r");
	while (report && !found && fgets(line, sizeof(line), report))
		found = strstr(line, "[greenboost]");
	if (found)
		snprintf(where, (size_t)size, "%.*s", (int)strcspn(line, "\n"),
			 line);
	if (report)
		fclose(report);
	return found;
}
