/* SPDX-License-Identifier: GPL-2.0-only */
/* Memsets of every width, in one and two dimensions, across borders. */
#include "client.h"

#define BIG (70 * MIB)

static CUdeviceptr memory;
static CUstream stream;

/* In bytes; each width rounds them to its own elements. */
static const struct range {
	size_t at, bytes;
} ranges[] = {
	{ 0, 4 },
	{ 12, 0 },
	{ 4 * MIB - 8, 16 },
	{ 2 * MIB - 4, 8 * MIB },
	{ 64 * MIB - 400, 5 * MIB },
	{ 0, BIG },
};

static void shown(const char *name, size_t at, size_t bytes)
{
	show_within(name, memory, BIG, at, bytes);
}

static void lines(size_t at, size_t bytes)
{
	CUdeviceptr to = memory + at;

	SAY(cu.MemsetD8(to, 0x11, bytes));
	shown("8", at, bytes);
	SAY(cu.MemsetD16(to, 0x2233, bytes / 2));
	shown("16", at, bytes);
	SAY(cu.MemsetD32(to, 0x44556677, bytes / 4));
	shown("32", at, bytes);
	SAY(cu.MemsetD8Async(to, 0x88, bytes, stream));
	MUST(cu.StreamSynchronize(stream));
	shown("8", at, bytes);
	SAY(cu.MemsetD16Async(to, 0x99aa, bytes / 2, stream));
	SAY(cu.MemsetD32Async(to + bytes / 4 / 4 * 4, 0xbbccddee, bytes / 8, NULL));
	MUST(cu.CtxSynchronize());
	shown("16 and 32", at, bytes);
}

static const struct area {
	size_t at, pitch, width, rows; /* bytes */
} areas[] = {
	{ 0, 4096, 256, 100 },
	{ 0, 0, 64, 1 }, /* one row needs no pitch */
	{ 4 * MIB - 64, 0, 128, 1 },
	{ MIB, 65536, 65536, 80 },	/* rows without gaps */
	{ 3 * MIB, 300008, 299996, 8 }, /* rows that a border cuts */
	{ 63 * MIB, 300008, 200000, 20 },
	{ 1 * MIB, 3 * MIB + 8, 3 * MIB, 2 },
	{ 0, 32 * MIB, 8, 3 },
	{ 0, 100, 200, 2 },
	{ 0, 100, 0, 2 },
	{ 0, 100, 20, 0 },
	{ 60 * MIB, MIB, 4096, 20 }, /* past the end */
};

static void rectangles(const struct area *a)
{
	CUdeviceptr to = memory + a->at;
	size_t width = a->width, rows = a->rows, pitch = a->pitch;

	SAY(cu.MemsetD2D8(to, pitch, 0x12, width, rows));
	SAY(cu.MemsetD2D16(to, pitch, 0x3456, width / 4, rows));
	shown("8 and 16", a->at, pitch * (rows ? rows - 1 : 0) + width);
	SAY(cu.MemsetD2D32(to, pitch, 0x789abcde, width / 8, rows));
	shown("32", a->at, pitch * (rows ? rows - 1 : 0) + width);
	SAY(cu.MemsetD2D8Async(to, pitch, 0xf0, width / 3, rows, stream));
	SAY(cu.MemsetD2D16Async(to, pitch, 0xe1d2, width / 2, rows, stream));
	MUST(cu.StreamSynchronize(stream));
	shown("8 and 16", a->at, pitch * (rows ? rows - 1 : 0) + width);
	SAY(cu.MemsetD2D32Async(to, pitch, 0xc3b4a596, width / 4, rows, stream));
	MUST(cu.StreamSynchronize(stream));
	shown("32", a->at, pitch * (rows ? rows - 1 : 0) + width);
}

static void nonsense(void)
{
	CUdeviceptr gone;

	SAY(cu.MemsetD8(memory + BIG - 1, 1, 2 * MIB + 5));
	SAY(cu.MemsetD16(memory + 1, 1, 2));
	SAY(cu.MemsetD32(memory + 2, 1, 2));
	SAY(cu.MemsetD32(memory, 1, SIZE_MAX / 2));
	SAY(cu.MemsetD8(0, 1, 1));
	SAY(cu.MemsetD2D16(memory + 1, 4096, 1, 2, 2));
	SAY(cu.MemsetD2D8(memory, SIZE_MAX / 2, 1, 2, 4));
	MUST(cu.MemAlloc(&gone, 8 * MIB));
	MUST(cu.MemFree(gone));
	SAY(cu.MemsetD8(gone, 1, 1));
	SAY(cu.MemsetD8Async(gone + 100, 1, 1, stream));
	SAY(cu.MemsetD2D8(gone, 100, 1, 1, 2));
}

int main(void)
{
	CUdeviceptr weights;

	open_gpu();
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	weights = uploaded(6 * MIB, 1);
	MUST(cu.MemAlloc(&memory, BIG));
	MUST(cu.MemsetD8(memory, 0, BIG));
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		printf("range %zu\n", i);
		lines(ranges[i].at, ranges[i].bytes);
	}
	for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++) {
		printf("area %zu\n", i);
		rectangles(&areas[i]);
	}
	nonsense();
	show("all", memory, BIG);
	show("weights", weights, 6 * MIB);
	return 0;
}
