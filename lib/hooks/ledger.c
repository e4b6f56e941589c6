// SPDX-License-Identifier: GPL-2.0-only
#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>

#include "../engine/engine.h"

#define BUCKETS 4096u

struct entry {
	struct entry *next;
	enum gb_ledger_kind kind;
	int device;
	unsigned int references;
	uint64_t key;
	uint64_t bytes;
	uint64_t handle; /* of a mapping */
};

/* The lock guards the chains and their entries. */
static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *buckets[BUCKETS];

/* Fibonacci hashing: keys are aligned, so their low bits say little. */
static struct entry **bucket(enum gb_ledger_kind kind, uint64_t key)
{
	return &buckets[((key ^ kind) * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

static struct entry **find(enum gb_ledger_kind kind, uint64_t key)
{
	struct entry **at = bucket(kind, key);

	while (*at && ((*at)->kind != kind || (*at)->key != key))
		at = &(*at)->next;
	return at;
}

static void count(const struct entry *entry, int sign)
{
	int64_t bytes = sign * (int64_t)entry->bytes;

	if (entry->kind == GB_LEDGER_HOST)
		gb_engine_count_ram(bytes);
	else if (entry->kind != GB_LEDGER_MAPPING)
		gb_engine_count_direct(entry->device, bytes);
}

static void add(struct entry like)
{
	struct entry *entry = malloc(sizeof(*entry));
	struct entry **at;

	if (!entry)
		return;
	*entry = like;
	entry->references = 1;
	pthread_mutex_lock(&ledger_lock);
	at = bucket(entry->kind, entry->key);
	entry->next = *at;
	*at = entry;
	count(entry, 1);
	pthread_mutex_unlock(&ledger_lock);
}

void gb_ledger_add(enum gb_ledger_kind kind, uint64_t key, int device, uint64_t bytes)
{
	add((struct entry){
		.kind = kind, .device = device, .key = key, .bytes = bytes });
}

void gb_ledger_ref(enum gb_ledger_kind kind, uint64_t key)
{
	struct entry *entry;

	pthread_mutex_lock(&ledger_lock);
	entry = *find(kind, key);
	if (entry)
		entry->references++;
	pthread_mutex_unlock(&ledger_lock);
}

static void unlink_entry(struct entry **at)
{
	struct entry *entry = *at;

	count(entry, -1);
	*at = entry->next;
	free(entry);
}

void gb_ledger_drop(enum gb_ledger_kind kind, uint64_t key)
{
	struct entry **at;

	pthread_mutex_lock(&ledger_lock);
	at = find(kind, key);
	if (*at && !--(*at)->references)
		unlink_entry(at);
	pthread_mutex_unlock(&ledger_lock);
}

uint64_t gb_ledger_find(enum gb_ledger_kind kind, uint64_t key)
{
	uint64_t bytes = 0;
	struct entry *entry;

	pthread_mutex_lock(&ledger_lock);
	entry = *find(kind, key);
	if (entry)
		bytes = entry->bytes;
	pthread_mutex_unlock(&ledger_lock);
	return bytes;
}

void gb_ledger_map(uint64_t address, uint64_t bytes, uint64_t handle)
{
	gb_ledger_ref(GB_LEDGER_HANDLE, handle);
	gb_ledger_ref(GB_LEDGER_HOST, handle);
	add((struct entry){ .kind = GB_LEDGER_MAPPING,
			    .key = address,
			    .bytes = bytes,
			    .handle = handle });
}

/* Takes the mapping at @address out; 0 bytes when there is none. */
static struct entry take_mapping(uint64_t address)
{
	struct entry taken = { .bytes = 0 };
	struct entry **at;

	pthread_mutex_lock(&ledger_lock);
	at = find(GB_LEDGER_MAPPING, address);
	if (*at) {
		taken = **at;
		unlink_entry(at);
	}
	pthread_mutex_unlock(&ledger_lock);
	return taken;
}

void gb_ledger_unmap(uint64_t address, uint64_t bytes)
{
	uint64_t end = address + bytes;

	while (address < end) {
		struct entry taken = take_mapping(address);

		if (taken.bytes) {
			gb_ledger_drop(GB_LEDGER_HANDLE, taken.handle);
			gb_ledger_drop(GB_LEDGER_HOST, taken.handle);
		}
		address += taken.bytes ? taken.bytes : GB_GRANULE;
	}
}

void gb_ledger_reset(int device)
{
	pthread_mutex_lock(&ledger_lock);
	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (struct entry **at = &buckets[i]; *at;) {
			/* The other kinds outlive their context. */
			if ((*at)->device == device &&
			    ((*at)->kind == GB_LEDGER_POINTER ||
			     (*at)->kind == GB_LEDGER_ARRAY))
				unlink_entry(at);
			else
				at = &(*at)->next;
		}
	}
	pthread_mutex_unlock(&ledger_lock);
}
