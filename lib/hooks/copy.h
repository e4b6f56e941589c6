/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What copies and memsets share. A copy whose operands are not ours goes to the
 * driver as it came. Else: its ends are checked against the allocations, what
 * it touches is backed, and since the driver refuses one call that crosses the
 * border of memory in RAM (tier.h), it is issued in as many parts as it has
 * such borders: one, nearly always.
 */
#ifndef GB_COPY_H
#define GB_COPY_H

#include "pass.h"

/* A copy to another place, or within one: 0 names memory that is not a range. */
static inline bool gb_copy_is_ours(uint64_t to, uint64_t from)
{
	return gb_is_ours(to) || gb_is_ours(from);
}

/*
 * Before the driver sees a range: INVALID_VALUE where an arena address is not
 * allocated or the range leaves its allocation, as the driver says of its own;
 * else it is backed. A range outside the arenas is fine.
 */
CUresult gb_copy_prepare(uint64_t address, uint64_t bytes, enum gb_touch touch);

/* Where work of a stream is about to happen, and what it reads and writes. */
struct gb_copy_ends {
	uint64_t to, from; /* 0 for an end that is no range */
	uint64_t stream;   /* as the engine names it */
	bool writing;	   /* gb_copy_enter's: gb_staging_written must follow */
};

/*
 * Both ends, of @bytes each, and in through the gate: what the copy finds at
 * home is up to date. Inside only on success.
 */
CUresult gb_copy_enter(struct gb_copy_ends *ends, uint64_t bytes,
		       enum gb_touch written);
/* The second half of it, for ranges that have been prepared. */
CUresult gb_copy_enter_prepared(struct gb_copy_ends *ends);
/* After the driver has been given the copy: out. */
void gb_copy_leave(const struct gb_copy_ends *ends);

/* How far the driver gets from here in one call; inside the gate. */
static inline uint64_t gb_copy_part(uint64_t to, uint64_t from, uint64_t bytes)
{
	return gb_min(gb_engine_span(to, bytes), gb_engine_span(from, bytes));
}

/*
 * The linear copy of @bytes_ from @from_ to @to_ as work of @stream_: @call is
 * made for each part, with AT its offset and PART its size. Yields the first
 * error.
 */
#define GB_COPY(to_, from_, bytes_, written_, stream_, call)                     \
	({                                                                       \
		struct gb_copy_ends ends_ = { to_, from_, stream_, false };      \
		uint64_t AT = 0, PART = (bytes_), all_ = (bytes_);               \
		CUresult rc_;                                                    \
		if (!all_ || !gb_copy_is_ours(ends_.to, ends_.from)) {           \
			rc_ = (call);                                            \
		} else if (!(rc_ = gb_copy_enter(&ends_, all_, written_))) {     \
			for (; !rc_ && AT < all_; AT += PART) {                  \
				PART = gb_copy_part(ends_.to + AT,               \
						    ends_.from + AT, all_ - AT); \
				rc_ = (call);                                    \
			}                                                        \
			gb_copy_leave(&ends_);                                   \
		}                                                                \
		rc_;                                                             \
	})

#endif
