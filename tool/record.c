/* SPDX-License-Identifier: GPL-2.0-only */
#include "record.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "page.h"
#include "process.h"
#include "recorder.h"
#include "tool.h"

struct gb_followed {
	int fd;
	struct gb_stats last; /* as read last */
	struct gb_stats most; /* as read when it held most memory */
};

/* A chain of parents longer than this is a loop in what we read. */
enum { DEEPEST = 1000 };

static bool descends_from(pid_t pid, pid_t root)
{
	struct gb_process process;

	for (int depth = 0; pid > 1 && depth < DEEPEST; depth++) {
		if (pid == root)
			return true;
		if (gb_process_read(pid, &process))
			return false;
		pid = process.parent;
	}
	return false;
}

static bool is_followed(const struct gb_record *record, const struct gb_stats *page)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct gb_stats *known = &record->followed[i].last;

		if (known->pid == page->pid && known->start_ticks == page->start_ticks)
			return true;
	}
	return false;
}

static void consider(int folder, const char *name, int fd, void *data)
{
	pid_t pid = gb_page_pid(name);
	struct gb_record *record = data;
	struct gb_followed *followed;
	struct gb_stats page;

	if (fd < 0 || gb_page_read(fd, pid, &page) || is_followed(record, &page) ||
	    !gb_page_is_live(&page) || !descends_from(pid, record->root))
		return;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return;
	record->followed =
		gb_grow(record->followed, record->count + 1, sizeof(*followed));
	followed = &record->followed[record->count++];
	*followed = (struct gb_followed){ fd, page, page };
}

static uint64_t held(const struct gb_stats *page)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < page->device_count; i++)
		bytes += page->device[i].vram_used + page->device[i].ram_used +
			 page->device[i].vram_direct;
	return bytes;
}

static void update(struct gb_followed *followed, struct gb_recorder *recorder)
{
	struct gb_stats page;

	if (gb_page_read(followed->fd, followed->last.pid, &page))
		return;
	followed->last = page;
	if (held(&page) >= held(&followed->most))
		followed->most = page;
	if (recorder)
		gb_recorder_look(recorder, &page, followed->fd);
}

void gb_record_init(struct gb_record *record, const struct gb_options *options,
		    pid_t root)
{
	*record = (struct gb_record){ .options = options, .root = root };
}

void gb_record_finish(struct gb_record *record)
{
	for (size_t i = 0; i < record->count; i++)
		close(record->followed[i].fd);
	free(record->followed);
	*record = (struct gb_record){ 0 };
}

void gb_record_update(struct gb_record *record)
{
	gb_page_visit(record->options, consider, record);
	for (size_t i = 0; i < record->count; i++)
		update(&record->followed[i], record->recorder);
	if (record->recorder)
		gb_recorder_tick(record->recorder);
}

static void take_gauges(struct gb_stats *page, const struct gb_stats *most)
{
	page->ram_used = most->ram_used;
	page->ram_direct = most->ram_direct;
	for (uint32_t i = 0; i < page->device_count; i++) {
		page->device[i].vram_used = most->device[i].vram_used;
		page->device[i].vram_direct = most->device[i].vram_direct;
		page->device[i].ram_used = most->device[i].ram_used;
		page->device[i].pending = most->device[i].pending;
		page->device[i].allocations = most->device[i].allocations;
	}
}

void gb_record_sum_up(const struct gb_record *record, struct gb_sample *sample)
{
	*sample = (struct gb_sample){ .count = record->count };
	if (!record->count)
		return;
	sample->page = gb_grow(NULL, record->count, sizeof(*sample->page));
	for (size_t i = 0; i < record->count; i++) {
		sample->page[i] = record->followed[i].last;
		take_gauges(&sample->page[i], &record->followed[i].most);
	}
}
