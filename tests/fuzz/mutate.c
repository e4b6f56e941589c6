/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damages a target's samples and feeds them to it:
 *
 *	fuzz-TARGET SEED COUNT		inputs number SEED to SEED + COUNT - 1
 *	fuzz-TARGET --write FOLDER	writes the samples there, for libFuzzer
 *	fuzz-TARGET --input FILE	feeds it that file, as it is
 *
 * An input follows from its number alone. One that ends the program is named,
 *so that it can be had again: fuzz-TARGET NUMBER 1.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/* Twice the room of a sample: mutations insert. */
static uint8_t input[2 * FUZZ_ROOM];
static size_t size;
static uint64_t state;
static volatile unsigned long number; /* of the input that runs */

static size_t dice(size_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? state % below : 0;
}

/* Numbers at which parsers go wrong. */
static uint64_t edge(void)
{
	static const uint64_t edges[] = { 0,	      1,	  0x7f,
					  0x80,	      0xff,	  0xffff,
					  1u << 19,   0x7fffffff, 0x80000000,
					  UINT32_MAX, INT64_MAX,  UINT64_MAX };

	return edges[dice(sizeof(edges) / sizeof(edges[0]))];
}

static void flip(void)
{
	if (size)
		input[dice(size)] ^= (uint8_t)(1 << dice(8));
}

static void overwrite(void)
{
	uint64_t value = edge();
	size_t width = (size_t)1 << dice(4), at = dice(size) & ~(width - 1);

	if (at + width <= size)
		memcpy(input + at, &value, width);
}

/* As text, for those that parse text. */
static void overwrite_digits(void)
{
	char text[32];
	int length =
		snprintf(text, sizeof(text), "%llu", (unsigned long long)edge());
	size_t at = dice(size);

	while (at < size && (input[at] < '0' || input[at] > '9'))
		at++;
	if (at + (size_t)length <= size)
		memcpy(input + at, text, (size_t)length);
}

static void cut(void)
{
	size = dice(size + 1);
}

static void take_out(void)
{
	size_t at = dice(size), length = dice(size - at < 64 ? size - at : 64);

	memmove(input + at, input + at + length, size - at - length);
	size -= length;
}

/* A piece once more, somewhere else. */
static void repeat(void)
{
	size_t from = dice(size), to = dice(size + 1);
	size_t length = dice(size - from < 256 ? size - from : 256);
	uint8_t piece[256];

	if (size + length > sizeof(input))
		return;
	memcpy(piece, input + from, length);
	memmove(input + to + length, input + to, size - to);
	memcpy(input + to, piece, length);
	size += length;
}

static void scramble(void)
{
	for (size_t times = dice(16); times && size; times--)
		input[dice(size)] = (uint8_t)dice(256);
}

static void make_input(void)
{
	static void (*const kinds[])(
		void) = { flip,	    overwrite, overwrite_digits, cut,
			  take_out, repeat,    scramble };
	unsigned int samples = 0;

	while (fuzz_sample(samples, input))
		samples++;
	state = number * 0x9e3779b97f4a7c15u + 1;
	size = fuzz_sample((unsigned int)dice(samples), input);
	/* Most damage is slight: what is far from right is refused early. */
	for (size_t times = dice(dice(8) ? 3 : 20); times; times--)
		kinds[dice(sizeof(kinds) / sizeof(kinds[0]))]();
}

/* In a block of exactly its size, so that a sanitizer sees what reads beyond. */
static void feed(void)
{
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, input, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void tell(int signal_number)
{
	char text[64];
	int length =
		snprintf(text, sizeof(text), "fuzz: input number %lu\n", number);

	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		_exit(1);
	raise(signal_number);
}

static void watch_out(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM };
	struct sigaction action = { .sa_handler = tell,
				    .sa_flags = SA_RESETHAND | SA_NODEFER };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static int write_samples(const char *folder)
{
	char path[4096];

	for (unsigned int i = 0; (size = fuzz_sample(i, input)); i++) {
		FILE *out;

		snprintf(path, sizeof(path), "%s/sample-%u", folder, i);
		out = fopen(path, "w");
		if (!out || fwrite(input, size, 1, out) != 1 || fclose(out))
			return 1;
	}
	return 0;
}

static int feed_file(const char *path)
{
	FILE *in = fopen(path, "r");

	if (!in)
		return 1;
	size = fread(input, 1, sizeof(input), in);
	fclose(in);
	feed();
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count;

	if (argc != 3) {
		fprintf(stderr,
			"usage: %s SEED COUNT | --write FOLDER | --input FILE\n",
			argv[0]);
		return 2;
	}
	if (!strcmp(argv[1], "--write"))
		return write_samples(argv[2]);
	if (!strcmp(argv[1], "--input"))
		return feed_file(argv[2]);
	watch_out();
	number = strtoul(argv[1], NULL, 10);
	for (count = strtoul(argv[2], NULL, 10); count; count--, number++) {
		/* One that hangs is as bad as one that crashes. */
		alarm(20);
		make_input();
		feed();
	}
	return 0;
}
