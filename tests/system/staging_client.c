/* SPDX-License-Identifier: GPL-2.0-only */
/* What the clients share whose memory is to be staged. */
#include <stdlib.h>
#include <unistd.h>

#include <greenboost/stats.h>

#include "staging.h"

/* Memory that streams write words to stays where it is. */
void take_ballast(void)
{
	const char *text = getenv("CLIENT_BALLAST");
	CUdeviceptr ballast;

	if (!text)
		return;
	MUST(cu.MemAlloc(&ballast, strtoull(text, NULL, 10) * MIB));
	MUST(cu.StreamWriteValue32(NULL, ballast, 1, 0));
	MUST(cu.CtxSynchronize());
}

static bool read_page(struct gb_stats *stats)
{
	const char *folder = getenv("GREENBOOST_RUNTIME_DIR");
	char path[300];
	bool read;
	FILE *page;

	if (!folder)
		return false;
	snprintf(path, sizeof(path), "%s/%d.stats", folder, getpid());
	page = fopen(path, "r");
	if (!page)
		return false;
	read = fread(stats, sizeof(*stats), 1, page) == 1;
	fclose(page);
	return read && stats->magic == GB_STATS_MAGIC;
}

void show_statistics(void)
{
	static struct gb_stats stats;
	const struct gb_stats_device *device = &stats.device[0];

	if (!read_page(&stats))
		return;
#define SHOW(of, member)                                                       \
	printf(" " #member " %llu", (unsigned long long)(of)->member)
	printf("~statistics");
	SHOW(device, staged);
	SHOW(device, stage_misses);
	SHOW(device, stage_hits);
	SHOW(device, prefetch_hits);
	SHOW(device, reconciled);
	SHOW(device, verified);
	SHOW(device, captured);
	SHOW(device, moves);
	SHOW(device, launches);
	SHOW(device, spilled);
	SHOW(device, returned);
	SHOW(&stats, nvme_read);
	SHOW(&stats, nvme_written);
	printf("\n");
}
