# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the take that plays: what its curves show, which pictures of that are there, and which to ask for."""
