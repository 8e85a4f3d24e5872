"""Tables and types that are made anew around rows that stay, as they can't be altered back."""
