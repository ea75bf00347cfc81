# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: a motion as an Action of its own, its sound, and the raw motion kept with it."""
