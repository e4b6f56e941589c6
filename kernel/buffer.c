// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer: granules that are allocated, charged and freed together. Large ones
 * are filled by several threads at once, since the clearing of pages is what
 * takes the time.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/cpuset.h>
#include <linux/mempolicy.h>
#include <linux/memcontrol.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "greenboost.h"
#include "trace.h"

/* Granules for each helping thread, at least. */
#define HELPER_GRANULES 16
/* How often a filler looks whether the machine has memory left, granules. */
#define ROOM_STRIDE	16

static struct {
	struct mutex lock; /* guards the list and the count */
	struct list_head list;
	unsigned int count;
	atomic64_t last_id;
	struct workqueue_struct *helpers;
} buffers = {
	.lock = __MUTEX_INITIALIZER(buffers.lock),
	.list = LIST_HEAD_INIT(buffers.list),
};

/* The filling of one buffer, on the stack of the one who asked for it. */
struct fill {
	struct gb_buffer *buffer;
	struct gb_wish wish;
	struct mem_cgroup *memcg; /* to charge; of the one who asked */
	atomic_long_t next;	  /* granule that nobody has begun */
	atomic_t err;		  /* the first one; all stop then */
};

struct helper {
	struct work_struct work;
	struct fill *fill;
};

static void fail(struct fill *fill, int err)
{
	atomic_cmpxchg(&fill->err, 0, err);
}

/* Refused at the critical level, and before memory gets that short. */
static int check_room(u64 bytes)
{
	if (gb_watchdog_has_room(bytes))
		return 0;
	gb_watchdog_hint();
	return -ENOSPC;
}

static int fill_one(struct fill *fill, size_t i)
{
	if (i % ROOM_STRIDE == 0 && check_room(GREENBOOST_GRANULE_BYTES))
		return -ENOSPC;
	return gb_granule_init(&fill->buffer->granule[i], &fill->wish);
}

static void fill_share(struct fill *fill)
{
	while (!atomic_read(&fill->err)) {
		size_t i = atomic_long_fetch_inc(&fill->next);
		int err;

		if (i >= fill->buffer->granules)
			return;
		err = fill_one(fill, i);
		if (err)
			fail(fill, err);
		if (fatal_signal_pending(current))
			fail(fill, -EINTR);
		cond_resched();
	}
}

static void help(struct work_struct *work)
{
	struct fill *fill = container_of(work, struct helper, work)->fill;
	struct mem_cgroup *old;

	old = set_active_memcg(fill->memcg);
	fill_share(fill);
	set_active_memcg(old);
}

/* Helpers know neither the memory policy nor the cpuset of the task. */
static bool may_be_helped(const struct fill *fill)
{
	if (num_node_state(N_MEMORY) == 1)
		return true;
#ifdef CONFIG_NUMA
	if (current->mempolicy)
		return false;
#endif
	return fill->wish.node != NUMA_NO_NODE &&
	       nodes_equal(cpuset_current_mems_allowed, node_states[N_MEMORY]);
}

static unsigned int helper_count(const struct fill *fill)
{
	size_t n = fill->buffer->granules / HELPER_GRANULES;

	if (!may_be_helped(fill))
		return 0;
	n = min_t(size_t, n, READ_ONCE(gb_param_fill_threads));
	n = min_t(size_t, n, num_online_cpus());
	return n ? n - 1 : 0;
}

/* Without helpers, which may be for lack of memory, the work is done alone. */
static void fill_together(struct fill *fill)
{
	unsigned int i, n = helper_count(fill);
	struct helper *helpers = NULL;

	if (n)
		helpers = kcalloc(n, sizeof(*helpers), GFP_KERNEL | __GFP_NOWARN);
	if (!helpers)
		n = 0;
	for (i = 0; i < n; i++) {
		helpers[i].fill = fill;
		INIT_WORK(&helpers[i].work, help);
		queue_work(buffers.helpers, &helpers[i].work);
	}
	fill_share(fill);
	/* Who has not begun by now need not; who has is waited for. */
	for (i = 0; i < n; i++)
		cancel_work_sync(&helpers[i].work);
	kfree(helpers);
}

static void count_failure(int err)
{
	switch (err) {
	case -ENOSPC:
		gb_count(GB_COUNT_refused_critical);
		break;
	case -EINTR:
		gb_count(GB_COUNT_refused_interrupted);
		break;
	default:
		gb_count(GB_COUNT_refused_memory);
	}
}

static int fill_buffer(struct gb_buffer *buffer, u32 flags, int node)
{
	struct fill fill = {
		.buffer = buffer,
		.next = ATOMIC_LONG_INIT(0),
		.err = ATOMIC_INIT(0),
	};
	int err;

	gb_wish_init(&fill.wish, flags, node);
#ifdef CONFIG_MEMCG
	fill.memcg = get_mem_cgroup_from_mm(current->mm);
#endif
	err = check_room(buffer->charge.bytes);
	if (!err) {
		fill_together(&fill);
		err = atomic_read(&fill.err);
	}
	mem_cgroup_put(fill.memcg);
	if (err)
		count_failure(err);
	return err;
}

static u64 count_small(const struct gb_buffer *buffer)
{
	u64 bytes = 0;
	size_t i;

	for (i = 0; i < buffer->granules; i++)
		if (buffer->granule[i].small)
			bytes += GREENBOOST_GRANULE_BYTES;
	return bytes;
}

static void put_granules(struct gb_buffer *buffer)
{
	size_t i;

	for (i = 0; i < buffer->granules; i++) {
		gb_granule_finish(&buffer->granule[i]);
		cond_resched();
	}
}

static struct gb_buffer *new_buffer(u64 bytes)
{
	struct gb_buffer *buffer;

	buffer = kzalloc(sizeof(*buffer), GB_GFP_RECORD);
	if (!buffer)
		return NULL;
	buffer->granules = bytes / GREENBOOST_GRANULE_BYTES;
	buffer->granule = kvcalloc(buffer->granules, sizeof(*buffer->granule),
				   GB_GFP_RECORD);
	if (!buffer->granule) {
		kfree(buffer);
		return NULL;
	}
	buffer->id = atomic64_inc_return(&buffers.last_id);
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->mappings);
	return buffer;
}

static void publish(struct gb_buffer *buffer)
{
	mutex_lock(&buffers.lock);
	list_add_tail(&buffer->link, &buffers.list);
	buffers.count++;
	mutex_unlock(&buffers.lock);
	gb_count(GB_COUNT_allocations);
	gb_count_add(GB_COUNT_allocated_bytes, buffer->charge.bytes);
}

struct gb_buffer *gb_buffer_create(struct gb_client *client, u64 bytes,
				   u32 flags, int node)
{
	struct gb_charge charge;
	struct gb_buffer *buffer;
	int err;

	err = gb_charge_take(&charge, client, bytes);
	if (err)
		goto err_refuse;
	buffer = new_buffer(bytes);
	if (!buffer) {
		gb_count(GB_COUNT_refused_memory);
		err = -ENOMEM;
		goto err_charge;
	}
	buffer->charge = charge;
	err = fill_buffer(buffer, flags, node);
	if (err)
		goto err_granules;
	buffer->small_bytes = count_small(buffer);
	publish(buffer);
	trace_greenboost_alloc(buffer->id, bytes, buffer->small_bytes, flags,
			       node, gb_account_used());
	gb_reserve_wake();
	return buffer;

err_granules:
	put_granules(buffer);
	kvfree(buffer->granule);
	kfree(buffer);
err_charge:
	gb_charge_return(&charge);
err_refuse:
	trace_greenboost_refuse(bytes, flags, node, err);
	return ERR_PTR(err);
}

/* The charge goes back last: what is counted is never less than what is used. */
void gb_buffer_destroy(struct gb_buffer *buffer)
{
	struct gb_charge charge = buffer->charge;
	u64 id = buffer->id;

	mutex_lock(&buffers.lock);
	list_del(&buffer->link);
	buffers.count--;
	mutex_unlock(&buffers.lock);
	put_granules(buffer);
	kvfree(buffer->granule);
	mutex_destroy(&buffer->lock);
	kfree(buffer);
	gb_charge_return(&charge);
	gb_count(GB_COUNT_frees);
	gb_count_add(GB_COUNT_freed_bytes, charge.bytes);
	trace_greenboost_free(id, charge.bytes, gb_account_used());
}

struct page *gb_buffer_page(const struct gb_buffer *buffer, pgoff_t index)
{
	return gb_granule_page(&buffer->granule[index / GB_GRANULE_PAGES],
			       index % GB_GRANULE_PAGES);
}

unsigned int gb_buffer_count(void)
{
	return READ_ONCE(buffers.count);
}

void gb_buffer_show(struct seq_file *seq)
{
	struct gb_buffer *buffer;

	mutex_lock(&buffers.lock);
	list_for_each_entry(buffer, &buffers.list, link)
		seq_printf(seq, "buffer %llu uid %u pid %d bytes %llu small %llu\n",
			   buffer->id,
			   from_kuid(&init_user_ns, gb_charge_uid(&buffer->charge)),
			   buffer->charge.client->pid, buffer->charge.bytes,
			   buffer->small_bytes);
	mutex_unlock(&buffers.lock);
}

int gb_buffer_init(void)
{
	buffers.helpers = alloc_workqueue("greenboost", WQ_UNBOUND, 0);
	return buffers.helpers ? 0 : -ENOMEM;
}

void gb_buffer_finish(void)
{
	destroy_workqueue(buffers.helpers);
}
