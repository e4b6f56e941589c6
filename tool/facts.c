/* SPDX-License-Identifier: GPL-2.0-only */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "page.h"
#include "tool.h"

static bool is_there(const char *root, const char *name)
{
	char *path = gb_print("%s%s", root, name);
	bool there = !access(path, F_OK);

	free(path);
	return there;
}

/* The first line of the file, without its end; "" when it cannot be read. */
static void read_line(char *line, size_t size, const char *root, const char *name)
{
	char *path = gb_print("%s%s", root, name);
	FILE *file = fopen(path, "re");

	free(path);
	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Release ...". */
static void read_driver(struct gb_facts *facts, const char *root)
{
	char line[256], *word, *rest = line;

	read_line(line, sizeof(line), root, "/proc/driver/nvidia/version");
	while ((word = strsep(&rest, " \t"))) {
		if (strspn(word, "0123456789.") == strlen(word) &&
		    strchr(word, '.') && strlen(word) < sizeof(facts->driver)) {
			strcpy(facts->driver, word);
			return;
		}
	}
}

static void read_module(struct gb_facts *facts, const char *root)
{
	char *path = gb_print("%s/dev/greenboost", root);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	free(path);
	if (fd >= 0) {
		close(fd);
		facts->module = GB_MODULE_USABLE;
	} else if (errno == EACCES || errno == EPERM) {
		facts->module = GB_MODULE_DENIED;
	} else if (is_there(root, "/sys/class/greenboost")) {
		facts->module = GB_MODULE_SILENT;
	} else {
		facts->module = GB_MODULE_ABSENT;
	}
}

static void read_container(struct gb_facts *facts, const char *root)
{
	static const struct {
		const char *trace, *name;
	} kinds[] = {
		{ "/run/.containerenv", "podman" },
		{ "/.dockerenv", "docker" },
		{ "/run/systemd/container", "container" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (is_there(root, kinds[i].trace)) {
			strcpy(facts->container, kinds[i].name);
			return;
		}
	}
}

/* "always [madvise] never": the chosen word. */
static void read_thp(struct gb_facts *facts, const char *root)
{
	char line[64], *first, *end;

	read_line(line, sizeof(line), root,
		  "/sys/kernel/mm/transparent_hugepage/enabled");
	first = strchr(line, '[');
	end = first ? strchr(first, ']') : NULL;
	if (end && end < first + sizeof(facts->thp))
		memcpy(facts->thp, first + 1, (size_t)(end - first - 1));
}

static void tighten(uint64_t *limit, const char *root, const char *folder,
		    const char *name)
{
	char *file = gb_print("/sys/fs/cgroup%s/%s", folder, name), line[32];
	uint64_t bytes;

	read_line(line, sizeof(line), root, file);
	free(file);
	if (sscanf(line, "%" SCNu64, &bytes) == 1 && bytes < *limit)
		*limit = bytes;
}

/* Version 2 only: from this process's group up to the root. */
static void read_cgroup(struct gb_facts *facts, const char *root)
{
	char line[4096], *folder;

	facts->cgroup_max = facts->cgroup_high = GB_UNKNOWN;
	read_line(line, sizeof(line), root, "/proc/self/cgroup");
	if (strncmp(line, "0::/", 4))
		return;
	for (folder = line + 3;; *strrchr(folder, '/') = '\0') {
		tighten(&facts->cgroup_max, root, folder, "memory.max");
		tighten(&facts->cgroup_high, root, folder, "memory.high");
		if (!strchr(folder, '/'))
			return;
	}
}

static void read_swap(struct gb_facts *facts, const char *root)
{
	char *path = gb_print("%s/proc/meminfo", root), line[128];
	FILE *file = fopen(path, "re");
	uint64_t kib;

	free(path);
	facts->swap_total = facts->swap_free = GB_UNKNOWN;
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "SwapTotal: %" SCNu64 " kB", &kib) == 1)
			facts->swap_total = kib * 1024;
		else if (sscanf(line, "SwapFree: %" SCNu64 " kB", &kib) == 1)
			facts->swap_free = kib * 1024;
	}
	if (file)
		fclose(file);
}

static void read_memory(struct gb_facts *facts, const char *root)
{
	struct rlimit limit;

	gb_memory_read(&facts->memory, root);
	read_swap(facts, root);
	facts->memlock = GB_UNKNOWN;
	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY)
		facts->memlock = limit.rlim_cur;
}

static unsigned int count_cores(void)
{
	cpu_set_t cores;
	int count = 0;

	/* The set is too small on a machine of more than 1024 of them. */
	if (!sched_getaffinity(0, sizeof(cores), &cores))
		count = CPU_COUNT(&cores);
	else
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned int)count : 1;
}

/* "0-1,4": how many there are. */
static unsigned int count_nodes(const char *root)
{
	unsigned int count = 0, first, last;
	char line[256], *part, *rest = line;

	read_line(line, sizeof(line), root, "/sys/devices/system/node/online");
	while ((part = strsep(&rest, ","))) {
		int fields = sscanf(part, "%u-%u", &first, &last);

		if (fields == 2 && last >= first)
			count += last - first + 1;
		else if (fields == 1)
			count++;
	}
	return count ? count : 1;
}

void gb_facts_read(struct gb_facts *facts, const char *root)
{
	*facts = (struct gb_facts){ .cores = count_cores(),
				    .nodes = count_nodes(root) };
	read_line(facts->kernel, sizeof(facts->kernel), root,
		  "/proc/sys/kernel/osrelease");
	facts->wsl = strcasestr(facts->kernel, "microsoft") != NULL;
	read_driver(facts, root);
	read_module(facts, root);
	read_container(facts, root);
	read_thp(facts, root);
	read_cgroup(facts, root);
	read_memory(facts, root);
}

const char *gb_module_name(enum gb_module module)
{
	static const char *const names[] = { "absent", "silent", "denied", "usable" };

	return names[module];
}
