/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * greenboost doctor: measures this machine, holds it against what such hardware
 * gives, and says what a model will reach on it. It changes nothing.
 */
#ifndef GB_DOCTOR_H
#define GB_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "flags.h"
#include "remarks.h"

struct gb_gpu {
	struct gb_card card;
	struct gb_link link;
	struct gb_remarks remarks; /* on its link */
};

/* All that there is to say. */
struct gb_diagnosis {
	struct gb_facts facts;
	struct gb_cuda cuda;
	bool simulated;
	unsigned int gpus;
	struct gb_gpu *gpu;
	char *no_gpu; /* why there is none; or NULL */

	unsigned int index; /* of the GPU that was measured */
	unsigned int asked; /* of the one that was to be */
	uint64_t vram_free; /* of it, bytes; GB_UNKNOWN where not measured */
	struct gb_rates rates;
	const char *disk_folder; /* or NULL: not asked for */
	/* Why a measurement broke off, or NULL. */
	char *gpu_failure, *ram_failure, *disk_failure;
	struct gb_remarks remarks; /* on facts and rates */

	bool has_model;
	const char *no_advice; /* why there is none although asked, or NULL */
	struct gb_model model;
	struct gb_tiers tiers;
	struct gb_advice advice;
	struct gb_remarks advice_remarks;
};

/* Grows when a member of the JSON form changes its meaning or goes. */
#define GB_DOCTOR_VERSION 1

void gb_doctor_print_text(const struct gb_diagnosis *diagnosis, FILE *out);
void gb_doctor_print_json(const struct gb_diagnosis *diagnosis, FILE *out);

/*
 * Writes the machine as a hardware profile, for --sim and for predict. Returns
 * 0, or -errno when one line about it has been written.
 */
int gb_doctor_write_profile(const struct gb_diagnosis *diagnosis, const char *path);

extern const struct gb_flag gb_doctor_flags[];
int gb_doctor_main(int argc, char **argv);

#endif
