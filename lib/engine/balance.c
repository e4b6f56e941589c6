// SPDX-License-Identifier: GPL-2.0-only
#include "balance.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "../log.h"
#include "../staging/staging.h"
#include "allocation.h"
#include "budget.h"
#include "heat.h"
#include "lock.h"
#include "worth.h"

/* An exchange must lower what is wrong by one part in so many, or is not worth it. */
#define PROGRESS 256
/*
 * Launches stand still for copies in one part in so many of the time, or their
 * order is good enough: a prefill of 8192 tokens on an H200 did so for 0.9 %
 * without end, and each exchange for the sake of that took a sixth of it.
 */
#define HELD_UP	 64
/* Nanoseconds that this is said of, or twice as many: it is an estimate (stall.h). */
#define OF_LATE	 UINT64_C(4000000000)

/* An allocation in the order of use. Figures in granules, as sums of them grow. */
struct item {
	struct gb_allocation *allocation;
	uint32_t age;	/* launches since its last use */
	uint32_t heat;	/* as of then */
	uint32_t place; /* among the allocations, by age */
	double bytes, ram;
	bool leaves; /* it may be chosen to leave */
	/* Behind it: what lies in RAM from the first one on, beyond its share. */
	double level;
	/* Sums over all up to it, of bytes and of bytes times level. */
	double weight, moment;
};

/*
 * Memory that a program goes over, in the order in which it does. It is a
 * circle: the program begins anew after the last one.
 */
struct order {
	struct item *items;
	uint32_t count;
	double bytes, ram;
	/* The mean square of the levels' distance from their mean. */
	double unevenness;
	double low, high; /* the levels' extremes */
};

static bool is_stageable(const struct gb_allocation *allocation, uint64_t ring)
{
	return allocation->kind == GB_KIND_UPLOADED &&
	       allocation->extent_count && !allocation->pinned &&
	       !allocation->freed && !atomic_load(&allocation->captured) &&
	       !atomic_load(&allocation->held) && 2 * allocation->bytes <= ring &&
	       !atomic_load(&allocation->staged.escaped);
}

static uint32_t count_allocations(const struct gb_device *device)
{
	uint32_t count = 0;

	for (const struct gb_list *node = device->allocations.next;
	     node != &device->allocations; node = node->next)
		count++;
	return count;
}

/* @below: what of it, in bytes, lies below the border that is looked at. */
static void add_item(struct order *order, struct gb_allocation *allocation,
		     uint64_t below, bool leaves)
{
	uint32_t place = order->count;

	order->items[order->count++] = (struct item){
		.allocation = allocation,
		.age = gb_heat_age(allocation),
		.heat = atomic_load_explicit(&allocation->heat, memory_order_relaxed),
		.place = place,
		.bytes = (double)(allocation->bytes >> GB_GRANULE_SHIFT),
		.ram = (double)(below >> GB_GRANULE_SHIFT),
		.leaves = leaves,
	};
}

/* Without items, but with room for all that the device has. */
static int order_create(struct order *order, const struct gb_device *device)
{
	*order = (struct order){ 0 };
	order->items =
		calloc(count_allocations(device) + 1, sizeof(*order->items));
	return order->items ? 0 : -ENOMEM;
}

/* All that could be staged, by age. -ENOMEM: there is nothing to finish. */
static int order_init(struct order *order, struct gb_device *device, uint64_t ring)
{
	int error = order_create(order, device);

	if (error)
		return error;
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (is_stageable(each, ring))
			add_item(order, each, each->in_ram,
				 each->in_ram < each->bytes);
	}
	return 0;
}

static void order_finish(struct order *order)
{
	free(order->items);
	order->items = NULL;
}

static int by_heat(const void *a, const void *b)
{
	const struct item *one = a, *two = b;

	return (one->heat > two->heat) - (one->heat < two->heat);
}

/* Oldest use first; what one launch used stands by its age. */
static int by_use(const void *a, const void *b)
{
	const struct item *one = a, *two = b;

	if (one->age != two->age)
		return one->age > two->age ? -1 : 1;
	return (one->place > two->place) - (one->place < two->place);
}

/*
 * Leaves what the program goes over once a pass: what has the heat, at its last
 * use, of most bytes. A table that every layer reads is worth more VRAM than
 * they are, what it has done with is worth none, and neither has a place in the
 * order.
 */
static void keep_equally_hot(struct order *order)
{
	double half = 0, sum = 0;
	uint32_t middle = 0, kept = 0;

	qsort(order->items, order->count, sizeof(*order->items), by_heat);
	for (uint32_t i = 0; i < order->count; i++)
		half += order->items[i].bytes / 2;
	for (uint32_t i = 0; i < order->count && sum <= half; i++) {
		sum += order->items[i].bytes;
		middle = order->items[i].heat;
	}
	for (uint32_t i = 0; i < order->count; i++) {
		const struct item *item = &order->items[i];

		if (item->heat >= middle / 2 && item->heat / 2 <= middle &&
		    gb_heat_now(item->allocation))
			order->items[kept++] = *item;
	}
	order->count = kept;
}

/* Puts levels to the items, and sums over them, as they stand. */
static void survey(struct order *order)
{
	double weight = 0, moment = 0, square = 0, level = 0, mean;

	order->bytes = order->ram = 0;
	for (uint32_t i = 0; i < order->count; i++) {
		order->bytes += order->items[i].bytes;
		order->ram += order->items[i].ram;
	}
	order->low = order->high = 0;
	for (uint32_t i = 0; i < order->count; i++) {
		struct item *item = &order->items[i];

		level += item->ram - order->ram / order->bytes * item->bytes;
		item->level = level;
		weight += item->bytes;
		moment += item->bytes * level;
		square += item->bytes * level * level;
		item->weight = weight;
		item->moment = moment;
		if (level < order->low)
			order->low = level;
		if (level > order->high)
			order->high = level;
	}
	mean = order->count ? moment / order->bytes : 0;
	order->unevenness = order->count ? square / order->bytes - mean * mean : 0;
}

static bool can_change_places(const struct item *in, const struct item *out,
			      double room, double ram_room)
{
	double comes = in->ram, goes = out->bytes - out->ram;

	if (in == out || !comes || !goes ||
	    gb_worth_class(out->allocation) > gb_worth_class(in->allocation))
		return false;
	/* As much as comes in, so that VRAM stays full and RAM within its budget. */
	return goes + room >= comes && goes <= comes + comes / 4 && goes <= ram_room;
}

/*
 * About what the unevenness falls by when @in and @out change places: the
 * levels between them fall, or, with @out first, rise.
 */
static double gain(const struct order *order, uint32_t in, uint32_t out)
{
	const struct item *items = order->items;
	double shift = (items[in].ram + items[out].bytes - items[out].ram) / 2;
	uint32_t from = in < out ? in : out, to = in < out ? out : in;
	double before_w = from ? items[from - 1].weight : 0;
	double before_m = from ? items[from - 1].moment : 0;
	double weight = items[to - 1].weight - before_w;
	double mean = items[order->count - 1].moment / order->bytes;
	double moment = items[to - 1].moment - before_m - mean * weight;

	if (in > out)
		shift = -shift;
	return 2 * shift * moment -
	       shift * shift * weight * (1 - weight / order->bytes);
}

/* What the unevenness would really be. */
static double unevenness_after(struct order *order, uint32_t in, uint32_t out)
{
	struct item *items = order->items;
	double in_ram = items[in].ram, out_ram = items[out].ram, after;

	items[in].ram = 0;
	items[out].ram = items[out].bytes;
	survey(order);
	after = order->unevenness;
	items[in].ram = in_ram;
	items[out].ram = out_ram;
	survey(order);
	return after;
}

/* The pair that helps most, if it helps. */
static bool choose_pair(struct order *order, const struct gb_device *device,
			struct gb_exchange *exchange)
{
	double room = (double)(gb_budget_room(device) >> GB_GRANULE_SHIFT);
	double ram = (double)(gb_budget_ram_room() >> GB_GRANULE_SHIFT);
	double best = 0;
	uint32_t in = 0, out = 0;

	for (uint32_t i = 0; i < order->count; i++)
		for (uint32_t k = 0; order->items[i].ram && k < order->count; k++) {
			double found;

			if (!can_change_places(&order->items[i],
					       &order->items[k], room, ram))
				continue;
			found = gain(order, i, k);
			if (found <= best)
				continue;
			best = found;
			in = i;
			out = k;
		}
	if (!best || unevenness_after(order, in, out) >=
			     order->unevenness * (1 - 1.0 / PROGRESS))
		return false;
	exchange->in = order->items[in].allocation;
	exchange->out = order->items[out].allocation;
	return true;
}

/*
 * A number for the order, the same wherever on the circle it begins: the
 * program may wait anywhere.
 */
static uint64_t name_of(const struct order *order)
{
	uint64_t name = order->count;

	for (uint32_t i = 0; i < order->count; i++) {
		uint32_t next = i + 1 < order->count ? i + 1 : 0;
		uint64_t pair = order->items[i].allocation->id << 32 ^
				order->items[next].allocation->id;

		pair *= UINT64_C(0x9e3779b97f4a7c15);
		name += pair ^ pair >> 29;
	}
	return name;
}

/* The same in the order of use. */
static int order_of_use(struct order *order, struct gb_device *device, uint64_t ring)
{
	int error = order_init(order, device, ring);

	if (error)
		return error;
	keep_equally_hot(order);
	qsort(order->items, order->count, sizeof(*order->items), by_use);
	survey(order);
	return 0;
}

static double excess(const struct order *order)
{
	return order->high - order->low;
}

/* What the ring holds ahead makes good for half of it; the rest is in use. */
static bool is_even(const struct order *order, uint64_t ring)
{
	return excess(order) <= (double)ring / 2 / GB_GRANULE;
}

/* Has the order been the same twice, and has anything changed since it was no use? */
static bool is_worth_a_search(struct gb_balance *balance,
			      const struct order *order, uint64_t moved)
{
	uint64_t name = name_of(order);

	if (name != balance->order) {
		balance->order = name;
		balance->settled = false;
		return false;
	}
	return !balance->settled || moved != balance->moved;
}

static bool search(struct gb_device *device, uint64_t ring,
		   struct gb_exchange *exchange)
{
	struct gb_balance *balance = &device->balance;
	struct order order;
	bool found = false;

	if (order_of_use(&order, device, ring))
		return false;
	if (is_worth_a_search(balance, &order, device->moved)) {
		found = !is_even(&order, ring) &&
			choose_pair(&order, device, exchange);
		if (found)
			gb_log_debug("GPU %d: %.0f MiB of RAM too many in a row",
				     device->ordinal,
				     excess(&order) * (GB_GRANULE >> 20));
		balance->settled = !found;
		balance->moved = device->moved;
	}
	order_finish(&order);
	return found;
}

static struct gb_allocation *find(struct gb_device *device, uint64_t id)
{
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);

		if (each->id == id)
			return each;
	}
	return NULL;
}

/* Large ones change places over several idle moments. */
static bool resume(struct gb_device *device, uint64_t ring,
		   struct gb_exchange *exchange)
{
	const struct gb_balance *balance = &device->balance;

	if (!balance->in)
		return false;
	exchange->in = find(device, balance->in);
	exchange->out = find(device, balance->out);
	if (!exchange->in || !exchange->out || !is_stageable(exchange->in, ring) ||
	    !is_stageable(exchange->out, ring))
		return false;
	return exchange->in->in_ram || exchange->out->in_ram < exchange->out->bytes;
}

/* For 15/16 of the time: what is left is in the beginning and the end of it. */
static bool was_busy(const struct gb_device *device, uint64_t bytes, uint64_t ns)
{
	uint64_t rate =
		__atomic_load_n(&device->stats->link_rate, __ATOMIC_RELAXED);

	return rate && (double)bytes / (double)rate >= (double)ns / 1e9 * 15 / 16;
}

void gb_balance_look(struct gb_device *device)
{
	struct gb_balance *balance = &device->balance;
	uint64_t seen, held = gb_staging_stalls(device, &seen);

	/* It has begun anew. */
	if (seen < balance->seen_then)
		balance->seen_then = balance->held_then = 0;
	balance->seen += seen - balance->seen_then;
	balance->held += held - balance->held_then;
	balance->seen_then = seen;
	balance->held_then = held;
	while (balance->seen > 2 * OF_LATE) {
		balance->seen /= 2;
		balance->held /= 2;
	}
}

bool gb_balance_is_due(const struct gb_device *device, uint64_t now)
{
	const struct gb_balance *balance = &device->balance;
	uint64_t copied;

	return balance->looked && gb_staging_ring(device, &copied) &&
	       copied != balance->copied &&
	       balance->held >= balance->seen / HELD_UP &&
	       !was_busy(device, copied - balance->copied, now - balance->looked);
}

void gb_balance_note(struct gb_device *device, uint64_t now)
{
	gb_staging_ring(device, &device->balance.copied);
	device->balance.looked = now;
}

bool gb_balance_choose(struct gb_device *device, struct gb_exchange *exchange)
{
	uint64_t copied, ring = gb_staging_ring(device, &copied);

	assert(gb_locked);
	if (!ring)
		return false;
	if (resume(device, ring, exchange))
		return true;
	gb_balance_give_up(device);
	if (!search(device, ring, exchange))
		return false;
	device->balance.in = exchange->in->id;
	device->balance.out = exchange->out->id;
	return true;
}

void gb_balance_give_up(struct gb_device *device)
{
	device->balance.in = device->balance.out = 0;
}

void gb_balance_account(struct gb_device *device, int64_t bytes)
{
	struct gb_balance *balance = &device->balance;

	if (bytes < 0 && balance->credit < (uint64_t)-bytes)
		balance->credit = 0;
	else
		balance->credit += (uint64_t)bytes;
}

bool gb_balance_has_credit(const struct gb_device *device)
{
	return device->balance.credit > 0;
}

uint64_t gb_balance_excess(struct gb_device *device)
{
	uint64_t copied, ring = gb_staging_ring(device, &copied);
	struct order order;
	uint64_t bytes;

	if (!ring || order_of_use(&order, device, ring))
		return 0;
	bytes = (uint64_t)(excess(&order) * GB_GRANULE);
	order_finish(&order);
	return bytes;
}

/* In the place of @oldest, which is worth no more. */
static bool may_leave(const struct item *item, const struct gb_allocation *oldest)
{
	return item->leaves &&
	       gb_worth_class(item->allocation) <= gb_worth_class(oldest) &&
	       gb_heat_now(item->allocation) / 2 <= gb_heat_now(oldest);
}

/* Behind which item the levels begin, and end, to be as high as they get. */
static void find_extremes(const struct order *order, uint32_t *high, uint32_t *low)
{
	*high = *low = 0;
	for (uint32_t i = 0; i < order->count; i++) {
		if (order->items[i].level >= order->high)
			*high = i;
		if (order->items[i].level <= order->low)
			*low = i;
	}
}

static double distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

/* Of those that may leave, where the levels are half way down from high to low. */
static struct gb_allocation *middle_of_sparse(const struct order *order,
					      const struct gb_allocation *oldest)
{
	double half = (order->high + order->low) / 2, best = order->bytes;
	struct gb_allocation *found = NULL;
	uint32_t high, low, at;

	assert(order->count);
	find_extremes(order, &high, &low);
	at = high;
	do {
		const struct item *item;

		at = (at + 1) % order->count;
		item = &order->items[at];
		if (!may_leave(item, oldest) || distance(item->level, half) >= best)
			continue;
		best = distance(item->level, half);
		found = item->allocation;
	} while (at != low);
	return found;
}

static struct gb_allocation *begun(const struct order *order,
				   const struct gb_allocation *oldest)
{
	for (uint32_t i = 0; i < order->count; i++)
		if (order->items[i].ram && may_leave(&order->items[i], oldest))
			return order->items[i].allocation;
	return NULL;
}

struct gb_allocation *gb_balance_victim(struct gb_device *device,
					struct gb_allocation *oldest)
{
	uint64_t copied, ring = gb_staging_ring(device, &copied);
	struct gb_allocation *victim;
	struct order order;

	if (!ring || !is_stageable(oldest, ring) || order_init(&order, device, ring))
		return oldest;
	/* By age: nothing may have been used yet. */
	survey(&order);
	victim = begun(&order, oldest);
	if (!victim)
		victim = middle_of_sparse(&order, oldest);
	order_finish(&order);
	return victim ? victim : oldest;
}

struct gb_allocation *gb_balance_leaver(struct gb_device *device,
					bool (*leaves)(const struct gb_allocation *))
{
	struct gb_allocation *coldest = NULL, *chosen = NULL;
	struct order order;

	if (order_create(&order, device))
		return NULL;
	gb_list_for_each (node, &device->allocations) {
		struct gb_allocation *each =
			gb_container_of(node, struct gb_allocation, node);
		bool may = leaves(each);

		if (may && (!coldest || gb_heat_now(each) < gb_heat_now(coldest)))
			coldest = each;
		if (may || each->kind == GB_KIND_UPLOADED)
			add_item(&order, each, each->away ? each->bytes : 0, may);
	}
	if (coldest) {
		survey(&order);
		chosen = middle_of_sparse(&order, coldest);
	}
	order_finish(&order);
	return chosen ? chosen : coldest;
}
