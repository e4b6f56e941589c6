// SPDX-License-Identifier: GPL-2.0-only
#include "runs.h"

#include <errno.h>
#include <stdlib.h>

struct run {
	struct gb_list node;
	uint64_t offset;
	uint64_t bytes;
};

static struct run *run_of(struct gb_list *item)
{
	return gb_container_of(item, struct run, node);
}

void gb_runs_init(struct gb_runs *runs)
{
	gb_list_init(&runs->list);
	runs->bytes = 0;
}

static void run_remove(struct run *run)
{
	gb_list_remove(&run->node);
	free(run);
}

void gb_runs_finish(struct gb_runs *runs)
{
	gb_list_for_each_safe(item, &runs->list) run_remove(run_of(item));
	runs->bytes = 0;
}

/* Makes @item and the run behind it one if they touch. */
static void join(struct gb_runs *runs, struct gb_list *item)
{
	struct run *run, *behind;

	if (item == &runs->list || item->next == &runs->list)
		return;
	run = run_of(item);
	behind = run_of(item->next);
	if (run->offset + run->bytes != behind->offset)
		return;
	run->bytes += behind->bytes;
	run_remove(behind);
}

int gb_runs_add(struct gb_runs *runs, uint64_t offset, uint64_t bytes)
{
	struct run *run = malloc(sizeof(*run));
	struct gb_list *at = runs->list.next;

	if (!run)
		return -ENOMEM;
	run->offset = offset;
	run->bytes = bytes;
	while (at != &runs->list && run_of(at)->offset < offset)
		at = at->next;
	assert(at == &runs->list || offset + bytes <= run_of(at)->offset);
	gb_list_insert(at, &run->node);
	join(runs, &run->node);
	join(runs, run->node.prev);
	runs->bytes += bytes;
	return 0;
}

bool gb_runs_take(struct gb_runs *runs, uint64_t bytes, uint64_t *offset)
{
	gb_list_for_each (item, &runs->list) {
		struct run *run = run_of(item);

		if (run->bytes < bytes)
			continue;
		*offset = run->offset;
		run->offset += bytes;
		run->bytes -= bytes;
		runs->bytes -= bytes;
		if (!run->bytes)
			run_remove(run);
		return true;
	}
	return false;
}

bool gb_runs_pop(struct gb_runs *runs, uint64_t *offset, uint64_t *bytes)
{
	if (gb_list_is_empty(&runs->list))
		return false;
	*bytes = run_of(runs->list.next)->bytes;
	return gb_runs_take(runs, *bytes, offset);
}
