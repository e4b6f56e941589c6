// SPDX-License-Identifier: GPL-2.0-only
#include "tier.h"

#include <stddef.h>

static const struct gb_tier *const host_tiers[] = {
	&gb_tier_ram_module,
	&gb_tier_ram,
	&gb_tier_ram_driver,
	NULL,
};

const struct gb_tier *const *gb_tiers_host = host_tiers + 1;

void gb_tiers_use_module(bool use)
{
	gb_tiers_host = use ? host_tiers : host_tiers + 1;
}
