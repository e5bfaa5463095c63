"""What theories are put together from."""
