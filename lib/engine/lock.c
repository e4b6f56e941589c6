// SPDX-License-Identifier: GPL-2.0-only
#include "lock.h"

#include <time.h>

#include "types.h"

__thread bool gb_locked __attribute__((tls_model("initial-exec")));

void gb_lock(void)
{
	assert(!gb_locked);
	pthread_mutex_lock(&gb_engine.lock);
	gb_locked = true;
}

bool gb_lock_try(void)
{
	assert(!gb_locked);
	gb_locked = !pthread_mutex_trylock(&gb_engine.lock);
	return gb_locked;
}

bool gb_lock_within(int seconds)
{
	struct timespec until;

	assert(!gb_locked);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	gb_locked = !pthread_mutex_timedlock(&gb_engine.lock, &until);
	return gb_locked;
}

void gb_unlock(void)
{
	assert(gb_locked);
	gb_locked = false;
	pthread_mutex_unlock(&gb_engine.lock);
}

void gb_lock_fork_child(void)
{
	pthread_mutex_init(&gb_engine.lock, NULL);
	gb_locked = false;
}
