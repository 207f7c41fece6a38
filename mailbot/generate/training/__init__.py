"""Trains a GPT on the desk's own mail: from files of examples to a Hugging Face directory that the engine opens."""
