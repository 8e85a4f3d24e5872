"""The ways in which a statement is run: with its snapshot, on trial, or again."""
