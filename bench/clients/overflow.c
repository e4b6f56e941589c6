/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A working set of any size, checked to the last bit: half of the buffers are
 * filled by a kernel, half uploaded; every round sums up each of them on the
 * GPU, changes some (by a kernel, a memset, a copy on the device, an upload),
 * frees some and makes them anew. What a buffer must hold is known to the
 * program throughout. Prints how many sums it compared and how many were wrong;
 * exits with status 1 if any was.
 */
#include "driver.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	uint64_t bytes, buffer, rounds;
} settings = { 1ull << 30, 64ull << 20, 4 };

static const struct bench_option options[] = {
	{ "bytes", &settings.bytes, "bytes of the working set" },
	{ "buffer", &settings.buffer, "bytes of one buffer" },
	{ "rounds", &settings.rounds, "how often to change and check it all" },
};

struct buffer {
	CUdeviceptr data;
	uint32_t sum; /* what its words must add up to */
};

struct state {
	struct bench_gpu gpu;
	struct buffer *buffers;
	size_t count;
	uint32_t *host; /* one buffer's size */
	uint32_t seed;
	uint64_t compared, wrong;
};

static void change_fill(struct state *s, struct buffer *buffer)
{
	bench_fill(&s->gpu, buffer->data, settings.buffer, ++s->seed);
	buffer->sum = bench_fill_sum(settings.buffer, s->seed);
}

static void change_upload(struct state *s, struct buffer *buffer)
{
	uint32_t value = ++s->seed;
	size_t i;

	for (i = 0; i < settings.buffer / 4; i++) {
		value = value * 1664525u + 1013904223u;
		s->host[i] = value;
	}
	BENCH_CHECK(s->gpu.call.cuMemcpyHtoD_v2(buffer->data, s->host,
						settings.buffer));
	buffer->sum = bench_host_sum(s->host, settings.buffer);
}

static void change_set(struct state *s, struct buffer *buffer)
{
	BENCH_CHECK(s->gpu.call.cuMemsetD32_v2(buffer->data, ++s->seed,
					       settings.buffer / 4));
	buffer->sum = (uint32_t)(settings.buffer / 4) * s->seed;
}

/* From the buffer opposite, so that copies cross whatever borders there are. */
static void change_copy(struct state *s, struct buffer *buffer)
{
	size_t index = (size_t)(buffer - s->buffers);
	struct buffer *from = &s->buffers[s->count - 1 - index];

	if (from == buffer)
		return;
	BENCH_CHECK(s->gpu.call.cuMemcpyDtoD_v2(buffer->data, from->data,
						settings.buffer));
	buffer->sum = from->sum;
}

static void change_anew(struct state *s, struct buffer *buffer)
{
	BENCH_CHECK(s->gpu.call.cuMemFree_v2(buffer->data));
	BENCH_CHECK(s->gpu.call.cuMemAlloc_v2(&buffer->data, settings.buffer));
	change_fill(s, buffer);
}

static void (*const changes[])(struct state *, struct buffer *) = {
	change_fill, change_upload, change_set, change_copy, change_anew,
};

static void check_all(struct state *s)
{
	struct buffer *buffer;
	uint32_t sum;

	for (buffer = s->buffers; buffer < s->buffers + s->count; buffer++) {
		sum = bench_sum(&s->gpu, buffer->data, settings.buffer, NULL);
		s->compared++;
		if (sum == buffer->sum)
			continue;
		s->wrong++;
		fprintf(stderr, "client: buffer %zu adds up to %x, not %x\n",
			(size_t)(buffer - s->buffers), sum, buffer->sum);
	}
}

static void buffers_make(struct state *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		BENCH_CHECK(s->gpu.call.cuMemAlloc_v2(&s->buffers[i].data,
						      settings.buffer));
	for (i = 0; i < s->count; i++)
		changes[i % 2](s, &s->buffers[i]);
}

/* One buffer in three, another third every round, each change in its turn. */
static void buffers_change(struct state *s, uint64_t round)
{
	const size_t kinds = sizeof(changes) / sizeof(changes[0]);
	size_t i;

	for (i = round % 3; i < s->count; i += 3)
		changes[(i + round) % kinds](s, &s->buffers[i]);
}

int main(int argc, char **argv)
{
	struct state s = { 0 };
	uint64_t round;
	size_t i;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (settings.buffer < 16 || settings.buffer % 16 ||
	    settings.bytes < settings.buffer)
		bench_fail("nonsense in the options");
	s.count = settings.bytes / settings.buffer;
	s.buffers = calloc(s.count, sizeof(*s.buffers));
	s.host = malloc(settings.buffer);
	if (!s.buffers || !s.host)
		bench_fail("no memory");
	bench_gpu_init(&s.gpu);

	buffers_make(&s);
	check_all(&s);
	for (round = 0; round < settings.rounds; round++) {
		buffers_change(&s, round);
		check_all(&s);
	}

	printf("{\"client\": \"overflow\", ");
	bench_print_gpu(&s.gpu);
	printf("\"bytes\": %llu, \"compared\": %llu, \"wrong\": %llu}\n",
	       (unsigned long long)(s.count * settings.buffer),
	       (unsigned long long)s.compared, (unsigned long long)s.wrong);
	for (i = 0; i < s.count; i++)
		BENCH_CHECK(s.gpu.call.cuMemFree_v2(s.buffers[i].data));
	bench_gpu_finish(&s.gpu);
	free(s.host);
	free(s.buffers);
	return s.wrong != 0;
}
