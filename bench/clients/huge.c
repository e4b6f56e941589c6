/* SPDX-License-Identifier: GPL-2.0-only */
#include "huge.h"

#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"

#define HUGE_PAGE (UINT64_C(2) << 20)

uint64_t bench_huge_free(void)
{
	FILE *file = fopen(
		"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned long long pages = 0;

	if (file) {
		if (fscanf(file, "%llu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * HUGE_PAGE;
}

int bench_huge_file(uint64_t bytes)
{
	int fd = memfd_create("bench-huge",
			      MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		bench_fail("no memory file of huge pages: %m");
	return fd;
}
