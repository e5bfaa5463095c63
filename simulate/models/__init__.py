"""One theory a file, its equations in the docstring in the symbols of the code."""
