/* SPDX-License-Identifier: GPL-2.0-only */
/* A page that is being made while it is looked at. tests/tool/status.py has the rest. */
#include "sample.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

/* A process's page, all but complete: this process's own. */
struct world {
	struct gb_options options;
	char folder[32], path[64];
	int page, watch;
};

static void world_begin(struct world *world)
{
	struct gb_stats stats = make_stats((uint32_t)getpid(), 1);
	struct gb_process process;

	memset(world, 0, sizeof(*world));
	strcpy(world->folder, "/tmp/gb-sample-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	world->options.runtime_dir = world->folder;
	snprintf(world->path, sizeof(world->path), "%s/%d.stats", world->folder,
		 getpid());
	assert_int_equal(gb_process_read(getpid(), &process), 0);
	stats.start_ticks = process.start_ticks;
	stats.version = GB_STATS_VERSION;
	stats.size = sizeof(stats);
	world->page = open(world->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(write(world->page, &stats, sizeof(stats)) == sizeof(stats));
	world->watch = inotify_init1(IN_CLOEXEC);
	assert_true(inotify_add_watch(world->watch, world->path, IN_ACCESS) >= 0);
}

static void world_end(struct world *world)
{
	close(world->page);
	close(world->watch);
	unlink(world->path);
	assert_int_equal(rmdir(world->folder), 0);
}

/* Writes what comes last, once somebody has looked. */
static void *complete(void *data)
{
	const struct world *world = data;
	const uint64_t magic = GB_STATS_MAGIC;
	char event[4096];

	if (read(world->watch, event, sizeof(event)) <= 0 ||
	    pwrite(world->page, &magic, sizeof(magic), 0) != sizeof(magic))
		perror("complete");
	return NULL;
}

/* Is it found, where it is complete only after the first look at it? */
static bool is_found(void)
{
	struct gb_sample sample;
	struct world world;
	pthread_t thread;
	bool found;

	world_begin(&world);
	assert_int_equal(pthread_create(&thread, NULL, complete, &world), 0);
	assert_int_equal(gb_sample_init(&sample, &world.options), 0);
	found = sample.count == 1;
	assert_int_equal(sample.count + sample.unfinished, 1);
	gb_sample_finish(&sample);
	pthread_join(thread, NULL);
	world_end(&world);
	return found;
}

/* On a busy machine the thread may come too late, but hardly each time. */
static void a_page_caught_half_written_is_read_again(void **state)
{
	for (int i = 0; i < 20; i++)
		if (is_found())
			return;
	fail_msg("never found");
}

static void one_that_stays_so_is_counted(void **state)
{
	struct gb_sample sample;
	struct world world;

	world_begin(&world);
	assert_int_equal(gb_sample_init(&sample, &world.options), 0);
	assert_int_equal(sample.count, 0);
	assert_int_equal(sample.unfinished, 1);
	assert_int_equal(gb_sample_hidden(&sample), 1);
	gb_sample_finish(&sample);
	assert_int_equal(access(world.path, F_OK), 0);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_caught_half_written_is_read_again),
		cmocka_unit_test(one_that_stays_so_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
