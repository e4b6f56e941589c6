/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses that escape: a kernel that finds one in memory, rather than among
 * its parameters, uses it where nobody sees. Tables of them are made by
 * programs on the host, and copied up; so what is copied up is looked through.
 *
 * Addresses that kernels write are not seen, nor those in larger copies.
 */
#ifndef GB_ESCAPE_H
#define GB_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>

/* Is a copy of @bytes of a size that is looked through? */
bool gb_escape_may_hold(uint64_t bytes);

/*
 * The program copies @bytes from host memory @from to a GPU, on @stream as the
 * engine names it: whose addresses are among them is not staged any more.
 */
void gb_escape_scan(const void *from, uint64_t bytes, uint64_t stream);
/* The same for one word. */
void gb_escape_word(uint64_t word, uint64_t stream);

#endif
