// SPDX-License-Identifier: GPL-2.0-only
/* What happens around a launch. */
#include "state.h"

#include <errno.h>

#include "../engine/arena.h"
#include "../engine/engine.h"
#include "../engine/spill.h"
#include "../engine/stats.h"
#include "../log.h"

/*
 * Jobs that look at one copy for free, as it were: each takes 1/80 of the time
 * that filling the copy took the link (G6). A trusted pair is looked at as
 * often; beyond, once, when the copy goes.
 */
#define CHEAP_CHECKS 4

/* The first word of an allocation in this launch. */
static void open_allocation(struct gb_staging *staging, struct gb_stage_word *word)
{
	struct gb_staged *staged = &word->owner->staged;

	word->first = true;
	staged->serial = staging->serial;
	staged->direct = !gb_staging_may_copy(staging, word->owner);
	staged->check = false;
}

/* Whose is the word, and what is known of it. */
static void classify(struct gb_staging *staging, struct gb_stage_launch *launch,
		     struct gb_stage_word *word)
{
	struct gb_allocation *owner = gb_arena_owner(word->address);
	const struct gb_pair *pair;

	word->to = word->address;
	word->first = word->writing = word->timed = false;
	word->timer = NULL;
	word->slot = NULL;
	word->owner = NULL;
	if (!owner || owner->device != staging->device)
		return;
	if (!atomic_load(&owner->in_ram) && !atomic_load(&owner->staged.involved))
		return;
	word->owner = owner;
	if (owner->staged.serial != staging->serial)
		open_allocation(staging, word);
	pair = gb_pair_get(&staging->pairs, launch->function, word->offset);
	owner->staged.check |= !gb_pair_is_trusted(pair);
	owner->staged.direct |= pair->writes;
	/* It is to come home, and not to leave again. */
	if (pair->writes && owner->away)
		atomic_store(&owner->kind, GB_KIND_WORKING);
}

static uint64_t choice_key(const struct gb_stage_launch *launch,
			   const struct gb_stage_word *word)
{
	return gb_choice_key(launch->function, launch->grid, word->owner->bytes);
}

/* What has been measured of this function with memory of this size. */
static void choose(struct gb_staging *staging, struct gb_stage_launch *launch,
		   struct gb_stage_word *word)
{
	enum gb_chosen chosen =
		gb_choice_get(&staging->choices, choice_key(launch, word));
	struct gb_staged *staged = &word->owner->staged;

	staged->passed_by =
		chosen == GB_CHOICE_DIRECT || chosen == GB_CHOICE_DIRECT_TIMED;
	/* A copy that is there for others costs nothing. */
	staged->direct = chosen == GB_CHOICE_DIRECT_TIMED ||
			 (chosen == GB_CHOICE_DIRECT && !staged->slot);
	word->timed = chosen == GB_CHOICE_COPY_TIMED ||
		      chosen == GB_CHOICE_DIRECT_TIMED;
}

/* How often a kernel is timed that reads what is too large for a copy. */
#define USES_TIMED 256

/*
 * Does it read all of that, or some rows? Kernels of one function do either,
 * but what they do to one allocation rarely changes.
 */
static bool is_to_be_timed(const struct gb_staging *staging,
			   struct gb_allocation *owner)
{
	struct gb_staged *staged = &owner->staged;

	return owner->kind == GB_KIND_UPLOADED && staging->choices.link_rate &&
	       2 * owner->bytes > staging->ring.bytes &&
	       !atomic_load(&staged->read_whole) && !(staged->uses++ % USES_TIMED);
}

/*
 * All of a model in one allocation, most likely: of its parts nothing is known
 * (docs/staging.md, "Large allocations"), but the program may be able to take
 * its memory in pieces.
 */
static void tell_of_large(const struct gb_allocation *owner)
{
	if (owner->bytes > owner->device->vram_budget &&
	    owner->kind == GB_KIND_UPLOADED)
		gb_log_once(GB_LOG_WARN,
			    "%llu MiB are in one allocation, of which no part can be copied ahead: what of it is in RAM is read over the link, which is slow; greenboost(7) says what helps",
			    (unsigned long long)owner->bytes >> 20);
}

static bool get_copy(struct gb_staging *staging, struct gb_stage_launch *launch,
		     struct gb_stage_word *word)
{
	int error = gb_slot_get(staging, word->owner, launch->lane, &word->slot);

	if (!error) {
		word->slot->pins++;
	} else if (error != -EBUSY && !word->owner->away) {
		gb_log_once(GB_LOG_WARN,
			    "staging fails, memory is read over the link: %s",
			    gb_error_text(error));
	}
	return !error;
}

/*
 * Nobody looks at what a kernel has changed there. So it counts as a write, whatever
 * the function is trusted with: through a copy its first write is still found.
 */
static void use_home(struct gb_staging *staging, struct gb_stage_launch *launch,
		     struct gb_stage_word *word)
{
	struct gb_allocation *owner = word->owner;

	owner->staged.direct = true;
	word->writing = true;
	gb_home_writing(staging, owner, true);
	if (!launch->lane || gb_home_access(staging, owner, launch->lane, true))
		gb_home_settle(staging, owner);
	gb_engine_read_directly(owner->address);
}

/*
 * A launch of another thread's is on its way to the copy, and this one cannot
 * be ordered with the copy's uses: it may use the copy once they are done.
 */
static void share_copy(struct gb_staging *staging, struct gb_stage_word *word)
{
	word->owner->staged.direct = false;
	word->slot = word->owner->staged.slot;
	word->slot->pins++;
	gb_slot_recover(staging, word->slot);
}

/* There is no home that could be read instead. */
static void use_guest(struct gb_staging *staging,
		      struct gb_stage_launch *launch, struct gb_stage_word *word)
{
	struct gb_staged *staged = &word->owner->staged;

	word->check = staged->check;
	staged->passed_by = false;
	if (!launch->lane || gb_lane_is_held(launch->lane) || staged->direct ||
	    !get_copy(staging, launch, word))
		launch->stranded = true;
}

static void decide(struct gb_staging *staging, struct gb_stage_launch *launch,
		   struct gb_stage_word *word)
{
	struct gb_staged *staged = &word->owner->staged;
	bool pinned = staged->slot && staged->slot->pins;

	if (word->owner->away) {
		use_guest(staging, launch, word);
		return;
	}
	word->check = staged->check || !launch->lane;
	if (!launch->lane || gb_lane_is_held(launch->lane))
		staged->direct = true;
	if (!staged->direct)
		choose(staging, launch, word);
	else if (launch->lane) {
		word->timed = is_to_be_timed(staging, word->owner);
		tell_of_large(word->owner);
	}
	/* Another thread's launch is on its way to the copy: so must this one. */
	if ((!staged->direct || pinned) && launch->lane &&
	    get_copy(staging, launch, word))
		staged->direct = false;
	else if (pinned)
		share_copy(staging, word);
	else
		use_home(staging, launch, word);
}

static void redirect(struct gb_stage_word *word)
{
	const struct gb_staged *staged;

	if (!word->owner)
		return;
	staged = &word->owner->staged;
	if (!staged->direct && staged->slot)
		word->to = staged->slot->address +
			   (word->address - word->owner->address);
}

/* What other devices' memory it names: read, and maybe written, where it is. */
static void access_others(struct gb_stage_launch *launch, bool after)
{
	for (uint32_t i = 0; i < launch->count; i++) {
		uint64_t address = launch->words[i].address;
		const struct gb_device *device = gb_arena_device(address);

		if (!device || device->ordinal == launch->device)
			continue;
		launch->others = true;
		if (!after)
			launch->words[i].writing =
				gb_staging_access(address, launch->stream, true);
		else if (launch->words[i].writing)
			gb_staging_written(address, launch->stream);
	}
}

static bool names_any(struct gb_staging *staging, struct gb_stage_launch *launch)
{
	bool any = false;

	staging->serial++;
	for (uint32_t i = 0; i < launch->count; i++) {
		classify(staging, launch, &launch->words[i]);
		any |= launch->words[i].owner != NULL;
	}
	return any;
}

/* Is a kernel's direct reading of anything to be timed? */
static bool is_tried_directly(const struct gb_stage_launch *launch)
{
	for (uint32_t i = 0; i < launch->count; i++)
		if (launch->words[i].timed && !launch->words[i].slot)
			return true;
	return false;
}

/*
 * The link for the launch alone: a copy engine leaves a kernel little of it,
 * and where direct is the better way there are no copies.
 */
static void begin_alone(struct gb_staging *staging, struct gb_stage_launch *launch)
{
	struct gb_point last;

	if (!gb_lane_mark(staging->lanes.copy, &last))
		gb_lane_wait(&staging->lanes, launch->lane, last);
}

static void end_alone(struct gb_staging *staging, struct gb_stage_launch *launch)
{
	struct gb_point last;

	if (!gb_lane_mark(launch->lane, &last))
		gb_lane_wait(&staging->lanes, staging->lanes.copy, last);
}

/* Its copy was used: by whom, and was it changed? */
static void used(struct gb_staging *staging, struct gb_stage_launch *launch,
		 struct gb_stage_word *word)
{
	struct gb_slot *slot = word->slot;
	struct gb_slot_user *user;
	struct gb_point point;
	int error = 0;

	if (!launch->lane) {
		gb_slot_recover(staging, slot);
		return;
	}
	user = gb_slot_user(slot, launch->lane);
	if (slot->allocation &&
	    (word->check || !user || slot->checks < CHEAP_CHECKS)) {
		error = gb_slot_carry(staging, slot, launch->lane, launch);
		if (!error)
			return;
	}
	error = gb_lane_mark(launch->lane, &point);
	if (!error && user)
		*user = (struct gb_slot_user){ point, true };
	else if (!error)
		error = gb_lane_wait(&staging->lanes, staging->lanes.copy, point);
	if (error)
		gb_slot_recover(staging, slot);
}

/*
 * Its home was used: what is copied from it now must wait. If only for what the
 * copy that was there before has carried home, where the launch has failed.
 */
static void used_directly(struct gb_staging *staging, struct gb_stage_launch *launch,
			  struct gb_stage_word *word, struct gb_point *point)
{
	if (!word->writing || !gb_staging_may_copy(staging, word->owner))
		return;
	if (launch->lane && !point->lane)
		gb_lane_promise(launch->lane, point);
	if (point->lane)
		gb_home_written(staging, word->owner, *point);
	else
		atomic_store(&word->owner->staged.escaped, true);
}

static void end(struct gb_staging *staging, struct gb_stage_launch *launch,
		bool launched)
{
	struct gb_point point = { NULL, 0 };

	for (uint32_t i = 0; i < launch->count; i++)
		gb_timer_end(launch->words[i].timer, launch->lane);
	if (is_tried_directly(launch))
		end_alone(staging, launch);
	for (uint32_t i = 0; i < launch->count; i++) {
		struct gb_stage_word *word = &launch->words[i];

		if (!word->first)
			continue;
		if (word->slot && !--word->slot->pins)
			pthread_cond_broadcast(&staging->changed);
		if (word->writing)
			gb_home_writing(staging, word->owner, false);
		if (!word->slot)
			used_directly(staging, launch, word, &point);
		else if (launched)
			used(staging, launch, word);
	}
	if (launch->lane)
		launch->lane->launches--;
}

/* All that the launch waits for has been given to the driver. */
static void begin_timer(struct gb_staging *staging,
			struct gb_stage_launch *launch, struct gb_stage_word *word)
{
	uint64_t key = choice_key(launch, word);

	word->timer = gb_timer_begin(&staging->timers, launch->lane,
				     word->slot ? GB_TIMED_STAGED : GB_TIMED_DIRECT,
				     word->owner->bytes);
	if (word->timer) {
		word->timer->key = key;
		word->timer->address = word->owner->address;
		word->timer->id = word->owner->id;
	} else
		gb_choice_learn(&staging->choices, key, false, 0, 0);
}

/* It cannot go on before something has come home: all is as it was before. */
static void give_up(struct gb_staging *staging, struct gb_stage_launch *launch)
{
	for (uint32_t i = 0; i < launch->count; i++) {
		struct gb_stage_word *word = &launch->words[i];

		if (word->timed)
			gb_choice_learn(&staging->choices,
					choice_key(launch, word), false, 0, 0);
		word->timed = false;
	}
	end(staging, launch, false);
}

/* @state: the stream's, or NULL where it cannot be told. */
static void begin(struct gb_staging *staging, struct gb_stage_launch *launch,
		  const struct gb_stream_state *state)
{
	launch->lane = state ? gb_lane_get(&staging->lanes, launch->stream,
					   state->context)
			     : NULL;
	if (launch->lane)
		launch->lane->launches++;
	for (uint32_t i = 0; i < launch->count; i++) {
		struct gb_stage_word *word = &launch->words[i];

		if (word->first)
			decide(staging, launch, word);
	}
	if (launch->stranded) {
		give_up(staging, launch);
		return;
	}
	for (uint32_t i = 0; i < launch->count; i++)
		redirect(&launch->words[i]);
	if (is_tried_directly(launch))
		begin_alone(staging, launch);
	else
		gb_prefetch(staging);
	for (uint32_t i = 0; i < launch->count; i++)
		if (launch->words[i].timed)
			begin_timer(staging, launch, &launch->words[i]);
}

/* Of the GPU that it runs on. */
static struct gb_staging *staging_of(const struct gb_stage_launch *launch)
{
	if (launch->device < 0 || launch->device >= gb_engine.device_count)
		return NULL;
	return gb_staging_of(&gb_engine.device[launch->device]);
}

/* Does it name memory that is away and that its device's ring cannot have? */
static bool is_stranded(const struct gb_staging *staging,
			const struct gb_stage_launch *launch)
{
	for (uint32_t i = 0; i < launch->count; i++) {
		const struct gb_allocation *owner =
			gb_arena_owner(launch->words[i].address);

		if (owner && owner->away &&
		    (!staging || launch->captured || owner->device != staging->device))
			return true;
	}
	return false;
}

static bool names_memory_in_use(const struct gb_staging *staging,
				const struct gb_stage_launch *launch)
{
	for (uint32_t i = 0; i < launch->count; i++) {
		const struct gb_allocation *owner =
			gb_arena_owner(launch->words[i].address);

		if (owner && gb_home_is_in_use(staging, owner))
			return true;
	}
	return false;
}

/* What the launch writes is known later, when the lock cannot be let go any more. */
static void wait_for_graphs(struct gb_staging *staging,
			    const struct gb_stage_launch *launch)
{
	while (staging->launching && names_memory_in_use(staging, launch))
		pthread_cond_wait(&staging->changed, &staging->lock);
}

bool gb_staging_begin(struct gb_stage_launch *launch)
{
	struct gb_staging *staging = staging_of(launch);
	struct gb_stream_state state;
	bool any, told;

	launch->others = launch->stranded = false;
	told = (staging || gb_spill_any()) &&
	       !gb_engine.driver->stream_state(launch->stream, &state);
	launch->captured = told && state.capture;
	if (gb_spill_any() && is_stranded(staging, launch)) {
		launch->stranded = true;
		return false;
	}
	if (gb_engine.device_count > 1)
		access_others(launch, false);
	if (!staging)
		return launch->others;
	pthread_mutex_lock(&staging->lock);
	if (!launch->captured) {
		wait_for_graphs(staging, launch);
		gb_staging_learn(staging);
	}
	any = names_any(staging, launch);
	if (any && launch->captured)
		any = gb_capture_begin(staging, launch, &state);
	else if (any)
		begin(staging, launch, told ? &state : NULL);
	pthread_mutex_unlock(&staging->lock);
	if (launch->stranded && launch->others)
		access_others(launch, true);
	return !launch->stranded && (any || launch->others);
}

void gb_staging_end(struct gb_stage_launch *launch, bool launched)
{
	struct gb_staging *staging = staging_of(launch);

	if (staging) {
		pthread_mutex_lock(&staging->lock);
		if (launch->captured)
			gb_capture_end(staging, launch, launched);
		else
			end(staging, launch, launched);
		pthread_mutex_unlock(&staging->lock);
	}
	if (launch->others)
		access_others(launch, true);
}
