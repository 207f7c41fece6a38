"""The database of items and everything that happened to them."""
