/* SPDX-License-Identifier: GPL-2.0-only */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	/* "." and ".." refuse. */
	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(path);
}

/*
 * Away from what a terminal or `timeout` signals, and without the streams that
 * somebody may read to their end. All signals are blocked.
 */
static _Noreturn void wait_and_remove(int end, const char *path)
{
	char nothing;

	setsid();
	dup2(end, STDIN_FILENO);
	closefrom(STDOUT_FILENO);
	while (read(STDIN_FILENO, &nothing, 1) < 0 && errno == EINTR)
		;
	remove_folder(path);
	_exit(0);
}

static int start_remover(struct gb_scratch *scratch)
{
	sigset_t all, before;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	/* One to the whole group would meet it before it has left that. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	scratch->remover = fork();
	if (!scratch->remover) {
		close(ends[1]);
		wait_and_remove(ends[0], scratch->path);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	scratch->held = ends[1];
	if (scratch->remover > 0)
		return 0;
	close(ends[1]);
	return -EAGAIN;
}

int gb_scratch_init(struct gb_scratch *scratch, const char *name)
{
	const char *top = getenv("TMPDIR");
	int ret;

	snprintf(scratch->path, sizeof(scratch->path), "%s/%s-XXXXXX",
		 top && *top ? top : "/tmp", name);
	if (!mkdtemp(scratch->path))
		return -errno;
	ret = start_remover(scratch);
	if (ret)
		rmdir(scratch->path);
	return ret;
}

void gb_scratch_keep(const struct gb_scratch *scratch)
{
	fcntl(scratch->held, F_SETFD, 0);
}

void gb_scratch_finish(struct gb_scratch *scratch)
{
	close(scratch->held);
	while (waitpid(scratch->remover, NULL, 0) < 0 && errno == EINTR)
		;
}
