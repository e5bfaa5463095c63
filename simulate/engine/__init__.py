"""The compiled loops, and settled states and gradients in closed form."""
