/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording of a run: what the statistics pages of a program said over time.
 * `run --record` writes it, `report` reads it. A text of lines of words:
 *
 *   greenboost-recording 1
 *   fields NAME...                        of a frame's values, in order
 *   process PID RAM_BUDGET COMMAND        numbered from 0 as they come
 *   device PROCESS INDEX NAME             the same
 *   memory MS TOTAL AVAILABLE PRESSURE    of the machine; pressure in 0.01 %
 *   frame DEVICE MS SCALE CELLS VALUE...  SCALE granules a cell of the map
 *   allocation DEVICE FIRST COUNT HEAT TIER...  granules: all, and in each tier
 *   end
 *
 * A cell is one character, '0' + 4 * tier + shade; no cells are "-". A value
 * that is not known is "-". Lines of other kinds are skipped, so that later
 * versions may add some. What is read is bounded by the limits below, whatever
 * the file says.
 */
#ifndef GB_RECORDING_H
#define GB_RECORDING_H

#include <stdbool.h>
#include <stdio.h>

#include "field.h"
#include "map.h"

#define GB_RECORDING_DEVICES 64
#define GB_RECORDING_FRAMES  600
#define GB_RECORDING_CELLS   192
#define GB_RECORDING_LARGEST 24

/*
 * A frame's values: the device's (fields.def), and behind them of its process
 * what it has had from the NVMe disk (include/greenboost/stats.h).
 */
enum {
	GB_RECORDED_NVME_READ = GB_FIELDS,
	GB_RECORDED_NVME_WRITTEN,
	GB_RECORDED_NVME_WAIT_NS,
	GB_RECORDED,
};

struct gb_recorded_process {
	uint32_t pid;
	uint64_t ram_budget;
	char command[GB_STATS_NAME];
};

struct gb_frame {
	uint64_t ms; /* since the recording began */
	uint64_t value[GB_RECORDED];
	uint64_t scale;
	unsigned int cells;
	uint8_t cell[GB_RECORDING_CELLS]; /* 4 * tier + shade */
};

struct gb_recorded_device {
	unsigned int process, index;
	char name[GB_STATS_NAME];
	struct gb_frame *frame; /* by time; allocated */
	size_t frames;
	/* When most was held, the largest first. */
	struct gb_map_allocation largest[GB_RECORDING_LARGEST];
	unsigned int largest_count;
};

struct gb_moment {
	uint64_t ms, total, available;
	unsigned int pressure; /* hundredths of a percent */
};

struct gb_recording {
	struct gb_recorded_process process[GB_RECORDING_DEVICES];
	struct gb_recorded_device device[GB_RECORDING_DEVICES];
	struct gb_moment *moment; /* allocated */
	size_t processes, devices, moments;
	bool complete; /* it ends with the line that says so */
};

/* All zero is an empty recording. */
void gb_recording_finish(struct gb_recording *recording);

void gb_recording_write(const struct gb_recording *recording, FILE *out);

/*
 * Reads what gb_recording_write() wrote. Returns 0; -EPROTO where it is no
 * recording or is damaged, with the number of the line in @line;
 * -EPROTONOSUPPORT for another version; -E2BIG beyond a limit. In any case
 * gb_recording_finish() it. One that breaks off between two lines is fine and
 * not @complete.
 */
int gb_recording_read(struct gb_recording *recording, FILE *in, unsigned int *line);

#endif
