/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inserting and removing the module, and the files in which it shows itself.
 */
#ifndef GREENBOOST_MODULE_H
#define GREENBOOST_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Both answer 0, or -1 with errno. Parameters as "name=value name=value". */
int module_insert(const char *parameters);
int module_remove(void);
bool module_is_inserted(void);

/*
 * Removes it and inserts it with other parameters, until the test is over; the
 * test fails if it cannot.
 */
void module_reinsert(const char *parameters);

/*
 * Inserts it afresh with a reserve of so many bytes, and waits until most of it
 * is there; how much that is. The reserve takes nothing from anyone, so room is
 * made for it before, but pages that others hold may still lie in the way.
 */
uint64_t module_fill_reserve(uint64_t bytes);

/* Sets a parameter of the module, until the test is over. */
void module_set(const char *parameter, const char *value);

/* A whole file, ended by a zero byte; -1 with errno, or its length. */
int file_read(const char *path, char *text, size_t size);
/* Writes in one call; -1 with errno. */
int file_write(const char *path, const char *text);
/* A file of one number; the test fails where it is none. */
uint64_t file_number(const char *path);

/* A line of /proc/meminfo, bytes; its name with the colon. */
uint64_t memory_figure(const char *name);
/*
 * Bytes that nobody uses: also those that processors keep on lists of their
 * own, of which on kernel 7 there may be tens of megabytes, for seconds.
 */
uint64_t memory_free(void);

/* The module's file of this name in /sys. */
const char *module_file(const char *name);
uint64_t module_number(const char *name);

#endif /* GREENBOOST_MODULE_H */
