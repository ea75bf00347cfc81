"""FLAME heads: expression and pose to vertices."""
