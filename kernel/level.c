// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level of pressure, and all who are told when it changes: eventfds, poll()
 * on the device and on files of sysfs, udev, tracing. A change is by one step;
 * a jump is two changes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/eventfd.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "greenboost.h"
#include "trace.h"

struct subscription {
	struct list_head link;
	struct gb_client *client;
	struct eventfd_ctx *ctx;
};

static struct {
	struct mutex lock; /* guards all; level and changes are read without */
	struct gb_state state;
	struct list_head subscriptions;
} level = {
	.lock = __MUTEX_INITIALIZER(level.lock),
	.subscriptions = LIST_HEAD_INIT(level.subscriptions),
};

DECLARE_WAIT_QUEUE_HEAD(gb_level_wait);

static const char *const names[] = {
	[GREENBOOST_LEVEL_NORMAL] = "normal",
	[GREENBOOST_LEVEL_ELEVATED] = "elevated",
	[GREENBOOST_LEVEL_CRITICAL] = "critical",
};

const char *gb_level_name(enum greenboost_level which)
{
	return names[which];
}

enum greenboost_level gb_level(void)
{
	return READ_ONCE(level.state.level);
}

u64 gb_level_changes(void)
{
	return READ_ONCE(level.state.changes);
}

void gb_level_get(struct gb_state *state)
{
	mutex_lock(&level.lock);
	*state = level.state;
	mutex_unlock(&level.lock);
}

static void tell(enum greenboost_level from)
{
	struct subscription *subscription;

	lockdep_assert_held(&level.lock);
	trace_greenboost_level(from, level.state.level, level.state.causes,
			       level.state.look.available);
	list_for_each_entry(subscription, &level.subscriptions, link)
		gb_compat_eventfd_add(subscription->ctx);
	wake_up_interruptible_poll(&gb_level_wait, EPOLLIN | EPOLLRDNORM);
}

static void step(enum greenboost_level to)
{
	enum greenboost_level from = level.state.level;

	WRITE_ONCE(level.state.level, to);
	WRITE_ONCE(level.state.changes, level.state.changes + 1);
	if (to == GREENBOOST_LEVEL_CRITICAL)
		gb_reserve_shed(ULONG_MAX);
	pr_info("memory pressure %s, was %s: causes %#x, %llu MiB available\n",
		names[to], names[from], level.state.causes,
		level.state.look.available >> 20);
	tell(from);
}

/* Returns whether there was a step to take. */
static bool step_towards(enum greenboost_level to, u32 causes,
			 const struct gb_look *look, struct gb_state *state)
{
	enum greenboost_level from;

	mutex_lock(&level.lock);
	level.state.look = *look;
	level.state.causes = causes;
	from = level.state.level;
	if (from != to)
		step(from < to ? from + 1 : from - 1);
	*state = level.state;
	mutex_unlock(&level.lock);
	return from != to;
}

/* Telling udev may wait for memory: that is done without the lock. */
void gb_level_set(enum greenboost_level to, u32 causes, const struct gb_look *look)
{
	struct gb_state state;

	while (step_towards(to, causes, look, &state))
		gb_sysfs_level_changed(state.level, state.changes);
}

static struct subscription *find(struct gb_client *client, struct eventfd_ctx *ctx)
{
	struct subscription *subscription;

	lockdep_assert_held(&level.lock);
	list_for_each_entry(subscription, &level.subscriptions, link)
		if (subscription->client == client && subscription->ctx == ctx)
			return subscription;
	return NULL;
}

static int add(struct gb_client *client, struct eventfd_ctx *ctx,
	       struct subscription *fresh)
{
	if (find(client, ctx))
		return -EEXIST;
	if (client->subscriptions == GREENBOOST_SUBSCRIBE_MAX)
		return -EMFILE;
	fresh->client = client;
	fresh->ctx = ctx;
	list_add_tail(&fresh->link, &level.subscriptions);
	client->subscriptions++;
	return 0;
}

static void remove(struct subscription *subscription)
{
	lockdep_assert_held(&level.lock);
	list_del(&subscription->link);
	subscription->client->subscriptions--;
	eventfd_ctx_put(subscription->ctx);
	kfree(subscription);
}

int gb_level_subscribe(struct gb_client *client, int eventfd, struct gb_state *state)
{
	struct subscription *fresh;
	struct eventfd_ctx *ctx;
	int err;

	ctx = eventfd_ctx_fdget(eventfd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh) {
		err = -ENOMEM;
		goto err_ctx;
	}
	mutex_lock(&level.lock);
	err = add(client, ctx, fresh);
	*state = level.state;
	mutex_unlock(&level.lock);
	if (!err)
		return 0;

	kfree(fresh);
err_ctx:
	eventfd_ctx_put(ctx);
	return err;
}

int gb_level_unsubscribe(struct gb_client *client, int eventfd)
{
	struct subscription *subscription;
	struct eventfd_ctx *ctx;

	ctx = eventfd_ctx_fdget(eventfd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	mutex_lock(&level.lock);
	subscription = find(client, ctx);
	if (subscription)
		remove(subscription);
	mutex_unlock(&level.lock);
	eventfd_ctx_put(ctx);
	return subscription ? 0 : -ENOENT;
}

void gb_level_unsubscribe_all(struct gb_client *client)
{
	struct subscription *subscription, *next;

	mutex_lock(&level.lock);
	list_for_each_entry_safe(subscription, next, &level.subscriptions, link)
		if (subscription->client == client)
			remove(subscription);
	mutex_unlock(&level.lock);
}
