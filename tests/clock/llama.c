/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end-to-end rows: a Llama-8B shape under PyTorch and transformers, with
 * 8.34 of its 15.0 GB in host memory, layer by layer on the timeline.
 *
 * Three figures about the framework, which no hardware profile can know, are
 * taken from the "all in VRAM" column, so that its three rows marked so agree
 * by construction; the other rows are predictions.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "row.h"

#define HIDDEN	       4096
#define INTERMEDIATE   14336
#define KV	       1024
#define LAYERS	       32
#define VOCABULARY     128256 /* one table for both ends: 15.0 GB in all */
#define ELEMENT	       2
#define OVERFLOW_BYTES 8.34e9

/*
 * Device memory that the unfused operations of a layer (norms, rotation,
 * activation, residuals) move for a token, read plus written. From prefill 8192
 * all in VRAM, 32 443 tokens/s, less its matrix products.
 */
#define EAGER_BYTES 1.70e6

/* Host time of one forward pass. From prefill 512 all in VRAM: 19 to 34 ms. */
#define FORWARD_NS 26.7e6

/*
 * Host time between the end of a decoded token and the next pass. From decode
 * all in VRAM, 20.5 tokens/s "host-bound": 48.8 ms less FORWARD_NS.
 */
#define TOKEN_NS 22.1e6

/*
 * The ring of device memory that staged matrices pass through: a sixteenth of
 * the 6 GB budget. What the measured run had is not on record: half as much
 * would cost prefill 8192 30 %, more would change no row by 5 %.
 */
#define RING_BYTES 384000000

enum place { IN_VRAM, ZEROCOPY, STAGED };

static const struct {
	uint64_t columns, depth;
} linears[] = {
	{ HIDDEN, HIDDEN },	  { KV, HIDDEN },
	{ KV, HIDDEN },		  { HIDDEN, HIDDEN },
	{ INTERMEDIATE, HIDDEN }, { INTERMEDIATE, HIDDEN },
	{ HIDDEN, INTERMEDIATE },
};

#define LINEARS (sizeof(linears) / sizeof(linears[0]))

#define MATRICES (LAYERS * LINEARS)

/* Matrices in the ring, the oldest leaves first. */
struct ring {
	unsigned int oldest, next;
	uint64_t used; /* bytes */
	struct {
		uint64_t bytes, free; /* from this time on it may leave */
	} matrix[MATRICES];
};

struct pass {
	struct sim_clock *clock;
	struct sim_stream compute, copies;
	struct ring ring;
	enum place place;
	uint64_t tokens, context; /* of all sequences; of each on average */
	double vram_left;	  /* for weights, bytes */
};

/* What was allocated first stays in VRAM, until that is full. */
static bool overflows(struct pass *pass, double bytes)
{
	if (pass->place == IN_VRAM)
		return false;
	if (pass->vram_left >= bytes) {
		pass->vram_left -= bytes;
		return false;
	}
	pass->vram_left = 0;
	return true;
}

/* When @bytes have found room in the ring. */
static uint64_t make_room(struct ring *ring, uint64_t bytes)
{
	uint64_t time = 0;

	for (; ring->used + bytes > RING_BYTES; ring->oldest++) {
		ring->used -= ring->matrix[ring->oldest].bytes;
		time = ring->matrix[ring->oldest].free;
	}
	ring->used += bytes;
	return time;
}

/* Copies a matrix into the ring as soon as the launch is known, uses it there. */
static void stage(struct pass *pass, uint64_t bytes, struct sim_kernel *gemm)
{
	struct sim_copy copy = { SIM_PINNED, SIM_VRAM, bytes, 0 };
	struct ring *ring = &pass->ring;

	sim_stream_wait(&pass->copies, sim_clock_now(pass->clock));
	sim_stream_wait(&pass->copies, make_room(ring, bytes));
	sim_clock_copy(pass->clock, &pass->copies, &copy);
	sim_stream_wait(&pass->compute, pass->copies.tail);
	ring->matrix[ring->next].bytes = bytes;
	ring->matrix[ring->next++].free =
		sim_clock_kernel(pass->clock, &pass->compute, gemm).end;
}

static void linear(struct pass *pass, uint64_t columns, uint64_t depth)
{
	uint64_t bytes = columns * depth * ELEMENT;
	bool far = overflows(pass, (double)bytes);
	struct sim_kernel gemm = sim_kernel_gemm(
		sim_clock_profile(pass->clock), pass->tokens, columns, depth,
		ELEMENT, far && pass->place == ZEROCOPY);

	if (far && pass->place == STAGED)
		stage(pass, bytes, &gemm);
	else
		sim_clock_kernel(pass->clock, &pass->compute, &gemm);
}

/* Attention, and all the small operations as one kernel's worth of traffic. */
static void rest_of_layer(struct pass *pass)
{
	double tokens = (double)pass->tokens;
	struct sim_kernel kernel = {
		.matrix_flop = 4.0 * HIDDEN * tokens * (double)pass->context,
	};

	sim_clock_kernel(pass->clock, &pass->compute, &kernel);
	kernel = (struct sim_kernel){
		.vram_read = (uint64_t)(EAGER_BYTES / 2 * tokens),
		.vram_written = (uint64_t)(EAGER_BYTES / 2 * tokens),
	};
	sim_clock_kernel(pass->clock, &pass->compute, &kernel);
}

/* One forward pass; the head works on one token of each of @sequences. */
static void forward(struct pass *pass, uint64_t sequences)
{
	struct sim_kernel head;
	unsigned int i, k;

	/* The table was allocated first: it is in VRAM. */
	overflows(pass, (double)VOCABULARY * HIDDEN * ELEMENT);
	for (i = 0; i < LAYERS; i++) {
		sim_clock_advance(pass->clock, (uint64_t)(FORWARD_NS / LAYERS));
		sim_stream_wait(&pass->compute, sim_clock_now(pass->clock));
		for (k = 0; k < LINEARS; k++)
			linear(pass, linears[k].columns, linears[k].depth);
		rest_of_layer(pass);
	}
	head = sim_kernel_gemm(sim_clock_profile(pass->clock), sequences,
			       VOCABULARY, HIDDEN, ELEMENT, 0);
	sim_clock_kernel(pass->clock, &pass->compute, &head);
	sim_clock_wait(pass->clock, pass->compute.tail);
}

static double total_bytes(void)
{
	double layer = 0;
	unsigned int k;

	for (k = 0; k < LINEARS; k++)
		layer += (double)(linears[k].columns * linears[k].depth);
	return ELEMENT * (LAYERS * layer + (double)VOCABULARY * HIDDEN);
}

/* Seconds of one pass. */
static double run(const struct sim_profile *profile, enum place place,
		  uint64_t tokens, uint64_t sequences, uint64_t context,
		  double after_ns)
{
	struct pass pass = { .clock = sim_clock_create(profile, 1),
			     .place = place,
			     .tokens = tokens,
			     .context = context,
			     .vram_left = total_bytes() - OVERFLOW_BYTES };
	double seconds;

	if (!pass.clock)
		abort();
	forward(&pass, sequences);
	sim_clock_advance(pass.clock, (uint64_t)after_ns);
	seconds = (double)sim_clock_now(pass.clock) / 1e9;
	sim_clock_destroy(pass.clock);
	return seconds;
}

/* Tokens a second: @a tokens of one prompt, weights at place @b. */
static double prefill(const struct sim_profile *profile, double a, double b)
{
	uint64_t tokens = (uint64_t)a;

	/* Causal: a token sees half of the others on average. */
	return a / run(profile, (enum place)b, tokens, 1, tokens / 2, 0);
}

/* Tokens a second in all: a batch of @a, weights at place @b. */
static double decode(const struct sim_profile *profile, double a, double b)
{
	uint64_t batch = (uint64_t)a;

	return a / run(profile, (enum place)b, batch, batch, 512, TOKEN_NS);
}

#define TS "tok/s"

const struct row llama_rows[] = {
	{ "prefill 8192 in VRAM (calibrates)", TS, 32443, 32443, prefill, 8192,
	  IN_VRAM },
	{ "prefill 2048 in VRAM", TS, 34077, 34077, prefill, 2048, IN_VRAM },
	{ "prefill 512 in VRAM (calibrates)", TS, 15045, 26484, prefill, 512,
	  IN_VRAM },
	{ "decode 1 in VRAM (calibrates)", TS, 20.5, 20.5, decode, 1, IN_VRAM },
	{ "prefill 8192 zero-copy", TS, 1544, 1544, prefill, 8192, ZEROCOPY },
	{ "prefill 2048 zero-copy", TS, 1531, 1531, prefill, 2048, ZEROCOPY },
	{ "prefill 512 zero-copy", TS, 1013, 1013, prefill, 512, ZEROCOPY },
	{ "decode 1 zero-copy", TS, 4.6, 4.6, decode, 1, ZEROCOPY },
	{ "decode 32 zero-copy", TS, 156, 156, decode, 32, ZEROCOPY },
	{ "prefill 8192 staged", TS, 32133, 32133, prefill, 8192, STAGED },
	{ "prefill 2048 staged", TS, 12137, 12137, prefill, 2048, STAGED },
	{ "prefill 512 staged", TS, 3154, 3154, prefill, 512, STAGED },
	{ "decode 1 staged", TS, 5.7, 5.7, decode, 1, STAGED },
	{ "decode 32 staged", TS, 188, 188, decode, 32, STAGED },
	{ 0 }
};
