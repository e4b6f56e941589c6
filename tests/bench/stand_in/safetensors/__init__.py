# SPDX-License-Identifier: GPL-2.0-only
"""What the clients use of safetensors."""

__version__ = "a stand-in"
