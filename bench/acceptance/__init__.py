# SPDX-License-Identifier: GPL-2.0-only
"""The acceptance on a real GPU: rows of measurements, and what carries them."""
