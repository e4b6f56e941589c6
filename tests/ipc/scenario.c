// SPDX-License-Identifier: GPL-2.0-only
#include "scenario.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "greenboost/stats.h"

static char folder[] = "/tmp/greenboost-ipc-XXXXXX";

CUipcMemHandle share(CUdeviceptr address)
{
	struct gb_ipc_handle ours;
	CUipcMemHandle handle;

	OK(cuIpcGetMemHandle(&handle, address));
	memcpy(&ours, &handle, sizeof(ours));
	TRUE_(ours.magic == GB_IPC_MAGIC);
	return handle;
}

uint32_t word(CUdeviceptr address)
{
	uint32_t value;

	OK(cuMemcpyDtoH_v2(&value, address, sizeof(value)));
	return value;
}

uint64_t ram_used(void)
{
	struct gb_stats stats;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%d.stats",
		 getenv("GREENBOOST_RUNTIME_DIR"), getpid());
	fd = open(path, O_RDONLY);
	TRUE_(read(fd, &stats, sizeof(stats)) == sizeof(stats));
	close(fd);
	return stats.ram_used;
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int run(void (*scenario)(void), const char *settings)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		char *copy = strdup(settings), *rest;

		for (char *item = strtok_r(copy, " ", &rest); item;
		     item = strtok_r(NULL, " ", &rest))
			putenv(item);
		alarm(50);
		signal(SIGSEGV, SIG_DFL); /* cmocka has one of its own */
		scenario();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	return setenv("GREENBOOST_RUNTIME_DIR", folder, 1);
}

int remove_folder(void **state)
{
	DIR *open = opendir(folder);
	struct dirent *entry;

	while (open && (entry = readdir(open)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(open), entry->d_name, 0);
	if (open)
		closedir(open);
	return rmdir(folder);
}
