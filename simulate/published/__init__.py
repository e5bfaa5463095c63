"""Published results, each a file that ends in its `RESULT`; see `published.result`."""
