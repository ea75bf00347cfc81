"""The commands of the command line, one a file: its options, and what it does with them."""
