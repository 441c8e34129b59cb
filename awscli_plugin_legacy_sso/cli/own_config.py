"""The way in from the plugin's own config, which turns the plugin on and nothing else.

The AWS CLI is started with ``AWS_CONFIG_FILE`` naming that config, so that the config a person
shares with other tools need not be changed. From then on it has to behave as under theirs: this
module puts their environment back, gives the CLI's session their configuration, and loads their
other plugins. As in ``__init__.py`` the syntax is old, and nothing is imported before it is needed.
"""


def awscli_initialize(event_emitter):
    """Turn the plugin on, then put the person's configuration in the place of our own.

    Raises what botocore raises for their config file, as the AWS CLI itself would.
    """
    import os

    import awscli_plugin_legacy_sso

    # First: without the commands, the alias would start the CLI again and again.
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
        # Not earlier: until here the CLI asks whether to prompt, and would then start over
        # without the plugin.
        _set("AWS_CLI_AUTO_PROMPT", auto_prompt)
        # In place, both: the session and others keep a hold on either dictionary.
        profiles = session.full_config["profiles"]
        profiles.clear()
        profiles.update(config["profiles"])
        session.full_config.clear()
        session.full_config.update(config, profiles=profiles)

    event_emitter.register_first("building-command-table.main", give)
    others = {
        key: module
        for key, module in config.get("plugins", {}).items()
        if str(module).split(".")[0] != "awscli_plugin_legacy_sso"  # which is loaded
    }
    load_plugins(others, event_hooks=event_emitter, include_builtins=False)


def _set(name, value):
    """Set a variable of the environment, where ``None`` is: not set. Empty is something else."""
    import os

    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _end_with_the_process_outside():
    """Have the kernel pass on the end of the AWS CLI that the alias started this one from.

    A SIGTERM to that one alone would leave this one at work. Only the alias script, on Linux,
    says which process that is.
    """
    import os

    outside = os.environ.pop("AWS_LEGACY_SSO_OUTSIDE", "")
    if not outside:
        return
    os.environ.pop("PYINSTALLER_RESET_ENVIRONMENT", None)  # official builds of old leave it there
    import ctypes
    import signal

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    if str(os.getppid()) != outside:  # it has ended already
        os.kill(os.getpid(), signal.SIGTERM)
