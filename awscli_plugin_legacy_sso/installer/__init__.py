"""Setup, uninstall and doctor: the plugin on, off again, and looked after."""
