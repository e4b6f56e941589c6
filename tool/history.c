/* SPDX-License-Identifier: GPL-2.0-only */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "tool.h"

void gb_history_finish(struct gb_history *history)
{
	free(history->track);
	*history = (struct gb_history){ 0 };
}

static struct gb_track *find(const struct gb_history *history,
			     const struct gb_stats *page, unsigned int device)
{
	for (size_t i = 0; i < history->count; i++) {
		struct gb_track *track = &history->track[i];

		if (track->pid == page->pid && track->device == device &&
		    track->start_ticks == page->start_ticks)
			return track;
	}
	return NULL;
}

const struct gb_track *gb_history_find(const struct gb_history *history,
				       const struct gb_stats *page,
				       unsigned int device)
{
	return find(history, page, device);
}

static void note(struct gb_track *track, const struct gb_stats *page)
{
	for (unsigned int i = 0; i < GB_FIELDS; i++)
		track->last[i] = gb_field_get(&page->device[track->device], i);
	track->nvme_last_read = page->nvme_read;
	track->nvme_last_written = page->nvme_written;
}

static void begin(struct gb_history *history, const struct gb_stats *page,
		  unsigned int device)
{
	struct gb_track *track;

	history->track =
		gb_grow(history->track, history->count + 1, sizeof(*track));
	track = &history->track[history->count++];
	*track = (struct gb_track){
		.pid = page->pid,
		.device = device,
		.start_ticks = page->start_ticks,
		.seen_ns = history->now_ns,
	};
	note(track, page);
}

/* One that went back was a page caught half written. */
static double rate(uint64_t now, uint64_t last, double seconds)
{
	return now >= last ? (double)(now - last) / seconds : 0;
}

static void advance(struct gb_track *track, const struct gb_stats *page,
		    uint64_t now_ns)
{
	double seconds = (double)(now_ns - track->seen_ns) / 1e9, link[3] = { 0 };

	if (seconds <= 0)
		return;
	for (unsigned int i = 0; i < GB_FIELDS; i++) {
		uint64_t now = gb_field_get(&page->device[track->device], i);

		track->rate[i] = gb_fields[i].kind == GB_FIELD_COUNTER
					 ? rate(now, track->last[i], seconds)
					 : 0;
		link[gb_fields[i].link] += track->rate[i];
	}
	track->nvme_read = rate(page->nvme_read, track->nvme_last_read, seconds);
	track->nvme_written =
		rate(page->nvme_written, track->nvme_last_written, seconds);
	track->in[track->count % GB_HISTORY] = link[GB_FIELD_IN];
	track->out[track->count % GB_HISTORY] = link[GB_FIELD_OUT];
	track->count++;
	track->seen_ns = now_ns;
	note(track, page);
}

static void forget_the_gone(struct gb_history *history)
{
	size_t kept = 0;

	for (size_t i = 0; i < history->count; i++) {
		if (history->track[i].seen_ns == history->now_ns)
			history->track[kept++] = history->track[i];
	}
	history->count = kept;
}

void gb_history_add(struct gb_history *history, const struct gb_sample *sample,
		    uint64_t now_ns)
{
	history->now_ns = now_ns;
	for (size_t i = 0; i < sample->count; i++) {
		const struct gb_stats *page = &sample->page[i];

		for (unsigned int d = 0; d < page->device_count; d++) {
			struct gb_track *track = find(history, page, d);

			if (track)
				advance(track, page, now_ns);
			else
				begin(history, page, d);
		}
	}
	forget_the_gone(history);
}

double gb_track_past(const struct gb_track *track, const double *ring,
		     unsigned int ago)
{
	if (ago >= track->count || ago >= GB_HISTORY)
		return 0;
	return ring[(track->count - 1 - ago) % GB_HISTORY];
}
