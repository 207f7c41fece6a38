"""The web page where people approve, review and decide."""
