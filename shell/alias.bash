# shellcheck shell=bash
# Started by the aliases that `setup` puts into ~/.aws/cli/alias, as: bash -p alias.bash COMMAND ...
# The AWS CLI passes to an alias only the words that it has not parsed itself (no --profile, no
# --output). So this reads the program of the AWS CLI and all its words from /proc, and starts them
# again with the plugin on. The new AWS CLI replaces this script, so it is a child of the first one.

__aws_legacy_sso_own=${BASH_SOURCE[0]%/awscli_plugin_legacy_sso/shell/*}/config
__aws_legacy_sso_name=${1-}

__aws_legacy_sso_fail() { # WHY
  printf 'legacy-sso: %s; start it with: awscli-plugin-legacy-sso aws sso %s\n' \
    "$1" "$__aws_legacy_sso_name" >&2
  exit 253
}

# Finds the parent process's number in /proc. If /proc belongs to an outer PID namespace, $PPID is
# the number of another process there.
__aws_legacy_sso_ask_parent() {
  local stat
  { read -r stat </proc/self/stat; } 2>/dev/null ||
    __aws_legacy_sso_fail 'there is no /proc here to read the command from'
  stat=${stat##*) } # a program's name may contain anything
  stat=${stat#* }
  __aws_legacy_sso_parent=${stat%% *}
}

# Tells whether the words of the parent process name this command. If not, the parent may be a
# program that uses the AWS CLI as a library, and must not be started twice.
__aws_legacy_sso_asks_for_it() { # WORD...
  local word sso=''
  for word; do
    [[ $word != sso ]] || sso=1
    [[ -z $sso || $word != "$__aws_legacy_sso_name" ]] || return 0
  done
  return 1
}

[[ -r $__aws_legacy_sso_own ]] || __aws_legacy_sso_fail "there is no $__aws_legacy_sso_own"
[[ ! ${AWS_CONFIG_FILE-} -ef $__aws_legacy_sso_own ]] ||
  __aws_legacy_sso_fail 'this AWS CLI did not load the plugin'

__aws_legacy_sso_ask_parent
__aws_legacy_sso_first=$__aws_legacy_sso_parent
__aws_legacy_sso_words=()
while IFS= read -r -d '' __aws_legacy_sso_word; do
  __aws_legacy_sso_words+=("$__aws_legacy_sso_word")
done 2>/dev/null <"/proc/$__aws_legacy_sso_first/cmdline"
__aws_legacy_sso_asks_for_it "${__aws_legacy_sso_words[@]:1}" ||
  __aws_legacy_sso_fail 'the calling program was not started with the words aws sso'
__aws_legacy_sso_ask_parent # if it has ended, another process may have had its number
[[ $__aws_legacy_sso_parent == "$__aws_legacy_sso_first" ]] ||
  __aws_legacy_sso_fail 'the AWS CLI that called this has ended'

# An official AWS CLI sets LD_LIBRARY_PATH to its own libraries; what it starts must not use them.
if [[ -n ${LD_LIBRARY_PATH_ORIG+set} ]]; then
  export LD_LIBRARY_PATH=$LD_LIBRARY_PATH_ORIG
  unset LD_LIBRARY_PATH_ORIG
elif [[ "${LD_LIBRARY_PATH-}/aws" -ef /proc/$__aws_legacy_sso_first/exe ]]; then
  unset LD_LIBRARY_PATH
fi
[[ -z ${AWS_CONFIG_FILE+set} ]] || export AWS_LEGACY_SSO_CONFIG_FILE=$AWS_CONFIG_FILE
[[ -z ${AWS_CLI_AUTO_PROMPT+set} ]] || export AWS_LEGACY_SSO_AUTO_PROMPT=$AWS_CLI_AUTO_PROMPT
export AWS_CONFIG_FILE=$__aws_legacy_sso_own AWS_CLI_AUTO_PROMPT=off
export AWS_LEGACY_SSO_OUTSIDE=$PPID PYINSTALLER_RESET_ENVIRONMENT=1
shopt -s execfail
exec -a "${__aws_legacy_sso_words[0]}" "/proc/$__aws_legacy_sso_first/exe" \
  "${__aws_legacy_sso_words[@]:1}"
__aws_legacy_sso_fail 'the AWS CLI that called this cannot be started again'
