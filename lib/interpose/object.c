// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

#include <dlfcn.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* The start of this library's mapping, from the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* What the dynamic section says about an object's own symbols. */
struct symbols {
	uintptr_t base;
	const char *strings;
	const ElfW(Sym) * table;
	const uint32_t *gnu_hash;
	const uint32_t *hash;
	const char *soname;
};

/* The layout behind DT_GNU_HASH; then the bloom words, buckets and chains. */
struct gnu_hash {
	uint32_t bucket_count;
	uint32_t first_symbol;
	uint32_t bloom_words;
	uint32_t bloom_shift;
};

/* The loader has made the pointers absolute, except in read-only sections. */
static const void *absolute(const struct link_map *object, ElfW(Addr) pointer)
{
	if (pointer < object->l_addr)
		pointer += object->l_addr;
	return (const void *)pointer;
}

static void read_symbols(const struct link_map *object, struct symbols *symbols)
{
	const ElfW(Dyn) * entry;
	ElfW(Xword) soname = 0;
	bool named = false;

	*symbols = (struct symbols){ .base = object->l_addr };
	for (entry = object->l_ld; entry->d_tag != DT_NULL; entry++) {
		const void *pointer = absolute(object, entry->d_un.d_ptr);

		if (entry->d_tag == DT_STRTAB)
			symbols->strings = pointer;
		else if (entry->d_tag == DT_SYMTAB)
			symbols->table = pointer;
		else if (entry->d_tag == DT_GNU_HASH)
			symbols->gnu_hash = pointer;
		else if (entry->d_tag == DT_HASH)
			symbols->hash = pointer;
		else if (entry->d_tag == DT_SONAME) {
			soname = entry->d_un.d_val;
			named = true;
		}
	}
	if (named && symbols->strings)
		symbols->soname = symbols->strings + soname;
}

/* The function behind a symbol, if that is what it is and if it is @name. */
static void *function(const struct symbols *symbols, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = symbols->table + index;
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);

	if (symbol->st_shndx == SHN_UNDEF ||
	    (type != STT_FUNC && type != STT_NOTYPE))
		return NULL;
	if (!gb_text_is(symbols->strings + symbol->st_name, name))
		return NULL;
	return (void *)(symbols->base + symbol->st_value);
}

static uint32_t hash_gnu(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static void *find_gnu(const struct symbols *symbols, const char *name)
{
	const struct gnu_hash *head = (const void *)symbols->gnu_hash;
	const uint64_t *bloom = (const void *)(head + 1);
	const uint32_t *buckets = (const void *)(bloom + head->bloom_words);
	const uint32_t *chains = buckets + head->bucket_count;
	uint32_t hash = hash_gnu(name);
	uint64_t word = bloom[hash / 64 % head->bloom_words];
	uint32_t index;
	void *found;

	if (!(word >> hash % 64 & word >> (hash >> head->bloom_shift) % 64 & 1))
		return NULL;
	index = buckets[hash % head->bucket_count];
	if (index < head->first_symbol)
		return NULL;
	/* A chain holds the hashes; the low bit marks the last of them. */
	for (;; index++) {
		uint32_t other = chains[index - head->first_symbol];

		if ((other | 1) == (hash | 1)) {
			found = function(symbols, index, name);
			if (found)
				return found;
		}
		if (other & 1)
			return NULL;
	}
}

static uint32_t hash_sysv(const char *name)
{
	uint32_t hash = 0, high;

	for (; *name; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		high = hash & 0xf0000000;
		hash = (hash ^ high >> 24) & ~high;
	}
	return hash;
}

static void *find_sysv(const struct symbols *symbols, const char *name)
{
	uint32_t bucket_count = symbols->hash[0];
	const uint32_t *buckets = symbols->hash + 2;
	const uint32_t *chains = buckets + bucket_count;
	uint32_t index = buckets[hash_sysv(name) % bucket_count];
	void *found;

	for (; index != STN_UNDEF; index = chains[index]) {
		found = function(symbols, index, name);
		if (found)
			return found;
	}
	return NULL;
}

const struct link_map *gb_object_at(const void *address)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)address, &found))
		return NULL;
	return found.dlfo_link_map;
}

const struct link_map *gb_object_self(void)
{
	return gb_object_at(&__ehdr_start);
}

bool gb_object_is(const struct link_map *object, const char *soname)
{
	struct symbols symbols;

	read_symbols(object, &symbols);
	return symbols.soname && gb_text_is(symbols.soname, soname);
}

void *gb_object_symbol(const struct link_map *object, const char *name)
{
	struct symbols symbols;

	read_symbols(object, &symbols);
	if (!symbols.table || !symbols.strings)
		return NULL;
	if (symbols.gnu_hash)
		return find_gnu(&symbols, name);
	if (symbols.hash)
		return find_sysv(&symbols, name);
	return NULL;
}
