// SPDX-License-Identifier: GPL-2.0-only
#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#include "pass.h"

static bool add(struct gb_parameters *p, uint64_t address, uint32_t offset)
{
	if (p->count == p->room) {
		uint32_t room = p->room ? 2 * p->room : 16;
		void *words = realloc(p->words, room * sizeof(*p->words));

		if (!words)
			return false;
		p->words = words;
		p->room = room;
	}
	p->words[p->count++] = (struct gb_stage_word){
		.address = address,
		.to = address,
		.offset = offset,
	};
	return true;
}

/* Whole words at @from, which stands at @offset of the block. */
static void search(struct gb_parameters *p, const void *from, uint32_t offset,
		   size_t bytes)
{
	for (size_t at = 0; at + 8 <= bytes; at += 8) {
		uint64_t word;

		memcpy(&word, (const char *)from + at, 8);
		if (gb_is_ours(word) && !add(p, word, offset + (uint32_t)at))
			p->unseen = true;
	}
}

/* The packed block of the extra list: {1, block, 2, &size, 0} in any order. */
static void read_extra(struct gb_parameters *p)
{
	for (int i = 0; i < 4 && p->extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
		if (p->extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER)
			p->block = p->extra[i + 1];
		else if (p->extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE)
			p->bytes = *(const size_t *)p->extra[i + 1];
	}
	if (p->block)
		search(p, p->block, 0, p->bytes);
}

static void read_values(struct gb_parameters *p)
{
	p->layout = gb_layout_get(p->function);
	p->unseen = !p->layout;
	if (!p->layout)
		return;
	p->bytes = p->layout->bytes;
	for (uint32_t i = 0; i < p->layout->count; i++)
		if (p->values[i])
			search(p, p->values[i], p->layout->parameters[i].offset,
			       p->layout->parameters[i].bytes);
}

static size_t block_room(const struct gb_parameters *p)
{
	return (p->bytes + 15) & ~(size_t)15;
}

/* The block, and behind it pointers to the values in it. */
static void make_copy(struct gb_parameters *p)
{
	uint32_t pointers = p->layout ? p->layout->count : 0;

	p->copy = malloc(block_room(p) + pointers * sizeof(void *));
	if (p->copy)
		return;
	p->unseen = true;
	p->count = 0;
}

void gb_parameters_init(struct gb_parameters *parameters, CUfunction function,
			void **values, void **extra)
{
	*parameters = (struct gb_parameters){
		.function = function,
		.values = values,
		.extra = extra,
	};
	if (values)
		read_values(parameters);
	else if (extra)
		read_extra(parameters);
	if (parameters->count)
		make_copy(parameters);
}

void gb_parameters_finish(struct gb_parameters *parameters)
{
	free(parameters->words);
	free(parameters->copy);
}

static bool is_redirected(const struct gb_parameters *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (p->words[i].to != p->words[i].address)
			return true;
	return false;
}

static void write_words(struct gb_parameters *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		memcpy(p->copy + p->words[i].offset, &p->words[i].to, 8);
}

static void redirect_extra(struct gb_parameters *p, void ***extra)
{
	memcpy(p->copy, p->block, p->bytes);
	write_words(p);
	p->copied_extra[0] = CU_LAUNCH_PARAM_BUFFER_POINTER;
	p->copied_extra[1] = p->copy;
	p->copied_extra[2] = CU_LAUNCH_PARAM_BUFFER_SIZE;
	p->copied_extra[3] = &p->bytes;
	p->copied_extra[4] = CU_LAUNCH_PARAM_END;
	*extra = p->copied_extra;
}

static void redirect_values(struct gb_parameters *p, void ***values)
{
	const struct gb_layout *layout = p->layout;
	void **pointers = (void **)(p->copy + block_room(p));

	for (uint32_t i = 0; i < layout->count; i++) {
		const struct gb_parameter *each = &layout->parameters[i];

		pointers[i] = p->values[i] ? p->copy + each->offset : NULL;
		if (p->values[i])
			memcpy(pointers[i], p->values[i], each->bytes);
	}
	write_words(p);
	*values = pointers;
}

void gb_parameters_redirect(struct gb_parameters *parameters, void ***values,
			    void ***extra)
{
	if (!is_redirected(parameters))
		return;
	if (parameters->values)
		redirect_values(parameters, values);
	else
		redirect_extra(parameters, extra);
}
