// SPDX-License-Identifier: GPL-2.0-only
#include "timer.h"

static const struct gb_driver_ops *driver(void)
{
	return gb_engine.driver;
}

static void drop_tickets(struct gb_timer *timer)
{
	if (timer->from)
		driver()->ticket_drop(timer->from);
	if (timer->to)
		driver()->ticket_drop(timer->to);
	*timer = (struct gb_timer){ .what = GB_TIMED_NOTHING };
}

static bool make_tickets(struct gb_timer *timer, const struct gb_lane *lane)
{
	if (timer->context != lane->context)
		drop_tickets(timer);
	timer->context = lane->context;
	if (!timer->from && driver()->ticket_create(lane->stream, true, &timer->from))
		return false;
	return timer->to ||
	       !driver()->ticket_create(lane->stream, true, &timer->to);
}

/* One that is free, made for @lane's context if there is any. */
static struct gb_timer *timer_get(struct gb_timers *timers,
				  const struct gb_lane *lane)
{
	struct gb_timer *found = NULL;

	for (int i = 0; i < GB_TIMERS; i++) {
		struct gb_timer *timer = &timers->all[i];

		if (timer->what != GB_TIMED_NOTHING)
			continue;
		found = timer;
		if (timer->context == lane->context)
			break;
	}
	return found;
}

struct gb_timer *gb_timer_begin(struct gb_timers *timers, struct gb_lane *lane,
				enum gb_timed what, uint64_t bytes)
{
	struct gb_timer *timer = timer_get(timers, lane);

	if (!timer || !make_tickets(timer, lane) ||
	    driver()->ticket_record(timer->from, lane->stream))
		return NULL;
	timer->what = what;
	timer->ended = false;
	timer->bytes = bytes;
	return timer;
}

void gb_timer_end(struct gb_timer *timer, struct gb_lane *lane)
{
	if (!timer)
		return;
	timer->ended = !driver()->ticket_record(timer->to, lane->stream);
	timer->behind = (struct gb_point){ lane, lane->last + 1 };
	if (!timer->ended)
		gb_timer_drop(timer);
}

void gb_timer_drop(struct gb_timer *timer)
{
	if (timer)
		timer->what = GB_TIMED_NOTHING;
}

static bool has_passed(const struct gb_timer *timer)
{
	return driver()->ticket_passed(timer->to) == 1;
}

static bool is_known_to_have_passed(const struct gb_timer *timer)
{
	return gb_point_is_known_to_have_passed(timer->behind);
}

static struct gb_timer *next(struct gb_timers *timers, uint64_t *ns,
			     bool (*passed)(const struct gb_timer *timer))
{
	for (int i = 0; i < GB_TIMERS; i++) {
		struct gb_timer *timer = &timers->all[i];

		if (timer->what == GB_TIMED_NOTHING || !timer->ended ||
		    !passed(timer))
			continue;
		if (!driver()->ticket_elapsed(timer->from, timer->to, ns))
			return timer;
		gb_timer_drop(timer);
	}
	return NULL;
}

struct gb_timer *gb_timer_next(struct gb_timers *timers, uint64_t *ns)
{
	return next(timers, ns, has_passed);
}

struct gb_timer *gb_timer_known(struct gb_timers *timers, uint64_t *ns)
{
	return next(timers, ns, is_known_to_have_passed);
}

void gb_timers_finish(struct gb_timers *timers)
{
	for (int i = 0; i < GB_TIMERS; i++)
		drop_tickets(&timers->all[i]);
}

void gb_timers_leave(struct gb_timers *timers, uint64_t context, bool gone)
{
	for (int i = 0; i < GB_TIMERS; i++) {
		struct gb_timer *timer = &timers->all[i];

		if (timer->context != context)
			continue;
		if (gone)
			*timer = (struct gb_timer){ .what = GB_TIMED_NOTHING };
		else
			drop_tickets(timer);
	}
}
