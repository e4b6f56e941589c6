/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual clock of the simulated GPU: what would each operation have taken
 * on the machine that a profile describes? It executes nothing and waits for
 * nothing; it is told what happens and answers when that began and ended.
 * docs/simulated-time.md is the model and where its numbers come from.
 *
 * The nouns:
 *   host clock  what the program's thread believes the time is. Calls advance
 *               it by what they cost, synchronising calls to what they wait for.
 *   stream      a tail: the time when everything enqueued so far has ended. A
 *               plain struct that its owner keeps (a stream, an I/O queue).
 *   span        start and end of one operation.
 *
 * An operation starts no earlier than its stream's tail, takes from each
 * resource what earlier callers left of it, and moves the tail to its end.
 * Operations are served in the order of the calls; one that starts earlier
 * than those already placed still gets the gaps that they left. The same calls
 * in the same order give the same times, whatever the machine does meanwhile.
 *
 * Times are ns since sim_clock_create(), sizes are bytes. No function here
 * fails except create: a nonsensical size gives a long time, and an unknown
 * device is a caller's bug and asserts. The caller serialises: one lock around
 * a clock, its streams and all calls on them.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdint.h>

#include "profile.h"

struct sim_clock;

struct sim_span {
	uint64_t start, end;
};

struct sim_stream {
	unsigned int device;
	uint64_t tail;
};

/*
 * A clock at time 0 for @devices cards (at least 1) of the same kind in one
 * machine. Copies @profile. Returns NULL when out of memory; destroy takes NULL.
 */
struct sim_clock *sim_clock_create(const struct sim_profile *profile,
				   unsigned int devices);
void sim_clock_destroy(struct sim_clock *clock);

const struct sim_profile *sim_clock_profile(const struct sim_clock *clock);

/* The host */

uint64_t sim_clock_now(const struct sim_clock *clock);

/* The host works for @ns. */
void sim_clock_advance(struct sim_clock *clock, uint64_t ns);

/* The host waits until @time: of an event, of a stream's tail. */
void sim_clock_wait(struct sim_clock *clock, uint64_t time);

/* What a call costs its thread. Rows with a size take it in bytes, else 0. */
enum sim_call {
	SIM_CALL_QUERY,	  /* asks or sets something, whatever it is */
	SIM_CALL_ENQUEUE, /* launch, asynchronous copy, memset, event record */
	SIM_CALL_DEVICE_CREATE,
	SIM_CALL_DEVICE_MAP,
	SIM_CALL_DEVICE_ACCESS,
	SIM_CALL_DEVICE_UNMAP,
	SIM_CALL_DEVICE_RELEASE,
	SIM_CALL_HOST_CREATE,
	SIM_CALL_HOST_MAP,
	SIM_CALL_HOST_ACCESS,
	SIM_CALL_HOST_UNMAP,
	SIM_CALL_HOST_RELEASE,
	SIM_CALL_REGISTER_4K, /* cuMemHostRegister by the pages beneath */
	SIM_CALL_REGISTER_THP,
	SIM_CALL_REGISTER_HUGETLB,
	SIM_CALL_HOST_ALLOC, /* cuMemHostAlloc */
	SIM_CALL_COUNT,
};

/* The cost in ns. A cuMemAlloc is a create, a map and a set access. */
uint64_t sim_call_cost(const struct sim_profile *profile, enum sim_call call,
		       uint64_t bytes);

/* Advances the host clock by that cost. */
void sim_clock_call(struct sim_clock *clock, enum sim_call call, uint64_t bytes);

/* Streams */

/*
 * Nothing more on @stream begins before @time. To be called with the host clock
 * of the enqueueing call, and with the end of every event waited for.
 */
void sim_stream_wait(struct sim_stream *stream, uint64_t time);

/* Copies */

enum sim_place {
	SIM_VRAM,
	SIM_PINNED,   /* host handles, registered and cuMemHostAlloc memory */
	SIM_PAGEABLE, /* any other host memory */
	SIM_PEER,     /* device memory of sim_copy.peer; not of both ends */
};

struct sim_copy {
	enum sim_place from, to;
	uint64_t bytes;
	unsigned int peer; /* device index, where from or to is SIM_PEER */
};

/*
 * A copy on @stream by its device. Where one end is pageable, the driver does
 * not return before the end: let the host wait for it.
 */
struct sim_span sim_clock_copy(struct sim_clock *clock, struct sim_stream *stream,
			       const struct sim_copy *copy);

/* A memset; @place is SIM_VRAM or SIM_PINNED. */
struct sim_span sim_clock_memset(struct sim_clock *clock, struct sim_stream *stream,
				 enum sim_place place, uint64_t bytes);

/* Kernels */

/* What a kernel asks of the machine. Zero is a good value for every member. */
struct sim_kernel {
	double matrix_flop, vector_flop;  /* operations, in all */
	uint64_t vram_read, vram_written; /* bytes, re-reads counted */
	uint64_t link_read, link_written; /* bytes in host memory, once each */
	unsigned int passes; /* how often link_read is read; 0 is once */
	uint64_t gather;     /* bytes of each row of link_read, where rows are
				chosen at random; 0: they lie in order */
	double sm_share;     /* share of the SMs that it holds; 0 is all */
};

struct sim_span sim_clock_kernel(struct sim_clock *clock, struct sim_stream *stream,
				 const struct sim_kernel *kernel);

/*
 * The kernel of y = x W^T: @rows of x, @columns of y, @depth between them, with
 * elements of @element bytes. W lies in host memory where @link_weight is set,
 * all else in device memory. Sets passes by sim_gemm_passes().
 */
struct sim_kernel sim_kernel_gemm(const struct sim_profile *profile,
				  uint64_t rows, uint64_t columns, uint64_t depth,
				  unsigned int element, int link_weight);

/*
 * How often a matrix product of that shape reads W: once for each row of tiles,
 * whose height is the one that keeps the SMs busiest.
 */
unsigned int sim_gemm_passes(const struct sim_profile *profile, uint64_t rows,
			     uint64_t columns);

/* Host memory and disk: for streams that stand for a worker or an I/O queue */

/* memcpy by @threads threads into (or out of) pinned memory. */
struct sim_span sim_clock_host_copy(struct sim_clock *clock,
				    struct sim_stream *stream, int into,
				    uint64_t bytes, unsigned int threads);

struct sim_span sim_clock_disk_read(struct sim_clock *clock,
				    struct sim_stream *stream, uint64_t bytes);
struct sim_span sim_clock_disk_write(struct sim_clock *clock,
				     struct sim_stream *stream, uint64_t bytes);

/* Faults and facts */

/*
 * From now on @device's link gives @share (0 < share <= 1) of its rates: a card
 * in a narrower slot, a noisy neighbour. Holds for later calls only.
 */
void sim_clock_slow_link(struct sim_clock *clock, unsigned int device, double share);

/* Where time went, in bytes and in ns of a resource fully used. */
struct sim_usage {
	uint64_t link_up_bytes, link_down_bytes; /* crossed, re-reads counted */
	uint64_t link_up_ns, link_down_ns;
	uint64_t vram_ns;
	uint64_t sm_ns; /* SMs held, by all of a kernel's share alike */
};

/* What @device did since the clock was made. */
struct sim_usage sim_clock_usage(const struct sim_clock *clock, unsigned int device);

#endif
