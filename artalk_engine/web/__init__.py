"""The engine in a browser: a page that makes films, and pictures that can be watched while they are made."""
