"""Networks on a bench go through trials."""
