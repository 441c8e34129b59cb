# shellcheck shell=bash
# ---- An earlier `aws` function is kept: the part for zsh; earlier.bash is the one for bash ----
# The hook sources this if there is a function `aws`. It fails if that cannot be kept.

if [[ $(\builtin typeset -f aws) == *\$0* ]]; then
  \return 1 # it reads its own name, which would no longer be `aws`
fi

# Copies the first function to the second.
function __aws_legacy_sso_copy {
  case $ZSH_VERSION in
    5.[0-7] | 5.[0-7].*) functions[$2]=${functions[$1]} ;; # these have no -c
    *) \builtin functions -c "$1" "$2" ;;
  esac
}

if [[ $(\builtin typeset -f aws) != *__aws_legacy_sso_follow* ]]; then # it is not ours
  __aws_legacy_sso_copy aws __aws_legacy_sso_old
fi
\builtin typeset -g __aws_legacy_sso_has_old=''
if \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
  \builtin typeset -g __aws_legacy_sso_has_old=yes
else
  \builtin unset -f __aws_legacy_sso_copy
fi
