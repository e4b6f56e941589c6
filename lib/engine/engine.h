/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine, as the hooks see it: memory that lies in VRAM or in RAM behind
 * addresses that stay. Speaks of devices by ordinal, addresses and bytes; knows
 * no CUDA type and no symbol.
 *
 * Any thread may call anything here, but not from inside the gate (gate.h)
 * unless a function says so: most may have to move memory. Functions that
 * command return 0 or -errno: -ENOMEM, -EINVAL (not one of our addresses, or
 * not the right one), -EIO (the device is lost), -EBUSY.
 */
#ifndef GB_ENGINE_H
#define GB_ENGINE_H

#include "types.h"

struct gb_engine_setup {
	const struct gb_driver_ops *driver;
	int device_count;
	uint64_t vram; /* budget a device in bytes, or GB_SIZE_AUTO */
	uint64_t ram;  /* budget in bytes, resolved */
	const struct gb_pool_ops *pool; /* the kernel module's, or NULL */
	uint64_t nvme; /* what the store that is open may hold (tier/nvme.h) */
	/*
	 * RAM that the machine has left, UINT64_MAX where that cannot be told;
	 * or NULL: nobody asks (pressure.h).
	 */
	uint64_t (*ram_left)(void);
	uint64_t reserve; /* VRAM left to the driver, or GB_SIZE_AUTO */
	uint64_t staging; /* VRAM a device for it, GB_SIZE_AUTO, or 0: off */
	bool verify;	  /* staged copies against their homes */
	unsigned int threads;	/* that copy and touch memory */
	struct gb_stats *stats; /* page to keep up to date; outlives the engine */
};

/* Once, before anything else here. Touches no device. */
void gb_engine_init(const struct gb_engine_setup *setup);
/* Gives every allocation back and forgets the devices: for tests. */
void gb_engine_finish(void);
/* In the child of a fork: forget everything, touch nothing. */
void gb_engine_fork_child(void);

/*
 * Makes a device ready (arena, budget) on its first use. Returns NULL where
 * that fails, and tries anew at the next call.
 */
struct gb_device *gb_engine_device(int ordinal);

/*
 * Allocates @size bytes for @device: backed by VRAM at once while that has room
 * within its budget, else pending until the first touch. @context and @pool are
 * remembered for queries. -ENOMEM when the budgets do not hold it.
 */
int gb_engine_allocate(int device, uint64_t size, uint64_t context,
		       uint64_t pool, uint64_t *address);

/*
 * Frees the allocation at @address, which must be its base: waits, as the
 * driver does, until no work uses it. -EINVAL for any other address of an arena.
 * While a stream is being captured the memory is taken back later instead.
 */
int gb_engine_free(uint64_t address);
/*
 * Frees it for the program now, and takes the memory back once @ticket has
 * passed. The engine owns the ticket from here on, also on failure.
 */
int gb_engine_free_after(uint64_t address, gb_ticket ticket);

/* Frees all that was allocated in @context (or, with 0, on the device). */
void gb_engine_free_context(int device, uint64_t context);

/*
 * What a context has of the engine's: of a device's oldest the streams that
 * stage its memory, and the registrations of that; of the oldest of all the
 * pinned buffers.
 */
enum gb_holds {
	GB_HOLDS_STAGING = 1u << 0,
	GB_HOLDS_BUFFERS = 1u << 1,
};

/*
 * @context of @device may be about to end, and its work is done: gives back
 * whatever the engine has in it, with homes of staged memory up to date. Its
 * own memory is freed once it has ended (gb_engine_free_context). What is
 * needed again is made again, in a context that the driver offers for it.
 */
void gb_engine_leave_context(int device, uint64_t context, unsigned int holds);
/*
 * The same where it has ended already, unforeseen: nothing that was in it is
 * named to the driver, and its own memory is freed too.
 */
void gb_engine_lose_context(int device, uint64_t context, unsigned int holds);
/* Registers what lies in RAM anew, in the context that is @device's oldest now. */
void gb_engine_republish(int device);

/* What a touch says about the memory. */
enum gb_touch {
	GB_TOUCH_READ,	 /* read by a copy */
	GB_TOUCH_UPLOAD, /* written from host memory */
	GB_TOUCH_WORK,	 /* a launch names it, a memset or copy fills it */
};

/*
 * Notes that the program is about to touch the allocation behind @address, and
 * backs it if it is pending. Addresses that are not ours are fine.
 */
int gb_engine_touch(uint64_t address, enum gb_touch touch);

/* Notes that a launch names @address; backs nothing. May be called inside. */
void gb_engine_name(uint64_t address);

/* What of the allocation at @address lies in RAM is read there, it is guessed. */
void gb_engine_read_directly(uint64_t address);

/* One more launch on @device, and what it named before with gb_engine_name. */
void gb_engine_note_launch(int device);

/* Backs whatever is pending, and waits for a mover to be done. */
int gb_engine_settle(void);

/*
 * Settles and steps inside the gate, as often as it takes: on return 0 nothing
 * is pending, nothing moves, and the caller leaves with gb_gate_leave. On an
 * error it is not inside.
 */
int gb_engine_enter(void);
/*
 * The same for work that reaches nothing but what has been touched, as copies
 * and memsets do: waits for movers alone, and leaves pending what is.
 */
void gb_engine_enter_touched(void);

/*
 * The same for work that reaches @addresses, which have been touched: what of
 * them is away comes home, and on return 0 the caller is inside.
 */
int gb_engine_enter_at_home(const uint64_t *addresses, uint32_t count);
/* gb_engine_enter for work that may reach any memory: all of it is at home. */
int gb_engine_enter_all_home(void);
/*
 * Work that names @addresses is about to become part of a graph: once they are
 * at home they stay there. The second is for graphs that may name any memory:
 * everything is at home then before a graph is launched, for which
 * gb_engine_enter_graph is the way in. Any thread, inside the gate or not.
 */
void gb_engine_note_graph(const uint64_t *addresses, uint32_t count);
void gb_engine_note_unseen_graph(void);
int gb_engine_enter_graph(void);
/*
 * A graph is about to be given one copy or memset of @bytes from @address on.
 * It cannot be cut later, so what of it crosses the borders of extents in VRAM
 * does not move to where the driver refuses that (tier.h: bordered). Any
 * thread, not from inside the gate; before gb_engine_span is asked.
 */
void gb_engine_hold(uint64_t address, uint64_t bytes);
/* Brings home what of @addresses is away. Not from inside the gate. */
int gb_engine_bring_home(const uint64_t *addresses, uint32_t count);

/*
 * Uploads @bytes from host memory that the program may change as soon as the
 * call is back. Returns 1 when that is done or under way in @stream's order, 0
 * when the driver should do it (small, not ours, or a stream in capture), or
 * -errno. @stream as in driver.h.
 */
int gb_engine_upload(uint64_t to, const void *from, uint64_t bytes, uint64_t stream);

/*
 * How many of @bytes from @address on the driver takes in one copy or memset
 * (tier.h: bordered); @bytes for memory that is not ours. Only inside the gate.
 */
uint64_t gb_engine_span(uint64_t address, uint64_t bytes);

/*
 * The program is about to take @bytes of VRAM past the arena (small buffers,
 * pools, its own handles): makes room for it within the budget. -ENOMEM when
 * there is none to make.
 */
int gb_engine_make_room(int device, uint64_t bytes);
/* Has the RAM budget room for @bytes that the program pins? */
bool gb_engine_has_ram(uint64_t bytes);
/* Would that need no memory to move? */
bool gb_engine_has_room(int device, uint64_t bytes);
/*
 * The driver ran out of VRAM that the budget thought was there: moves @bytes of
 * the arena out. 0 when at least some could be moved.
 */
int gb_engine_give_way(int device, uint64_t bytes);
/* It took them, or (negative) gave them back. */
void gb_engine_count_direct(int device, int64_t bytes);
/* The same for RAM that the program pins itself. */
void gb_engine_count_ram(int64_t bytes);

/* Pins the allocation in VRAM for good. -ENOMEM where that does not hold it. */
int gb_engine_pin(uint64_t address);

/*
 * Lets device @user use the memory of device @owner, or no longer: now and for
 * allocations to come.
 */
int gb_engine_share(int owner, int user, bool on);

/*
 * The program waits, and the device may be idle: puts right what lies in the
 * wrong tier, within a few milliseconds.
 */
void gb_engine_idle(int device);

/*
 * What the program is told (GB_REPORT_EXTENDED): both tiers together. The total
 * is the same from the first call on, also before the device is ready;
 * @physical is the card's. Free is the most that an allocation could get.
 */
uint64_t gb_engine_total(uint64_t physical);
void gb_engine_memory(int device, uint64_t *free, uint64_t *total);

/* A consistent copy of what queries ask about an allocation. */
struct gb_view {
	int device;
	uint64_t address, size, bytes, id, context, pool;
	bool pinned, sync_memops;
};
/* -EINVAL when @address lies in no live allocation (its end does not count). */
int gb_engine_view(uint64_t address, struct gb_view *view);
int gb_engine_set_sync_memops(uint64_t address, bool on);

#endif
