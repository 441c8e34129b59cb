"""The work of the commands: refresh, watch, list and remove."""
