/* SPDX-License-Identifier: GPL-2.0-only */
/* What kmemleak finds of the module's, where the kernel has it. */
#ifndef GREENBOOST_LEAKS_H
#define GREENBOOST_LEAKS_H

#include <stdbool.h>

bool leaks_can_be_found(void);
/*
 * Looks for memory that the module allocated and nothing points to any more;
 * takes some ten seconds. What was found goes to where, a line; false: nothing.
 */
bool leaks_are_found(char *where, int size);

#endif /* GREENBOOST_LEAKS_H */
