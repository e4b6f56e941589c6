// SPDX-License-Identifier: GPL-2.0-only
/* include/abi/cuda.h and the real cuda.h agree on every size, offset, value. */
#include <stdio.h>
#include <string.h>

#include "facts.h"

int main(void)
{
	int compared = 0, different = 0;

	for (; our_facts[compared].text; compared++) {
		const struct fact *ours = &our_facts[compared];
		const struct fact *real = &real_facts[compared];

		if (strcmp(ours->text, real->text) == 0 && ours->value == real->value)
			continue;
		fprintf(stderr, "%s: %lld here, %lld in cuda.h\n", ours->text,
			ours->value, real->value);
		different++;
	}
	printf("%d sizes, offsets and values compared\n", compared);
	return different || !compared;
}
