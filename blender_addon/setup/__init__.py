# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing and checking what the engine needs, in processes beside Blender.

Everything here needs the standard library alone and imports nothing but its own neighbours: Blender reads these modules
as part of the add-on, and ``worker.py`` runs them in a process of its own, where there is no Blender.
"""
