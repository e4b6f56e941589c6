/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of callers.c, in the two libraries that are made of it. */
#ifndef CALLERS_H
#define CALLERS_H

const char *shared_name(void);

const char *first_own(void);
void *first_look_up(void *handle, const char *name);

const char *second_own(void);
void *second_look_up(void *handle, const char *name);

const char *third_own(void);
void *third_look_up(void *handle, const char *name);

/* The one that all of them have. */
#define SHARED_NAME shared_name

#endif
