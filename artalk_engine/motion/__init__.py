"""Audio features to bits to motion: the networks, and the smoothing after them."""
