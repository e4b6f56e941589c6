/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small model of a neural network's inference: layers of weights, uploaded
 * once and read in every pass, and two buffers of activations, which kernels
 * read and write in turn. It is a plain CUDA program: when the working set is
 * larger than the GPU's memory, it ends with an out-of-memory error.
 *
 *	overflow [--size 768m] [--passes 4] [--gpu 0] [--info]
 *
 * Weights are random numbers from a fixed seed, and all arithmetic is on
 * integers, so the checksum that it prints is the same on every GPU, unless
 * some byte was lost.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu.h"
#include "kernels.h"

/* A sixteenth of the working set each. */
enum { LAYERS = 14, ACTIVATIONS = 2, BUFFERS = LAYERS + ACTIVATIONS };

/* Sums that a GPU forms side by side: as many as it has threads at work. */
enum { SLOTS = BLOCKS * THREADS };

struct settings {
	size_t size; /* bytes of the working set */
	int passes;
	int gpu;
	int info; /* only say what GPU there is, and how fast its link */
};

struct network {
	uint64_t words; /* 64-bit words of one buffer */
	CUdeviceptr layer[LAYERS];
	CUdeviceptr activation[ACTIVATIONS];
	CUdeviceptr sums; /* SLOTS words */
};

static CUdeviceptr allocate(struct gpu *gpu, size_t bytes)
{
	CUdeviceptr data;

	CHECK(gpu, cuMemAlloc(&data, bytes));
	return data;
}

/* xorshift64*: fast, and no two layers alike. */
static void make_weights(uint64_t *word, uint64_t count, uint64_t seed)
{
	for (uint64_t i = 0; i < count; i++) {
		seed ^= seed >> 12;
		seed ^= seed << 25;
		seed ^= seed >> 27;
		word[i] = seed * 0x2545f4914f6cdd1du;
	}
}

static void load_weights(struct gpu *gpu, struct network *network)
{
	size_t bytes = network->words * sizeof(uint64_t);
	uint64_t *host = malloc(bytes);

	if (!host)
		errx(1, "no memory for %zu bytes of weights", bytes);
	for (int i = 0; i < LAYERS; i++) {
		make_weights(host, network->words, 0x9e3779b97f4a7c15u + i);
		network->layer[i] = allocate(gpu, bytes);
		CHECK(gpu, cuMemcpyHtoD(network->layer[i], host, bytes));
	}
	free(host);
}

static void make_network(struct gpu *gpu, struct network *network, size_t size)
{
	network->words = size / BUFFERS / sizeof(uint64_t);
	load_weights(gpu, network);
	for (int i = 0; i < ACTIVATIONS; i++)
		network->activation[i] =
			allocate(gpu, network->words * sizeof(uint64_t));
	network->sums = allocate(gpu, SLOTS * sizeof(uint64_t));
}

static void free_network(struct gpu *gpu, struct network *network)
{
	for (int i = 0; i < LAYERS; i++)
		CHECK(gpu, cuMemFree(network->layer[i]));
	for (int i = 0; i < ACTIVATIONS; i++)
		CHECK(gpu, cuMemFree(network->activation[i]));
	CHECK(gpu, cuMemFree(network->sums));
}

static void fill(struct gpu *gpu, CUdeviceptr data, uint64_t words, uint64_t seed)
{
	gpu_launch(gpu, gpu->fill, (void *[]){ &data, &words, &seed });
}

static void mix(struct gpu *gpu, CUdeviceptr to, CUdeviceptr from,
		CUdeviceptr weights, uint64_t words)
{
	gpu_launch(gpu, gpu->mix, (void *[]){ &to, &from, &weights, &words });
}

/* The words at @data folded into one: into SLOTS on the GPU, the rest here. */
static uint64_t reduce(struct gpu *gpu, struct network *network, CUdeviceptr data)
{
	static uint64_t sums[SLOTS];
	uint64_t slots = SLOTS, total = 0;

	gpu_launch(gpu, gpu->reduce,
		   (void *[]){ &network->sums, &slots, &data, &network->words });
	CHECK(gpu, cuMemcpyDtoH(sums, network->sums, sizeof(sums)));
	for (size_t i = 0; i < SLOTS; i++)
		total = total * 0x100000001b3u + sums[i];
	return total;
}

/* Takes the input through every layer; the result is one number. */
static uint64_t infer(struct gpu *gpu, struct network *network, uint64_t input)
{
	fill(gpu, network->activation[0], network->words, input);
	for (int i = 0; i < LAYERS; i++)
		mix(gpu, network->activation[(i + 1) % ACTIVATIONS],
		    network->activation[i % ACTIVATIONS], network->layer[i],
		    network->words);
	return reduce(gpu, network, network->activation[LAYERS % ACTIVATIONS]);
}

static void run(struct gpu *gpu, const struct settings *settings)
{
	struct network network;
	uint64_t checksum = 1;
	float elapsed;

	make_network(gpu, &network, settings->size);
	CHECK(gpu, cuCtxSynchronize());
	gpu_timer_start(gpu);
	/* Each pass starts from the result of the one before. */
	for (int i = 0; i < settings->passes; i++)
		checksum = infer(gpu, &network, checksum);
	elapsed = gpu_timer_stop(gpu);
	free_network(gpu, &network);
	printf("passes        %d\n", settings->passes);
	printf("milliseconds  %.3f\n", elapsed);
	printf("checksum      %016llx\n", (unsigned long long)checksum);
}

/* A size as "768m", "2g" or plain bytes. */
static size_t parse_size(const char *text)
{
	static const char units[] = "kmgt";
	const char *unit;
	char *end;
	size_t size = strtoull(text, &end, 10);

	if (end == text || *text == '-')
		errx(1, "--size %s: write for example 768m", text);
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if ((*end && !unit) || (unit && end[1]))
		errx(1, "--size %s: write for example 768m", text);
	if (unit)
		size <<= 10 * (unit - units + 1);
	if (size < BUFFERS * 4096)
		errx(1, "--size %s: too small, it takes 64k", text);
	return size;
}

static void parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "passes", required_argument, NULL, 'p' },
		{ "gpu", required_argument, NULL, 'g' },
		{ "info", no_argument, NULL, 'i' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			settings->size = parse_size(optarg);
		else if (option == 'p')
			settings->passes = atoi(optarg);
		else if (option == 'g')
			settings->gpu = atoi(optarg);
		else if (option == 'i')
			settings->info = 1;
		else
			exit(2);
	}
	if (optind < argc || settings->passes < 1 || settings->gpu < 0)
		errx(1, "usage: overflow [--size 768m] [--passes 4] [--gpu 0] [--info]");
}

static void print_info(struct gpu *gpu)
{
	struct gpu_rates rates;

	gpu_measure_rates(gpu, &rates);
	printf("memory        %zu\n", gpu->memory);
	printf("copy-gb/s     %.2f\n", rates.copy);
	printf("direct-gb/s   %.2f\n", rates.direct);
}

int main(int argc, char **argv)
{
	struct settings settings = { .size = (size_t)768 << 20, .passes = 4 };
	struct gpu gpu;

	parse(&settings, argc, argv);
	gpu_open(&gpu, settings.gpu);
	printf("gpu           %s\n", gpu.name);
	if (settings.info) {
		print_info(&gpu);
		return 0;
	}
	printf("bytes         %zu\n", settings.size / BUFFERS * BUFFERS);
	run(&gpu, &settings);
	return 0;
}
