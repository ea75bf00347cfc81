"""Body motion: a residual vector-quantizing codec, its training, and tools for clips."""
