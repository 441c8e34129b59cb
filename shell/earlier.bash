# shellcheck shell=bash
# ---- An earlier `aws` function is kept: the part for bash; earlier.zsh is the one for zsh ----
# The hook sources this if there is a function `aws`. It fails if that cannot be kept.

if [[ $(\builtin typeset -f aws) == *FUNCNAME* ]]; then
  \return 1 # it reads its own name, which would no longer be `aws`
fi

# Copies the first function to the second, with its flags for export and trace.
function __aws_legacy_sso_copy {
  \builtin local __aws_legacy_sso_text
  \builtin local __aws_legacy_sso_options
  \builtin local __aws_legacy_sso_flags
  __aws_legacy_sso_text=$(\builtin typeset -f "$1")
  __aws_legacy_sso_flags=$(\builtin declare -F)$'\n' # lines as: declare -fx aws
  __aws_legacy_sso_flags=${__aws_legacy_sso_flags%%" $1"$'\n'*}
  __aws_legacy_sso_flags=${__aws_legacy_sso_flags##*declare -}
  __aws_legacy_sso_options=$(\builtin shopt -p expand_aliases extglob) || \builtin true
  \builtin shopt -s extglob && \builtin shopt -u expand_aliases # as when it was first parsed
  \builtin eval "$2${__aws_legacy_sso_text#"$1"}"$'\n'"$__aws_legacy_sso_options"
  [[ $__aws_legacy_sso_flags == f ]] || \builtin declare "-$__aws_legacy_sso_flags" "$2"
  [[ $__aws_legacy_sso_flags != *x* ]] || \builtin export __aws_legacy_sso_has_old
}

if [[ $(\builtin typeset -f aws) != *__aws_legacy_sso_follow* ]]; then # it is not ours
  __aws_legacy_sso_copy aws __aws_legacy_sso_old
fi
__aws_legacy_sso_has_old=''
if \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
  __aws_legacy_sso_has_old=yes
else
  \builtin unset -f __aws_legacy_sso_copy
fi
