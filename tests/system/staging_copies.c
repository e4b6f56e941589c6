/* SPDX-License-Identifier: GPL-2.0-only */
/* What reaches staged memory past every launch: copies, fills, in every form. */
#include "staging.h"

struct host host;

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct part part_of(struct worker *worker, const struct region *region)
{
	size_t from = roll(worker, (uint32_t)(region->bytes / 8)) * (size_t)8;
	size_t bytes = region->bytes - from;

	switch (roll(worker, 4)) {
	case 0: /* all of it */
		return (struct part){ region->at, region->bytes };
	case 1: /* little, and at odd places */
		from += roll(worker, 8);
		bytes = smaller(region->bytes - from, 1 + roll(worker, 200));
		break;
	case 2: /* some pages */
		bytes = smaller(bytes, 1 + roll(worker, 300000));
		break;
	}
	return (struct part){ region->at + from, bytes };
}

static const char *source(struct worker *worker, const char *from, size_t bytes)
{
	return from + roll(worker, (uint32_t)((host.bytes - bytes) / 8 + 1)) *
			      (size_t)8;
}

static void send(struct worker *worker, int stream, struct part to)
{
	const char *pageable = source(worker, host.pageable, to.bytes);
	const char *pinned = source(worker, host.pinned, to.bytes);
	bool now = stream == DEFAULT && !worker->capturing;

	note(worker, stream, "send " PLACE ", %zu bytes", PLACE_OF(to.at), to.bytes);
	switch (roll(worker, 4)) {
	case 0:
		MUST(now ? cu.MemcpyHtoD(to.at, pinned, to.bytes)
			 : cu.MemcpyHtoDAsync(to.at, pinned, to.bytes,
					      worker->stream[stream]));
		break;
	case 1:
		MUST(cu.MemcpyAsync(to.at, (CUdeviceptr)pinned, to.bytes,
				    worker->stream[stream]));
		break;
	default:
		if (worker->capturing)
			pageable = pinned;
		MUST(now ? cu.MemcpyHtoD(to.at, pageable, to.bytes)
			 : cu.MemcpyHtoDAsync(to.at, pageable, to.bytes,
					      worker->stream[stream]));
	}
}

static void fill(struct worker *worker, int stream, struct part to)
{
	CUstream in = worker->stream[stream];
	uint32_t value = roll(worker, 1u << 30);
	size_t row = smaller(to.bytes, 1 + roll(worker, 40000));

	note(worker, stream, "fill " PLACE ", %zu bytes", PLACE_OF(to.at), to.bytes);
	switch (roll(worker, 4)) {
	case 0:
		MUST(cu.MemsetD8Async(to.at, (unsigned char)value, to.bytes, in));
		break;
	case 1:
		to.at = (to.at + 3) & ~(CUdeviceptr)3;
		if (to.bytes < 8)
			break;
		MUST(cu.MemsetD32Async(to.at, value, (to.bytes - 3) / 4, in));
		break;
	case 2:
		MUST(cu.MemsetD2D8Async(to.at, row, (unsigned char)value,
					row - row / 4, to.bytes / row, in));
		break;
	default:
		if (stream == DEFAULT && !worker->capturing)
			MUST(cu.MemsetD8(to.at, (unsigned char)value, to.bytes));
		else
			MUST(cu.MemsetD8Async(to.at, (unsigned char)value,
					      to.bytes, in));
	}
}

static void rectangle(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream in)
{
	size_t rows = bytes > 4096 ? 17 : 1, pitch = bytes / rows;
	CUDA_MEMCPY2D copy = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = from,
		.srcPitch = pitch,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstDevice = to,
		.dstPitch = pitch,
		.WidthInBytes = pitch - pitch / 3,
		.Height = rows,
	};

	MUST(cu.Memcpy2DAsync(&copy, in));
}

/* From one to the other; they do not overlap. */
static void move(struct worker *worker, int stream, struct part to,
		 const struct region *into, CUdeviceptr from,
		 const struct region *of)
{
	CUstream in = worker->stream[stream];

	note(worker, stream, "copy " PLACE " from " PLACE ", %zu bytes",
	     PLACE_OF(to.at), PLACE_OF(from), to.bytes);
	switch (roll(worker, 4)) {
	case 0:
		MUST(cu.MemcpyAsync(to.at, from, to.bytes, in));
		break;
	case 1:
		MUST(cu.MemcpyPeerAsync(to.at, contexts[into->memory->device],
					from, contexts[of->memory->device],
					to.bytes, in));
		break;
	case 2:
		rectangle(to.at, from, to.bytes, in);
		break;
	default:
		MUST(cu.MemcpyDtoDAsync(to.at, from, to.bytes, in));
	}
}

void make_new(struct worker *worker, int stream, struct region *region)
{
	const struct use use = { region, true };
	struct part all = { region->at, region->bytes };

	use_begin(worker, stream, &use, 1);
	if (roll(worker, 4))
		send(worker, stream, all);
	else
		MUST(cu.MemsetD8Async(all.at, 1, all.bytes, worker->stream[stream]));
	use_end(worker, stream, &use, 1);
}

void load(struct worker *worker, int stream, struct region *region)
{
	const struct use use = { region, true };

	use_begin(worker, stream, &use, 1);
	send(worker, stream, (struct part){ region->at, region->bytes });
	use_end(worker, stream, &use, 1);
}

void take_down(struct worker *worker, int stream, struct region *region,
	       struct part part)
{
	const struct use use = { region, false };
	CUstream in = worker->stream[stream];

	use_begin(worker, stream, &use, 1);
	if (stream == DEFAULT)
		MUST(cu.MemcpyDtoH(worker->landing, part.at, part.bytes));
	else
		MUST(cu.MemcpyDtoHAsync(worker->landing, part.at, part.bytes, in));
	use_end(worker, stream, &use, 1);
	MUST(cu.StreamSynchronize(in));
	worker->sum = worker->sum * 31 + checksum(worker->landing, part.bytes);
	note(worker, stream, "take " PLACE ", %zu bytes: %016llx",
	     PLACE_OF(part.at), part.bytes,
	     (unsigned long long)checksum(worker->landing, part.bytes));
}

static void copy_between(struct worker *worker, int stream, struct region *to)
{
	struct region *from = pick(worker);
	const struct use use[] = { { to, true }, { from, false } };
	struct part part;

	if (from == to)
		return;
	part = part_of(worker, to);
	part.bytes = smaller(part.bytes, from->bytes);
	use_begin(worker, stream, use, 2);
	move(worker, stream, part, to,
	     from->at + roll(worker, (uint32_t)(from->bytes - part.bytes) + 1),
	     from);
	use_end(worker, stream, use, 2);
}

void copy_something(struct worker *worker, int stream)
{
	struct region *region = pick(worker);
	const struct use use = { region, true };
	uint32_t what = roll(worker, worker->capturing ? 3 : 4);

	if (what == 0) {
		copy_between(worker, stream, region);
		return;
	}
	if (what == 3) {
		take_down(worker, stream, region, part_of(worker, region));
		return;
	}
	use_begin(worker, stream, &use, 1);
	if (what == 1)
		send(worker, stream, part_of(worker, region));
	else
		fill(worker, stream, part_of(worker, region));
	use_end(worker, stream, &use, 1);
}
