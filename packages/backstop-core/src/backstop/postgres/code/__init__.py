"""The code of the user's own that a statement sets off, which its text doesn't show."""
