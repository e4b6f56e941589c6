/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the simulated GPU offers beyond the driver's interface. A program finds
 * these with dlsym(), since on a real machine they are not there.
 */
#ifndef GREENBOOST_SIM_H
#define GREENBOOST_SIM_H

#include <stdint.h>

/*
 * Virtual time of the program's thread in ns since cuInit, as the profile in
 * GREENBOOST_SIM_PROFILE makes it; 0 without a profile. Any thread.
 */
typedef uint64_t (*greenboost_sim_now_fn)(void);
#define GREENBOOST_SIM_NOW "greenboost_sim_now"

/* The program's thread works for @ns of virtual time. Any thread. */
typedef void (*greenboost_sim_spend_fn)(uint64_t ns);
#define GREENBOOST_SIM_SPEND "greenboost_sim_spend"

/* What one device's link has carried so far, re-reads counted; bytes. */
struct greenboost_sim_link {
	uint64_t up_bytes, down_bytes;
	uint64_t up_ns, down_ns; /* of a link fully used */
};

/* Returns 0, or -1 without a profile or such a device. Any thread. */
typedef int (*greenboost_sim_link_fn)(int device, struct greenboost_sim_link *link);
#define GREENBOOST_SIM_LINK "greenboost_sim_link"

#endif
