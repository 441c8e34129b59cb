"""The credentials file: its text, what a legacy profile is in it, and the safe write."""
