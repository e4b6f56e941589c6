// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels. While nothing is pending and VRAM is not short a launch
 * costs a look at one word; else its parameters are searched for addresses of
 * ours, which says what the program works on. That only guides placement: any
 * launch may reach any memory by addresses that nobody sees, so everything is
 * backed before it runs.
 */
#include <errno.h>
#include <stdlib.h>

#include "parameters.h"
#include "pass.h"

/* A launch that takes the long way: what it names, and what is staged for it. */
struct staged_call {
	struct gb_parameters parameters;
	struct gb_stage_launch launch;
	bool begun;
	uint32_t devices; /* from gb_staging_access_all */
};

static void begin(struct staged_call *call)
{
	struct gb_parameters *parameters = &call->parameters;

	call->launch.words = parameters->words;
	call->launch.count = parameters->count;
	if (parameters->unseen)
		call->devices = gb_staging_access_all(call->launch.stream, false);
	else if (parameters->count)
		call->begun = gb_staging_begin(&call->launch);
	if (call->launch.stranded)
		return;
	for (uint32_t i = 0; !call->begun && i < parameters->count; i++)
		gb_engine_read_directly(parameters->words[i].address);
}

static void note_graph(const struct gb_parameters *parameters)
{
	if (!gb_driver_is_capturing())
		return;
	if (parameters->unseen)
		gb_engine_note_unseen_graph();
	for (uint32_t i = 0; i < parameters->count; i++)
		gb_engine_note_graph(&parameters->words[i].address, 1);
}

static int bring_home(const struct gb_parameters *parameters)
{
	uint64_t *addresses = calloc(parameters->count + 1, sizeof(*addresses));
	int error;

	if (!addresses)
		return -ENOMEM;
	for (uint32_t i = 0; i < parameters->count; i++)
		addresses[i] = parameters->words[i].address;
	error = gb_engine_bring_home(addresses, parameters->count);
	free(addresses);
	return error;
}

/*
 * Steps inside with all that the launch may reach in its place, on the NVMe
 * disk too as far as it can be used from there. On an error it is not inside.
 */
static int enter(struct staged_call *call)
{
	note_graph(&call->parameters);
	for (;;) {
		int error = call->parameters.unseen ? gb_engine_enter_all_home()
						    : gb_engine_enter();

		if (error)
			return error;
		begin(call);
		if (!call->launch.stranded)
			return 0;
		gb_gate_leave();
		error = bring_home(&call->parameters);
		if (error)
			return error;
	}
}

/*
 * The long way through the gate, for when something needs attention. Returns
 * inside, with the parameters to launch with, or the error that the launch is
 * to return.
 */
static __attribute__((noinline)) CUresult attend(struct staged_call **made,
						 CUfunction function,
						 uint64_t grid, uint64_t stream,
						 void ***values, void ***extra)
{
	struct staged_call *call = malloc(sizeof(*call));
	int device = gb_current_device();
	int error;

	gb_gate_leave();
	*made = NULL;
	if (!call)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*call = (struct staged_call){
		.launch = { .device = device,
			    .stream = stream,
			    .function = (uint64_t)function,
			    .grid = grid },
	};
	gb_engine_note_launch(device);
	gb_staging_prepare(device);
	gb_parameters_init(&call->parameters, function, *values, *extra);
	for (uint32_t i = 0; i < call->parameters.count; i++)
		gb_engine_name(call->parameters.words[i].address);
	error = enter(call);
	if (error) {
		gb_parameters_finish(&call->parameters);
		free(call);
		return gb_result(error);
	}
	gb_parameters_redirect(&call->parameters, values, extra);
	*made = call;
	return CUDA_SUCCESS;
}

static __attribute__((noinline)) void
attended(struct staged_call *call, CUresult rc, void ***values, void ***extra)
{
	if (call->begun)
		gb_staging_end(&call->launch, !rc);
	gb_staging_written_all(call->launch.stream, call->devices, false);
	*values = call->parameters.values;
	*extra = call->parameters.extra;
	gb_parameters_finish(&call->parameters);
	free(call);
}

/*
 * Every launch: in, the driver, out. The slow path only where it is needed: there
 * @values and @extra, variables of the hook's own, are others while @call runs.
 */
#define LAUNCH(function, grid, stream, values, extra, call)                      \
	({                                                                       \
		struct staged_call *attended_ = NULL;                            \
		CUresult launched_ = CUDA_SUCCESS;                               \
		if (__builtin_expect(gb_gate_enter() != 0, 0))                   \
			launched_ = attend(&attended_, function, grid, stream,   \
					   &values, &extra);                     \
		if (__builtin_expect(!launched_, 1)) {                           \
			launched_ = (call);                                      \
			if (__builtin_expect(attended_ != NULL, 0))              \
				attended(attended_, launched_, &values, &extra); \
			gb_gate_leave();                                         \
		}                                                                \
		launched_;                                                       \
	})

/* As LAUNCH, and once more with room made when VRAM was short. */
#define LAUNCH_RETRY(function, grid, stream, values, extra, call)              \
	GB_RETRY(LAUNCH(function, grid, stream, values, extra, call))

static uint64_t blocks_of(const CUlaunchConfig *config)
{
	if (!config)
		return 0;
	return (uint64_t)config->gridDimX * config->gridDimY * config->gridDimZ;
}

#define LAUNCH_HOOKS(suffix, null)                                                  \
	CUresult cuLaunchKernel##suffix(                                            \
		CUfunction function, unsigned int gx, unsigned int gy,              \
		unsigned int gz, unsigned int bx, unsigned int by,                  \
		unsigned int bz, unsigned int shared, CUstream stream,              \
		void **parameters, void **extra)                                    \
	{                                                                           \
		return LAUNCH_RETRY(function, (uint64_t)gx * gy * gz,               \
				    gb_stream(stream, null), parameters, extra,     \
				    GB_REAL(cuLaunchKernel##suffix)(                \
					    function, gx, gy, gz, bx, by, bz,       \
					    shared, stream, parameters, extra));    \
	}                                                                           \
                                                                                    \
	CUresult cuLaunchKernelEx##suffix(const CUlaunchConfig *config,             \
					  CUfunction function,                      \
					  void **parameters, void **extra)          \
	{                                                                           \
		CUstream stream = config ? config->hStream : NULL;                  \
		return LAUNCH_RETRY(function, blocks_of(config),                    \
				    gb_stream(stream, null), parameters, extra,     \
				    GB_REAL(cuLaunchKernelEx##suffix)(              \
					    config, function, parameters, extra));  \
	}                                                                           \
                                                                                    \
	CUresult cuLaunchCooperativeKernel##suffix(                                 \
		CUfunction function, unsigned int gx, unsigned int gy,              \
		unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz, \
		unsigned int shared, CUstream stream, void **parameters)            \
	{                                                                           \
		void **extra = NULL;                                                \
		return LAUNCH_RETRY(function, (uint64_t)gx * gy * gz,               \
				    gb_stream(stream, null), parameters, extra,     \
				    GB_REAL(cuLaunchCooperativeKernel##suffix)(     \
					    function, gx, gy, gz, bx, by, bz,       \
					    shared, stream, parameters));           \
	}

LAUNCH_HOOKS(, GB_LEGACY)
LAUNCH_HOOKS(_ptsz, GB_PER_THREAD)

static void access_all(const CUDA_LAUNCH_PARAMS *list, unsigned int count,
		       uint32_t *devices)
{
	for (unsigned int i = 0; i < count; i++)
		devices[i] = gb_staging_access_all(
			gb_stream(list[i].hStream, GB_LEGACY), false);
}

static void written_all(const CUDA_LAUNCH_PARAMS *list, unsigned int count,
			const uint32_t *devices)
{
	for (unsigned int i = 0; i < count; i++)
		gb_staging_written_all(gb_stream(list[i].hStream, GB_LEGACY),
				       devices[i], false);
}

/* They run on several devices: each stream's work may reach what any has. */
CUresult cuLaunchCooperativeKernelMultiDevice(CUDA_LAUNCH_PARAMS *list,
					      unsigned int count, unsigned int flags)
{
	unsigned int known = list ? count : 0;
	uint32_t *devices = calloc(known + 1, sizeof(*devices));
	CUresult rc;

	if (!devices)
		return CUDA_ERROR_OUT_OF_MEMORY;
	rc = GB_RETRY(GB_PASS_BY(
		gb_engine_enter_all_home, ({
			CUresult launched;

			access_all(list, known, devices);
			launched = GB_REAL(cuLaunchCooperativeKernelMultiDevice)(
				list, count, flags);
			written_all(list, known, devices);
			launched;
		})));
	free(devices);
	return rc;
}

/* Their parameters were handed over one by one, earlier. */
CUresult cuLaunch(CUfunction function)
{
	return GB_RETRY(GB_PASS_UNSEEN(gb_stream(NULL, GB_LEGACY),
				       GB_REAL(cuLaunch)(function)));
}

CUresult cuLaunchGrid(CUfunction function, int width, int height)
{
	return GB_RETRY(
		GB_PASS_UNSEEN(gb_stream(NULL, GB_LEGACY),
			       GB_REAL(cuLaunchGrid)(function, width, height)));
}

CUresult cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream)
{
	return GB_RETRY(GB_PASS_UNSEEN(
		gb_stream(stream, GB_LEGACY),
		GB_REAL(cuLaunchGridAsync)(function, width, height, stream)));
}
