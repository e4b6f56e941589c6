/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text of /proc/self/maps, in which any file of whatever name may be
 * mapped. An input is the address to look for, in eight bytes, and that text.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "fuzz.h"

/* Opens the text of the input in the file's place. */
static FILE *open_text(void);
#define fopen(path, mode) open_text()
#include "../../lib/nvme/mapping.c"
#undef fopen

static const void *text;
static size_t text_size;

static FILE *open_text(void)
{
	return fmemopen((void *)text, text_size, "r");
}

static const char *const samples[] = {
	("7f0000000000-7f0000200000 r--p 00000000 fe:00 131 /models/a.gguf\n"
	 "7f0000200000-7f0000400000 rw-s 00200000 fe:00 131 /models/a.gguf\n"),
	("7effffff0000-7f0000000000 rw-p 00000000 00:00 0 \n"
	 "7f0000000000-7f0000001000 r-xp 00004000 08:01 18446744073709551615   "
	 "     /odd \\012 name (deleted)\n"
	 "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]\n"),
};

size_t fuzz_sample(unsigned int number, uint8_t *data)
{
	uint64_t address = UINT64_C(0x7f0000000000);

	if (number >= sizeof(samples) / sizeof(samples[0]))
		return 0;
	memcpy(data, &address, sizeof(address));
	memcpy(data + sizeof(address), samples[number], strlen(samples[number]));
	return sizeof(address) + strlen(samples[number]);
}

static void write_path(FILE *out, const char *path)
{
	for (; *path; path++)
		if (*path == '\n')
			fputs("\\012", out);
		else
			fputc(*path, out);
}

/* As the kernel would write it. */
static char *as_line(const struct area *area)
{
	size_t size;
	char *line = NULL;
	FILE *out = open_memstream(&line, &size);

	assert(out);
	fprintf(out, "%" PRIx64 "-%" PRIx64 " r%cx%c %" PRIx64 " 00:00 %" PRIu64 " ",
		area->begin, area->end, area->writable ? 'w' : '-',
		area->shared ? 's' : 'p', area->offset, area->inode);
	write_path(out, area->path);
	fputc('\n', out);
	assert(!fclose(out));
	return line;
}

/* What was read can be said, and is then read the same. */
static void check_again(const struct area *area)
{
	static struct area again;
	char *line = as_line(area);

	assert(parse(line, &again));
	assert(again.begin == area->begin && again.end == area->end);
	assert(again.offset == area->offset && again.inode == area->inode);
	assert(again.writable == area->writable && again.shared == area->shared);
	assert(!strcmp(again.path, area->path));
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct area area;
	uint64_t address;

	if (size <= sizeof(address))
		return 0;
	memcpy(&address, data, sizeof(address));
	text = data + sizeof(address);
	text_size = size - sizeof(address);
	memset(&area, 0, sizeof(area));
	if (!search(address, &area)) {
		assert(area.begin <= address && address < area.end);
		assert(memchr(area.path, '\0', sizeof(area.path)));
		check_again(&area);
	}
	return 0;
}
