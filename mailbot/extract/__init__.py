"""Reads hostile bytes in worker processes with limits; what comes out are core values."""
