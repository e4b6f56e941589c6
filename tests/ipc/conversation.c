// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exporter and importer, each an engine over the fake driver in a process of
 * its own. Contents do not travel here; what does is judged under sanitizers,
 * which programs with the library preloaded are not.
 */
#include "../engine/test.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "share.h"

#define IMPORTERS 4
#define ROUNDS	  20
#define EXTENTS	  3u

/* All extents are as large as can be. */
static int memory_import(int fd, uint64_t *handle)
{
	return fake_driver.memory_create(0, 0, GB_EXTENT_MAX, handle);
}

static void begin(void)
{
	static struct gb_driver_ops ops;

	world_begin(&(struct world){ .devices = 1,
				     .vram = (IMPORTERS + 1) * EXTENTS * GB_EXTENT_MAX,
				     .ram = GB_EXTENT_MAX });
	ops = fake_driver;
	ops.memory_import = memory_import;
	gb_engine.driver = &ops;
}

static bool open_and_close(const unsigned char *handle)
{
	struct gb_view view;
	uint64_t address;
	bool good;

	if (gb_ipc_open(handle, 0, 1, &address))
		return false;
	good = !gb_engine_view(address, &view) &&
	       view.size == EXTENTS * GB_EXTENT_MAX;
	return !gb_engine_close(address) && good;
}

static void *open_in_rounds(void *handle)
{
	for (int i = 0; i < ROUNDS; i++)
		if (!open_and_close(handle))
			return handle;
	return NULL;
}

/* Opens what it reads from @handles with several threads; 0 when all is well. */
static int importer(int handles)
{
	unsigned char handle[GB_IPC_HANDLE_SIZE];
	pthread_t threads[IMPORTERS];
	int failed = 0;

	begin();
	if (read(handles, handle, sizeof(handle)) != sizeof(handle))
		return 2;
	for (int i = 0; i < IMPORTERS; i++)
		pthread_create(&threads[i], NULL, open_in_rounds, handle);
	for (int i = 0; i < IMPORTERS; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		failed |= bad != NULL;
	}
	world_end();
	return failed;
}

/* Before there is any thread here: a sanitizer wants it so. */
static pid_t start_importer(int *handles)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		_exit(importer(ends[0]));
	}
	close(ends[0]);
	*handles = ends[1];
	return pid;
}

static void importers_get_what_is_shared(void **state)
{
	unsigned char handle[GB_IPC_HANDLE_SIZE];
	int handles[2], status;
	uint64_t address;
	pid_t pids[2];

	for (int i = 0; i < 2; i++)
		pids[i] = start_importer(&handles[i]);
	begin();
	address = take_working(EXTENTS * GB_EXTENT_MAX);
	assert_int_equal(gb_ipc_export(address, handle), 0);
	assert_true(gb_ipc_is_handle(handle));
	assert_int_equal(gb_ipc_open(handle, 0, 1, &address), -EXDEV);
	for (int i = 0; i < 2; i++)
		assert_int_equal(write(handles[i], handle, sizeof(handle)),
				 sizeof(handle));
	for (int i = 0; i < 2; i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
		close(handles[i]);
	}
	gb_ipc_stop();
	world_end();
}

static void nothing_is_given_out_after_the_end(void **state)
{
	unsigned char handle[GB_IPC_HANDLE_SIZE];
	int handles, status;
	uint64_t address;
	pid_t pid = start_importer(&handles);

	begin();
	address = take_working(EXTENTS * GB_EXTENT_MAX);
	assert_int_equal(gb_ipc_export(address, handle), 0);
	gb_ipc_stop();
	assert_int_equal(write(handles, handle, sizeof(handle)), sizeof(handle));
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	close(handles);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(importers_get_what_is_shared),
		cmocka_unit_test(nothing_is_given_out_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
