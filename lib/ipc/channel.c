// SPDX-License-Identifier: GPL-2.0-only
#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Importers that wait their turn. */
#define BACKLOG 64

union control {
	char bytes[CMSG_SPACE(GB_IPC_BATCH * sizeof(int))];
	struct cmsghdr header;
};

static socklen_t name_door(struct sockaddr_un *name, uint64_t door)
{
	int length;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	/* The zero byte in front makes it abstract. */
	length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
			  "greenboost-ipc-%016llx", (unsigned long long)door);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)length);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int set_timeouts(int fd)
{
	const struct timeval limit = { .tv_sec = GB_IPC_TIMEOUT_SECONDS };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return -errno;
	return peer.uid == geteuid() ? 0 : -EPERM;
}

int gb_ipc_listen(uint64_t door)
{
	struct sockaddr_un name;
	socklen_t length = name_door(&name, door);
	int fd = open_socket();

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&name, length) || listen(fd, BACKLOG)) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

int gb_ipc_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = check_peer(fd);
	if (!error)
		error = set_timeouts(fd);
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int dial(int fd, uint64_t door)
{
	struct sockaddr_un name;
	socklen_t length = name_door(&name, door);
	int error = set_timeouts(fd);

	if (error)
		return error;
	while (connect(fd, (struct sockaddr *)&name, length))
		if (errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return check_peer(fd);
}

int gb_ipc_connect(uint64_t door)
{
	int fd = open_socket();
	int error;

	if (fd < 0)
		return fd;
	error = dial(fd, door);
	if (!error)
		return fd;
	close(fd);
	return error;
}

static void attach(struct msghdr *message, union control *control,
		   const int *fds, uint32_t count)
{
	struct cmsghdr *header;

	if (!count)
		return;
	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

int gb_ipc_send(int channel, const void *message, size_t size, const int *fds,
		uint32_t count)
{
	struct iovec text = { (void *)message, size };
	struct msghdr letter = { .msg_iov = &text, .msg_iovlen = 1 };
	union control control;

	if (count > GB_IPC_BATCH)
		return -EINVAL;
	attach(&letter, &control, fds, count);
	while (sendmsg(channel, &letter, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

/* Keeps up to @room of the descriptors that came, and closes others. */
static uint32_t detach(struct msghdr *message, int *fds, uint32_t room)
{
	uint32_t kept = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t bytes = header->cmsg_len - CMSG_LEN(0);

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at < bytes; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
			if (kept < room)
				fds[kept++] = fd;
			else
				close(fd);
		}
	}
	return kept;
}

int gb_ipc_receive(int channel, void *message, size_t size, int *fds,
		   uint32_t room, uint32_t *count)
{
	union control control;
	struct iovec text = { message, size };
	struct msghdr letter = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	uint32_t came;
	ssize_t got;
	int error = 0;

	do
		got = recvmsg(channel, &letter, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	came = detach(&letter, fds, room);
	if (letter.msg_flags & MSG_CTRUNC)
		error = -EMFILE;
	else if (!got)
		error = -EPIPE;
	else if ((size_t)got != size || letter.msg_flags & MSG_TRUNC)
		error = -EPROTO;
	if (error)
		while (came > 0)
			close(fds[--came]);
	*count = came;
	return error;
}
