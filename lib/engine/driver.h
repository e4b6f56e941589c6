/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The GPU as the engine and the tiers see it: one table of operations. The only
 * implementation that talks to CUDA is lib/driver/; unit tests bring their own.
 *
 * All operations
 *   - return 0 or a negative errno: -ENOMEM (out of the memory asked for),
 *     -EINVAL, -EOPNOTSUPP, -EBUSY (not now: see drain), -EIO (the device or
 * its context is lost), -ESHUTDOWN (the driver is being torn down);
 *   - may be called from any thread, with any or no context current, and leave
 *     the calling thread's context and capture mode as they found them;
 *   - never call back into the engine.
 *
 * Addresses are device addresses, which are also host addresses of this process
 * wherever an operation says so. Sizes and addresses of whole extents are
 * multiples of the granule.
 */
#ifndef GB_DRIVER_H
#define GB_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

/* What gb_driver_ops.memory_create is asked for beside a device's own memory. */
#define GB_ON_HOST (-1)

/*
 * A point in one stream's work, as a ticket that can be waited for. Zero is the
 * ticket of nothing, which has passed.
 */
typedef uint64_t gb_ticket;

/* What a stream is doing, as a launch needs to know it. */
struct gb_stream_state {
	uint64_t context; /* its own, as a number: handles 1 and 2 are one in each */
	uint64_t capture; /* number of the capture it is in, 0 for none */
};

enum gb_reconcile_what {
	GB_RECONCILE_LEARN, /* enter the hashes of the copy's pages */
	GB_RECONCILE_CARRY, /* copy home pages whose hash differs, enter the new one */
	GB_RECONCILE_VERIFY, /* compare the copy with its home, byte for byte */
};

/* Pages that are hashed as one, and carried home whole. */
#define GB_PAGE_SHIFT 16
#define GB_PAGE	      (UINT64_C(1) << GB_PAGE_SHIFT)

/*
 * Memory that a job reports in: pinned, of this process, and zeroed by whoever
 * hands it in. Written by the device as pages are found; right once the job has
 * passed.
 */
struct gb_verdict {
	uint32_t pages; /* how many were carried home, or (VERIFY) differ */
	uint32_t first; /* one more than the lowest of them; 0 while there is none */
};

/* A staged copy and its home (lib/gpu/reconcile.c does the work). */
struct gb_reconcile {
	enum gb_reconcile_what what;
	uint64_t copy, home; /* of the first page; multiples of GB_PAGE */
	uint64_t hashes;     /* device memory, uint64_t a page */
	struct gb_verdict *verdict; /* from host_alloc, or NULL; LEARN has none */
	uint32_t pages;
};

struct gb_driver_ops {
	/* Reserves addresses, aligned to the granule, at @wanted if possible. */
	int (*address_reserve)(uint64_t bytes, uint64_t wanted, uint64_t *address);
	void (*address_free)(uint64_t address, uint64_t bytes);

	/*
	 * Makes physical memory on @device, or on the host's NUMA node nearest
	 * to it for GB_ON_HOST (then @near names the device). Exportable as a
	 * file descriptor. The caller owns the handle.
	 */
	int (*memory_create)(int device, int near, uint64_t bytes, uint64_t *handle);
	void (*memory_release)(uint64_t handle);

	/* Maps a whole handle; usable only after memory_access. */
	int (*memory_map)(uint64_t address, uint64_t bytes, uint64_t handle);
	/* Does not wait for anything that uses the range: the caller must have. */
	int (*memory_unmap)(uint64_t address, uint64_t bytes);
	/*
	 * Lets every device in @devices (bit n is device n) read and write the
	 * mapped range, and the CPU too if @cpu (host memory only).
	 */
	int (*memory_access)(uint64_t address, uint64_t bytes, uint32_t devices,
			     bool cpu);
	/* A new descriptor for the handle, owned by the caller. */
	int (*memory_export)(uint64_t handle, int *fd);
	/*
	 * A handle to the memory behind such a descriptor, of this process or
	 * another. The descriptor stays the caller's.
	 */
	int (*memory_import)(int fd, uint64_t *handle);

	/*
	 * Pins host memory of this process at @address and maps it for all
	 * devices at the same address (measured: H1). -EOPNOTSUPP where the
	 * device address would differ. It ends with the context that it was
	 * made in, which is @device's oldest: see gb_engine_republish.
	 */
	int (*host_register)(int device, uint64_t address, uint64_t bytes);
	int (*host_unregister)(uint64_t address);
	/* Pinned host memory for transfers, anywhere. */
	int (*host_alloc)(uint64_t bytes, void **memory);
	void (*host_free)(void *memory);

	/* Free and total VRAM of the card, in bytes, of all processes. */
	int (*memory_info)(int device, uint64_t *free, uint64_t *total);

	/*
	 * Waits until all work given to @device by this process is done.
	 * -EBUSY, without waiting, while a stream of it is being captured:
	 * waiting would break the capture.
	 * -EAGAIN where it cannot be told what to wait for.
	 */
	int (*drain)(int device);
	/* Copies by copy engine on a stream of its own, and waits for it. */
	int (*copy)(int device, uint64_t to, uint64_t from, uint64_t bytes);

	/*
	 * Streams are the program's handles as numbers, where 1 and 2 name the
	 * legacy and the per-thread default stream (never 0). A stream that is
	 * being captured gives -EBUSY and is left alone.
	 *
	 * send: copies from pinned memory to @to as @stream's next work.
	 * mark: a ticket for all that @stream has been given so far.
	 */
	int (*send)(uint64_t stream, uint64_t to, const void *pinned,
		    uint64_t bytes);
	int (*mark)(uint64_t stream, gb_ticket *ticket);
	/* 1 when the work behind it is done, 0 when not, or -errno. */
	int (*ticket_passed)(gb_ticket ticket);
	/* Waits for it. */
	int (*ticket_wait)(gb_ticket ticket);
	void (*ticket_drop)(gb_ticket ticket);

	/*
	 * For staging. None of these waits for the GPU, unless a queue of the
	 * driver's is full. Given a stream that is being captured they become
	 * part of the capture.
	 *
	 * stream_create: a stream of the engine's own in @device's oldest
	 * context, before the program's in priority and not ordered with the
	 * default stream. It ends with that context (gb_engine_leave_context).
	 * stream_state: -EINVAL for a handle that is none.
	 * ticket_create: a ticket that is recorded in @stream again and again;
	 * until then it has passed. With @timed it can tell the time.
	 * stream_wait: what @stream is given from now on waits for the ticket
	 * as last recorded. ticket_elapsed: nanoseconds between two that have
	 * passed. stream_copy: between any device or registered addresses; a
	 * border of registered memory within (tier.h: bordered) gives -EINVAL.
	 * reconcile: see gb_reconcile. The first on a context loads a module.
	 * reconcile_prepare: does that loading, for the context of @stream.
	 */
	int (*stream_create)(int device, uint64_t *stream);
	void (*stream_destroy)(uint64_t stream);
	int (*stream_state)(uint64_t stream, struct gb_stream_state *state);
	int (*stream_wait)(uint64_t stream, gb_ticket ticket);
	int (*stream_copy)(uint64_t stream, uint64_t to, uint64_t from,
			   uint64_t bytes);
	int (*ticket_create)(uint64_t stream, bool timed, gb_ticket *ticket);
	int (*ticket_record)(gb_ticket ticket, uint64_t stream);
	int (*ticket_elapsed)(gb_ticket from, gb_ticket to, uint64_t *ns);
	int (*reconcile_prepare)(uint64_t stream);
	int (*reconcile)(uint64_t stream, const struct gb_reconcile *job);
};

#endif
