/* SPDX-License-Identifier: GPL-2.0-only */
#include "sample.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "page.h"
#include "tool.h"

static void visit_entry(int folder, const char *name, gb_page_visitor visit,
			void *data)
{
	int fd;

	if (!gb_page_pid(name))
		return;
	fd = gb_page_open(folder, name);
	if (fd < 0 && fd != -EPERM)
		return;
	visit(folder, name, fd, data);
	if (fd >= 0)
		close(fd);
}

static int visit_folder(const char *path, gb_page_visitor visit, void *data)
{
	int fd = gb_runtime_dir_open(path);
	struct dirent *entry;
	DIR *folder;

	if (fd < 0)
		return fd;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(folder)))
		visit_entry(dirfd(folder), entry->d_name, visit, data);
	closedir(folder);
	return 0;
}

int gb_page_visit(const struct gb_options *options, gb_page_visitor visit, void *data)
{
	char path[4096];
	int ret, result = 0;
	bool seen = false;

	for (unsigned int i = 0;; i++) {
		ret = gb_runtime_dir_candidate(options, i, path, sizeof(path));
		if (ret == -ENOENT)
			break;
		if (!ret)
			ret = visit_folder(path, visit, data);
		if (!ret)
			seen = true;
		else if (ret != -ENOENT)
			result = ret;
	}
	return seen ? 0 : result;
}

static void add(struct gb_sample *sample, const struct gb_stats *page)
{
	sample->page = gb_grow(sample->page, sample->count + 1, sizeof(*page));
	sample->page[sample->count++] = *page;
}

/* A process that is just making its page takes a moment for that. */
#define TRIES	 10
#define PAUSE_NS 5000000

static int read_page(int fd, pid_t pid, struct gb_stats *page)
{
	const struct timespec pause = { 0, PAUSE_NS };
	int ret = gb_page_read(fd, pid, page);

	for (int i = 1; ret == -EAGAIN && i < TRIES && gb_process_exists(pid); i++) {
		nanosleep(&pause, NULL);
		ret = gb_page_read(fd, pid, page);
	}
	return ret;
}

static void take(int folder, const char *name, int fd, void *data)
{
	pid_t pid = gb_page_pid(name);
	struct gb_sample *sample = data;
	struct gb_stats page;
	int ret;

	if (fd < 0) {
		sample->foreign += gb_process_exists(pid);
		return;
	}
	ret = read_page(fd, pid, &page);
	/*
	 * A page that cannot be read tells no start time; then only the number
	 * in its name says whose it is.
	 */
	if (ret ? !gb_process_exists(pid) : !gb_page_is_live(&page))
		gb_page_remove(folder, name, fd);
	else if (!ret)
		add(sample, &page);
	else if (ret == -EAGAIN)
		sample->unfinished++;
	else
		sample->unreadable++;
}

static int by_pid(const void *a, const void *b)
{
	const struct gb_stats *first = a, *second = b;

	return (first->pid > second->pid) - (first->pid < second->pid);
}

int gb_sample_init(struct gb_sample *sample, const struct gb_options *options)
{
	int ret;

	*sample = (struct gb_sample){ 0 };
	ret = gb_page_visit(options, take, sample);
	if (sample->count)
		qsort(sample->page, sample->count, sizeof(*sample->page), by_pid);
	return ret;
}

void gb_sample_finish(struct gb_sample *sample)
{
	for (size_t i = 0; sample->map && i < sample->count; i++) {
		for (unsigned int d = 0; d < GB_STATS_DEVICES; d++)
			gb_map_finish(&sample->map[i][d]);
	}
	free(sample->map);
	free(sample->page);
	*sample = (struct gb_sample){ 0 };
}

size_t gb_sample_hidden(const struct gb_sample *sample)
{
	return sample->unreadable + sample->unfinished + sample->foreign;
}

void gb_sample_warn(const struct gb_sample *sample)
{
	if (sample->unreadable)
		gb_warn("%zu more cannot be shown: their pages are of another version of GreenBoost, or damaged",
			sample->unreadable);
	if (sample->unfinished)
		gb_warn("%zu more cannot be shown: their pages are not complete, or cut short",
			sample->unfinished);
	if (sample->foreign)
		gb_warn("%zu more cannot be shown: their pages belong to other users",
			sample->foreign);
}

int gb_sample_complain(int error, const struct gb_options *options)
{
	if (error == -EINVAL) {
		gb_error("%s: the runtime directory must be an absolute path",
			 options->runtime_dir);
		return GB_EXIT_USAGE;
	}
	gb_error("cannot read the runtime directory%s%s: %s",
		 *options->runtime_dir ? " " : "", options->runtime_dir,
		 error == -EPERM ? "others own it or may write to it"
				 : strerror(-error));
	return GB_EXIT_FAILURE;
}

static void take_maps(int folder, const char *name, int fd, void *data)
{
	struct gb_sample *sample = data;
	pid_t pid = gb_page_pid(name);
	struct gb_stats page;

	if (fd < 0 || gb_page_read(fd, pid, &page))
		return;
	for (size_t i = 0; i < sample->count; i++) {
		if (sample->page[i].pid != page.pid ||
		    sample->page[i].start_ticks != page.start_ticks)
			continue;
		for (unsigned int d = 0; d < page.device_count; d++) {
			gb_map_finish(&sample->map[i][d]);
			gb_map_init(&sample->map[i][d], fd, &page, d);
		}
	}
}

void gb_sample_read_maps(struct gb_sample *sample, const struct gb_options *options)
{
	if (!sample->count)
		return;
	sample->map = gb_grow(NULL, sample->count, sizeof(*sample->map));
	memset(sample->map, 0, sample->count * sizeof(*sample->map));
	gb_page_visit(options, take_maps, sample);
}
