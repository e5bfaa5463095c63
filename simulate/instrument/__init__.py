"""What an experimenter would have recorded."""
