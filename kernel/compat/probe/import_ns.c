// SPDX-License-Identifier: GPL-2.0-only
/* MODULE_IMPORT_NS() takes a token; it takes a string where this fails. */
#include <linux/module.h>

MODULE_IMPORT_NS(PROBE);
