/* SPDX-License-Identifier: GPL-2.0-only */
#include "module.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "test.h"

#define SYSFS "/sys/class/greenboost/greenboost"

int module_insert(const char *parameters)
{
	int fd = open("/greenboost.ko", O_RDONLY | O_CLOEXEC);
	long answer;

	if (fd < 0)
		return -1;
	answer = syscall(SYS_finit_module, fd, parameters, 0);
	close(fd);
	if (answer == 0)
		chmod("/dev/greenboost", 0666);
	return (int)answer;
}

int module_remove(void)
{
	return (int)syscall(SYS_delete_module, "greenboost", O_NONBLOCK);
}

bool module_is_inserted(void)
{
	return access("/sys/module/greenboost", F_OK) == 0;
}

void module_reinsert(const char *parameters)
{
	test_changes_module();
	if (module_is_inserted() && !EVENTUALLY(module_remove() == 0))
		FAIL("cannot remove the module");
	if (module_insert(parameters))
		FAIL("cannot insert the module with '%s'", parameters);
}

uint64_t module_fill_reserve(uint64_t bytes)
{
	uint64_t filled = 0;
	char parameters[32];

	file_write("/proc/sys/vm/drop_caches", "3");
	file_write("/proc/sys/vm/compact_memory", "1");
	snprintf(parameters, sizeof(parameters), "reserve_mib=%u",
		 (unsigned int)(bytes / MIB));
	module_reinsert(parameters);
	EVENTUALLY((filled = module_number("reserve_bytes")) == bytes);
	if (filled < bytes / 4 * 3)
		FAIL("the reserve is %llu bytes", (unsigned long long)filled);
	return filled;
}

/* Some files of the kernel give less than is asked for, and then more. */
int file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t part;

	if (fd < 0)
		return -1;
	do {
		part = read(fd, text + length, size - 1 - length);
		length += part > 0 ? (size_t)part : 0;
	} while (part > 0 && length < size - 1);
	close(fd);
	text[length] = '\0';
	return part < 0 ? -1 : (int)length;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = write(fd, text, strlen(text));
	close(fd);
	return length == (ssize_t)strlen(text) ? 0 : -1;
}

uint64_t file_number(const char *path)
{
	char text[64], *end;
	unsigned long long value;

	if (file_read(path, text, sizeof(text)) < 0)
		FAIL("cannot read %s", path);
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || strcmp(end, "\n") != 0)
		FAIL("%s has '%s', which is no number", path, text);
	return value;
}

uint64_t memory_figure(const char *name)
{
	char text[8192], *line;

	if (file_read("/proc/meminfo", text, sizeof(text)) < 0)
		FAIL("no /proc/meminfo");
	line = strstr(text, name);
	CHECK(line);
	return strtoull(line + strlen(name), NULL, 10) * 1024;
}

uint64_t memory_free(void)
{
	static char text[256 << 10];
	uint64_t pages = 0;

	if (file_read("/proc/zoneinfo", text, sizeof(text)) < 0)
		FAIL("no /proc/zoneinfo");
	for (char *at = text; (at = strstr(at, " count:")); at++)
		pages += strtoull(at + strlen(" count:"), NULL, 10);
	return memory_figure("MemFree:") + pages * 4096;
}

const char *module_file(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", SYSFS, name);
	return path;
}

uint64_t module_number(const char *name)
{
	return file_number(module_file(name));
}

void module_set(const char *parameter, const char *value)
{
	char path[256];

	test_changes_module();
	snprintf(path, sizeof(path), "%s/%s",
		 "/sys/module/greenboost/parameters", parameter);
	if (file_write(path, value))
		FAIL("cannot set %s to %s", parameter, value);
}
