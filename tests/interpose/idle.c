// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without CUDA: the library is in it, and that is all. It has brought
 * no driver and no thread, and written nothing (silent.sh listens).
 */
#include <dirent.h>
#include <unistd.h>

#include "client.h"

static int entries(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static bool is_loaded(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	bool found = false;

	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	fclose(maps);
	return found;
}

int main(void)
{
	CHECK(dlsym(RTLD_DEFAULT, "strlen"));
	CHECK(!dlsym(RTLD_DEFAULT, "cudaMalloc"));
	CHECK(is_loaded("libgreenboost_cuda.so"));
	CHECK(!is_loaded("libcuda.so"));
	CHECK(!is_loaded("libnvidia"));
	CHECK(entries("/proc/self/task") == 3); /* ., .. and the thread */
	return result();
}
