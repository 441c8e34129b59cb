"""What is done: refresh, watch, list and remove."""
