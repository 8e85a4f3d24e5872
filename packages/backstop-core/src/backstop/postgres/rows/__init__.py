"""The rows of relations: copied out, compared with what was saved, and written back."""
