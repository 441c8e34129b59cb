# shellcheck shell=bash
# ---- An earlier `aws` function is kept: the part for zsh; earlier.bash is the one for bash ----
# The hook sources this where there is a function `aws`. It fails if that cannot be kept.

# Copies the first function to the second.
function __aws_legacy_sso_copy {
  case $ZSH_VERSION in
    5.[0-7] | 5.[0-7].*) functions[$2]=${functions[$1]} ;; # these have no -c
    *) \builtin functions -c "$1" "$2" ;;
  esac
}

case $(\builtin typeset -f aws) in
  *__aws_legacy_sso_follow*) ;; # it is ours
  *\$0*)                        # it reads its own name, which would no longer be `aws`
    \builtin unset -f __aws_legacy_sso_copy
    \builtin unset -v __aws_legacy_sso_here __aws_legacy_sso_has_old
    \return 1
    ;;
  *) __aws_legacy_sso_copy aws __aws_legacy_sso_old ;;
esac
if \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
  __aws_legacy_sso_has_old=yes
else
  \builtin unset -f __aws_legacy_sso_copy
fi
