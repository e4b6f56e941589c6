/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of rectangles and boxes whose rows and layers cross the borders
 * between kinds of memory, with every kind of operand.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define BIG  (70 * MIB)
#define HOST (9 * MIB)

static CUdeviceptr weights, other;
static char *host;
static CUstream stream;

/* A shape in bytes, and where it lies in both ends. */
static const struct shape {
	size_t width, rows, pitch, x, y;
} shapes[] = {
	{ 100, 1, 0, 0, 0 },
	{ 4096, 64, 65536, 0, 32 },	 /* 2 MiB to 6 MiB, rows apart */
	{ 65536, 80, 65536, 0, 1000 },	 /* rows without gaps, up to 67.5 MiB */
	{ 65000, 40, 65536, 300, 1010 }, /* 63 to 66 MiB */
	{ 300000, 8, 300001, 7, 10 },	 /* rows that a border cuts */
	{ 3 * MIB, 2, 3 * MIB + 4096, 1000, 0 },
	{ 5, 3, 32 * MIB, 0, 0 }, /* rows far apart */
	{ 0, 5, 100, 0, 0 },
	{ 5, 0, 100, 0, 0 },
	{ 200, 2, 100, 0, 0 },	      /* wider than the pitch */
	{ 4096, 100, 2 * MIB, 0, 0 }, /* past the end */
};

static CUDA_MEMCPY2D flat(const struct shape *s)
{
	return (CUDA_MEMCPY2D){
		.srcXInBytes = s->x,
		.srcY = s->y,
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = weights,
		.srcPitch = s->pitch,
		.dstXInBytes = s->x,
		.dstY = s->y,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstDevice = other,
		.dstPitch = s->pitch,
		.WidthInBytes = s->width,
		.Height = s->rows,
	};
}

static void show_shape(const char *name, const struct shape *s)
{
	size_t rows = s->rows ? s->rows - 1 : 0;

	show_within(name, other, BIG, s->y * s->pitch + s->x,
		    rows * s->pitch + s->width);
}

static void to_device(const struct shape *s)
{
	CUDA_MEMCPY2D copy = flat(s);

	SAY(cu.Memcpy2D(&copy));
	show_shape("device to device", s);
	copy.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
	copy.srcMemoryType = CU_MEMORYTYPE_UNIFIED;
	if (s->rows > 1 && s->y)
		copy.srcY--;
	SAY(cu.Memcpy2DUnaligned(&copy));
	SAY(cu.Memcpy2DAsync(&copy, stream));
	MUST(cu.StreamSynchronize(stream));
	show_shape("unified", s);
}

/* The host's side is packed, which the device's is not. */
static void with_host(const struct shape *s)
{
	CUDA_MEMCPY2D copy = flat(s);

	if (s->width * s->rows > HOST - 64)
		return;
	copy.srcMemoryType = CU_MEMORYTYPE_HOST;
	copy.srcHost = host;
	copy.srcPitch = s->width;
	copy.srcXInBytes = copy.srcY = 0;
	SAY(cu.Memcpy2D(&copy));
	SAY(cu.Memcpy2DAsync(&copy, stream));
	MUST(cu.StreamSynchronize(stream));
	show_shape("from the host", s);

	copy = flat(s);
	copy.dstMemoryType = CU_MEMORYTYPE_HOST;
	copy.dstHost = host;
	copy.dstPitch = s->width;
	copy.dstXInBytes = copy.dstY = 0;
	SAY(cu.Memcpy2D(&copy));
	printf("host: %016llx\n",
	       (unsigned long long)checksum(host, s->width * s->rows + 64));
	SAY(cu.Memcpy2DAsync(&copy, stream));
	MUST(cu.StreamSynchronize(stream));
	printf("host: %016llx\n",
	       (unsigned long long)checksum(host, s->width * s->rows + 64));
}

/* Layers of rows, of which some are cut. */
static const struct cube {
	size_t width, rows, layers, pitch, height, z;
} cubes[] = {
	{ 1000, 10, 10, 4096, 64, 7 },	 { 65536, 16, 20, 65536, 16, 0 },
	{ 60000, 15, 60, 65536, 16, 5 }, { 300001, 2, 100, 300001, 2, 3 },
	{ 100, 1, 5, 100, 1, 100 },	 { 100, 1, 5, 12 * MIB, 1, 0 },
	{ 64, 64, 2, 64, 0, 0 },	 { 64, 64, 2, 64, 63, 0 },
	{ 65536, 64, 64, 65536, 64, 0 },
};

static CUDA_MEMCPY3D deep(const struct cube *c)
{
	return (CUDA_MEMCPY3D){
		.srcZ = c->z,
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = weights,
		.srcPitch = c->pitch,
		.srcHeight = c->height,
		.dstZ = c->z,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstDevice = other,
		.dstPitch = c->pitch,
		.dstHeight = c->height,
		.WidthInBytes = c->width,
		.Height = c->rows,
		.Depth = c->layers,
	};
}

static void show_cube(const struct cube *c)
{
	size_t layer = c->pitch * c->height;

	show_within("box", other, BIG, c->z * layer,
		    (c->layers - 1) * layer + c->pitch * c->rows);
}

static void boxes(const struct cube *c)
{
	CUDA_MEMCPY3D copy = deep(c);
	CUDA_MEMCPY3D_PEER peer;

	SAY(cu.Memcpy3D(&copy));
	show_cube(c);
	copy.srcZ = c->z ? c->z - 1 : 0;
	SAY(cu.Memcpy3DAsync(&copy, stream));
	MUST(cu.StreamSynchronize(stream));
	show_cube(c);

	copy.srcZ = 0;
	memcpy(&peer, &copy, sizeof(peer));
	MUST(cu.CtxGetCurrent(&peer.srcContext));
	peer.dstContext = peer.srcContext;
	SAY(cu.Memcpy3DPeer(&peer));
	/* Between two devices it may still run, and the next is not ordered after it. */
	MUST(cu.CtxSynchronize());
	peer.dstDevice += 5;
	SAY(cu.Memcpy3DPeerAsync(&peer, stream));
	MUST(cu.StreamSynchronize(stream));
	show_cube(c);
}

static void with_array(void)
{
	CUDA_ARRAY_DESCRIPTOR as = { 4096, 1024, 0x01, 1 };
	CUDA_MEMCPY2D copy = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = weights + 2 * MIB - 100,
		.srcPitch = 5000,
		.dstMemoryType = CU_MEMORYTYPE_ARRAY,
		.WidthInBytes = 4096,
		.Height = 1024,
	};
	CUarray array, line;

	MUST(cu.ArrayCreate(&array, &as));
	copy.dstArray = array;
	SAY(cu.Memcpy2D(&copy));
	copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
	copy.srcArray = array;
	copy.srcXInBytes = 96;
	copy.srcY = 24;
	copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
	copy.dstDevice = other + 63 * MIB;
	copy.dstPitch = 4100;
	copy.WidthInBytes = 4000;
	copy.Height = 1000;
	SAY(cu.Memcpy2D(&copy));
	show("through an array", other, BIG);

	as = (CUDA_ARRAY_DESCRIPTOR){ 65536, 0, 0x01, 1 };
	MUST(cu.ArrayCreate(&line, &as));
	SAY(cu.MemcpyDtoA(line, 0, weights + 4 * MIB - 1000, 65536));
	SAY(cu.MemcpyAtoD(other + 68 * MIB - 999, line, 0, 65536));
	SAY(cu.MemcpyAtoH(host, line, 100, 1000));
	printf("host: %016llx\n", (unsigned long long)checksum(host, 1000));
	SAY(cu.MemcpyDtoA(line, 65000, weights, 65536));
	show("through a line", other, BIG);
	SAY(cu.ArrayDestroy(array));
	SAY(cu.ArrayDestroy(line));
	SAY(cu.ArrayDestroy(line));
}

int main(void)
{
	open_gpu();
	weights = uploaded(BIG, 1);
	other = cleared(BIG);
	host = pageable(HOST, 2);
	MUST(cu.StreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		printf("shape %zu\n", i);
		to_device(&shapes[i]);
		with_host(&shapes[i]);
	}
	for (size_t i = 0; i < sizeof(cubes) / sizeof(*cubes); i++) {
		printf("cube %zu\n", i);
		boxes(&cubes[i]);
	}
	show("all", other, BIG);
	with_array();
	SAY(cu.Memcpy2D(NULL));
	SAY(cu.Memcpy3D(NULL));
	return 0;
}
