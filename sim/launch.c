/* SPDX-License-Identifier: GPL-2.0-only */
/* Launches: every call packs the parameters and makes one kind of work. */
#include "launch.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "sim.h"

#define THREADS_PER_BLOCK 1024
#define GRID_YZ_MAX	  65535

/* The launch as the host function sees it; room for SIM_PARAMETERS pointers. */
static struct gb_launch launch_of(const struct sim_kernel_work *kernel,
				  void **parameters)
{
	const struct sim_entry *entry = kernel->function->entry;

	for (unsigned int i = 0; i < entry->count; i++)
		parameters[i] = kernel->parameters + entry->offset[i];
	return (struct gb_launch){
		.grid = { kernel->grid[0], kernel->grid[1], kernel->grid[2] },
		.block = { kernel->block[0], kernel->block[1], kernel->block[2] },
		.shared_bytes = kernel->shared_bytes,
		.count = entry->count,
		.parameters = parameters,
	};
}

static enum sim_run kernel_run(struct sim_work *work, struct sim_op *op)
{
	struct sim_kernel_work *kernel = (struct sim_kernel_work *)work;
	void *parameters[SIM_PARAMETERS];
	struct gb_launch launch;

	/* A graph may outlive the modules of its kernels. */
	if (!sim_function(kernel->function))
		return SIM_RUN_FAULTED;
	launch = launch_of(kernel, parameters);
	kernel->function->code->run(&launch);
	return SIM_RUN_DONE;
}

/* Adds the part of a range that lies in each kind of memory. */
static void spend_range(struct sim_kernel *spent, const struct gb_range *range)
{
	uint64_t at = (uint64_t)range->at, end = at + range->bytes, next;
	unsigned int passes = range->passes ? range->passes : 1;

	for (; at < end; at = next) {
		struct sim_region *region = sim_region_find(at);

		next = region ? region->range.base + region->range.size : end;
		if (next > end)
			next = end;
		if (region && region->device && range->written)
			spent->vram_written += next - at;
		else if (region && region->device)
			spent->vram_read += (next - at) * passes;
		else if (range->written)
			spent->link_written += next - at;
		else
			spent->link_read += next - at;
		if ((!region || !region->device) && !range->written) {
			if (passes > spent->passes)
				spent->passes = passes;
			spent->gather = range->gather;
		}
	}
}

static void kernel_spend(struct sim_work *work, struct sim_stream *time)
{
	struct sim_kernel_work *kernel = (struct sim_kernel_work *)work;
	void *parameters[SIM_PARAMETERS];
	struct gb_launch launch = launch_of(kernel, parameters);
	struct sim_kernel spent = { 0 };
	struct gb_cost cost = { 0 };

	if (kernel->function->cost)
		kernel->function->cost(&launch, &cost);
	spent.matrix_flop = cost.matrix_flop;
	spent.vector_flop = cost.vector_flop;
	for (unsigned int i = 0; i < cost.count; i++)
		spend_range(&spent, &cost.range[i]);
	sim_clock_kernel(sim.clock, time, &spent);
}

static void kernel_destroy(struct sim_work *work)
{
	free(((struct sim_kernel_work *)work)->parameters);
}

const struct sim_work_kind sim_kernel_kind = {
	.name = "kernel",
	.run = kernel_run,
	.destroy = kernel_destroy,
	.spend = kernel_spend,
};

static bool is_shape(const unsigned int *grid, const unsigned int *block)
{
	uint64_t threads = (uint64_t)block[0] * block[1] * block[2];

	return grid[0] && grid[1] && grid[2] && threads &&
	       grid[0] <= INT32_MAX && grid[1] <= GRID_YZ_MAX &&
	       grid[2] <= GRID_YZ_MAX && block[0] <= 1024 && block[1] <= 1024 &&
	       block[2] <= 64 && threads <= THREADS_PER_BLOCK;
}

/* The packed block and its size out of an `extra` list. */
static bool read_extra(void **extra, void **block, size_t *bytes)
{
	*block = NULL;
	*bytes = 0;
	for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
		if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
			*block = extra[1];
		else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
			*bytes = *(size_t *)extra[1];
		else
			return false;
	}
	return *block != NULL;
}

/* Copies the parameters into a block laid out as the entry wants it. */
static CUresult pack(const struct sim_entry *entry, void **parameters,
		     void **extra, unsigned char **out)
{
	unsigned char *block;
	size_t bytes;
	void *given;

	if (parameters && extra)
		return CUDA_ERROR_INVALID_VALUE;
	block = sim_alloc(entry->bytes);
	*out = block;
	if (extra) {
		if (!read_extra(extra, &given, &bytes) || bytes < entry->bytes)
			goto err_free;
		memcpy(block, given, entry->bytes);
		return CUDA_SUCCESS;
	}
	for (unsigned int i = 0; i < entry->count; i++) {
		if (!parameters || !parameters[i])
			goto err_free;
		memcpy(block + entry->offset[i], parameters[i], entry->size[i]);
	}
	return CUDA_SUCCESS;

err_free:
	free(block);
	return CUDA_ERROR_INVALID_VALUE;
}

static bool is_runnable(const struct CUfunc_st *function)
{
	const struct sim_entry *entry = function->entry;

	if (function->code && function->code->count == entry->count)
		return true;
	if (!function->code)
		sim_log("kernel %s has no host function sim_kernel_%s",
			entry->name, entry->name);
	else
		sim_log("kernel %s takes %u parameters, its host function %u",
			entry->name, entry->count, function->code->count);
	return false;
}

CUresult sim_kernel_create(const struct sim_kernel_shape *shape,
			   void **parameters, void **extra, struct sim_work **out)
{
	struct CUfunc_st *function = sim_function(shape->function);
	struct sim_kernel_work *kernel;
	unsigned char *block;
	CUresult rc;

	if (!function)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!is_shape(shape->grid, shape->block))
		return CUDA_ERROR_INVALID_VALUE;
	if (!is_runnable(function))
		return CUDA_ERROR_NOT_SUPPORTED;
	rc = pack(function->entry, parameters, extra, &block);
	if (rc)
		return rc;
	kernel = sim_work_create(&sim_kernel_kind, sizeof(*kernel));
	kernel->function = function;
	memcpy(kernel->grid, shape->grid, sizeof(kernel->grid));
	memcpy(kernel->block, shape->block, sizeof(kernel->block));
	kernel->shared_bytes = shape->shared_bytes;
	kernel->parameters = block;
	kernel->work.blocks = function->code->flags & GB_KERNEL_MAY_WAIT;
	*out = &kernel->work;
	return CUDA_SUCCESS;
}

static CUresult launch(const struct sim_kernel_shape *shape, CUstream handle,
		       void **parameters, void **extra)
{
	struct CUstream_st *stream;
	struct sim_work *work;
	CUresult rc = sim_stream(handle, &stream);

	if (!rc)
		rc = sim_kernel_create(shape, parameters, extra, &work);
	return rc ? rc : sim_submit(stream, work);
}

SIM_API_PT(cuLaunchKernel, _ptsz, 0,
	   (CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
	    unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared,
	    CUstream stream, void **parameters, void **extra),
	   (f, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra))
{
	struct sim_kernel_shape shape = { f, { gx, gy, gz }, { bx, by, bz }, shared };

	return launch(&shape, stream, parameters, extra);
}

SIM_API_PT(cuLaunchKernelEx, _ptsz, 0,
	   (const CUlaunchConfig *config, CUfunction f, void **parameters,
	    void **extra),
	   (config, f, parameters, extra))
{
	struct sim_kernel_shape shape;

	if (!config || (config->numAttrs && !config->attrs))
		return CUDA_ERROR_INVALID_VALUE;
	shape = (struct sim_kernel_shape){
		.function = f,
		.grid = { config->gridDimX, config->gridDimY, config->gridDimZ },
		.block = { config->blockDimX, config->blockDimY, config->blockDimZ },
		.shared_bytes = config->sharedMemBytes,
	};
	return launch(&shape, config->hStream, parameters, extra);
}

SIM_API_PT(cuLaunchCooperativeKernel, _ptsz, 0,
	   (CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
	    unsigned int bx, unsigned int by, unsigned int bz,
	    unsigned int shared, CUstream stream, void **parameters),
	   (f, gx, gy, gz, bx, by, bz, shared, stream, parameters))
{
	struct sim_kernel_shape shape = { f, { gx, gy, gz }, { bx, by, bz }, shared };

	return launch(&shape, stream, parameters, NULL);
}

SIM_API(cuLaunchCooperativeKernelMultiDevice, 0,
	(CUDA_LAUNCH_PARAMS * list, unsigned int count, unsigned int flags),
	(list, count, flags))
{
	CUresult rc = CUDA_SUCCESS;

	if (!list || !count || flags > 3)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; !rc && i < count; i++) {
		CUDA_LAUNCH_PARAMS *p = &list[i];
		struct sim_kernel_shape shape = {
			.function = p->function,
			.grid = { p->gridDimX, p->gridDimY, p->gridDimZ },
			.block = { p->blockDimX, p->blockDimY, p->blockDimZ },
			.shared_bytes = p->sharedMemBytes,
		};

		rc = launch(&shape, p->hStream, p->kernelParams, NULL);
	}
	return rc;
}
