"""How the built-in voice is made: synthetic speech, motion by rule, and three small trainings."""
