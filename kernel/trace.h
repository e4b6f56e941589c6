/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace points: greenboost:greenboost_alloc and its fellows. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM greenboost

#if !defined(GB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define GB_TRACE_H

#include <linux/tracepoint.h>

/* The layout of trace events is the kernel's own. */
/* clang-format off */

TRACE_EVENT(greenboost_alloc,
	TP_PROTO(u64 id, u64 bytes, u64 small_bytes, u32 flags, int node,
		 u64 used),
	TP_ARGS(id, bytes, small_bytes, flags, node, used),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u64, small_bytes)
		__field(u64, used)
		__field(u32, flags)
		__field(int, node)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->bytes = bytes;
		__entry->small_bytes = small_bytes;
		__entry->used = used;
		__entry->flags = flags;
		__entry->node = node;
	),
	TP_printk("id=%llu bytes=%llu small=%llu flags=%#x node=%d used=%llu",
		  __entry->id, __entry->bytes, __entry->small_bytes,
		  __entry->flags, __entry->node, __entry->used)
);

TRACE_EVENT(greenboost_refuse,
	TP_PROTO(u64 bytes, u32 flags, int node, int err),
	TP_ARGS(bytes, flags, node, err),
	TP_STRUCT__entry(
		__field(u64, bytes)
		__field(u32, flags)
		__field(int, node)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->bytes = bytes;
		__entry->flags = flags;
		__entry->node = node;
		__entry->err = err;
	),
	TP_printk("bytes=%llu flags=%#x node=%d err=%d",
		  __entry->bytes, __entry->flags, __entry->node, __entry->err)
);

TRACE_EVENT(greenboost_free,
	TP_PROTO(u64 id, u64 bytes, u64 used),
	TP_ARGS(id, bytes, used),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, bytes)
		__field(u64, used)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->bytes = bytes;
		__entry->used = used;
	),
	TP_printk("id=%llu bytes=%llu used=%llu",
		  __entry->id, __entry->bytes, __entry->used)
);

TRACE_EVENT(greenboost_level,
	TP_PROTO(u32 from, u32 to, u32 causes, u64 available),
	TP_ARGS(from, to, causes, available),
	TP_STRUCT__entry(
		__field(u32, from)
		__field(u32, to)
		__field(u32, causes)
		__field(u64, available)
	),
	TP_fast_assign(
		__entry->from = from;
		__entry->to = to;
		__entry->causes = causes;
		__entry->available = available;
	),
	TP_printk("from=%u to=%u causes=%#x available=%llu",
		  __entry->from, __entry->to, __entry->causes,
		  __entry->available)
);

TRACE_EVENT(greenboost_reserve,
	TP_PROTO(long granules, u64 bytes),
	TP_ARGS(granules, bytes),
	TP_STRUCT__entry(
		__field(long, granules)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->granules = granules;
		__entry->bytes = bytes;
	),
	TP_printk("granules=%ld bytes=%llu", __entry->granules, __entry->bytes)
);

/* clang-format on */

#endif /* GB_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
