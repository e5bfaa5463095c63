"""Experiments: tables of trials, one module an experiment. `trials` says what a row is."""
