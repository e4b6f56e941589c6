// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watchdog: looks at the machine at regular times and finds the level.
 *
 * Only memory that is not there makes the level critical: few bytes available,
 * or tasks waiting for memory while there are few. Everything else, stalls
 * alone (which one cgroup at its own limit causes), full swap, a full pool, a
 * full or slow store, makes it elevated, since refusing memory would not help.
 *
 * A level rises at once. It falls by one step when everything has been better
 * than its mark by the hysteresis for some looks in a row.
 */
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "greenboost.h"

/* What is refused for want of room is a reason to look, but not each time. */
#define HINT_JIFFIES (HZ / 10)

static struct {
	struct mutex looking; /* held for a look, and to set a level by hand */
	struct wait_queue_head wait;
	bool wake;
	unsigned long looked; /* jiffies */
	unsigned int calm;    /* good looks in a row; of the thread alone */
	struct task_struct *thread;
} watchdog = {
	.looking = __MUTEX_INITIALIZER(watchdog.looking),
	.wait = __WAIT_QUEUE_HEAD_INITIALIZER(watchdog.wait),
};

/* What a look would make of the level. */
struct verdict {
	enum greenboost_level level;
	u32 causes;
};

static u64 percent_of(u64 bytes, unsigned int percent)
{
	return div_u64(bytes, 100) * percent;
}

u64 gb_watchdog_mark(enum greenboost_level level)
{
	unsigned int percent = level == GREENBOOST_LEVEL_CRITICAL
				       ? READ_ONCE(gb_param_critical_percent)
				       : READ_ONCE(gb_param_elevated_percent);

	return percent_of(gb_total_bytes(), percent);
}

bool gb_watchdog_has_room(u64 bytes)
{
	u64 available;

	if (READ_ONCE(gb_param_watchdog_paused))
		return gb_level() != GREENBOOST_LEVEL_CRITICAL;
	available = (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;
	return gb_level() != GREENBOOST_LEVEL_CRITICAL && available >= bytes &&
	       available - bytes >= gb_watchdog_mark(GREENBOOST_LEVEL_CRITICAL);
}

static void raise(struct verdict *verdict, enum greenboost_level level, u32 cause)
{
	verdict->level = max(verdict->level, level);
	verdict->causes |= cause;
}

/* slack: percent by which everything has to be better than its mark. */
static void judge_memory(struct verdict *verdict, const struct gb_look *look,
			 unsigned int slack)
{
	u64 extra = percent_of(look->total, slack);
	u64 elevated = gb_watchdog_mark(GREENBOOST_LEVEL_ELEVATED) + extra;
	u64 critical = gb_watchdog_mark(GREENBOOST_LEVEL_CRITICAL) + extra;
	u32 stall = READ_ONCE(gb_param_stall_percent) * 100;
	bool low = look->available < elevated;

	stall -= min(stall, slack * 100);
	if (low)
		raise(verdict, GREENBOOST_LEVEL_ELEVATED, GREENBOOST_CAUSE_MEMORY);
	if (look->available < critical)
		raise(verdict, GREENBOOST_LEVEL_CRITICAL, GREENBOOST_CAUSE_MEMORY);
	if (look->memory_stall > stall)
		raise(verdict,
		      low ? GREENBOOST_LEVEL_CRITICAL : GREENBOOST_LEVEL_ELEVATED,
		      GREENBOOST_CAUSE_MEMORY_STALL);
}

/* Swap that is full of what nobody misses is no sign of a shortage. */
static void judge_swap(struct verdict *verdict, const struct gb_look *look,
		       unsigned int slack)
{
	u64 mark = percent_of(look->swap_total,
			      READ_ONCE(gb_param_swap_percent) + slack);
	u64 plenty = 2 * gb_watchdog_mark(GREENBOOST_LEVEL_ELEVATED);

	if (look->swap_total && look->swap_free < mark && look->available < plenty)
		raise(verdict, GREENBOOST_LEVEL_ELEVATED, GREENBOOST_CAUSE_SWAP);
}

static void judge_pool(struct verdict *verdict, unsigned int slack)
{
	unsigned int percent = READ_ONCE(gb_param_pool_percent);
	u64 limit = gb_account_limit(GB_LIMIT_MACHINE);

	percent -= min(percent, slack);
	if (gb_account_used() > percent_of(limit, percent))
		raise(verdict, GREENBOOST_LEVEL_ELEVATED, GREENBOOST_CAUSE_POOL);
}

static void judge_store(struct verdict *verdict, const struct gb_look *look,
			unsigned int slack)
{
	u64 mark = percent_of(look->store_total,
			      READ_ONCE(gb_param_store_percent) + slack);
	u32 stall = READ_ONCE(gb_param_store_stall_percent) * 100;

	stall -= min(stall, slack * 100);
	if (!look->store_total)
		return;
	if (look->store_free < mark)
		raise(verdict, GREENBOOST_LEVEL_ELEVATED, GREENBOOST_CAUSE_STORE);
	if (look->store_stall > stall)
		raise(verdict, GREENBOOST_LEVEL_ELEVATED,
		      GREENBOOST_CAUSE_STORE_STALL);
}

static struct verdict judge(const struct gb_look *look, unsigned int slack)
{
	struct verdict verdict = { .level = GREENBOOST_LEVEL_NORMAL };

	judge_memory(&verdict, look, slack);
	judge_swap(&verdict, look, slack);
	judge_pool(&verdict, slack);
	judge_store(&verdict, look, slack);
	return verdict;
}

/* timed: it was its time to look; what is asked for in between is no calm. */
static struct verdict decide(const struct gb_look *look, bool timed)
{
	enum greenboost_level now = gb_level();
	struct verdict strict = judge(look, 0);
	struct verdict slack = judge(look, READ_ONCE(gb_param_hysteresis_percent));

	if (strict.level > now) {
		watchdog.calm = 0;
		return strict;
	}
	if (slack.level >= now) {
		watchdog.calm = 0;
		slack.level = now;
		return slack;
	}
	watchdog.calm += timed;
	if (watchdog.calm >= READ_ONCE(gb_param_calm_looks)) {
		watchdog.calm = 0;
		slack.level = now - 1;
	} else {
		slack.level = now;
	}
	return slack;
}

/* Memory first, and given back at once: the rest may have to wait for some. */
static void look_once(bool timed)
{
	struct gb_look look = {};
	struct verdict verdict;

	gb_look_memory(&look);
	if (look.available < gb_watchdog_mark(GREENBOOST_LEVEL_CRITICAL))
		gb_reserve_shed(ULONG_MAX);
	gb_look_store(&look);
	gb_count(GB_COUNT_watchdog_looks);
	verdict = decide(&look, timed);
	if (verdict.level == GREENBOOST_LEVEL_CRITICAL)
		gb_reserve_shed(ULONG_MAX);
	gb_level_set(verdict.level, verdict.causes, &look);
}

static bool is_wanted(void)
{
	return READ_ONCE(watchdog.wake) || kthread_should_stop();
}

static int watch(void *unused)
{
	unsigned long due = jiffies;

	set_freezable();
	while (!kthread_should_stop()) {
		bool timed = time_after_eq(jiffies, due);

		if (timed)
			due = jiffies +
			      msecs_to_jiffies(READ_ONCE(gb_param_watchdog_ms));
		mutex_lock(&watchdog.looking);
		if (!READ_ONCE(gb_param_watchdog_paused))
			look_once(timed);
		mutex_unlock(&watchdog.looking);
		WRITE_ONCE(watchdog.looked, jiffies);
		wait_event_freezable_timeout(watchdog.wait, is_wanted(),
					     max(1L, (long)(due - jiffies)));
		WRITE_ONCE(watchdog.wake, false);
	}
	return 0;
}

void gb_watchdog_hint(void)
{
	if (gb_level() == GREENBOOST_LEVEL_CRITICAL ||
	    time_before(jiffies, READ_ONCE(watchdog.looked) + HINT_JIFFIES))
		return;
	WRITE_ONCE(watchdog.wake, true);
	wake_up(&watchdog.wait);
}

/* A look that was under way when the pause began has ended before. */
int gb_watchdog_override(enum greenboost_level level)
{
	struct gb_state state;
	int err = -EBUSY;

	mutex_lock(&watchdog.looking);
	if (READ_ONCE(gb_param_watchdog_paused)) {
		gb_level_get(&state);
		gb_level_set(level, 0, &state.look);
		err = 0;
	}
	mutex_unlock(&watchdog.looking);
	return err;
}

int gb_watchdog_init(void)
{
	watchdog.thread = kthread_run(watch, NULL, "greenboost-watch");
	return PTR_ERR_OR_ZERO(watchdog.thread);
}

void gb_watchdog_finish(void)
{
	kthread_stop(watchdog.thread);
}
