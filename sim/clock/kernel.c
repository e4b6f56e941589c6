/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels: a roofline over arithmetic, device memory and the link.
 */
#include "clock.h"

#include <assert.h>
#include <math.h>

#include "timeline.h"

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* ns of arithmetic on the share of the SMs that the kernel holds. */
static double arithmetic_ns(const struct sim_profile *profile,
			    const struct sim_kernel *kernel, double share)
{
	double matrix = kernel->matrix_flop / profile->matrix_tflop_per_s;
	double vector = kernel->vector_flop / profile->vector_tflop_per_s;

	return larger(matrix, vector) / (1e3 * share);
}

/*
 * A copy reads and writes every byte, and its rate counts both; what reading
 * alone does not explain of its time is the price of writing.
 */
static double vram_ns(const struct sim_profile *profile,
		      const struct sim_kernel *kernel)
{
	double read = 1.0 / profile->vram_read_gb_per_s;
	double write = larger(2.0 / profile->vram_copy_gb_per_s - read, read);

	return read * (double)kernel->vram_read +
	       write * (double)kernel->vram_written;
}

static double link_read_bytes(const struct sim_kernel *kernel)
{
	return (double)kernel->link_read * (kernel->passes ? kernel->passes : 1);
}

static double link_read_rate(const struct sim_profile *profile,
			     const struct sim_kernel *kernel)
{
	double rate = profile->zerocopy_read_gb_per_s;
	double rows;

	if (!kernel->gather)
		return rate;
	rows = sim_curve_rate(&profile->zerocopy_gather_gb_per_s,
			      (double)kernel->gather);
	return rows < rate ? rows : rate;
}

/*
 * Zero-copy fills the link at its own, lower rate: beside it the copy engine
 * gets what is left of the time, not of the bytes. That is what was measured
 * (53 GB/s in total from 55.3 and 51.2: their harmonic mean).
 */
static void use_link(struct sim_clock *clock, struct sim_device *device,
		     const struct sim_kernel *kernel, struct sim_demand *demand)
{
	const struct sim_profile *profile = &clock->profile;
	struct sim_usage *usage = &device->usage;
	struct sim_ledger *resource = device->resource;
	double share = device->link_share;
	double read = link_read_bytes(kernel);
	double written = (double)kernel->link_written;
	double up = sim_ns(read, link_read_rate(profile, kernel) * share);
	double down = sim_ns(written, profile->zerocopy_write_gb_per_s * share);

	sim_demand_flow(demand, &resource[SIM_LINK_UP], up);
	sim_demand_flow(demand, &resource[SIM_LINK_DOWN], down);
	sim_demand_flow(demand, &resource[SIM_LINK_BOTH],
			(up * profile->link_up_gb_per_s +
			 down * profile->link_down_gb_per_s) /
				profile->link_duplex_gb_per_s);
	sim_demand_flow(demand, &clock->host[SIM_RAM_BUS],
			sim_ns(read + written, profile->ram_gb_per_s));
	usage->link_up_bytes += (uint64_t)read;
	usage->link_down_bytes += (uint64_t)written;
	usage->link_up_ns += (uint64_t)up;
	usage->link_down_ns += (uint64_t)down;
}

struct sim_span sim_clock_kernel(struct sim_clock *clock, struct sim_stream *stream,
				 const struct sim_kernel *kernel)
{
	bool part = kernel->sm_share > 0.0 && kernel->sm_share < 1.0;
	double share = part ? kernel->sm_share : 1.0;
	struct sim_demand demand = { 0 };
	struct sim_device *device;
	struct sim_span span;

	assert(stream->device < clock->devices);
	device = &clock->device[stream->device];
	demand.floor_ns = arithmetic_ns(&clock->profile, kernel, share);
	sim_demand_hold(&demand, &device->resource[SIM_SM], share);
	sim_demand_flow(&demand, &device->resource[SIM_VRAM_BUS],
			vram_ns(&clock->profile, kernel));
	use_link(clock, device, kernel, &demand);
	demand.floor_ns += clock->profile.kernel_fixed_us * 1e3;
	span = sim_demand_place(&demand, stream);
	device->usage.vram_ns += (uint64_t)vram_ns(&clock->profile, kernel);
	device->usage.sm_ns += (uint64_t)((double)demand.progress_ns * share);
	return span;
}

struct sim_span sim_clock_memset(struct sim_clock *clock, struct sim_stream *stream,
				 enum sim_place place, uint64_t bytes)
{
	struct sim_kernel kernel = { 0 };

	if (place == SIM_VRAM)
		kernel.vram_written = bytes;
	else
		kernel.link_written = bytes;
	return sim_clock_kernel(clock, stream, &kernel);
}

/*
 * The choice of a tile's height. Tiles are 128 columns wide, as cuBLAS's bf16
 * kernels are; each takes time in proportion to its height, and as many run at
 * once as there are SMs. Taller tiles reuse more of what they load, so a smaller
 * one must finish earlier by a quarter to be taken: a product of 256 rows and
 * 8192 columns halves its time with tiles of 128 and takes them, one that would
 * gain a seventh from its last, half-empty round does not. This gives the 1, 1,
 * 1, 2, 4 and 16 passes that were measured for 1 to 4096 rows on 132 SMs.
 */
#define SMALL_TILE_GAIN 1.25
#define TILE_COLUMNS	128

static const unsigned int tile_rows[] = { 256, 128, 64 };

static double tiles(double size, unsigned int tile)
{
	return larger(ceil(size / tile), 1.0);
}

static double tiling_time(const struct sim_profile *profile, double rows,
			  double columns, unsigned int height)
{
	double count = tiles(rows, height) * tiles(columns, TILE_COLUMNS);

	return ceil(count / profile->sm_count) * height;
}

unsigned int sim_gemm_passes(const struct sim_profile *profile, uint64_t rows,
			     uint64_t columns)
{
	double best = INFINITY, passes;
	unsigned int height = 0, i;

	for (i = 0; i < sizeof(tile_rows) / sizeof(tile_rows[0]); i++) {
		double time = tiling_time(profile, (double)rows,
					  (double)columns, tile_rows[i]);

		if (time * SMALL_TILE_GAIN < best) {
			best = time;
			height = tile_rows[i];
		}
	}
	passes = tiles((double)rows, height);
	return passes < UINT32_MAX ? (unsigned int)passes : UINT32_MAX;
}

struct sim_kernel sim_kernel_gemm(const struct sim_profile *profile,
				  uint64_t rows, uint64_t columns, uint64_t depth,
				  unsigned int element, int link_weight)
{
	uint64_t weight = columns * depth * element;
	struct sim_kernel kernel = {
		.matrix_flop = 2.0 * (double)rows * (double)columns * (double)depth,
		.vram_read = rows * depth * element,
		.vram_written = rows * columns * element,
		.passes = sim_gemm_passes(profile, rows, columns),
	};

	if (link_weight)
		kernel.link_read = weight;
	else
		kernel.vram_read += weight;
	return kernel;
}
