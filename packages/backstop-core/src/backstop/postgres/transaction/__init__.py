"""The application's transaction: what it has done, and what of Backstop's own is done inside it."""
