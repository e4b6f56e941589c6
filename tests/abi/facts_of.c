// SPDX-License-Identifier: GPL-2.0-only
/* The facts as the header that ABI_HEADER names has them, in the array ABI_FACTS. */
#include ABI_HEADER

#include <stddef.h>
#include <stdint.h>

#include "facts.h"

const struct fact ABI_FACTS[] = {
#define ABI_SIZE(type) { "size of " #type, sizeof(type) },
#define ABI_FIELD(type, member)                                                \
	{ "offset of " #type "." #member, offsetof(type, member) },
#define ABI_VALUE(constant) { #constant, (intptr_t)(constant) },
#include "facts.def"
	{ NULL, 0 },
};
