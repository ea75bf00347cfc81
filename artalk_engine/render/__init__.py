"""Pictures of a speaking head, and films of them."""
