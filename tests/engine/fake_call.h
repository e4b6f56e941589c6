/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of the fake driver, whatever they do: their lock and their count, what
 * tests have ordered for one of them (fake_fail, fake_before), and the faults found.
 */
#ifndef FAKE_CALL_H
#define FAKE_CALL_H

#include <pthread.h>

#include "fake_driver.h"

/* Guards all state of the fake driver. */
extern pthread_mutex_t fake_lock;

/* Forgets all orders, calls and faults. */
void fake_call_start(void);

/*
 * Around an operation: takes the lock, with an error when this call is to fail,
 * and lets it go.
 */
int fake_begin(enum fake_op op);
int fake_end(int result);

#endif
