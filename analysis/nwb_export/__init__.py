"""Sessions as files of Neurodata Without Borders."""
