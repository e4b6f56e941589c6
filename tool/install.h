/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the parts of this GreenBoost lie: found from the tool's own place, so
 * that a build tree, an installation and a moved installation all work.
 */
#ifndef GB_INSTALL_H
#define GB_INSTALL_H

enum gb_part {
	GB_PART_LIBRARY, /* libgreenboost_cuda.so */
	GB_PART_AUDIT,	 /* libgreenboost_audit.so */
	GB_PART_SIM,	 /* the simulated GPU's libcuda.so.1 */
	GB_PART_MODEL,	 /* the program that `predict` runs on that */
};

/*
 * The absolute path of @part, allocated, or NULL when it is not there; that has
 * been said in one line then.
 */
char *gb_install_find(enum gb_part part);

#endif
