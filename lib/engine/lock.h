/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's lock, and whether the calling thread holds it: what must be done
 * under it asserts that, and so does the gate, which nobody may pass with it
 * (a mover would wait for him, and he for the mover).
 */
#ifndef GB_LOCK_H
#define GB_LOCK_H

#include <assert.h>
#include <stdbool.h>

extern __thread bool gb_locked __attribute__((tls_model("initial-exec")));

void gb_lock(void);
/* False where somebody else has it, at once or after so many seconds. */
bool gb_lock_try(void);
bool gb_lock_within(int seconds);
void gb_unlock(void);
/* In the child of a fork, whoever held it: nobody does any more. */
void gb_lock_fork_child(void);

#endif
