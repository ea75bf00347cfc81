"""Gaussians to pictures: the splatting that the photo-real avatar is trained with."""
