/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures of a report. Each writes nothing where there is nothing to show. */
#ifndef GB_REPORT_PLOTS_H
#define GB_REPORT_PLOTS_H

#include "recording.h"

/* Bytes a second over the link, as frames tell it. */
struct gb_link_use {
	double mean_in, mean_out, most_in, most_out;
};

/* The value of @field in @frame as a number; unknown is 0. */
double gb_frame_get(const struct gb_frame *frame, size_t offset);

void gb_report_link_use(const struct gb_recorded_device *device,
			struct gb_link_use *use);

void gb_report_residency(const struct gb_recorded_device *device, FILE *out);
void gb_report_link(const struct gb_recorded_device *device, FILE *out);
void gb_report_disk(const struct gb_recorded_device *device, FILE *out);
void gb_report_map(const struct gb_recorded_device *device, FILE *out);
void gb_report_memory(const struct gb_recording *recording, FILE *out);

#endif
