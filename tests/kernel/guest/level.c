/* SPDX-License-Identifier: GPL-2.0-only */
#include "level.h"

#include <string.h>

#include "module.h"
#include "test.h"

#define BY_HAND "/sys/kernel/debug/greenboost/level"

static const char *const names[] = { "normal", "elevated", "critical" };

void level_pause(void)
{
	module_set("watchdog_paused", "1");
	/* The look that was under way may still change it. */
	usleep(100000);
	level_set(GREENBOOST_LEVEL_NORMAL);
}

void level_set(enum greenboost_level level)
{
	if (file_write(BY_HAND, names[level]))
		FAIL("cannot set the level");
}

enum greenboost_level level_now(void)
{
	char text[32];
	int level;

	if (file_read(module_file("level"), text, sizeof(text)) < 0)
		FAIL("no file 'level'");
	for (level = 0; level < 3; level++)
		if (!strncmp(text, names[level], strlen(names[level])))
			return level;
	FAIL("'%s' is no level", text);
}

void level_hurry(void)
{
	module_set("watchdog_ms", "20");
	module_set("calm_looks", "2");
}
