// SPDX-License-Identifier: GPL-2.0-only
#include "peer.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 32u

enum what {
	OPEN,
	CLOSE,
	ALLOCATE,
	FREE,
	SHARE,
	READ,
	FILL,
	CHECK,
	COPY,
	RANGE,
	ATTRIBUTE,
	MEMORY,
	FORK,
	OPEN_THREADS,
	DESCRIPTORS,
};

struct order {
	enum what what;
	uint64_t address, first, second;
	CUipcMemHandle handle;
};

struct report {
	int rc;
	CUdeviceptr address;
	uint64_t first, second;
	CUipcMemHandle handle;
};

uint64_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

uint32_t pattern(uint64_t index)
{
	return (uint32_t)(index * 2654435761u) ^ (uint32_t)(index >> 20);
}

CUresult fill_pattern(CUdeviceptr address, uint64_t count)
{
	uint32_t *words = malloc(count * 4);
	CUresult rc;

	for (uint64_t i = 0; i < count; i++)
		words[i] = pattern(i);
	rc = cuMemcpyHtoD_v2(address, words, count * 4);
	free(words);
	return rc ? rc : cuCtxSynchronize();
}

CUresult check_pattern(CUdeviceptr address, uint64_t count, uint64_t *wrong)
{
	uint32_t *words = malloc(count * 4);
	CUresult rc = cuMemcpyDtoH_v2(words, address, count * 4);

	*wrong = 0;
	for (uint64_t i = 0; i < count; i++)
		*wrong += words[i] != pattern(i);
	free(words);
	return rc;
}

void start_cuda(void)
{
	CUcontext context;

	if (cuInit(0) || cuCtxCreate_v2(&context, 0, 0)) {
		fprintf(stderr, "no CUDA\n");
		_exit(1);
	}
}

struct opener {
	pthread_t thread;
	pthread_barrier_t *together;
	CUcontext context;
	const CUipcMemHandle *handle;
	CUdeviceptr address;
	CUresult rc;
};

CUresult cuCtxSetCurrent(CUcontext);
CUresult cuCtxGetCurrent(CUcontext *);

static void *open_one(void *argument)
{
	struct opener *opener = argument;

	cuCtxSetCurrent(opener->context);
	pthread_barrier_wait(opener->together);
	opener->rc = cuIpcOpenMemHandle_v2(&opener->address, *opener->handle, 1);
	return NULL;
}

static void open_threads(const struct order *order, struct report *report)
{
	struct opener openers[THREADS] = { 0 };
	unsigned int count = (unsigned int)order->first;
	pthread_barrier_t together;
	CUcontext context;

	cuCtxGetCurrent(&context);
	pthread_barrier_init(&together, NULL, count);
	for (unsigned int i = 0; i < count; i++) {
		openers[i] = (struct opener){ .together = &together,
					      .context = context,
					      .handle = &order->handle };
		pthread_create(&openers[i].thread, NULL, open_one, &openers[i]);
	}
	report->second = true;
	for (unsigned int i = 0; i < count; i++) {
		pthread_join(openers[i].thread, NULL);
		if (openers[i].rc)
			report->rc = (int)openers[i].rc;
		report->second &= openers[i].address == openers[0].address;
	}
	report->address = openers[0].address;
	pthread_barrier_destroy(&together);
}

static void fork_sleeper(struct report *report)
{
	pid_t child = fork();

	if (!child) {
		alarm(20);
		for (;;)
			pause();
	}
	report->first = (uint64_t)child;
}

static CUresult attribute(const struct order *order, uint64_t *value)
{
	return cuPointerGetAttribute(value, (CUpointer_attribute)order->first,
				     order->address);
}

static CUresult obey_memory(const struct order *order, struct report *report)
{
	size_t size = 0, total;
	CUresult rc;

	switch (order->what) {
	case RANGE:
		rc = cuMemGetAddressRange_v2(&report->address, &size,
					     order->address);
		report->second = size;
		return rc;
	case MEMORY:
		rc = cuMemGetInfo_v2(&size, &total);
		report->first = size;
		return rc;
	case ATTRIBUTE:
		return attribute(order, &report->first);
	case READ:
		return cuMemcpyDtoH_v2(&report->first, order->address, 4);
	case CHECK:
		return check_pattern(order->address, order->first, &report->first);
	case FILL:
		rc = cuMemsetD32_v2(order->address, (uint32_t)order->first,
				    order->second);
		return rc ? rc : cuCtxSynchronize();
	case COPY:
		rc = cuMemcpyDtoD_v2(order->address, order->first, order->second);
		return rc ? rc : cuCtxSynchronize();
	default:
		return CUDA_ERROR_NOT_SUPPORTED;
	}
}

static CUresult obey(const struct order *order, struct report *report)
{
	switch (order->what) {
	case OPEN:
		return cuIpcOpenMemHandle_v2(&report->address, order->handle, 1);
	case CLOSE:
		return cuIpcCloseMemHandle(order->address);
	case ALLOCATE:
		return cuMemAlloc_v2(&report->address, order->first);
	case FREE:
		return cuMemFree_v2(order->address);
	case SHARE:
		return cuIpcGetMemHandle(&report->handle, order->address);
	case OPEN_THREADS:
		open_threads(order, report);
		return (CUresult)report->rc;
	case FORK:
		fork_sleeper(report);
		return CUDA_SUCCESS;
	case DESCRIPTORS:
		report->first = descriptors();
		return CUDA_SUCCESS;
	default:
		return obey_memory(order, report);
	}
}

/*
 * Only now that everything is loaded: another user may not be able to read the
 * folder that it was built in, as below /root.
 */
static void become(uid_t uid)
{
	if (setgid((gid_t)uid) || setuid(uid) || prctl(PR_SET_DUMPABLE, 1))
		_exit(1); /* dumpable, or /proc/self would remain root's */
}

int peer_main(int orders, uid_t uid)
{
	struct order order;

	alarm(60);
	if (uid)
		become(uid);
	start_cuda();
	while (recv(orders, &order, sizeof(order), 0) == sizeof(order)) {
		struct report report = { 0 };

		report.rc = (int)obey(&order, &report);
		if (send(orders, &report, sizeof(report), MSG_NOSIGNAL) < 0)
			return 1;
	}
	return 0;
}

static void become_peer(int orders, const char *setting, uid_t uid)
{
	char number[16], user[16];

	if (setting)
		putenv(strdup(setting));
	orders = dup(orders); /* this one stays open over exec */
	snprintf(number, sizeof(number), "%d", orders);
	snprintf(user, sizeof(user), "%u", uid);
	execl("/proc/self/exe", "share", "peer", number, user, (char *)NULL);
	_exit(1);
}

void peer_start(struct peer *peer, const char *setting, uid_t uid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		abort();
	peer->pid = fork();
	if (!peer->pid)
		become_peer(ends[1], setting, uid);
	close(ends[1]);
	peer->orders = ends[0];
}

void peer_end(struct peer *peer)
{
	close(peer->orders);
	waitpid(peer->pid, NULL, 0);
}

void peer_kill(struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	peer_end(peer);
}

static CUresult tell(struct peer *peer, struct order order, struct report *report)
{
	if (send(peer->orders, &order, sizeof(order), MSG_NOSIGNAL) < 0 ||
	    recv(peer->orders, report, sizeof(*report), 0) != sizeof(*report)) {
		fprintf(stderr, "the peer is gone (order %d)\n", order.what);
		_exit(1);
	}
	return (CUresult)report->rc;
}

CUresult peer_open(struct peer *peer, const CUipcMemHandle *handle,
		   CUdeviceptr *address)
{
	struct report report = { 0 };
	CUresult rc = tell(peer, (struct order){ .what = OPEN, .handle = *handle },
			   &report);

	*address = report.address;
	return rc;
}

CUresult peer_close(struct peer *peer, CUdeviceptr address)
{
	struct report report = { 0 };

	return tell(peer, (struct order){ .what = CLOSE, .address = address },
		    &report);
}

CUresult peer_allocate(struct peer *peer, uint64_t bytes, CUdeviceptr *address)
{
	struct report report = { 0 };
	CUresult rc = tell(peer, (struct order){ .what = ALLOCATE, .first = bytes },
			   &report);

	*address = report.address;
	return rc;
}

CUresult peer_free(struct peer *peer, CUdeviceptr address)
{
	struct report report = { 0 };

	return tell(peer, (struct order){ .what = FREE, .address = address },
		    &report);
}

CUresult peer_share(struct peer *peer, CUdeviceptr address, CUipcMemHandle *handle)
{
	struct report report = { 0 };
	CUresult rc =
		tell(peer, (struct order){ .what = SHARE, .address = address },
		     &report);

	*handle = report.handle;
	return rc;
}

CUresult peer_read(struct peer *peer, CUdeviceptr address, uint32_t *word)
{
	struct report report = { 0 };
	CUresult rc = tell(peer, (struct order){ .what = READ, .address = address },
			   &report);

	*word = (uint32_t)report.first;
	return rc;
}

CUresult peer_fill(struct peer *peer, CUdeviceptr address, uint32_t word,
		   uint64_t count)
{
	struct report report = { 0 };

	return tell(peer,
		    (struct order){ .what = FILL,
				    .address = address,
				    .first = word,
				    .second = count },
		    &report);
}

CUresult peer_check(struct peer *peer, CUdeviceptr address, uint64_t count,
		    uint64_t *wrong)
{
	struct report report = { 0 };
	CUresult rc = tell(
		peer,
		(struct order){ .what = CHECK, .address = address, .first = count },
		&report);

	*wrong = report.first;
	return rc;
}

CUresult peer_copy(struct peer *peer, CUdeviceptr to, CUdeviceptr from, uint64_t bytes)
{
	struct report report = { 0 };

	return tell(peer,
		    (struct order){ .what = COPY,
				    .address = to,
				    .first = from,
				    .second = bytes },
		    &report);
}

CUresult peer_range(struct peer *peer, CUdeviceptr address, CUdeviceptr *base,
		    uint64_t *size)
{
	struct report report = { 0 };
	CUresult rc =
		tell(peer, (struct order){ .what = RANGE, .address = address },
		     &report);

	*base = report.address;
	*size = report.second;
	return rc;
}

CUresult peer_attribute(struct peer *peer, CUdeviceptr address,
			CUpointer_attribute which, uint64_t *value)
{
	struct report report = { 0 };
	CUresult rc = tell(peer,
			   (struct order){ .what = ATTRIBUTE,
					   .address = address,
					   .first = which },
			   &report);

	*value = report.first;
	return rc;
}

CUresult peer_memory(struct peer *peer, uint64_t *free_bytes)
{
	struct report report = { 0 };
	CUresult rc = tell(peer, (struct order){ .what = MEMORY }, &report);

	*free_bytes = report.first;
	return rc;
}

CUresult peer_fork(struct peer *peer, pid_t *child)
{
	struct report report = { 0 };
	CUresult rc = tell(peer, (struct order){ .what = FORK }, &report);

	*child = (pid_t)report.first;
	return rc;
}

CUresult peer_open_threads(struct peer *peer, const CUipcMemHandle *handle,
			   unsigned int threads, CUdeviceptr *address, bool *same)
{
	struct report report = { 0 };
	CUresult rc = tell(peer,
			   (struct order){ .what = OPEN_THREADS,
					   .first = threads,
					   .handle = *handle },
			   &report);

	*address = report.address;
	*same = report.second;
	return rc;
}

uint64_t peer_descriptors(struct peer *peer)
{
	struct report report = { 0 };

	tell(peer, (struct order){ .what = DESCRIPTORS }, &report);
	return report.first;
}
