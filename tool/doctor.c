/* SPDX-License-Identifier: GPL-2.0-only */
#include "doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../lib/machine.h"
#include "greenboost/sim.h"
#include "doctor_flags.h"
#include "install.h"
#include "options.h"
#include "page.h"
#include "tool.h"

#define MIB (UINT64_C(1) << 20)

/* Says what takes time, where a person looks on. */
static void announce(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s", what);
}

static bool is_preloaded(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "libgreenboost");
}

/* The driver to look at: the simulated one, or that of the environment. */
static char *driver_path(const struct gb_doctor_request *request)
{
	const char *path = getenv("GREENBOOST_DRIVER");

	if (!request->sim)
		return path && *path ? gb_print("%s", path) : NULL;
	if (request->sim_profile)
		setenv("GREENBOOST_SIM_PROFILE", request->sim_profile, 1);
	return gb_install_find(GB_PART_SIM);
}

static void find_gpus(struct gb_diagnosis *d, const struct gb_doctor_request *request)
{
	char *path = driver_path(request);

	if (request->sim && !path)
		d->no_gpu = gb_print("%s", ""); /* that has been said */
	else
		gb_cuda_open(&d->cuda, path, &d->no_gpu);
	free(path);
	d->gpus = (unsigned int)d->cuda.count;
	d->gpu = d->gpus ? gb_grow(NULL, d->gpus, sizeof(*d->gpu)) : NULL;
	for (unsigned int i = 0; i < d->gpus; i++) {
		d->gpu[i] = (struct gb_gpu){ .link.node = -1 };
		gb_card_read(&d->gpu[i].card, &d->cuda, i);
	}
	d->simulated =
		d->cuda.library && dlsym(d->cuda.library, GREENBOOST_SIM_LINK);
}

static void measure_gpu(struct gb_diagnosis *d, const struct gb_effort *effort)
{
	announce("Measuring the GPU ...");
	gb_measure_gpu(&d->rates, &d->vram_free, &d->cuda, d->index, effort,
		       gb_machine_ram_available(), &d->gpu_failure);
}

/* Now that the GPU has worked, and so shows how fast its link can be. */
static void look_at_links(struct gb_diagnosis *d)
{
	/* A simulated one has the address of some device that is none of it. */
	for (unsigned int i = 0; !d->simulated && i < d->gpus; i++) {
		gb_link_read(&d->gpu[i].link, "", d->gpu[i].card.bus_id);
		gb_remark_link(&d->gpu[i].remarks, i, &d->gpu[i].link,
			       i == d->index && d->rates.up > 0);
	}
}

static void measure_rest(struct gb_diagnosis *d, const struct gb_effort *effort)
{
	int ret;

	/* Two machines' figures in one advice would mislead. */
	if (!d->simulated) {
		announce("Measuring RAM ...");
		ret = gb_measure_ram(&d->rates, effort, d->facts.cores,
				     gb_machine_ram_available());
		if (ret)
			d->ram_failure = gb_print("%s", strerror(-ret));
	}
	if (d->disk_folder) {
		announce("Measuring the disk ...");
		ret = gb_measure_disk(&d->rates, effort, d->disk_folder);
		if (ret)
			d->disk_failure = gb_print("%s: %s", d->disk_folder,
						   strerror(-ret));
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* As the library does it: 1/32 of the card, 256 MiB to 1 GiB. */
static uint64_t reserve_of(uint64_t total)
{
	uint64_t bytes = total / 32;

	bytes = bytes > 256 * MIB ? bytes : 256 * MIB;
	return bytes < 1024 * MIB ? bytes : 1024 * MIB;
}

static uint64_t free_on_disk(const char *folder)
{
	struct statvfs disk;

	if (statvfs(folder, &disk))
		return 0;
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void fill_tiers(struct gb_diagnosis *d, const struct gb_doctor_request *request)
{
	uint64_t available = gb_machine_ram_available();
	struct gb_tiers *tiers = &d->tiers;

	if (request->vram != GB_SIZE_AUTO) {
		tiers->vram = request->vram;
	} else if (d->vram_free != GB_UNKNOWN) {
		uint64_t reserve = reserve_of(d->gpu[d->index].card.vram_total);

		tiers->vram = d->vram_free > reserve ? d->vram_free - reserve : 0;
	}
	tiers->ram = available / 2;
	/* All of it would leave the program itself none. */
	tiers->ram_most = available - available / 8;
	if (request->ram != GB_SIZE_AUTO)
		tiers->ram = tiers->ram_most = request->ram;
	if (d->disk_folder && d->rates.disk > 0)
		tiers->disk = free_on_disk(d->disk_folder);
}

static void advise(struct gb_diagnosis *d, const struct gb_doctor_request *request)
{
	d->has_model = true;
	d->model = request->model;
	fill_tiers(d, request);
	gb_advise(&d->advice, &d->rates, &d->model, &d->tiers);
	gb_remark_advice(&d->advice_remarks, &d->advice, &d->rates, &d->model,
			 &d->tiers);
}

static void remark(struct gb_diagnosis *d)
{
	static const struct gb_link unknown;

	if (d->simulated)
		gb_remark(&d->remarks, "simulated",
			  "This is the simulated GPU: its figures are those of a profile, all others this machine's. RAM is not measured.");
	gb_remark_facts(&d->remarks, &d->facts);
	gb_remark_rates(&d->remarks, &d->rates,
			d->gpus ? &d->gpu[d->index].link : &unknown, &d->facts);
}

static void diagnose(struct gb_diagnosis *d, const struct gb_doctor_request *request)
{
	const struct gb_effort *effort =
		request->quick ? &gb_effort_quick : &gb_effort_full;

	*d = (struct gb_diagnosis){ .index = request->gpu,
				    .asked = request->gpu,
				    .vram_free = GB_UNKNOWN,
				    .disk_folder = request->disk };
	gb_facts_read(&d->facts, "");
	find_gpus(d, request);
	if (d->gpus && d->index >= d->gpus) {
		d->gpu_failure = gb_print("there is no GPU %u", d->index);
		d->index = 0;
	} else if (d->gpus) {
		measure_gpu(d, effort);
	}
	look_at_links(d);
	measure_rest(d, effort);
	remark(d);
	if (!request->model.bytes)
		return;
	if (d->vram_free != GB_UNKNOWN || request->vram != GB_SIZE_AUTO)
		advise(d, request);
	else
		d->no_advice =
			"how much VRAM there is, is not known; --vram says it";
}

static void finish(struct gb_diagnosis *d)
{
	for (unsigned int i = 0; i < d->gpus; i++)
		gb_remarks_finish(&d->gpu[i].remarks);
	free(d->gpu);
	gb_remarks_finish(&d->remarks);
	gb_remarks_finish(&d->advice_remarks);
	free(d->no_gpu);
	free(d->gpu_failure);
	free(d->ram_failure);
	free(d->disk_failure);
}

/* What could not be measured, one line each; returns whether all could. */
static bool complain(const struct gb_diagnosis *d)
{
	if (d->no_gpu && *d->no_gpu)
		gb_error("no GPU to measure: %s", d->no_gpu);
	if (d->gpu_failure)
		gb_error("GPU %u could not be measured: %s", d->asked,
			 d->gpu_failure);
	if (d->ram_failure)
		gb_error("RAM could not be measured: %s", d->ram_failure);
	if (d->disk_failure)
		gb_error("the disk could not be measured: %s", d->disk_failure);
	if (d->no_advice)
		gb_error("nothing to say of the model: %s", d->no_advice);
	return !d->no_gpu && !d->gpu_failure && !d->ram_failure && !d->disk_failure;
}

int gb_doctor_main(int argc, char **argv)
{
	struct gb_doctor_request request;
	struct gb_diagnosis diagnosis;
	bool whole;

	if (gb_doctor_parse(&request, argv))
		return GB_EXIT_USAGE;
	if (request.help) {
		gb_command_print(gb_command_find("doctor"), stdout);
		return GB_EXIT_OK;
	}
	if (is_preloaded()) {
		gb_error("this shell preloads GreenBoost, and what it shows is not the driver's: write env -u LD_PRELOAD greenboost doctor");
		return GB_EXIT_FAILURE;
	}
	diagnose(&diagnosis, &request);
	whole = complain(&diagnosis);
	if (request.json)
		gb_doctor_print_json(&diagnosis, stdout);
	else
		gb_doctor_print_text(&diagnosis, stdout);
	if (request.profile && gb_doctor_write_profile(&diagnosis, request.profile))
		whole = false;
	finish(&diagnosis);
	return whole ? GB_EXIT_OK : GB_EXIT_FAILURE;
}
