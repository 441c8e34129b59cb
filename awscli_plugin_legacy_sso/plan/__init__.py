"""Which source profiles are copied to which legacy profiles. Pure: no file and no network."""
