# shellcheck shell=bash
# ---- legacy-sso: refreshes legacy profiles after each sign-in, in zsh 5.0 and later ----
#
#   After `aws sso login` they are refreshed, after `aws sso logout` they are signed out.
#   check: type aws                          says "aws is a shell function"
#   off:   AWS_LEGACY_SSO_HOOK=0             read at each call; =login: nothing after a logout
#   undo:  __aws_legacy_sso_off              in this shell; restores an earlier `aws` function
#   on:    source /path/to/legacy-sso.zsh    as the last line of ~/.zshrc
#
# The same text as legacy-sso.bash, except where the shells differ. CONTRIBUTING.md has the rules.

if [[ $- != *i* ]]; then
  \return 0 # a script: do nothing
elif [[ -o posixbuiltins ]]; then
  \return 0 # with a function `aws`, `AWS_PROFILE=dev aws ...` would leave that set
fi

# The folder of this file. (typeset -g: a function may source this.)
# shellcheck disable=SC2296 # its bash parser knows no %x, the file that is being sourced
\builtin typeset -g __aws_legacy_sso_here="${(%):-%x}"
if [[ $__aws_legacy_sso_here != /* ]]; then
  \builtin typeset -g __aws_legacy_sso_here="$PWD/$__aws_legacy_sso_here"
fi
\builtin typeset -g __aws_legacy_sso_here="${__aws_legacy_sso_here%/*}"
# An earlier function `aws` is kept. If it cannot be, the hook is not defined.
if ! \builtin typeset -f aws >/dev/null; then
  \builtin typeset -g __aws_legacy_sso_has_old=''
elif [[ ! -r $__aws_legacy_sso_here/earlier.zsh ]] ||
  ! \builtin source "$__aws_legacy_sso_here/earlier.zsh"; then
  [[ -n ${__aws_legacy_sso_has_old+set} ]] || \builtin unset -v __aws_legacy_sso_here
  \return 0
fi

# ---- What was typed ----

# Reads the words of a call as the CLI does, with options anywhere and abbreviated, into variables
# of the function `aws`. Misspelt or ambiguous options do not matter: the CLI refuses them.
function __aws_legacy_sso_read_words {
  \builtin setopt localoptions nowarnnestedvar 2>&- || \builtin true # zsh before 5.4 has none
  \builtin local __aws_legacy_sso_word
  # Options whose next word is their value.
  \builtin local __aws_legacy_sso_valued=" --profile --sso-session --ca-bundle --region\
 --output --query --color --cli-read-timeout --cli-connect-timeout --cli-binary-format\
 --cli-error-format --endpoint-url --redirect-port"
  while [[ $# -gt 0 ]]; do
    __aws_legacy_sso_word="$1"
    \builtin shift
    if [[ $# -gt 0 && $__aws_legacy_sso_word == --?* &&
      $__aws_legacy_sso_valued == *" $__aws_legacy_sso_word"* ]]; then
      __aws_legacy_sso_word+="=$1"
      \builtin shift
    fi
    case $__aws_legacy_sso_word in
      --s*=?*) __aws_legacy_sso_session="--sso-session=${__aws_legacy_sso_word#*=}" ;;
      --p*=* | --ca*=* | --cli-r*=* | --cli-c*=* | --no-v* | --d*)
        __aws_legacy_sso_passed+=("$__aws_legacy_sso_word")
        ;;
      [!-]* | --v* | --ac* | --g*) # --version, and two that only v1 has
        __aws_legacy_sso_command+="/$__aws_legacy_sso_word"
        ;;
    esac
  done
}

# ---- After a sign-in or sign-out ----

# Runs our command after a sign-in or sign-out. A profile that was not typed is not passed on: the
# CLI finds it as it did for the sign-in, through the same function and environment.
function __aws_legacy_sso_follow {
  case $__aws_legacy_sso_command:${AWS_LEGACY_SSO_HOOK-} in
    *:0 | /sso/logout:login) \return 0 ;;
    /sso/logout:*) \builtin set -- remove-legacy --all --sign-out ;;
    /sso/login:*)
      \builtin set -- refresh-legacy "$__aws_legacy_sso_session" \
        ${__aws_legacy_sso_passed[@]+"${__aws_legacy_sso_passed[@]}"}
      ;;
    *) \return 0 ;;
  esac
  # The CLI's auto-prompt, if it is on, would fail without a terminal as input.
  # shellcheck disable=SC2034 # it is for the CLI
  \builtin local -x AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
  \aws sso "$@" </dev/null >&2 ||
    \builtin printf "legacy-sso: $1 failed; to run it again: aws sso%s; %s\n" \
      "$(\builtin printf ' %q' "$@")" 'to turn the hook off: export AWS_LEGACY_SSO_HOOK=0' >&2
}

# ---- The undo ----

# Removes all of this from the shell.
function __aws_legacy_sso_off {
  [[ -z ${__aws_legacy_sso_before+set} ]] || __aws_legacy_sso_completion_off
  \builtin unset -f aws
  if [[ -n $__aws_legacy_sso_has_old ]]; then
    __aws_legacy_sso_copy __aws_legacy_sso_old aws
    \builtin unset -f __aws_legacy_sso_old __aws_legacy_sso_copy
  fi
  \builtin unset -v __aws_legacy_sso_here __aws_legacy_sso_has_old
  \builtin unset -f __aws_legacy_sso_read_words __aws_legacy_sso_follow __aws_legacy_sso_off
}

# ---- Completion, for a shell where completion is set up ----

if [[ -n ${_comps+set} ]]; then
  if [[ ${AWS_LEGACY_SSO_HOOK-} != 0 && -r $__aws_legacy_sso_here/completion.zsh ]]; then
    \builtin source "$__aws_legacy_sso_here/completion.zsh"
  fi
fi

# ---- The function ----

# Runs `aws` as if there were no function, and our steps before and after. (Unlike `aws()`,
# `function aws` is no syntax error where `aws` is an alias. If this function is exported, a
# script has it without the other functions.)
function aws {
  \builtin local __aws_legacy_sso_command=''
  \builtin local __aws_legacy_sso_session=--same-login
  \builtin local -a __aws_legacy_sso_passed
  [[ $- != *i* || "$*" != *sso* ]] || __aws_legacy_sso_read_words "$@"
  if [[ $__aws_legacy_sso_command == /sso/*-legacy* ]]; then
    if [[ -r $__aws_legacy_sso_here/turn-on.sh ]]; then
      \builtin source "$__aws_legacy_sso_here/turn-on.sh"
    fi
  fi
  # Counted: if an earlier function calls this one, they would call each other without an end.
  \builtin local __aws_legacy_sso_depth="${__aws_legacy_sso_depth-}+"
  if [[ -n ${__aws_legacy_sso_has_old-} && $__aws_legacy_sso_depth != +++++* ]]; then
    __aws_legacy_sso_old "$@"
  else
    \command aws "$@"
  fi || {
    \builtin local __aws_legacy_sso_status=$?
    if [[ $__aws_legacy_sso_command == /sso/login && ${AWS_LEGACY_SSO_HOOK-} != 0 ]]; then
      # That file sets IFS, which `zsh -r` forbids.
      if [[ -r $__aws_legacy_sso_here/explain.sh && $- != *r* ]]; then
        \builtin source "$__aws_legacy_sso_here/explain.sh"
      fi
    fi
    \return "$__aws_legacy_sso_status"
  }
  [[ -z $__aws_legacy_sso_command ]] || __aws_legacy_sso_follow || \return 0
}
