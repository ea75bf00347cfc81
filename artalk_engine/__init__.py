"""Speech to FLAME motion: a complete ARTalk with a head and a voice of its own."""
