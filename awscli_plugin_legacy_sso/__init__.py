"""AWS CLI v2 plugin that copies temporary SSO credentials to profiles every old AWS tool can use.

The AWS CLI imports this module for every ``aws`` command. So it imports nothing, keeps to a syntax
that old Pythons can read, and whatever is wrong with the rest of the package is said by the
commands it adds, and breaks no other.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .python_function import refresh_legacy_sso

__version__ = "0.1.0"
__all__ = ["awscli_initialize", "refresh_legacy_sso"]


def awscli_initialize(event_emitter):
    """Register the commands: the AWS CLI calls this once it has imported the plugin."""
    # The general event, and last: by then the built-in commands have been added (after ours, from
    # CLI 2.35.5 on), and so have the person's aliases, of which three lead here.
    event_emitter.register_last("building-command-table", _add_commands)


def _add_commands(command_table, session, event_name, **kwargs):
    if event_name == "building-command-table.sso":
        for command in _commands():
            command_table[command.NAME] = command(session)


def _commands():
    import sys

    write_bytecode = sys.dont_write_bytecode
    # The official CLI never writes .pyc files, so our modules would be compiled at each start.
    sys.dont_write_bytecode = False
    try:
        if sys.version_info < (3, 11):
            raise ImportError(
                "it needs Python 3.11 or newer, as AWS CLI 2.11 and newer bring it, and this is "
                "Python {}.{}; update the AWS CLI".format(*sys.version_info)
            )
        from .cli import commands
    except Exception as error:  # noqa: BLE001  # whatever it is, `aws sso login` has to work
        return _commands_that_say(error)
    finally:
        sys.dont_write_bytecode = write_bytecode
    return commands.COMMANDS


def _commands_that_say(error):
    """Return commands with our names that exit 253 and say what is wrong, whatever they are given.

    Here and not in a module of its own: all but this file may be missing.
    """
    from awscli.customizations.commands import BasicCommand
    from awscli.customizations.exceptions import ConfigurationError

    reason = f"the plugin awscli_plugin_legacy_sso cannot be loaded: {error}"

    class Broken(BasicCommand):
        DESCRIPTION = reason

        def __call__(self, args, parsed_globals):
            if args == ["help"]:
                return super().__call__(args, parsed_globals)
            raise ConfigurationError(reason)

    names = ("refresh-legacy", "list-legacy", "remove-legacy")
    return [type("Broken", (Broken,), {"NAME": name}) for name in names]


def __getattr__(name):
    if name == "refresh_legacy_sso":
        from .python_function import refresh_legacy_sso

        return refresh_legacy_sso
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
