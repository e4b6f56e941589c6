// SPDX-License-Identifier: GPL-2.0-only
/* A library that has nothing but what the compiler puts into every library. */
int empty(void);

int empty(void)
{
	return 0;
}
