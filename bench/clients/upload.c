/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast a program gets its data from pageable host memory onto the GPU,
 * buffer by buffer, as a model's weights are loaded.
 *
 * Each round allocates all buffers, uploads each of them once (the first time
 * memory is touched is part of that), uploads each again with other data (which
 * leaves allocation out), reads each with a kernel, and frees them. The time of
 * that read says where a buffer lives: a GPU reads its own memory tens of times
 * faster than anything behind the link. What was read is compared with what was
 * sent.
 */
#include "driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILLERS = 8 };

static struct {
	uint64_t bytes, buffer, source, rounds;
} settings = { 15ull << 30, 256ull << 20, 2ull << 30, 2 };

static const struct bench_option options[] = {
	{ "bytes", &settings.bytes, "bytes uploaded in all" },
	{ "buffer", &settings.buffer, "bytes of one buffer" },
	{ "source", &settings.source, "bytes of the host memory sent from" },
	{ "rounds", &settings.rounds, "how often to do it all" },
};

/* The host memory: parts of one buffer's size, sent in turn. */
struct source {
	char *data;
	size_t parts;
	uint32_t *sum; /* of each part's words */
};

struct buffer {
	CUdeviceptr data;
	uint64_t allocate_ns, first_ns, again_ns, read_ns;
	bool right;
};

/* A thread's share of filling the source: every FILLERS-th part. */
struct filler {
	pthread_t thread;
	struct source *source;
	size_t first;
};

static void part_fill(struct source *source, size_t part)
{
	uint32_t *word = (uint32_t *)(source->data + part * settings.buffer);
	uint32_t value = (uint32_t)part + 1;
	size_t i;

	for (i = 0; i < settings.buffer / 4; i++) {
		value = value * 1664525u + 1013904223u;
		word[i] = value;
	}
	source->sum[part] = bench_host_sum(word, settings.buffer);
}

static void *filler_run(void *argument)
{
	struct filler *filler = argument;
	size_t part;

	for (part = filler->first; part < filler->source->parts; part += FILLERS)
		part_fill(filler->source, part);
	return NULL;
}

static void source_init(struct source *source)
{
	struct filler fillers[FILLERS];
	size_t i;

	source->parts = settings.source / settings.buffer;
	source->data = malloc(source->parts * settings.buffer);
	source->sum = calloc(source->parts, sizeof(*source->sum));
	if (!source->data || !source->sum)
		bench_fail("no memory for %zu parts", source->parts);
	for (i = 0; i < FILLERS; i++) {
		fillers[i].source = source;
		fillers[i].first = i;
		if (pthread_create(&fillers[i].thread, NULL, filler_run,
				   &fillers[i]))
			bench_fail("no thread");
	}
	for (i = 0; i < FILLERS; i++)
		pthread_join(fillers[i].thread, NULL);
}

static void source_finish(struct source *source)
{
	free(source->sum);
	free(source->data);
}

/* Sends @part to @data; returns nanoseconds until it has arrived. */
static uint64_t part_send(struct bench_gpu *gpu, const struct source *source,
			  size_t part, CUdeviceptr data)
{
	uint64_t start = bench_now();

	BENCH_CHECK(gpu->call.cuMemcpyHtoD_v2(
		data, source->data + part * settings.buffer, settings.buffer));
	BENCH_CHECK(gpu->call.cuCtxSynchronize());
	return bench_now() - start;
}

static void buffer_read(struct bench_gpu *gpu, struct buffer *buffer, uint32_t sum)
{
	/* once for the caches of address translation, once for the clock */
	buffer->right = bench_sum(gpu, buffer->data, settings.buffer, NULL) == sum &&
			bench_sum(gpu, buffer->data, settings.buffer,
				  &buffer->read_ns) == sum;
}

static void round_run(struct bench_gpu *gpu, const struct source *source,
		      struct buffer *buffers, size_t count)
{
	uint64_t start;
	size_t i;

	for (i = 0; i < count; i++) {
		start = bench_now();
		BENCH_CHECK(gpu->call.cuMemAlloc_v2(&buffers[i].data,
						    settings.buffer));
		buffers[i].allocate_ns = bench_now() - start;
	}
	for (i = 0; i < count; i++)
		buffers[i].first_ns = part_send(gpu, source, i % source->parts,
						buffers[i].data);
	for (i = 0; i < count; i++)
		buffers[i].again_ns = part_send(
			gpu, source, (i + 1) % source->parts, buffers[i].data);
	for (i = 0; i < count; i++)
		buffer_read(gpu, &buffers[i], source->sum[(i + 1) % source->parts]);
}

static void round_print(const struct buffer *buffers, size_t count)
{
	size_t i;

	printf("{\"buffers\": [");
	for (i = 0; i < count; i++)
		printf("%s{\"allocate_ns\": %llu, \"first_ns\": %llu, "
		       "\"again_ns\": %llu, \"read_ns\": %llu, \"right\": %s}",
		       i ? ", " : "", (unsigned long long)buffers[i].allocate_ns,
		       (unsigned long long)buffers[i].first_ns,
		       (unsigned long long)buffers[i].again_ns,
		       (unsigned long long)buffers[i].read_ns,
		       buffers[i].right ? "true" : "false");
}

static void round_free(struct bench_gpu *gpu, struct buffer *buffers, size_t count)
{
	uint64_t start = bench_now();
	size_t i;

	for (i = 0; i < count; i++)
		BENCH_CHECK(gpu->call.cuMemFree_v2(buffers[i].data));
	printf("], \"free_ns\": %llu}", (unsigned long long)(bench_now() - start));
}

int main(int argc, char **argv)
{
	struct bench_gpu gpu;
	struct buffer *buffers;
	struct source source;
	uint64_t round;
	size_t count;

	bench_options(argc, argv, options, sizeof(options) / sizeof(*options));
	if (settings.buffer < 16 || settings.buffer % 16 ||
	    settings.source < settings.buffer || settings.bytes < settings.buffer)
		bench_fail("nonsense in the options");
	count = settings.bytes / settings.buffer;
	buffers = calloc(count, sizeof(*buffers));
	if (!buffers)
		bench_fail("no memory");
	bench_gpu_init(&gpu);
	source_init(&source);

	printf("{\"client\": \"upload\", ");
	bench_print_gpu(&gpu);
	printf("\"buffer_bytes\": %llu, \"rounds\": [",
	       (unsigned long long)settings.buffer);
	for (round = 0; round < settings.rounds; round++) {
		round_run(&gpu, &source, buffers, count);
		printf(round ? ", " : "");
		round_print(buffers, count);
		round_free(&gpu, buffers, count);
	}
	printf("]}\n");

	source_finish(&source);
	bench_gpu_finish(&gpu);
	free(buffers);
	return 0;
}
