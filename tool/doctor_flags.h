/* SPDX-License-Identifier: GPL-2.0-only */
/* What greenboost doctor is asked for. */
#ifndef GB_DOCTOR_FLAGS_H
#define GB_DOCTOR_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "advice.h"

struct gb_doctor_request {
	bool json, quick, help;
	unsigned int gpu;
	const char *disk;    /* a folder, or NULL: leave the disk alone */
	const char *profile; /* a file to write, or NULL */
	bool sim;
	const char *sim_profile; /* or NULL */
	uint64_t vram, ram;	 /* bytes, or GB_SIZE_AUTO */
	struct gb_model model;	 /* bytes 0: none is asked about */
};

/*
 * Reads @argv, whose first element is the subcommand's name, and the
 * environment behind it. Returns 0, or -EINVAL when one line about what is
 * wrong has been written. Text points into @argv and the environment.
 */
int gb_doctor_parse(struct gb_doctor_request *request, char **argv);

#endif
