# shellcheck shell=bash disable=SC2034,SC2154,SC2168 # of the function `aws` of the hook
# ---- Turns the plugin on for this `aws`, if it is a command of ours; for bash and zsh ----
# The hook sources this in its function `aws`, so that what is local here ends with that call.

\builtin local __aws_legacy_sso_config
__aws_legacy_sso_config="${__aws_legacy_sso_here%/awscli_plugin_legacy_sso/shell}/config"
case $__aws_legacy_sso_command/:${AWS_CONFIG_FILE-} in
  *":$__aws_legacy_sso_config") ;; # it is turned on
  /sso/refresh-legacy/* | /sso/list-legacy/* | /sso/remove-legacy/*)
    # An earlier `aws` function may read AWS_CONFIG_FILE. Then the alias that `setup` wrote turns
    # the plugin on, if there is the /proc that it needs.
    if [[ -r $__aws_legacy_sso_config && (-z $__aws_legacy_sso_has_old || ! -r /proc/self/stat) ]]; then
      # Exported values are handed on. The variables may be readonly.
      if __aws_legacy_sso_exports AWS_CONFIG_FILE; then
        \builtin local -x AWS_LEGACY_SSO_CONFIG_FILE="$AWS_CONFIG_FILE"
      fi
      if __aws_legacy_sso_exports AWS_CLI_AUTO_PROMPT; then
        \builtin local -x AWS_LEGACY_SSO_AUTO_PROMPT="$AWS_CLI_AUTO_PROMPT"
      fi
      \builtin local -x AWS_CONFIG_FILE="$__aws_legacy_sso_config" 2>&- || \builtin true
      \builtin local -x AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
    fi
    ;;
esac
