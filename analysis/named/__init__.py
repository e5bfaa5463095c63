"""Named arrays that do not say what they are, put together as a recording."""
