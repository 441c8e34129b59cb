# shellcheck shell=bash disable=SC2034,SC2086,SC2154,SC2168
# ---- Turns the plugin on for one call of `aws`, if it is a command of ours; for bash and zsh ----
# The hook sources this in its function `aws`: what is local here ends with that call.

\builtin local __aws_legacy_sso_config
__aws_legacy_sso_config="${__aws_legacy_sso_here%/awscli_plugin_legacy_sso/shell}/config"
case $__aws_legacy_sso_command/ in # a command of ours, by exact words
  /sso/refresh-legacy/* | /sso/list-legacy/* | /sso/remove-legacy/*) ;;
  *) __aws_legacy_sso_config='' ;;
esac
# An earlier `aws` function may read AWS_CONFIG_FILE. Then the alias that `setup` wrote turns the
# plugin on, if there is the /proc that it needs.
if [[ -r $__aws_legacy_sso_config && ${AWS_CONFIG_FILE-} != "$__aws_legacy_sso_config" ]] &&
  [[ -z $__aws_legacy_sso_has_old || ! -r /proc/self/stat ]]; then
  \builtin source "$__aws_legacy_sso_here/exports.sh"
  # Exported values are handed on. The person's variables may be readonly. In bash the local of an
  # exported variable is exported too; with -x, bash 5.2 would keep our value after a call as
  # `AWS_CONFIG_FILE=x aws ...`.
  if __aws_legacy_sso_exports AWS_CONFIG_FILE; then
    \builtin local -x AWS_LEGACY_SSO_CONFIG_FILE="$AWS_CONFIG_FILE"
    \builtin local ${ZSH_VERSION+-x} AWS_CONFIG_FILE="$__aws_legacy_sso_config" 2>&- ||
      \builtin true
  else
    \builtin local -x AWS_CONFIG_FILE="$__aws_legacy_sso_config" 2>&- || \builtin true
  fi
  if __aws_legacy_sso_exports AWS_CLI_AUTO_PROMPT; then
    \builtin local -x AWS_LEGACY_SSO_AUTO_PROMPT="$AWS_CLI_AUTO_PROMPT"
    \builtin local ${ZSH_VERSION+-x} AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
  else
    \builtin local -x AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
  fi
  \builtin unset -f __aws_legacy_sso_exports
fi
