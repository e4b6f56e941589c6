// SPDX-License-Identifier: GPL-2.0-only
#include "escape.h"

#include <string.h>

#include "../log.h"
#include "pass.h"

/*
 * Tables of addresses are small: 64 KiB name 8192 allocations. While memory is
 * short up to 1 MiB is looked through; that takes some 50 us, a third of what
 * the driver takes to copy as much from pageable memory (H7).
 */
#define ALWAYS (UINT64_C(64) << 10)
#define SHORT  (UINT64_C(1) << 20)

void gb_escape_word(uint64_t word, uint64_t stream)
{
	if (!gb_is_ours(word))
		return;
	if (gb_engine_enter_at_home(&word, 1)) {
		gb_log_once(GB_LOG_ERROR,
			    "memory that kernels may reach by an address in memory is on the NVMe disk: they will fail");
		return;
	}
	gb_staging_escape(word, stream);
	gb_gate_leave();
}

bool gb_escape_may_hold(uint64_t bytes)
{
	if (bytes <= ALWAYS)
		return bytes >= sizeof(uint64_t);
	return bytes <= SHORT &&
	       atomic_load_explicit(&gb_attention, memory_order_relaxed);
}

void gb_escape_scan(const void *from, uint64_t bytes, uint64_t stream)
{
	if (!gb_escape_may_hold(bytes) || !gb_process_is_on())
		return;
	for (uint64_t at = 0; at + 8 <= bytes; at += 8) {
		uint64_t word;

		memcpy(&word, (const char *)from + at, 8);
		gb_escape_word(word, stream);
	}
}
