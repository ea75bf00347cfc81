# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies: clips of SMPL-X motion on armatures, and a talking face on top of them."""
