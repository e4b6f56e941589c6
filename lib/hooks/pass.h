/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hooks share: where the program stands (device, context, stream), the way
 * through the gate, and the retry after out-of-memory.
 */
#ifndef GB_PASS_H
#define GB_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "../driver/cuda.h"
#include "../engine/arena.h"
#include "../engine/engine.h"
#include "../engine/gate.h"
#include "../interpose/hooks.h"
#include "../interpose/real.h"
#include "../process.h"
#include "../staging/staging.h"

/* Which default stream a NULL handle means: by the entry point's suffix. */
enum gb_default_stream {
	GB_LEGACY,     /* plain names */
	GB_PER_THREAD, /* _ptsz and _ptds twins */
};

/* The stream as the engine names it, never 0. */
static inline uint64_t gb_stream(CUstream stream, enum gb_default_stream null)
{
	if (stream)
		return (uint64_t)stream;
	return (uint64_t)(null == GB_LEGACY ? CU_STREAM_LEGACY
					    : CU_STREAM_PER_THREAD);
}

/* Is @address in an arena, live or not? */
static inline bool gb_is_ours(uint64_t address)
{
	return gb_arena_device(address) != NULL;
}

/* The device of the current context, or -1 where there is none. */
int gb_current_device(void);
/* The current context's handle as a number, 0 for none. */
uint64_t gb_current_context(void);

/*
 * What the program gets for an error of the engine's: the driver's own where
 * that has failed for good, which it then says of everything.
 */
CUresult gb_result(int error);

/*
 * A call that gives work to the GPU without naming arena memory that we could
 * see: through the gate, with everything backed. Yields the call's result.
 */
#define GB_PASS(call) GB_PASS_BY(gb_engine_enter, call)
#define GB_PASS_BY(enter, call)                                                \
	({                                                                     \
		CUresult passed_;                                              \
		int error_ = enter();                                          \
		if (error_) {                                                  \
			passed_ = gb_result(error_);                           \
		} else {                                                       \
			passed_ = (call);                                      \
			gb_gate_leave();                                       \
		}                                                              \
		passed_;                                                       \
	})

/*
 * The same for @stream's work that may reach any memory by ways that are not
 * seen: it finds everything at home. A graph's launch is such work, and more:
 * see gb_staging_access_all.
 */
#define GB_PASS_UNSEEN(stream, call)                                           \
	GB_PASS_ALL(gb_engine_enter_all_home, stream, false, call)
#define GB_PASS_GRAPH(stream, call)                                            \
	GB_PASS_ALL(gb_engine_enter_graph, stream, true, call)
#define GB_PASS_ALL(enter, stream, graph, call)                                \
	GB_PASS_BY(enter, ({                                                   \
			   uint32_t devices_ =                                 \
				   gb_staging_access_all(stream, graph);       \
			   CUresult unseen_ = (call);                          \
			   gb_staging_written_all(stream, devices_, graph);    \
			   unseen_;                                            \
		   }))

/* VRAM that is freed for a call of the driver's that ran out of it. */
#define GB_RETRY_ROOM ((uint64_t)256 << 20)

/*
 * Makes @bytes of room beyond what VRAM has physically left; false when nothing
 * could be moved.
 */
bool gb_retry_room(uint64_t bytes);

/* A call that may need VRAM of its own: once more, with room made, on failure. */
#define GB_RETRY(call)                                                         \
	({                                                                     \
		CUresult rc_ = (call);                                         \
		if (__builtin_expect(rc_ == CUDA_ERROR_OUT_OF_MEMORY, 0) &&    \
		    gb_retry_room(GB_RETRY_ROOM))                              \
			rc_ = (call);                                          \
		rc_;                                                           \
	})

#endif
