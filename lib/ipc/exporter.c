// SPDX-License-Identifier: GPL-2.0-only
/* The side that has the memory: its handles, and the threads behind them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../engine/share.h"
#include "../log.h"
#include "channel.h"
#include "exporter.h"

static struct {
	pthread_mutex_t lock; /* guards the others */
	int listener; /* -1: nobody listens, and the rest means nothing */
	uint64_t door;
	uint64_t secret[2]; /* this process's gb_origin.process */
} exporter = { .lock = PTHREAD_MUTEX_INITIALIZER, .listener = -1 };

static bool is_secret(const uint64_t *process)
{
	bool is;

	pthread_mutex_lock(&exporter.lock);
	is = exporter.listener >= 0 &&
	     !memcmp(process, exporter.secret, sizeof(exporter.secret));
	pthread_mutex_unlock(&exporter.lock);
	return is;
}

bool gb_ipc_is_own(const struct gb_origin *origin)
{
	return is_secret(origin->process);
}

/* What @request asks for; the descriptors in @fds are the caller's. */
static void find(const struct gb_ipc_request *request,
		 struct gb_ipc_reply *reply, int *fds)
{
	struct gb_export exports[GB_IPC_BATCH];
	int count;

	if (request->version != GB_IPC_VERSION ||
	    !is_secret(request->origin.process)) {
		reply->error = -EACCES;
		return;
	}
	count = gb_engine_export_extents(request->origin.id, request->first,
					 exports, GB_IPC_BATCH, &reply->total);
	if (count < 0) {
		reply->error = count;
		return;
	}
	reply->count = (uint32_t)count;
	for (int i = 0; i < count; i++) {
		reply->extent[i].bytes = exports[i].bytes;
		reply->extent[i].on_host = exports[i].on_host;
		fds[i] = exports[i].fd;
	}
}

static int answer(int channel, const struct gb_ipc_request *request)
{
	struct gb_ipc_reply reply = { 0 };
	int fds[GB_IPC_BATCH] = { 0 };
	int error;

	find(request, &reply, fds);
	error = gb_ipc_send(channel, &reply, sizeof(reply), fds, reply.count);
	for (uint32_t i = 0; i < reply.count; i++)
		close(fds[i]);
	return error ? error : reply.error;
}

/* All that one importer asks for, until it hangs up or is refused. */
static void *serve(void *argument)
{
	int channel = (int)(intptr_t)argument;
	struct gb_ipc_request request = { 0 };
	uint32_t none;
	int error = 0;

	while (!error || error == -EAGAIN) {
		error = gb_ipc_receive(channel, &request, sizeof(request), NULL,
				       0, &none);
		if (!error)
			error = answer(channel, &request);
	}
	close(channel);
	return NULL;
}

static int start_thread(void *(*run)(void *), int fd)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, run, (void *)(intptr_t)fd);

	if (!error)
		pthread_detach(thread);
	return -error;
}

static bool is_passing(int error)
{
	return error == -EPERM || error == -EINTR || error == -ECONNABORTED;
}

/*
 * Each importer has a thread, so that one which is stopped holds up no other.
 * Ends when the socket does.
 */
static void *listen_for_importers(void *argument)
{
	int listener = (int)(intptr_t)argument;

	for (;;) {
		int channel = gb_ipc_accept(listener);

		if (channel >= 0 && start_thread(serve, channel))
			close(channel);
		else if (channel == -EMFILE || channel == -ENFILE ||
			 channel == -ENOMEM)
			usleep(10000); /* until the program has closed some */
		else if (channel < 0 && !is_passing(channel))
			break;
	}
	pthread_mutex_lock(&exporter.lock);
	if (exporter.listener == listener)
		exporter.listener = -1;
	pthread_mutex_unlock(&exporter.lock);
	return NULL;
}

/* Signals are for the program's own threads. */
static int start_listening(int listener)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = start_thread(listen_for_importers, listener);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static int open_door(void)
{
	uint64_t random[3];
	int listener, error;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	exporter.door = random[0];
	exporter.secret[0] = random[1];
	exporter.secret[1] = random[2];
	listener = gb_ipc_listen(exporter.door);
	if (listener < 0)
		return listener;
	error = start_listening(listener);
	if (error)
		close(listener);
	else
		exporter.listener = listener;
	return error;
}

/* Fills in what all handles of this process share. */
static int sign(struct gb_ipc_handle *handle)
{
	int error = 0;

	pthread_mutex_lock(&exporter.lock);
	if (exporter.listener < 0)
		error = open_door();
	if (!error) {
		handle->door = exporter.door;
		memcpy(handle->origin.process, exporter.secret,
		       sizeof(exporter.secret));
	}
	pthread_mutex_unlock(&exporter.lock);
	return error;
}

int gb_ipc_export(uint64_t address, unsigned char *bytes)
{
	struct gb_ipc_handle handle = {
		.magic = GB_IPC_MAGIC,
		.version = GB_IPC_VERSION,
		.pid = (uint32_t)getpid(),
	};
	int error;

	error = gb_engine_export(address, &handle.origin.id, &handle.size);
	if (!error)
		error = sign(&handle);
	if (!error)
		memcpy(bytes, &handle, sizeof(handle));
	else if (error != -EINVAL) /* which is the program's mistake */
		gb_log_warn("cannot share memory with other processes: %s",
			    strerror(-error));
	return error;
}

void gb_ipc_stop(void)
{
	pthread_mutex_lock(&exporter.lock);
	if (exporter.listener >= 0)
		shutdown(exporter.listener, SHUT_RDWR);
	exporter.listener = -1;
	pthread_mutex_unlock(&exporter.lock);
}

void gb_ipc_fork_child(void)
{
	pthread_mutex_init(&exporter.lock, NULL);
	/* Or importers would wait at a door that nobody opens any more. */
	if (exporter.listener >= 0)
		close(exporter.listener);
	exporter.listener = -1;
}
