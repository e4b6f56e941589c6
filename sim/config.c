/* SPDX-License-Identifier: GPL-2.0-only */
/* The simulator's settings: environment variables named GREENBOOST_SIM_*. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "sim.h"

#define DEFAULT_NAME   "GreenBoost simulated GPU"
#define DEFAULT_VRAM   ((uint64_t)4 << 30)
#define DRIVER_VERSION 13000

void sim_log(const char *format, ...)
{
	char line[256] = "greenboost-sim: ";
	size_t used = strlen(line);
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	used += (size_t)n < sizeof(line) - used - 2 ? (size_t)n
						    : sizeof(line) - used - 2;
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

/* The number in a variable; a bad one is named and ignored. */
static uint64_t number(const char *name, uint64_t min, uint64_t max,
		       uint64_t otherwise)
{
	const char *text = getenv(name);
	unsigned long long value;
	char *end;

	if (!text || !*text)
		return otherwise;
	value = strtoull(text, &end, 0);
	if (*end || *text == '-' || value < min || value > max) {
		sim_log("%s=%s: not a number from %llu to %llu, ignored", name,
			text, (unsigned long long)min, (unsigned long long)max);
		return otherwise;
	}
	return value;
}

static uint64_t size(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t bytes;

	if (!text || !*text)
		return otherwise;
	if (gb_size_parse(text, &bytes)) {
		sim_log("%s=%s: not a size, ignored", name, text);
		return otherwise;
	}
	return bytes;
}

/* Which of the words it is; the first where it is none. */
static int word(const char *name, const char *const *words)
{
	const char *text = getenv(name);

	if (!text || !*text)
		return 0;
	for (int i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return i;
	sim_log("%s=%s: not a word that means anything here, ignored", name, text);
	return 0;
}

static uint64_t physical_ram(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

void sim_config_read(struct sim_config *config)
{
	const char *seed = getenv("GREENBOOST_SIM_SEED");
	const char *const stale[] = { "abort", "error", NULL };

	config->devices =
		(int)number("GREENBOOST_SIM_DEVICES", 0, SIM_MAX_DEVICES, 1);
	snprintf(config->name, sizeof(config->name), DEFAULT_NAME);
	config->vram_bytes = DEFAULT_VRAM;
	config->major = 9;
	config->minor = 0;
	config->multiprocessors = 132;
	sim_time_read(config);
	config->vram_bytes = size("GREENBOOST_SIM_VRAM", config->vram_bytes);
	config->ram_bytes = size("GREENBOOST_SIM_RAM", physical_ram());
	config->driver_version = (int)number("GREENBOOST_SIM_DRIVER_VERSION",
					     2000, 99999, DRIVER_VERSION);
	config->seeded = seed && *seed;
	config->seed = number("GREENBOOST_SIM_SEED", 0, UINT64_MAX, 0);
	config->trace = number("GREENBOOST_SIM_TRACE", 0, 1, 0);
	config->stale_is_error = word("GREENBOOST_SIM_STALE", stale) == 1;
}
