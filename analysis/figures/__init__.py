"""Figures: the only folder that knows how to plot."""
