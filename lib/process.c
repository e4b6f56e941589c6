// SPDX-License-Identifier: GPL-2.0-only
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "driver/cuda.h"
#include "engine/engine.h"
#include "ipc/ipc.h"
#include "log.h"
#include "machine.h"
#include "page.h"
#include "tier/nvme.h"
#include "tier/pool.h"

/*
 * All of the process's own state. @options and @page are written once, by the
 * thread that runs start_once, before @on is set with release.
 */
static struct {
	pthread_once_t once;
	_Atomic bool on;
	struct gb_options options;
	struct gb_page page;
} process = { .once = PTHREAD_ONCE_INIT };

bool gb_process_is_on(void)
{
	return atomic_load_explicit(&process.on, memory_order_acquire);
}

const struct gb_options *gb_process_options(void)
{
	return &process.options;
}

static void complain(const struct gb_option *option, const char *text,
		     int error, void *unused)
{
	gb_log_warn("%s=%s is not usable (%s): using %s", option->variable,
		    text, gb_error_text(error), option->fallback);
}

static void log_device(int device, const struct gb_stats_device *stats)
{
	if (!stats->staged)
		return;
	gb_log_info("GPU %d: %llu MiB staged for %llu operands, %llu times found again, %llu times brought ahead; %llu MiB carried home, %llu MiB read directly",
		    device, (unsigned long long)(stats->staged >> 20),
		    (unsigned long long)stats->stage_misses,
		    (unsigned long long)stats->stage_hits,
		    (unsigned long long)stats->prefetch_hits,
		    (unsigned long long)(stats->reconciled >> 20),
		    (unsigned long long)(stats->direct_read >> 20));
}

/*
 * Runs before the driver's own exit handlers, which were registered earlier.
 * Frees nothing: the program's late calls still need their addresses.
 */
static void at_exit(void)
{
	if (!gb_process_is_on())
		return;
	atomic_store(&process.on, false);
	gb_ipc_stop();
	for (unsigned int i = 0;
	     process.page.stats && i < process.page.stats->device_count; i++)
		log_device((int)i, &process.page.stats->device[i]);
	gb_page_remove(&process.page);
}

static void fork_child(void)
{
	if (!gb_process_is_on())
		return;
	atomic_store(&process.on, false);
	gb_engine_fork_child();
	gb_driver_fork_child();
	gb_ipc_fork_child();
	gb_pool_fork_child();
	gb_nvme_fork_child();
	gb_page_forget(&process.page);
}

static unsigned int thread_count(void)
{
	unsigned int half = gb_machine_cores() / 2;

	if (process.options.threads != GB_COUNT_AUTO)
		return process.options.threads;
	if (half < 1)
		return 1;
	return half > 8 ? 8 : half;
}

static uint64_t ram_budget(void)
{
	uint64_t available = gb_machine_ram_available();

	if (process.options.ram == GB_SIZE_AUTO)
		return available / 2;
	if (process.options.ram > available)
		gb_log_warn("the RAM budget is more than the machine has available (%llu MiB): using that",
			    (unsigned long long)(available >> 20));
	return process.options.ram < available ? process.options.ram : available;
}

/* The NVMe disk's part of memory, with its store open; 0: none is used. */
static uint64_t nvme_budget(void)
{
	const struct gb_options *options = &process.options;
	const char *path = *options->nvme_path ? options->nvme_path : "/var/tmp";
	uint64_t bytes = options->nvme;

	if (bytes == GB_SIZE_AUTO)
		bytes = *options->nvme_path ? gb_machine_disk_free(path) / 2 : 0;
	if (bytes && !options->staging) {
		gb_log_warn("no memory on NVMe, since there is no staging");
		return 0;
	}
	bytes &= ~(GB_GRANULE - 1);
	if (!bytes || gb_nvme_open(path, bytes, options->nvme_writes))
		return 0;
	gb_log_info("memory on NVMe: up to %llu MiB in %s",
		    (unsigned long long)(bytes >> 20), path);
	return bytes;
}

static void start_once(void)
{
	const struct gb_options *options = &process.options;
	int devices = gb_driver_device_count();
	uint64_t ram;

	if (devices <= 0)
		return;
	ram = ram_budget();
	gb_page_create(&process.page, options, devices);
	gb_engine_init(&(struct gb_engine_setup){
		.driver = &gb_driver_cuda,
		.device_count = devices,
		.vram = options->vram,
		.ram = ram,
		.pool = ram ? gb_pool_open() : NULL,
		.nvme = ram ? nvme_budget() : 0,
		.ram_left = gb_machine_ram_left,
		.reserve = options->reserve,
		.staging = options->staging,
		.verify = options->verify,
		.threads = thread_count(),
		.stats = process.page.stats,
	});
	pthread_atfork(NULL, NULL, fork_child);
	atexit(at_exit);
	atomic_store_explicit(&process.on, true, memory_order_release);
}

static void read_options(void)
{
	gb_options_from_environment(&process.options, NULL, NULL);
	gb_log_init(process.options.log, process.options.log_file);
	/* Once more, now that complaints have somewhere to go. */
	gb_options_from_environment(&process.options, complain, NULL);
	if (process.options.enable)
		start_once();
}

void gb_process_start(void)
{
	pthread_once(&process.once, read_options);
}
