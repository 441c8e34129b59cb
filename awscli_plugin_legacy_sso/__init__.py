"""AWS CLI v2 plugin that copies temporary SSO credentials to profiles every old AWS tool can use.

The AWS CLI imports this module for every ``aws`` command. So it imports nothing, keeps to a syntax
that old Pythons can read, and whatever is wrong with the rest of the package is said by the
commands it adds, and breaks no other.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import refresh_legacy_sso

__all__ = ["awscli_initialize", "refresh_legacy_sso"]


def awscli_initialize(event_emitter):  # type: ignore[no-untyped-def]  # the syntax of old Pythons
    """Register the commands: the AWS CLI calls this once it has imported the plugin."""
    # Last: from CLI 2.35.5 on, the built-in commands would otherwise be added after ours.
    event_emitter.register_last("building-command-table.sso", _add_commands)


def _add_commands(command_table, session, **kwargs):  # type: ignore[no-untyped-def]
    import sys

    write_bytecode = sys.dont_write_bytecode
    # The official CLI never writes .pyc files, so our modules would be compiled at each start.
    sys.dont_write_bytecode = False
    try:
        if sys.version_info < (3, 11):
            raise ImportError(
                "it needs Python 3.11 or newer, as AWS CLI 2.11 and newer bring it, and this is "
                "Python %d.%d; update the AWS CLI" % sys.version_info[:2]
            )
        from .commands import COMMANDS
    except Exception as error:
        from ._broken import commands_that_say

        COMMANDS = commands_that_say(error)
    finally:
        sys.dont_write_bytecode = write_bytecode
    for command in COMMANDS:
        command_table[command.NAME] = command(session)


def __getattr__(name):  # type: ignore[no-untyped-def]
    if name == "refresh_legacy_sso":
        from .api import refresh_legacy_sso

        return refresh_legacy_sso
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
