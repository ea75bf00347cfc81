"""Sound files to waveforms to audio features."""
