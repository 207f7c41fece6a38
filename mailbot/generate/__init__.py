"""Writes drafts: the template alone, or a model behind the Generator port."""
