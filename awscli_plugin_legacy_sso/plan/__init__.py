"""Which sources are copied to which legacy profiles. Pure: configuration in, copies out."""
