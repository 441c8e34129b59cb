# shellcheck shell=bash disable=SC2154 # the hook sets the words that were typed
# ---- Says which profile to sign in with, if a legacy profile is exported; for bash and zsh ----
# The hook sources this in its function `aws`, after a login that failed. With a legacy profile in
# AWS_PROFILE a login always fails, and following the AWS CLI's advice would break that profile.

# Prints that line to stderr, or nothing.
function __aws_legacy_sso_explain {
  \builtin local __aws_legacy_sso_file="${AWS_SHARED_CREDENTIALS_FILE:-${HOME-}/.aws/credentials}"
  \builtin local __aws_legacy_sso_line
  \builtin local __aws_legacy_sso_name
  \builtin local __aws_legacy_sso_section=''
  \builtin local __aws_legacy_sso_source=''
  if [[ $__aws_legacy_sso_session != --same-login ||
    "${__aws_legacy_sso_passed[*]-}" == *--p*=* ]]; then
    \return 0 # it was typed
  elif __aws_legacy_sso_exports AWS_PROFILE; then
    __aws_legacy_sso_name="$AWS_PROFILE"
  elif __aws_legacy_sso_exports AWS_DEFAULT_PROFILE; then
    __aws_legacy_sso_name="$AWS_DEFAULT_PROFILE"
  else
    \return 0
  fi
  [[ -f $__aws_legacy_sso_file && -r $__aws_legacy_sso_file ]] || \return 0
  while IFS='' \builtin read -r __aws_legacy_sso_line || [[ -n $__aws_legacy_sso_line ]]; do
    case $__aws_legacy_sso_line in
      \[*) __aws_legacy_sso_section="${__aws_legacy_sso_line%%]*}]" ;;
      x_legacy_sso_source*=*) # profile dev, or "profile e2", or in old files: dev
        [[ $__aws_legacy_sso_section != "[$__aws_legacy_sso_name]" ]] ||
          __aws_legacy_sso_source="${__aws_legacy_sso_line#*=}"
        ;;
    esac
  done <"$__aws_legacy_sso_file"
  __aws_legacy_sso_source="${__aws_legacy_sso_source//[\"$'\r']/}"
  __aws_legacy_sso_source="${__aws_legacy_sso_source# }"
  __aws_legacy_sso_source="${__aws_legacy_sso_source#profile }"
  [[ -z $__aws_legacy_sso_source || $__aws_legacy_sso_source == "$__aws_legacy_sso_name" ]] ||
    \builtin printf 'legacy-sso: %s is a legacy profile; sign in with: %s %q\n' \
      "$__aws_legacy_sso_name" 'aws sso login --profile' "$__aws_legacy_sso_source" >&2
}

\builtin source "$__aws_legacy_sso_here/exports.sh"
__aws_legacy_sso_explain
\builtin unset -f __aws_legacy_sso_explain __aws_legacy_sso_exports
