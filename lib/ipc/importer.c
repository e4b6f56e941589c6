// SPDX-License-Identifier: GPL-2.0-only
/* The side that gets the memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../engine/share.h"
#include "../log.h"
#include "channel.h"
#include "exporter.h"

/*
 * An exporter that moves memory cannot look up what is asked for, and says so
 * every second: it is alive, and its GPU may have seconds of work to finish
 * first.
 */
#define PATIENCE_SECONDS 60

/* What has come of an allocation so far. */
struct arrival {
	int channel;
	struct gb_import *imports;
	uint32_t count, total;
	time_t give_up;
};

bool gb_ipc_is_handle(const unsigned char *bytes)
{
	uint64_t magic;

	memcpy(&magic, bytes, sizeof(magic));
	return magic == GB_IPC_MAGIC;
}

static bool is_sound(const struct gb_ipc_handle *handle)
{
	return handle->magic == GB_IPC_MAGIC &&
	       handle->version == GB_IPC_VERSION && handle->size &&
	       handle->size <= UINT64_MAX - GB_GRANULE && !handle->unused;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Takes over one descriptor. */
static int take_extent(struct arrival *arrival, int fd, uint64_t bytes, bool on_host)
{
	struct gb_import *import = &arrival->imports[arrival->count];
	int error = gb_engine.driver->memory_import(fd, &import->handle);

	close(fd);
	if (error)
		return error;
	import->bytes = bytes;
	import->on_host = on_host;
	arrival->count++;
	return 0;
}

/* Room for all records, once the first reply has said how many there are. */
static int expect(struct arrival *arrival, uint32_t total, uint64_t size)
{
	if (arrival->total)
		return total == arrival->total ? 0 : -EPROTO;
	if (!total || total > size / GB_GRANULE + 1)
		return -EPROTO;
	arrival->imports = calloc(total, sizeof(*arrival->imports));
	if (!arrival->imports)
		return -ENOMEM;
	arrival->total = total;
	return 0;
}

static int unpack(struct arrival *arrival, const struct gb_ipc_reply *reply,
		  const int *fds, uint64_t size)
{
	int error = expect(arrival, reply->total, size);

	if (!error && reply->count > arrival->total - arrival->count)
		error = -EPROTO;
	for (uint32_t i = 0; i < reply->count; i++) {
		if (error)
			close(fds[i]);
		else
			error = take_extent(arrival, fds[i], reply->extent[i].bytes,
					    reply->extent[i].on_host != 0);
	}
	return error;
}

/* One question, and what its reply brings. */
static int ask(struct arrival *arrival, const struct gb_ipc_handle *handle)
{
	const struct gb_ipc_request request = {
		.version = GB_IPC_VERSION,
		.first = arrival->count,
		.origin = handle->origin,
	};
	struct gb_ipc_reply reply;
	int fds[GB_IPC_BATCH];
	uint32_t count;
	int error;

	error = gb_ipc_send(arrival->channel, &request, sizeof(request), NULL, 0);
	if (!error)
		error = gb_ipc_receive(arrival->channel, &reply, sizeof(reply),
				       fds, GB_IPC_BATCH, &count);
	if (error)
		return error;
	if (!reply.error && (reply.count != count || !count))
		reply.error = -EPROTO;
	if (!reply.error)
		return unpack(arrival, &reply, fds, handle->size);
	while (count > 0)
		close(fds[--count]);
	if (reply.error == -EAGAIN && now() < arrival->give_up)
		return 0;
	return reply.error;
}

static int fetch(struct arrival *arrival, const struct gb_ipc_handle *handle)
{
	int error = 0;

	arrival->give_up = now() + PATIENCE_SECONDS;
	arrival->channel = gb_ipc_connect(handle->door);
	if (arrival->channel < 0)
		return arrival->channel;
	while (!error && (!arrival->total || arrival->count < arrival->total))
		error = ask(arrival, handle);
	close(arrival->channel);
	return error;
}

static void discard(struct arrival *arrival)
{
	while (arrival->count > 0)
		gb_engine.driver->memory_release(
			arrival->imports[--arrival->count].handle);
	free(arrival->imports);
}

/* Why it failed is for the log; the program hears what CUDA would say. */
static int explain(const struct gb_ipc_handle *handle, int error)
{
	gb_log_warn("cannot get the memory that process %u shares: %s",
		    handle->pid, strerror(-error));
	return error == -ENOMEM || error == -EMFILE ? error : -EINVAL;
}

int gb_ipc_open(const unsigned char *bytes, int device, uint64_t context,
		uint64_t *address)
{
	struct arrival arrival = { 0 };
	struct gb_ipc_handle handle;
	int error;

	memcpy(&handle, bytes, sizeof(handle));
	if (!is_sound(&handle))
		return -EINVAL;
	if (gb_ipc_is_own(&handle.origin))
		return -EXDEV;
	if (!gb_engine_reopen(device, &handle.origin, address))
		return 0;
	error = fetch(&arrival, &handle);
	if (error) {
		discard(&arrival);
		return explain(&handle, error);
	}
	error = gb_engine_import(device, context, &handle.origin, handle.size,
				 arrival.imports, arrival.count, address);
	free(arrival.imports);
	return error ? explain(&handle, error) : 0;
}
