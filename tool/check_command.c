/* SPDX-License-Identifier: GPL-2.0-only */
#include "check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tool.h"

/*
 * Returns 0 or -errno for what execve() would say of @path; ENOEXEC, a wrong
 * interpreter and the like come out only there.
 */
static int can_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) ? -errno : 0;
}

/* As execvp(): a file that may not be executed is remembered, not final. */
static int find_in_path(const char *command, char **path)
{
	const char *folder = getenv("PATH");
	int result = -ENOENT;

	if (!folder)
		folder = "/bin:/usr/bin";
	for (;;) {
		size_t length = strcspn(folder, ":");
		char *candidate = gb_print("%.*s%s%s", (int)length, folder,
					   length ? "/" : "", command);
		int ret = can_execute(candidate);

		if (!ret) {
			*path = candidate;
			return 0;
		}
		free(candidate);
		if (ret == -EACCES)
			result = ret;
		if (!folder[length])
			return result;
		folder += length + 1;
	}
}

static int find(const char *command, char **path)
{
	int ret;

	if (!*command)
		return -ENOENT;
	if (!strchr(command, '/'))
		return find_in_path(command, path);
	ret = can_execute(command);
	if (!ret)
		*path = gb_print("%s", command);
	return ret;
}

/*
 * The loader takes no LD_PRELOAD from the environment of a program that gains
 * rights (AT_SECURE).
 */
static bool gains_rights(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	return ((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
	       ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) &&
		st.st_gid != getegid()) ||
	       (geteuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0);
}

static bool has_interpreter(int fd, const Elf64_Ehdr *header)
{
	Elf64_Phdr segment;

	for (unsigned int i = 0; i < header->e_phnum; i++) {
		off_t at = header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return true;
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Why the library cannot be loaded into the program open at @fd, or NULL. */
static const char *obstacle(int fd)
{
	Elf64_Ehdr header, own;
	int self;

	if (gains_rights(fd))
		return "is set-user-ID, set-group-ID or has capabilities, so the loader ignores LD_PRELOAD";
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG))
		return NULL;
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return NULL;
	if (pread(self, &own, sizeof(own), 0) != sizeof(own))
		own = header;
	close(self);
	if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
	    header.e_machine != own.e_machine)
		return "is built for another architecture than the library";
	return has_interpreter(fd, &header) ? NULL : "is linked statically";
}

static void warn_obstacle(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why;

	/* May be executable and yet not readable. */
	if (fd < 0)
		return;
	why = obstacle(fd);
	if (why)
		gb_warn("%s %s: it will run without GreenBoost", path, why);
	close(fd);
}

int gb_check_command(const char *command)
{
	char *path = NULL;
	int ret = find(command, &path);

	if (ret == -ENOENT || ret == -ENOTDIR) {
		gb_error("there is no program '%s'; check its name or path",
			 command);
		return GB_EXIT_NOT_FOUND;
	}
	if (ret) {
		gb_error("cannot execute '%s': %s", command, strerror(-ret));
		return GB_EXIT_NOT_EXECUTABLE;
	}
	warn_obstacle(path);
	free(path);
	return 0;
}
