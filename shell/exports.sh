# shellcheck shell=bash
# ---- Which variables a program sees; turn-on.sh and explain.sh source this, in bash and zsh ----

# Tells whether a variable is set and exported.
function __aws_legacy_sso_exports {
  \builtin local __aws_legacy_sso_text
  __aws_legacy_sso_text=$(\builtin typeset -p "$1" 2>&1) || \return 1
  [[ $__aws_legacy_sso_text == *=* ]] || \return 1
  case ${__aws_legacy_sso_text%%=*} in
    "export $1" | declare\ -*x*\ "$1" | typeset\ -*x*\ "$1") ;;
    *) \return 1 ;;
  esac
}
