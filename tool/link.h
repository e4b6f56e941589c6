/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI Express link of a GPU: how it is trained, how it could be, and what
 * such a link carries.
 */
#ifndef GB_LINK_H
#define GB_LINK_H

#include <stdbool.h>

struct gb_link_form {
	unsigned int generation, width; /* 0: not known */
};

struct gb_link {
	struct gb_link_form now;
	struct gb_link_form card; /* the most that the card can do */
	struct gb_link_form slot; /* and the port that it is plugged into */
	int node;		  /* of NUMA that it hangs on; -1: not known */
};

/*
 * Of the device @bus_id ("0000:01:00.0"). @root stands before /sys: "" but in
 * tests. Whatever cannot be read is unknown. A card that has nothing to do may
 * have lowered its link to save power: read it when it has just worked.
 */
void gb_link_read(struct gb_link *link, const char *root, const char *bus_id);

/* The better of what both the card and the slot can do; unknown where either is. */
struct gb_link_form gb_link_best(const struct gb_link *link);

/*
 * Bytes a second that a copy engine brings over a link of @form in one
 * direction, and in *@source where that number is from. 0 where not known.
 */
double gb_link_rate(struct gb_link_form form, const char **source);

#endif
