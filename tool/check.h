/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be known to go wrong before a program starts: options against this
 * machine, the driver, the program itself.
 */
#ifndef GB_CHECK_H
#define GB_CHECK_H

#include "arguments.h"

/*
 * Values that parse but cannot work here are an error: returns -EINVAL when one
 * line about it has been written. Doubtful ones are a warning. Returns 0.
 */
int gb_check_options(const struct gb_arguments *arguments);

/*
 * Warns, in one line, when the program will find no usable GPU. @path is the
 * driver library to look at, or NULL for the loader's libcuda.so.1.
 */
void gb_check_driver(const char *path, bool sim);

/*
 * Finds @command as execvp() will. Returns 0, GB_EXIT_NOT_FOUND or
 * GB_EXIT_NOT_EXECUTABLE when one line about it has been written. Warns where
 * the library will not get into the program: set-user-ID, static, of another
 * architecture.
 */
int gb_check_command(const char *command);

#endif
