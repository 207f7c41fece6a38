"""Brings mail and dropped files in: bytes become items of the ledger, once."""
