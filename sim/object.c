/* SPDX-License-Identifier: GPL-2.0-only */
/* The objects behind the program's handles, and memory that does not fail. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define MAGIC 0x53494d47u

/* How many destroyed objects of one type stay readable. */
#define GRAVES 1024

static struct {
	struct sim_object *first, **last;
	int count;
} graves[SIM_TYPES];

void *sim_resize(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	if (!memory) {
		fprintf(stderr, "greenboost-sim: no memory left\n");
		abort();
	}
	return memory;
}

void *sim_alloc(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	return memory ? memory : sim_resize(NULL, bytes);
}

void *sim_object_create(enum sim_type type, size_t size)
{
	struct sim_object *object = sim_alloc(size);

	object->magic = MAGIC;
	object->type = type;
	return object;
}

void sim_object_give(void *handle, struct CUctx_st *owner, void (*end)(void *))
{
	struct sim_object *object = handle;

	object->owner = owner;
	object->end = end;
	TAILQ_INSERT_TAIL(&owner->objects, object, link);
}

void sim_object_destroy(void *handle)
{
	struct sim_object *object = handle, *oldest;
	enum sim_type type = object->type;

	if (object->owner)
		TAILQ_REMOVE(&object->owner->objects, object, link);
	object->owner = NULL;
	object->was = type;
	object->type = SIM_DEAD;
	object->next = NULL;
	if (!graves[type].last)
		graves[type].last = &graves[type].first;
	*graves[type].last = object;
	graves[type].last = &object->next;
	if (++graves[type].count <= GRAVES)
		return;
	oldest = graves[type].first;
	graves[type].first = oldest->next;
	graves[type].count--;
	free(oldest);
}

static const struct sim_object *object_of(const void *handle)
{
	const struct sim_object *object = handle;

	/* No object lies in the first page or at an odd address. */
	if ((uintptr_t)handle < SIM_PAGE || (uintptr_t)handle % 8)
		return NULL;
	return object->magic == MAGIC ? object : NULL;
}

bool sim_is_live(const void *handle, enum sim_type type)
{
	const struct sim_object *object = object_of(handle);

	return object && object->type == type;
}

bool sim_is_dead(const void *handle, enum sim_type type)
{
	const struct sim_object *object = object_of(handle);

	return object && object->type == SIM_DEAD && object->was == type;
}
