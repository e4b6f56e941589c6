// SPDX-License-Identifier: GPL-2.0-only
/* The channel between exporter and importer, without either. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/channel.h"

static void make_pair(int *ends)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
}

static void close_pair(const int *ends)
{
	close(ends[0]);
	close(ends[1]);
}

static uint64_t some_door(void)
{
	uint64_t door;

	assert_int_equal(getrandom(&door, sizeof(door), 0), sizeof(door));
	return door;
}

/* The lowest descriptor that is free, which tells whether some were left open. */
static int next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void open_files(int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		fds[i] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
}

static void close_all(const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
}

static void full_batch_arrives(void **state)
{
	int ends[2], sent[GB_IPC_BATCH], got[GB_IPC_BATCH];
	struct gb_ipc_reply reply = { .total = 1000 }, back = { 0 };
	uint32_t count;
	struct stat file;

	make_pair(ends);
	open_files(sent, GB_IPC_BATCH);
	assert_int_equal(
		gb_ipc_send(ends[0], &reply, sizeof(reply), sent, GB_IPC_BATCH), 0);
	close_all(sent, GB_IPC_BATCH);
	assert_int_equal(gb_ipc_receive(ends[1], &back, sizeof(back), got,
					GB_IPC_BATCH, &count),
			 0);
	assert_int_equal(count, GB_IPC_BATCH);
	assert_int_equal(back.total, 1000);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(fstat(got[i], &file), 0);
		assert_true(S_ISCHR(file.st_mode));
		assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
	}
	close_all(got, count);
	close_pair(ends);
}

static void larger_batch_is_not_sent(void **state)
{
	int ends[2], fds[GB_IPC_BATCH + 1] = { 0 };
	struct gb_ipc_reply reply = { 0 };

	make_pair(ends);
	assert_int_equal(gb_ipc_send(ends[0], &reply, sizeof(reply), fds,
				     GB_IPC_BATCH + 1),
			 -EINVAL);
	close_pair(ends);
}

static void unwanted_descriptors_are_closed(void **state)
{
	int ends[2], sent[8], got[3], before;
	uint32_t word = 5, back, count;

	make_pair(ends);
	open_files(sent, 8);
	assert_int_equal(gb_ipc_send(ends[0], &word, sizeof(word), sent, 8), 0);
	close_all(sent, 8);
	before = next_descriptor();
	assert_int_equal(
		gb_ipc_receive(ends[1], &back, sizeof(back), got, 3, &count), 0);
	assert_int_equal(count, 3);
	close_all(got, 3);
	assert_int_equal(next_descriptor(), before);
	close_pair(ends);
}

static void message_of_wrong_size_is_refused(void **state)
{
	int ends[2], sent[2], got[2], before;
	char large[100] = { 0 };
	uint32_t word = 5, back, count;

	make_pair(ends);
	open_files(sent, 2);
	assert_int_equal(gb_ipc_send(ends[0], large, sizeof(large), sent, 2), 0);
	assert_int_equal(gb_ipc_send(ends[0], &word, 2, sent, 2), 0);
	close_all(sent, 2);
	before = next_descriptor();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(gb_ipc_receive(ends[1], &back, sizeof(back),
						got, 2, &count),
				 -EPROTO);
		assert_int_equal(count, 0);
	}
	assert_int_equal(next_descriptor(), before);
	close_pair(ends);
}

static void hang_up_is_noticed(void **state)
{
	uint32_t word = 5, count;
	int ends[2];

	make_pair(ends);
	close(ends[0]);
	assert_int_equal(gb_ipc_receive(ends[1], &word, sizeof(word), NULL, 0, &count),
			 -EPIPE);
	assert_int_equal(gb_ipc_send(ends[1], &word, sizeof(word), NULL, 0), -EPIPE);
	close(ends[1]);
}

static void door_leads_to_its_listener(void **state)
{
	uint64_t door = some_door();
	int listener = gb_ipc_listen(door), here, there;
	uint32_t word = 5, back, count;

	assert_true(listener >= 0);
	assert_int_equal(gb_ipc_listen(door), -EADDRINUSE);
	assert_int_equal(gb_ipc_connect(door ^ 1), -ECONNREFUSED);
	here = gb_ipc_connect(door);
	there = gb_ipc_accept(listener);
	assert_true(here >= 0 && there >= 0);
	assert_true(fcntl(here, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(there, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(gb_ipc_send(here, &word, sizeof(word), NULL, 0), 0);
	assert_int_equal(
		gb_ipc_receive(there, &back, sizeof(back), NULL, 0, &count), 0);
	assert_int_equal(back, 5);
	close(here);
	close(there);
	close(listener);
	assert_int_equal(gb_ipc_connect(door), -ECONNREFUSED);
}

/* In a child that is another user: what connecting to @door gives. */
static int connect_as_stranger(uint64_t door)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setuid(65534))
			_exit(1);
		_exit(gb_ipc_connect(door) == -EPERM ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void stranger_is_sent_away(void **state)
{
	uint64_t door = some_door();
	int listener;

	if (geteuid())
		skip();
	listener = gb_ipc_listen(door);
	assert_int_equal(connect_as_stranger(door), 0);
	assert_int_equal(gb_ipc_accept(listener), -EPERM);
	close(listener);
}

static void handle_is_told_by_its_looks(void **state)
{
	struct gb_ipc_handle handle = { .magic = GB_IPC_MAGIC };

	assert_true(gb_ipc_is_handle((unsigned char *)&handle));
	handle.magic++;
	assert_false(gb_ipc_is_handle((unsigned char *)&handle));
	handle.magic = 0;
	assert_false(gb_ipc_is_handle((unsigned char *)&handle));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_batch_arrives),
		cmocka_unit_test(larger_batch_is_not_sent),
		cmocka_unit_test(unwanted_descriptors_are_closed),
		cmocka_unit_test(message_of_wrong_size_is_refused),
		cmocka_unit_test(hang_up_is_noticed),
		cmocka_unit_test(door_leads_to_its_listener),
		cmocka_unit_test(stranger_is_sent_away),
		cmocka_unit_test(handle_is_told_by_its_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
