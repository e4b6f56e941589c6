/* SPDX-License-Identifier: GPL-2.0-only */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* A line "MemTotal:  24587620 kB" of /proc/meminfo in bytes, or 0. */
static uint64_t memory_of(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0, found;
	char line[128];

	if (!file)
		return 0;
	while (!kib && fgets(line, sizeof(line), file)) {
		size_t length = strlen(name);

		if (!strncmp(line, name, length) &&
		    sscanf(line + length, ": %" SCNu64 " kB", &found) == 1)
			kib = found;
	}
	fclose(file);
	return kib * 1024;
}

static int check_ram(const struct gb_arguments *arguments)
{
	uint64_t ram = arguments->options.ram;
	uint64_t total = memory_of("MemTotal");
	uint64_t available = memory_of("MemAvailable");
	char wanted[GB_SIZE_TEXT], there[GB_SIZE_TEXT];

	if (ram == GB_SIZE_AUTO || !total)
		return 0;
	gb_size_format(ram, wanted, sizeof(wanted));
	if (ram > total) {
		gb_error("%s: %s is more than this machine's RAM (%s); write less, or auto",
			 gb_arguments_origin(arguments, "ram"), wanted,
			 gb_size_format(total, there, sizeof(there)));
		return -EINVAL;
	}
	if (available && ram > available)
		gb_warn("%s: %s may be held, but only %s of RAM is available now",
			gb_arguments_origin(arguments, "ram"), wanted,
			gb_size_format(available, there, sizeof(there)));
	return 0;
}

static int check_zero(const struct gb_arguments *arguments)
{
	bool no_vram = arguments->options.vram == 0;
	bool no_ram = arguments->options.ram == 0;

	if (no_vram && no_ram) {
		gb_error("a budget of zero for VRAM and for RAM leaves the program no memory; give one of them a size, or auto");
		return -EINVAL;
	}
	if (no_vram)
		gb_warn("%s is 0: everything the program allocates goes to RAM, which is slow",
			gb_arguments_origin(arguments, "vram"));
	if (no_ram)
		gb_warn("%s is 0: nothing can overflow; beyond its VRAM the program gets out-of-memory errors",
			gb_arguments_origin(arguments, "ram"));
	return 0;
}

static int check_log_file(const struct gb_arguments *arguments)
{
	const char *path = arguments->options.log_file;
	int fd;

	if (!*path)
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC,
		  0600);
	if (fd < 0) {
		gb_error("%s=%s: %m; name a file that can be written",
			 gb_arguments_origin(arguments, "log-file"), path);
		return -EINVAL;
	}
	close(fd);
	return 0;
}

static int check_driver_path(const struct gb_arguments *arguments)
{
	const char *path = arguments->options.driver;

	if (!strchr(path, '/') || !access(path, R_OK))
		return 0;
	gb_error("%s=%s: %m; name the file of a CUDA driver library (libcuda.so.1)",
		 gb_arguments_origin(arguments, "driver"), path);
	return -EINVAL;
}

/* The program runs without its page, so this is no more than a warning. */
static void check_runtime_dir(const struct gb_arguments *arguments)
{
	char path[4096];
	int ret = gb_runtime_dir(&arguments->options, path, sizeof(path));

	if (ret == -EINVAL)
		gb_warn("%s=%s: must be an absolute path; the program will not show in `greenboost status`",
			gb_arguments_origin(arguments, "runtime-dir"),
			arguments->options.runtime_dir);
	else if (ret)
		gb_warn("%s: %s; the program will not show in `greenboost status`",
			path,
			ret == -EPERM ? "others own it or may write to it"
				      : strerror(-ret));
}

int gb_check_options(const struct gb_arguments *arguments)
{
	if (check_zero(arguments) || check_ram(arguments) ||
	    check_driver_path(arguments) || check_log_file(arguments))
		return -EINVAL;
	check_runtime_dir(arguments);
	return 0;
}
