# SPDX-License-Identifier: GPL-3.0-or-later
"""The FLAME rig: reading a head, building its rig, finding the rig's parts, measuring it."""
