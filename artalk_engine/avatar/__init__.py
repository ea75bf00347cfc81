"""Photographic avatars: one portrait, tracked once, speaks as a picture of 3-D Gaussians."""
