/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the clock agree with the machine that was measured? Each row does on the
 * timeline what its measurement did on the hardware; docs/simulated-time.md
 * holds the same rows in words. Prints every row; fails on any that is off by
 * more than a tenth.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "row.h"

#define KIB 1024.0
#define MIB (1024.0 * KIB)
#define GIB (1024.0 * MIB)

static struct sim_clock *make_clock(const struct sim_profile *profile,
				    unsigned int devices)
{
	struct sim_clock *clock = sim_clock_create(profile, devices);

	if (!clock)
		abort();
	return clock;
}

static double rate(double bytes, uint64_t ns)
{
	return bytes / (double)ns;
}

static const struct sim_copy up_copy = { SIM_PINNED, SIM_VRAM, 0, 0 };
static const struct sim_copy down_copy = { SIM_VRAM, SIM_PINNED, 0, 0 };

static uint64_t copy(struct sim_clock *clock, struct sim_stream *stream,
		     struct sim_copy what, double bytes)
{
	what.bytes = (uint64_t)bytes;
	return sim_clock_copy(clock, stream, &what).end;
}

/* @a bytes in all in chunks of @b, one direction. */
static double chunks(const struct sim_profile *profile, struct sim_copy what,
		     double bytes, double chunk)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };
	unsigned int i;

	for (i = 0; i < bytes / chunk; i++)
		copy(clock, &stream, what, chunk);
	sim_clock_destroy(clock);
	return rate(bytes, stream.tail);
}

static double copy_up(const struct sim_profile *profile, double a, double b)
{
	return chunks(profile, up_copy, a, b);
}

static double copy_down(const struct sim_profile *profile, double a, double b)
{
	return chunks(profile, down_copy, a, b);
}

/* Both directions at once, @a bytes each way in chunks of @b. */
static double copy_both(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream up = { 0 }, down = { 0 };
	unsigned int i;

	for (i = 0; i < a / b; i++) {
		copy(clock, &up, up_copy, b);
		copy(clock, &down, down_copy, b);
	}
	sim_clock_destroy(clock);
	return rate(2 * a, up.tail > down.tail ? up.tail : down.tail);
}

static double run_kernel(const struct sim_profile *profile,
			 struct sim_kernel kernel, double bytes)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };
	struct sim_span span = sim_clock_kernel(clock, &stream, &kernel);

	sim_clock_destroy(clock);
	return rate(bytes, span.end - span.start);
}

static double zerocopy_read(const struct sim_profile *profile, double a, double b)
{
	return run_kernel(profile,
			  (struct sim_kernel){ .link_read = (uint64_t)a,
					       .gather = (uint64_t)b },
			  a);
}

static double zerocopy_write(const struct sim_profile *profile, double a, double b)
{
	return run_kernel(profile,
			  (struct sim_kernel){ .link_written = (uint64_t)a }, a);
}

/* A kernel reading @a bytes while the copy engine moves as many, by @b. */
static double zerocopy_beside_copy(const struct sim_profile *profile, double a,
				   double b)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream kernels = { 0 }, copies = { 0 };
	struct sim_kernel kernel = { .link_read = (uint64_t)b };
	unsigned int i;

	for (i = 0; i < a / b; i++) {
		sim_clock_kernel(clock, &kernels, &kernel);
		copy(clock, &copies, up_copy, b);
	}
	sim_clock_destroy(clock);
	return rate(2 * a, kernels.tail > copies.tail ? kernels.tail : copies.tail);
}

static double vram_read(const struct sim_profile *profile, double a, double b)
{
	return run_kernel(profile,
			  (struct sim_kernel){ .vram_read = (uint64_t)a }, a) /
	       1e3;
}

static double vram_copy(const struct sim_profile *profile, double a, double b)
{
	struct sim_copy inside = { SIM_VRAM, SIM_VRAM, 0, 0 };

	return 2 * chunks(profile, inside, a, a) / 1e3;
}

/* Matrix products: eight matrices of 8192 x 8192 bf16 */

#define SIDE	     8192
#define MATRICES     8
#define MATRIX_BYTES (2.0 * SIDE * SIDE)

static double gemms(const struct sim_profile *profile, double rows, int link)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };
	struct sim_kernel kernel =
		sim_kernel_gemm(profile, (uint64_t)rows, SIDE, SIDE, 2, link);
	int i;

	for (i = 0; i < MATRICES; i++)
		sim_clock_kernel(clock, &stream, &kernel);
	sim_clock_destroy(clock);
	return (double)stream.tail / 1e6;
}

static double gemm_vram(const struct sim_profile *profile, double a, double b)
{
	return gemms(profile, a, 0);
}

static double gemm_zerocopy(const struct sim_profile *profile, double a, double b)
{
	return gemms(profile, a, 1);
}

/*
 * Copy engine and kernels on streams of their own with two buffers: matrix i
 * goes up when the product that used its buffer, i - 2, has ended, and is used
 * when it is there.
 */
static double gemm_staged(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream copies = { 0 }, kernels = { 0 };
	struct sim_kernel kernel =
		sim_kernel_gemm(profile, (uint64_t)a, SIDE, SIDE, 2, 0);
	uint64_t buffer_free[2] = { 0, 0 };
	int i;

	for (i = 0; i < MATRICES; i++) {
		sim_stream_wait(&copies, buffer_free[i % 2]);
		sim_stream_wait(&kernels,
				copy(clock, &copies, up_copy, MATRIX_BYTES));
		buffer_free[i % 2] = sim_clock_kernel(clock, &kernels, &kernel).end;
	}
	sim_clock_destroy(clock);
	return (double)kernels.tail / 1e6;
}

/* Calls: @a is the call, @b bytes. */

static double call_us(const struct sim_profile *profile, double a, double b)
{
	return (double)sim_call_cost(profile, (enum sim_call)a, (uint64_t)b) / 1e3;
}

static double call_rate(const struct sim_profile *profile, double a, double b)
{
	return rate(b, sim_call_cost(profile, (enum sim_call)a, (uint64_t)b));
}

/* Host memory and disk: @a threads or places, @b bytes. */

static double host_copy(const struct sim_profile *profile, int into,
			double threads, double bytes)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };

	sim_clock_host_copy(clock, &stream, into, (uint64_t)bytes,
			    (unsigned int)threads);
	sim_clock_destroy(clock);
	return rate(bytes, stream.tail);
}

static double memcpy_into(const struct sim_profile *profile, double a, double b)
{
	return host_copy(profile, 1, a, b);
}

static double memcpy_out(const struct sim_profile *profile, double a, double b)
{
	return host_copy(profile, 0, a, b);
}

static double pageable_up(const struct sim_profile *profile, double a, double b)
{
	struct sim_copy what = { SIM_PAGEABLE, SIM_VRAM, 0, 0 };

	return chunks(profile, what, a, b);
}

static double pageable_host(const struct sim_profile *profile, double a, double b)
{
	struct sim_copy what = { SIM_PAGEABLE, SIM_PINNED, 0, 0 };

	return chunks(profile, what, a, b);
}

static double pinned_host(const struct sim_profile *profile, double a, double b)
{
	struct sim_copy what = { SIM_PINNED, SIM_PINNED, 0, 0 };

	return chunks(profile, what, a, b);
}

static double disk_read(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };

	sim_clock_disk_read(clock, &stream, (uint64_t)a);
	sim_clock_destroy(clock);
	return rate(a, stream.tail);
}

static double disk_write(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 1);
	struct sim_stream stream = { 0 };

	sim_clock_disk_write(clock, &stream, (uint64_t)a);
	sim_clock_destroy(clock);
	return rate(a, stream.tail);
}

/* Two cards */

static double two_links(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 2);
	struct sim_stream first = { .device = 0 }, second = { .device = 1 };

	copy(clock, &first, up_copy, a);
	copy(clock, &second, up_copy, a);
	sim_clock_destroy(clock);
	return rate(2 * a, second.tail);
}

static double to_peer(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 2);
	struct sim_stream stream = { .device = 1 };
	struct sim_copy what = { SIM_VRAM, SIM_PEER, 0, .peer = 0 };

	copy(clock, &stream, what, a);
	sim_clock_destroy(clock);
	return rate(a, stream.tail);
}

/*
 * Host memory into card 0 over both links: every second chunk goes up the other
 * card's link into one of @b relay buffers there, and on from there.
 */
static double relay(const struct sim_profile *profile, double a, double b)
{
	struct sim_clock *clock = make_clock(profile, 2);
	struct sim_stream own = { .device = 0 };
	struct sim_stream up = { .device = 1 }, over = { .device = 1 };
	struct sim_copy to_peer_copy = { SIM_VRAM, SIM_PEER, 0, .peer = 0 };
	uint64_t relay_free[4] = { 0, 0, 0, 0 };
	int i;

	for (i = 0; i < 64; i++) {
		copy(clock, &own, up_copy, a);
		sim_stream_wait(&up, relay_free[i % 4]);
		sim_stream_wait(&over, copy(clock, &up, up_copy, a));
		relay_free[i % 4] = copy(clock, &over, to_peer_copy, a);
	}
	sim_clock_destroy(clock);
	return rate(2 * 64 * a, own.tail > over.tail ? own.tail : over.tail);
}

#define GBS "GB/s"

static const struct row rows[] = {
	{ "L1 up, 2 GiB", GBS, 55.3, 55.3, copy_up, 2 * GIB, 2 * GIB },
	{ "L1 down, 2 GiB", GBS, 55.3, 55.3, copy_down, 2 * GIB, 2 * GIB },
	{ "L1 both at once", GBS, 100, 101, copy_both, 2 * GIB, 64 * MIB },
	{ "L2 chunks of 2 MiB", GBS, 51.5, 51.5, copy_up, 2 * GIB, 2 * MIB },
	{ "L2 chunks of 8 MiB", GBS, 54.4, 54.4, copy_up, 2 * GIB, 8 * MIB },
	{ "L2 chunks of 32 MiB", GBS, 55.1, 55.1, copy_up, 2 * GIB, 32 * MIB },
	{ "L2 chunks of 64 MiB", GBS, 55.2, 55.2, copy_up, 2 * GIB, 64 * MIB },
	{ "L3 zero-copy read", GBS, 51.2, 51.2, zerocopy_read, 2 * GIB, 0 },
	{ "L4 zero-copy write", GBS, 52.5, 52.5, zerocopy_write, 2 * GIB, 0 },
	{ "L5 gather, rows of 512 B", GBS, 30, 30, zerocopy_read, GIB, 512 },
	{ "L5 gather, 2 KiB", GBS, 51, 51, zerocopy_read, GIB, 2 * KIB },
	{ "L5 gather, 8 KiB", GBS, 51, 51, zerocopy_read, GIB, 8 * KIB },
	{ "L6 zero-copy beside copies", GBS, 53, 53, zerocopy_beside_copy,
	  2 * GIB, 64 * MIB },
	{ "L7 device memory, read", "TB/s", 4.5, 4.5, vram_read, 8 * GIB, 0 },
	{ "L7 device memory, copy", "TB/s", 4.2, 4.2, vram_copy, 8 * GIB, 0 },

	{ "GEMM in VRAM, 1 row", "ms", 0.29, 0.29, gemm_vram, 1, 0 },
	{ "GEMM in VRAM, 16 rows", "ms", 0.29, 0.29, gemm_vram, 16, 0 },
	{ "GEMM in VRAM, 64 rows", "ms", 0.31, 0.31, gemm_vram, 64, 0 },
	{ "GEMM in VRAM, 256 rows", "ms", 0.37, 0.37, gemm_vram, 256, 0 },
	{ "GEMM in VRAM, 1024 rows", "ms", 1.23, 1.23, gemm_vram, 1024, 0 },
	{ "GEMM in VRAM, 4096 rows", "ms", 4.85, 4.85, gemm_vram, 4096, 0 },
	{ "GEMM zero-copy, 1 row", "ms", 21.0, 21.0, gemm_zerocopy, 1, 0 },
	{ "GEMM zero-copy, 16 rows", "ms", 21.1, 21.1, gemm_zerocopy, 16, 0 },
	{ "GEMM zero-copy, 64 rows", "ms", 21.9, 21.9, gemm_zerocopy, 64, 0 },
	{ "GEMM zero-copy, 256 rows", "ms", 42.0, 42.0, gemm_zerocopy, 256, 0 },
	{ "GEMM zero-copy, 1024 rows", "ms", 84.0, 84.0, gemm_zerocopy, 1024, 0 },
	{ "GEMM zero-copy, 4096 rows", "ms", 335, 335, gemm_zerocopy, 4096, 0 },
	{ "GEMM staged, 1 row", "ms", 19.5, 19.5, gemm_staged, 1, 0 },
	{ "GEMM staged, 16 rows", "ms", 19.5, 19.5, gemm_staged, 16, 0 },
	{ "GEMM staged, 64 rows", "ms", 19.5, 19.5, gemm_staged, 64, 0 },
	{ "GEMM staged, 256 rows", "ms", 19.5, 19.5, gemm_staged, 256, 0 },
	{ "GEMM staged, 1024 rows", "ms", 19.6, 19.6, gemm_staged, 1024, 0 },
	{ "GEMM staged, 4096 rows", "ms", 20.1, 20.1, gemm_staged, 4096, 0 },

#define CALL(name, us, call, mib)                                              \
	{                                                                      \
		name, "us", us, us, call_us, SIM_CALL_##call, (mib)*MIB        \
	}
	CALL("V4 create, 2 MiB", 15, DEVICE_CREATE, 2),
	CALL("V4 map, 2 MiB", 2, DEVICE_MAP, 2),
	CALL("V4 set access, 2 MiB", 36, DEVICE_ACCESS, 2),
	CALL("V4 unmap, 2 MiB", 22, DEVICE_UNMAP, 2),
	CALL("V4 release, 2 MiB", 17, DEVICE_RELEASE, 2),
	CALL("V4 create, 64 MiB", 19, DEVICE_CREATE, 64),
	CALL("V4 map, 64 MiB", 1, DEVICE_MAP, 64),
	CALL("V4 set access, 64 MiB", 36, DEVICE_ACCESS, 64),
	CALL("V4 unmap, 64 MiB", 23, DEVICE_UNMAP, 64),
	CALL("V4 release, 64 MiB", 53, DEVICE_RELEASE, 64),
	CALL("V4 set access, 32 handles at once", 36, DEVICE_ACCESS, 32 * 64),
	CALL("V5 create, 2 MiB", 547, HOST_CREATE, 2),
	CALL("V5 map, 2 MiB", 3, HOST_MAP, 2),
	CALL("V5 set access, 2 MiB", 77, HOST_ACCESS, 2),
	CALL("V5 unmap, 2 MiB", 48, HOST_UNMAP, 2),
	CALL("V5 release, 2 MiB", 88, HOST_RELEASE, 2),
	CALL("V5 create, 64 MiB", 15800, HOST_CREATE, 64),
	CALL("V5 map, 64 MiB", 4, HOST_MAP, 64),
	CALL("V5 set access, 64 MiB", 850, HOST_ACCESS, 64),
	CALL("V5 unmap, 64 MiB", 190, HOST_UNMAP, 64),
	CALL("V5 release, 64 MiB", 1900, HOST_RELEASE, 64),
	{ "V5 creation on one thread, 32 MiB", GBS, 2.6, 4.8, call_rate,
	  SIM_CALL_HOST_CREATE, 32 * MIB },

	{ "H3 register, 4 KiB pages", GBS, 22, 29, call_rate,
	  SIM_CALL_REGISTER_4K, GIB },
	{ "H3 register, THP", GBS, 51, 55, call_rate, SIM_CALL_REGISTER_THP, GIB },
	{ "H3 register, hugetlb", GBS, 50, 50, call_rate,
	  SIM_CALL_REGISTER_HUGETLB, GIB },
	{ "H4 cuMemHostAlloc", GBS, 1.5, 2.6, call_rate, SIM_CALL_HOST_ALLOC, GIB },
	{ "H5 memcpy into, 1 thread", GBS, 8.8, 8.8, memcpy_into, 1, GIB },
	{ "H5 memcpy into, 4 threads", GBS, 31, 31, memcpy_into, 4, GIB },
	{ "H5 memcpy into, 16 threads", GBS, 60, 60, memcpy_into, 16, GIB },
	{ "H5 memcpy out of, 1 thread", GBS, 6.4, 6.4, memcpy_out, 1, GIB },
	{ "H5 memcpy out of, 16 threads", GBS, 60, 60, memcpy_out, 16, GIB },
	{ "H7 pageable to device", GBS, 7.0, 7.0, pageable_up, GIB, GIB },
	{ "H7 pageable to host handle", GBS, 6.8, 6.8, pageable_host, GIB, GIB },
	{ "H7 pinned to host handle", GBS, 6.1, 6.1, pinned_host, GIB, GIB },
	{ "H9 disk read", GBS, 1.6, 1.6, disk_read, GIB, 0 },
	{ "H9 disk write", GBS, 2.25, 2.25, disk_write, GIB, 0 },

	{ "M1 two links at once", GBS, 111, 111, two_links, 2 * GIB, 0 },
	{ "M2 over NVLink", GBS, 394, 394, to_peer, 2 * GIB, 0 },
	{ "M3 both links into one, 8 MiB", GBS, 108.6, 108.6, relay, 8 * MIB, 0 },
	{ "M3 both links into one, 32 MiB", GBS, 110.3, 110.3, relay, 32 * MIB, 0 },
	{ "M3 both links into one, 64 MiB", GBS, 110.4, 110.4, relay, 64 * MIB, 0 },
	{ 0 }
};

/* How far @got lies outside what was measured, as a share of it. */
static double deviation(const struct row *row, double got)
{
	if (got < row->low)
		return got / row->low - 1;
	if (got > row->high)
		return got / row->high - 1;
	return 0;
}

static bool check(const struct row *row, const struct sim_profile *profile)
{
	double got = row->model(profile, row->a, row->b);
	double off = deviation(row, got);
	bool good = off >= -TOLERANCE && off <= TOLERANCE;
	char measured[32];

	if (row->low == row->high)
		snprintf(measured, sizeof(measured), "%.5g", row->low);
	else
		snprintf(measured, sizeof(measured), "%.5g to %.5g", row->low,
			 row->high);
	printf("%-4s %-36s %-6s %18s %10.5g %+6.1f %%\n", good ? "ok" : "OFF",
	       row->name, row->unit, measured, got, off * 100);
	return good;
}

static int check_all(const struct row *row, const struct sim_profile *profile,
		     int *count)
{
	int bad = 0;

	for (; row->name; row++, ++*count)
		bad += !check(row, profile);
	return bad;
}

int main(void)
{
	struct sim_profile profile;
	char error[512];
	int count = 0, bad;

	if (sim_profile_load(&profile, "h200", error, sizeof(error))) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	printf("     %-36s %-6s %18s %10s\n", "row", "unit", "measured", "modelled");
	bad = check_all(rows, &profile, &count);
	bad += check_all(llama_rows, &profile, &count);
	printf("%d rows, %d off by more than %.0f %%\n", count, bad,
	       TOLERANCE * 100);
	return bad != 0;
}
