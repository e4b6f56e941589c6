/* SPDX-License-Identifier: GPL-2.0-only */
#include "doctor_flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "doctor.h"
#include "flags.h"
#include "options.h"
#include "tool.h"

/* For the KV cache and activations where nothing is said. */
#define KV_DEFAULT (UINT64_C(1) << 30)

static int set_size(uint64_t *bytes, const char *name, const char *text,
		    uint64_t least)
{
	if (!gb_size_parse(text, bytes) && *bytes != GB_SIZE_AUTO && *bytes >= least)
		return 0;
	gb_error("--%s=%s: not a size; write for example 31.8g or 800m", name, text);
	return -EINVAL;
}

static int set_model(void *request, const char *text)
{
	return set_size(&((struct gb_doctor_request *)request)->model.bytes,
			"model", text, 1);
}

static int set_active(void *request, const char *text)
{
	return set_size(&((struct gb_doctor_request *)request)->model.active,
			"active", text, 1);
}

static int set_kv(void *request, const char *text)
{
	return set_size(&((struct gb_doctor_request *)request)->model.kv, "kv",
			text, 0);
}

static int set_vram(void *request, const char *text)
{
	return set_size(&((struct gb_doctor_request *)request)->vram, "vram",
			text, 0);
}

static int set_ram(void *request, const char *text)
{
	return set_size(&((struct gb_doctor_request *)request)->ram, "ram", text, 0);
}

static int set_bits(void *request, const char *text)
{
	struct gb_doctor_request *doctor = request;
	char *end;

	doctor->model.bits = strtod(text, &end);
	if (end == text || *end || !(doctor->model.bits >= 0.5) ||
	    doctor->model.bits > 64) {
		gb_error("--bits=%s: not a number of bits; write for example 4.5 or 16",
			 text);
		return -EINVAL;
	}
	return 0;
}

static int set_gpu(void *request, const char *text)
{
	unsigned long index;
	char *end;

	errno = 0;
	index = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || index > 1023) {
		gb_error("--gpu=%s: write a GPU's number, from 0 on", text);
		return -EINVAL;
	}
	((struct gb_doctor_request *)request)->gpu = (unsigned int)index;
	return 0;
}

static int set_disk(void *request, const char *text)
{
	if (access(text, R_OK | W_OK | X_OK)) {
		gb_error("--disk=%s: %m; name a directory that can be written to",
			 text);
		return -EINVAL;
	}
	((struct gb_doctor_request *)request)->disk = text;
	return 0;
}

static int set_profile(void *request, const char *text)
{
	if (!*text) {
		gb_error("--profile: name the file to write");
		return -EINVAL;
	}
	((struct gb_doctor_request *)request)->profile = text;
	return 0;
}

static int set_sim(void *request, const char *text)
{
	struct gb_doctor_request *doctor = request;

	if (text && gb_check_profile(text))
		return -EINVAL;
	doctor->sim = true;
	doctor->sim_profile = text;
	return 0;
}

static int set_quick(void *request, const char *text)
{
	((struct gb_doctor_request *)request)->quick = true;
	return 0;
}

static int set_json(void *request, const char *text)
{
	((struct gb_doctor_request *)request)->json = true;
	return 0;
}

static int set_help(void *request, const char *text)
{
	((struct gb_doctor_request *)request)->help = true;
	return 0;
}

const struct gb_flag gb_doctor_flags[] = {
	{ "model", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "say what a model whose weights take SIZE will reach, as 31.8g",
	  set_model },
	{ "active", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "of them, what is read for each token, where the model is one of experts (default: all)",
	  set_active },
	{ "bits", GB_FLAG_VALUE, "NUMBER", GB_OFFER_NOTHING,
	  "bits that a weight takes in that file, as 4.5", set_bits },
	{ "kv", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "VRAM that the program needs beside them, for the KV cache and activations (default: 1g)",
	  set_kv },
	{ "vram", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "VRAM that it may fill (default: what is free, less a reserve)", set_vram },
	{ "ram", GB_FLAG_VALUE, "SIZE", GB_OFFER_NOTHING,
	  "RAM that may hold overflow (default: half of what is available)",
	  set_ram },
	{ "gpu", GB_FLAG_VALUE, "NUMBER", GB_OFFER_NOTHING,
	  "the GPU to measure (default: 0)", set_gpu },
	{ "disk", GB_FLAG_VALUE, "PATH", GB_OFFER_FOLDERS,
	  "measure the disk, too, with a file in that directory that is gone afterwards",
	  set_disk },
	{ "profile", GB_FLAG_VALUE, "FILE", GB_OFFER_FILES,
	  "write what was measured as a hardware profile, for greenboost predict --machine",
	  set_profile },
	{ "sim", GB_FLAG_OPTIONAL, "PROFILE", GB_OFFER_FILES,
	  "measure the simulated GPU, with the hardware profile of that name or path",
	  set_sim },
	{ "quick", GB_FLAG_ALONE, "", GB_OFFER_NOTHING,
	  "take less time, for rougher figures", set_quick },
	{ "json", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "print JSON", set_json },
	{ "help", GB_FLAG_ALONE, "", GB_OFFER_NOTHING, "show this", set_help },
	{ NULL },
};

static int check_model(struct gb_model *model)
{
	if (!model->bytes && (model->active || model->bits > 0)) {
		gb_error("--active and --bits say more of a model: give its size, too, with --model");
		return -EINVAL;
	}
	if (!model->active)
		model->active = model->bytes;
	if (model->active > model->bytes) {
		gb_error("--active is more than the whole --model");
		return -EINVAL;
	}
	return 0;
}

int gb_doctor_parse(struct gb_doctor_request *request, char **argv)
{
	const char *path = getenv("GREENBOOST_NVME_PATH");
	int words;

	*request = (struct gb_doctor_request){ .vram = GB_SIZE_AUTO,
					       .ram = GB_SIZE_AUTO,
					       .disk = path && *path ? path : NULL,
					       .model.kv = KV_DEFAULT };
	words = gb_flags_parse(gb_doctor_flags, request, argv);
	if (words < 0)
		return -EINVAL;
	if (request->help)
		return 0;
	if (words) {
		gb_error("doctor takes options only, not '%s'; see: greenboost help doctor",
			 argv[0]);
		return -EINVAL;
	}
	return check_model(&request->model);
}
