"""The edge to the AWS CLI: commands, all output, and the only room that knows ``awscli``."""
