/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linear copies of every kind, over ranges that begin and end around the places
 * where an allocation may change from one kind of memory to another.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define BIG (70 * MIB)

static const struct range {
	size_t at, bytes;
} ranges[] = {
	{ 0, 1 },
	{ 3, 0 },
	{ 2 * MIB - 3, 7 },
	{ 4 * MIB - 4096, 8192 },
	{ 24 * MIB - 5, 6 * MIB },
	{ 64 * MIB - 1, 2 },
	{ 64 * MIB - 100, 4 * MIB + 250 },
	{ 68 * MIB - 9, 2 * MIB + 9 },
};

static const size_t count = sizeof(ranges) / sizeof(*ranges);

struct memory {
	CUdeviceptr weights, other, small;
	char *pageable, *pinned;
	CUstream stream;
	CUcontext context;
};

static void open_memory(struct memory *m)
{
	m->weights = uploaded(BIG, 1);
	m->other = cleared(BIG);
	m->small = cleared(MIB);
	m->pageable = pageable(8 * MIB, 2);
	m->pinned = pinned(8 * MIB, 3);
	MUST(cu.StreamCreate(&m->stream, CU_STREAM_NON_BLOCKING));
	MUST(cu.CtxGetCurrent(&m->context));
}

static void show_around(CUdeviceptr base, const struct range *range)
{
	show_within("around", base, BIG, range->at, range->bytes);
}

static void from_host(struct memory *m, const struct range *r, char *host)
{
	CUdeviceptr to = m->other + r->at;

	SAY(cu.MemcpyHtoD(to, host, r->bytes));
	show_around(m->other, r);
	SAY(cu.MemcpyHtoDAsync(to, host + 1, r->bytes, m->stream));
	MUST(cu.StreamSynchronize(m->stream));
	show_around(m->other, r);
	SAY(cu.MemcpyHtoDAsync(to, host + 2, r->bytes, NULL));
	MUST(cu.CtxSynchronize());
	show_around(m->other, r);
	SAY(cu.Memcpy(to, (CUdeviceptr)host + 3, r->bytes));
	show_around(m->other, r);
	SAY(cu.MemcpyAsync(to, (CUdeviceptr)host + 4, r->bytes, m->stream));
	MUST(cu.StreamSynchronize(m->stream));
	show_around(m->other, r);
}

/* A program may change pageable memory as soon as the call is back. */
static void changed_at_once(struct memory *m, const struct range *r)
{
	char *host = pageable(r->bytes + 1, 9);

	SAY(cu.MemcpyHtoDAsync(m->other + r->at, host, r->bytes, m->stream));
	memset(host, 0xee, r->bytes);
	MUST(cu.StreamSynchronize(m->stream));
	show_around(m->other, r);
	free(host);
}

static void show_host(const char *name, char *host, size_t bytes)
{
	printf("%s: %016llx\n", name, (unsigned long long)checksum(host, bytes));
	memset(host, 0x55, bytes);
}

static void to_host(struct memory *m, const struct range *r, char *host)
{
	CUdeviceptr from = m->weights + r->at;
	size_t all = r->bytes + 8;

	memset(host, 0x55, all);
	SAY(cu.MemcpyDtoH(host, from, r->bytes));
	show_host("host", host, all);
	SAY(cu.MemcpyDtoHAsync(host, from, r->bytes, m->stream));
	MUST(cu.StreamSynchronize(m->stream));
	show_host("host", host, all);
	SAY(cu.Memcpy((CUdeviceptr)host, from, r->bytes));
	show_host("host", host, all);
	SAY(cu.MemcpyAsync((CUdeviceptr)host, from, r->bytes, NULL));
	MUST(cu.CtxSynchronize());
	show_host("host", host, all);
}

static void on_device(struct memory *m, const struct range *r)
{
	CUdeviceptr to = m->other + r->at;
	/* From elsewhere in the other, so that borders meet none. */
	CUdeviceptr from = m->weights + (BIG - r->at - r->bytes);

	SAY(cu.MemcpyDtoD(to, from, r->bytes));
	show_around(m->other, r);
	SAY(cu.MemcpyDtoDAsync(to, m->weights + r->at, r->bytes, m->stream));
	MUST(cu.StreamSynchronize(m->stream));
	show_around(m->other, r);
	SAY(cu.Memcpy(to, from, r->bytes));
	show_around(m->other, r);
	SAY(cu.MemcpyPeer(to, m->context, m->weights, m->context, r->bytes));
	show_around(m->other, r);
	SAY(cu.MemcpyPeerAsync(to, m->context, from, m->context, r->bytes,
			       m->stream));
	MUST(cu.StreamSynchronize(m->stream));
	show_around(m->other, r);
}

static void within_one(struct memory *m)
{
	SAY(cu.MemcpyDtoD(m->other, m->other + 33 * MIB, 33 * MIB));
	SAY(cu.MemcpyDtoD(m->other + 60 * MIB + 1, m->small, MIB));
	SAY(cu.MemcpyDtoD(m->small, m->other + 3 * MIB + 5, MIB));
	show("small", m->small, MIB);
}

static void nonsense(struct memory *m)
{
	CUdeviceptr gone;

	SAY(cu.MemcpyHtoD(m->other + BIG - 4, m->pageable, 2 * MIB + 5));
	SAY(cu.MemcpyDtoH(m->pageable, m->other + BIG - 4, 2 * MIB + 5));
	SAY(cu.MemcpyDtoD(m->other + BIG - 4, m->weights, 4 * MIB));
	SAY(cu.MemcpyDtoD(m->other, m->weights + BIG - 4, 4 * MIB));
	SAY(cu.MemcpyDtoD(m->other, m->weights, SIZE_MAX));
	SAY(cu.MemcpyHtoD(m->other, NULL, 8));
	SAY(cu.MemcpyDtoH(NULL, m->other, 8));
	SAY(cu.MemcpyHtoD(0, m->pageable, 8));
	SAY(cu.MemcpyDtoH(m->pageable, 0, 8));
	SAY(cu.MemcpyDtoH(m->pageable, 4096, 8));
	SAY(cu.MemcpyDtoD(0, 0, 0));
	gone = uploaded(16 * MIB, 4);
	MUST(cu.MemFree(gone));
	SAY(cu.MemcpyHtoD(gone, m->pageable, 8 * MIB));
	SAY(cu.MemcpyHtoD(gone, m->pageable, 8));
	SAY(cu.MemcpyDtoH(m->pageable, gone, 8));
	SAY(cu.MemcpyDtoD(m->other, gone, 8 * MIB));
	SAY(cu.MemcpyDtoDAsync(gone, m->other, 8 * MIB, m->stream));
}

int main(void)
{
	struct memory m;

	open_gpu();
	open_memory(&m);
	for (size_t i = 0; i < count; i++) {
		printf("range %zu\n", i);
		from_host(&m, &ranges[i], m.pageable);
		from_host(&m, &ranges[i], m.pinned);
		changed_at_once(&m, &ranges[i]);
		to_host(&m, &ranges[i], m.pageable);
		to_host(&m, &ranges[i], m.pinned);
		on_device(&m, &ranges[i]);
	}
	within_one(&m);
	nonsense(&m);
	show("weights", m.weights, BIG);
	show("other", m.other, BIG);
	return 0;
}
