/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program whose weights are more than VRAM and RAM hold: uploads them, out of
 * a mapped file or out of memory of its own, and reads them with kernels, pass
 * after pass.
 *
 * usage: nvme FILE WHAT [WEIGHTS]
 *
 * WHAT is mapped, read (the file is read into memory first), fork (and a child
 * is made half-way), change (and the file is written to half-way), delete (and
 * it is deleted), value (and a stream writes into some weights) or crowd (and
 * for as long as there is a FILE.crowd, passes are made whose numbers are only
 * compared). Says what failed, and goes on.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "staging.h"
#include "staging_kernels.ptx.h"

#define WEIGHTS_MAX 1024
#define PIECE	    (2 * MIB)
#define PASSES	    6

static CUdeviceptr weight[WEIGHTS_MAX], results;
static size_t weights = 24;
static CUfunction fold;

static size_t all_bytes(void)
{
	return weights * PIECE;
}

/* Its own in each: the kernel looks at a word in some 4 KiB. */
static void make_file(const char *path)
{
	size_t bytes = all_bytes();
	uint64_t *data = malloc(bytes);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	CHECK(data && fd >= 0);
	for (size_t i = 0; i < bytes / 8; i++)
		data[i] = i * 0x9e3779b97f4a7c15u;
	CHECK(write(fd, data, bytes) == (ssize_t)bytes);
	CHECK(!fsync(fd) && !close(fd));
	free(data);
}

static char *get_source(const char *path, bool mapped)
{
	size_t bytes = all_bytes();
	int fd = open(path, O_RDONLY);
	char *source;

	CHECK(fd >= 0);
	if (mapped) {
		source = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		CHECK(source != MAP_FAILED);
	} else {
		source = malloc(bytes);
		CHECK(source && read(fd, source, bytes) == (ssize_t)bytes);
	}
	close(fd);
	return source;
}

static void upload_all(const char *source)
{
	for (size_t i = 0; i < weights; i++) {
		MUST(cu.MemAlloc(&weight[i], PIECE));
		MUST(cu.MemcpyHtoD(weight[i], source + i * PIECE, PIECE));
	}
}

static CUresult read_one(size_t i)
{
	CUdeviceptr to = results + 8 * i;
	uint64_t words = PIECE / 8;
	void *parameters[] = { &to, &weight[i], &words };

	return cu.LaunchKernel(fold, 1, 1, 1, 1, 1, 1, 0, NULL, parameters, NULL);
}

/* A sum of what all of them hold; says by @name whose it cannot tell. */
static uint64_t read_all(const char *name)
{
	static uint64_t sums[WEIGHTS_MAX];

	MUST(cu.MemsetD8(results, 0, sizeof(sums)));
	for (size_t i = 0; i < weights; i++) {
		CUresult rc = read_one(i);

		if (rc)
			printf("%s: weight %zu cannot be read: %d\n", name, i,
			       (int)rc);
	}
	MUST(cu.CtxSynchronize());
	MUST(cu.MemcpyDtoH(sums, results, sizeof(sums)));
	return checksum(sums, weights * sizeof(sums[0]));
}

static void pass(int number)
{
	char name[32];
	uint64_t sum;

	snprintf(name, sizeof(name), "pass %d", number);
	sum = read_all(name);
	printf("%s: %016llx\n", name, (unsigned long long)sum);
}

/* Others take memory meanwhile, once FILE.here says that this has begun. */
static void crowd(const char *path)
{
	uint64_t wanted = read_all("crowd");
	char sign[4096];

	snprintf(sign, sizeof(sign), "%s.here", path);
	CHECK(!close(open(sign, O_CREAT | O_WRONLY, 0600)));
	snprintf(sign, sizeof(sign), "%s.crowd", path);
	while (!access(sign, F_OK))
		if (read_all("crowd") != wanted)
			printf("crowd: other numbers\n");
}

/* The child has nothing of the disk's, and hurts nobody. */
static void make_child(void)
{
	size_t bytes[2];
	int status;
	pid_t child = fork();

	if (!child) {
		cu.MemGetInfo(&bytes[0], &bytes[1]);
		cu.MemFree(weight[0]);
		_exit(7);
	}
	CHECK(waitpid(child, &status, 0) == child);
	printf("the child ended with %d\n", WEXITSTATUS(status));
}

static void change(const char *path)
{
	int fd = open(path, O_WRONLY);

	for (size_t i = 0; i < weights; i++)
		CHECK(pwrite(fd, "changed", 7, (off_t)(i * PIECE + 8 * 509)) == 7);
	CHECK(!fsync(fd) && !close(fd));
}

static void write_values(void)
{
	for (size_t i = 0; i < weights; i += 4) {
		CUresult rc = cu.StreamWriteValue32(NULL, weight[i], 7, 0);

		if (rc)
			printf("weight %zu cannot be written: %d\n", i, (int)rc);
	}
}

static void happen(const char *what, const char *path)
{
	if (!strcmp(what, "fork"))
		make_child();
	else if (!strcmp(what, "change"))
		change(path);
	else if (!strcmp(what, "delete"))
		CHECK(!unlink(path));
	else if (!strcmp(what, "value"))
		write_values();
	else if (!strcmp(what, "crowd"))
		crowd(path);
}

int main(int argc, char **argv)
{
	bool mapped;
	char *source;
	CUmodule module;

	CHECK(argc == 3 || argc == 4);
	if (argc == 4)
		weights = strtoul(argv[3], NULL, 10);
	CHECK(weights && weights <= WEIGHTS_MAX);
	mapped = strcmp(argv[2], "read") != 0;
	make_file(argv[1]);
	open_gpu();
	MUST(cu.ModuleLoadData(&module, staging_kernels_ptx));
	fold = kernel(module, "fold");
	MUST(cu.MemAlloc(&results, PIECE));
	MUST(cu.MemsetD8(results, 0, PIECE));
	take_ballast();
	source = get_source(argv[1], mapped);
	upload_all(source);
	if (mapped)
		munmap(source, all_bytes());
	for (int i = 0; i < PASSES; i++) {
		if (i == PASSES / 2)
			happen(argv[2], argv[1]);
		pass(i);
	}
	show_statistics();
	for (size_t i = 0; i < weights; i++)
		MUST(cu.MemFree(weight[i]));
	return 0;
}
