/* SPDX-License-Identifier: GPL-2.0-only */
#include "recorder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "page.h"
#include "tool.h"

#define FIRST_PERIOD_MS 50
/* What is lost when the tool itself is killed. */
#define WRITE_EVERY_MS	10000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Beside the file and then in its place, so that it is whole at any time. */
static int write_file(const struct gb_recorder *recorder)
{
	char *name = gb_print("%s.%d.tmp", recorder->file, getpid());
	FILE *out = fopen(name, "we");
	int ret = out ? 0 : -errno;

	if (out) {
		gb_recording_write(&recorder->recording, out);
		ret = ferror(out) ? -EIO : 0;
		if (fclose(out))
			ret = -errno;
		if (!ret && rename(name, recorder->file))
			ret = -errno;
		if (ret)
			unlink(name);
	}
	free(name);
	return ret;
}

int gb_recorder_init(struct gb_recorder *recorder, const char *file)
{
	int ret;

	memset(recorder, 0, sizeof(*recorder));
	recorder->file = file;
	recorder->start_ms = recorder->written_ms = now_ms();
	recorder->period_ms = FIRST_PERIOD_MS;
	ret = write_file(recorder);
	if (ret)
		gb_error("--record=%s: %s; name a file that can be written",
			 file, strerror(-ret));
	return ret;
}

static void write_again(struct gb_recorder *recorder)
{
	int ret = write_file(recorder);

	if (ret && !recorder->failed)
		gb_warn("--record=%s: %s", recorder->file, strerror(-ret));
	recorder->failed = ret != 0;
	recorder->written_ms = now_ms();
}

void gb_recorder_finish(struct gb_recorder *recorder)
{
	write_again(recorder);
	gb_recording_finish(&recorder->recording);
}

static unsigned int process_of(struct gb_recording *recording,
			       const struct gb_stats *page)
{
	struct gb_recorded_process *process;
	size_t i;

	/* The latest first: numbers are used again. */
	for (i = recording->processes; i-- > 0;) {
		if (recording->process[i].pid == page->pid)
			break;
	}
	if (i == (size_t)-1) {
		i = recording->processes++;
		process = &recording->process[i];
		process->pid = page->pid;
		memcpy(process->command, page->command, sizeof(process->command));
	}
	recording->process[i].ram_budget = page->ram_budget;
	return (unsigned int)i;
}

/* The device's place in the recording, made where it is new; NULL where full. */
static struct gb_recorded_device *device_of(struct gb_recording *recording,
					    const struct gb_stats *page,
					    unsigned int index)
{
	struct gb_recorded_device *device;

	for (size_t i = 0; i < recording->devices; i++) {
		device = &recording->device[i];
		if (device->index == index &&
		    recording->process[device->process].pid == page->pid)
			return device;
	}
	if (recording->devices == GB_RECORDING_DEVICES)
		return NULL;
	device = &recording->device[recording->devices++];
	device->process = process_of(recording, page);
	device->index = index;
	memcpy(device->name, page->device[index].name, sizeof(device->name));
	return device;
}

/* Every other frame of every device goes, and every other moment. */
static void thin(struct gb_recorder *recorder)
{
	struct gb_recording *recording = &recorder->recording;

	for (size_t d = 0; d < recording->devices; d++) {
		struct gb_recorded_device *device = &recording->device[d];

		for (size_t i = 0; 2 * i < device->frames; i++)
			device->frame[i] = device->frame[2 * i];
		device->frames = (device->frames + 1) / 2;
	}
	for (size_t i = 0; 2 * i < recording->moments; i++)
		recording->moment[i] = recording->moment[2 * i];
	recording->moments = (recording->moments + 1) / 2;
	recorder->period_ms *= 2;
}

static int larger_first(const void *a, const void *b)
{
	const struct gb_map_allocation *first = a, *second = b;

	return (first->count < second->count) - (first->count > second->count);
}

/* Keeps the largest of what is, in order. */
static void note_largest(struct gb_recorded_device *device, const struct gb_map *map)
{
	struct gb_map_allocation *list = device->largest, each;
	unsigned int count = 0;

	for (uint64_t at = 0; !gb_map_next(map, at, &each);
	     at = each.first + each.count) {
		if (count < GB_RECORDING_LARGEST)
			list[count++] = each;
		else if (each.count > list[count - 1].count)
			list[count - 1] = each;
		else
			continue;
		qsort(list, count, sizeof(*list), larger_first);
	}
	device->largest_count = count;
}

static void take_cells(struct gb_frame *frame, const struct gb_map *map)
{
	struct gb_map_cell cell[GB_RECORDING_CELLS];

	frame->scale = gb_map_scale(map, GB_RECORDING_CELLS);
	frame->cells = (unsigned int)gb_map_cells(map, frame->scale, cell,
						  GB_RECORDING_CELLS);
	for (unsigned int i = 0; i < frame->cells; i++)
		frame->cell[i] = (uint8_t)(GB_MAP_SHADES * cell[i].tier +
					   gb_map_shade(cell[i].heat));
}

static void add_frame(struct gb_recorder *recorder,
		      struct gb_recorded_device *device,
		      const struct gb_stats *page, int fd, uint64_t ms)
{
	const struct gb_stats_device *stats = &page->device[device->index];
	uint64_t *held = &recorder->held[device - recorder->recording.device];
	struct gb_frame *frame;
	struct gb_map map;
	uint64_t now_held;

	device->frame = gb_grow(device->frame, device->frames + 1, sizeof(*frame));
	frame = &device->frame[device->frames++];
	*frame = (struct gb_frame){ .ms = ms };
	for (unsigned int i = 0; i < GB_FIELDS; i++)
		frame->value[i] = gb_field_get(stats, i);
	frame->value[GB_RECORDED_NVME_READ] = page->nvme_read;
	frame->value[GB_RECORDED_NVME_WRITTEN] = page->nvme_written;
	frame->value[GB_RECORDED_NVME_WAIT_NS] = page->nvme_wait_ns;
	gb_map_init(&map, fd, page, device->index);
	take_cells(frame, &map);
	now_held = stats->vram_used + stats->ram_used + stats->nvme_used;
	if (now_held >= *held) {
		*held = now_held;
		note_largest(device, &map);
	}
	gb_map_finish(&map);
}

static bool is_due(const struct gb_recorder *recorder,
		   const struct gb_recorded_device *device, uint64_t ms)
{
	uint64_t last;

	if (!device->frames)
		return true;
	last = device->frame[device->frames - 1].ms;
	return ms >= last + (recorder->closing ? 1 : recorder->period_ms);
}

void gb_recorder_look(struct gb_recorder *recorder, const struct gb_stats *page,
		      int fd)
{
	uint64_t ms = now_ms() - recorder->start_ms;

	for (unsigned int i = 0; i < page->device_count; i++) {
		struct gb_recorded_device *device;

		/* One that it has not made ready holds nothing yet. */
		if (!page->device[i].vram_total)
			continue;
		device = device_of(&recorder->recording, page, i);
		if (!device || !is_due(recorder, device, ms))
			continue;
		if (device->frames == GB_RECORDING_FRAMES)
			thin(recorder);
		add_frame(recorder, device, page, fd, ms);
	}
}

static void add_moment(struct gb_recorder *recorder, uint64_t ms)
{
	struct gb_recording *recording = &recorder->recording;
	struct gb_memory memory;

	if (recording->moments == GB_RECORDING_FRAMES)
		thin(recorder);
	gb_memory_read(&memory, "");
	recording->moment = gb_grow(recording->moment, recording->moments + 1,
				    sizeof(*recording->moment));
	recording->moment[recording->moments++] = (struct gb_moment){
		.ms = ms,
		.total = memory.total,
		.available = memory.available,
		.pressure = isnan(memory.some) ? 0 : (unsigned int)(memory.some * 100),
	};
}

void gb_recorder_tick(struct gb_recorder *recorder)
{
	uint64_t now = now_ms(), ms = now - recorder->start_ms;

	if (ms >= recorder->moment_ms) {
		add_moment(recorder, ms);
		recorder->moment_ms = ms + 4 * recorder->period_ms;
	}
	if (now >= recorder->written_ms + WRITE_EVERY_MS)
		write_again(recorder);
}
