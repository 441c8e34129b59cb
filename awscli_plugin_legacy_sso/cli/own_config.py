"""The plugin that our own config file turns on: it loads ours, then restores the person's config.

The hooks, the aliases and the program start the AWS CLI with ``AWS_CONFIG_FILE`` set to our config
file, so that ``~/.aws/config`` is not changed. This module restores the person's environment, gives
the CLI's session their configuration, and loads their other plugins. As in ``__init__.py``, it
imports nothing at the top, and its syntax is that of Python 3.7.
"""


def awscli_initialize(event_emitter):
    """Turn the plugin on, then replace our configuration by the person's.

    Raises what botocore raises for their config file.
    """
    import os

    import awscli_plugin_legacy_sso

    # First: without our commands, the alias would start the CLI again and again.
    awscli_plugin_legacy_sso.awscli_initialize(event_emitter)
    _end_with_the_process_outside()
    own = os.path.realpath(os.environ.get("AWS_CONFIG_FILE", ""))
    theirs = os.environ.pop("AWS_LEGACY_SSO_CONFIG_FILE", None)
    _set("AWS_CONFIG_FILE", None if theirs and os.path.realpath(theirs) == own else theirs)
    auto_prompt = os.environ.pop("AWS_LEGACY_SSO_AUTO_PROMPT", None)

    import botocore.session
    from awscli.plugin import load_plugins

    config = botocore.session.Session().full_config

    def give(session, **kwargs):
        # Not earlier: with this variable the CLI would have prompted, and then started itself
        # again without the plugin.
        _set("AWS_CLI_AUTO_PROMPT", auto_prompt)
        # Both dictionaries are changed in place: the session and others refer to them.
        profiles = session.full_config["profiles"]
        profiles.clear()
        profiles.update(config["profiles"])
        session.full_config.clear()
        session.full_config.update(config, profiles=profiles)

    event_emitter.register_first("building-command-table.main", give)
    others = {
        key: module
        for key, module in config.get("plugins", {}).items()
        if str(module).split(".")[0] != "awscli_plugin_legacy_sso"  # already loaded
    }
    load_plugins(others, event_hooks=event_emitter, include_builtins=False)


def _set(name, value):
    """Set an environment variable; ``None`` removes it."""
    import os

    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _end_with_the_process_outside():
    """Have the kernel send SIGTERM to this process when the AWS CLI that runs the alias ends.

    The alias script names that process, on Linux only.
    """
    import os

    outside = os.environ.pop("AWS_LEGACY_SSO_OUTSIDE", "")
    if not outside:
        return
    os.environ.pop("PYINSTALLER_RESET_ENVIRONMENT", None)  # old official builds leave it set
    import ctypes
    import signal

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    if str(os.getppid()) != outside:  # it has ended already
        os.kill(os.getpid(), signal.SIGTERM)
