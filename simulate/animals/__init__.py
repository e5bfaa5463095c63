"""Theory x experiment x animals: networks that are trained, tested and recorded."""
