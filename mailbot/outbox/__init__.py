"""Sends exact bytes, once."""
