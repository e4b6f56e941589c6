// SPDX-License-Identifier: GPL-2.0-only
#include "registered.h"

#include <errno.h>
#include <sys/mman.h>

#include "../log.h"

/* The address range as the arena's reservation had it. */
static void put_back_reservation(const struct gb_extent *extent)
{
	void *at = mmap((void *)extent->address, extent->bytes, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
			-1, 0);

	if (at == MAP_FAILED)
		gb_log_error("cannot give up %llu bytes of RAM at %#llx: %m",
			     (unsigned long long)extent->bytes,
			     (unsigned long long)extent->address);
}

int gb_registered_map(const struct gb_extent *extent, int flags, int fd)
{
	void *at = mmap((void *)extent->address, extent->bytes,
			PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	if (at == MAP_FAILED) {
		int error = errno == ENOMEM ? -ENOMEM : -EOPNOTSUPP;

		/* What was there may be gone before a file refuses. */
		put_back_reservation(extent);
		return error;
	}
	/*
	 * A fork would have to copy every private page at once, since the GPU's
	 * pin rules out sharing them, and shared memory would stay allocated for
	 * as long as the child lives. Core dumps need not hold model weights.
	 */
	madvise(at, extent->bytes, MADV_DONTFORK);
	madvise(at, extent->bytes, MADV_DONTDUMP);
	return 0;
}

int gb_registered_publish(struct gb_extent *extent, const struct gb_device *device)
{
	return gb_engine.driver->host_register(device->ordinal, extent->address,
					       extent->bytes);
}

int gb_registered_unpublish(struct gb_extent *extent)
{
	int error = gb_engine.driver->host_unregister(extent->address);

	/* Not registered yet is fine: publish may have failed. */
	if (!error || error == -ENOENT)
		return 0;
	gb_log_error("cannot unregister RAM at %#llx: %s",
		     (unsigned long long)extent->address, gb_error_text(error));
	return error;
}

int gb_registered_unmap(struct gb_extent *extent)
{
	int error = gb_registered_unpublish(extent);

	if (!error)
		put_back_reservation(extent);
	return error;
}
