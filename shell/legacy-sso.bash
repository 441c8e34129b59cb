# shellcheck shell=bash
# Keeps legacy profiles in step: `aws sso login` refreshes them, `aws sso logout` signs them out.
#   on:    source /path/to/legacy-sso.bash   as the last line of ~/.bashrc (bash 3.2 and later)
#   see:   type aws                          says "aws is a function"
#   off:   AWS_LEGACY_SSO_HOOK=0             asked at each call; =login leaves out the logout half
#   undo:  __aws_legacy_sso_off              in this shell; the `aws` function before it comes back
# Twin of legacy-sso.zsh. A backslash keeps a word from being an alias; `function aws` is no syntax
# error where `aws` is one; no function ends in `test && action`, where set -e would end the shell.
if [[ $- == *i* ]] && # and no function that asks for its name, which would not be `aws` any more
  ! { \builtin typeset -f aws >/dev/null && [[ $(\builtin typeset -f aws) == *FUNCNAME* ]]; }; then
  # The config that turns the plugin on lies beside the folder that this file is in.
  __aws_legacy_sso_config=${BASH_SOURCE[0]}
  [[ $__aws_legacy_sso_config == /* ]] || __aws_legacy_sso_config=$PWD/$__aws_legacy_sso_config
  __aws_legacy_sso_config=${__aws_legacy_sso_config%/awscli_plugin_legacy_sso/shell/*}/config
  # Options whose next word is their value.
  __aws_legacy_sso_valued=' --profile --sso-session --ca-bundle --region --output --query --color'
  __aws_legacy_sso_valued+=' --cli-read-timeout --cli-connect-timeout --cli-binary-format'
  __aws_legacy_sso_valued+=' --cli-error-format --endpoint-url --redirect-port'

  function __aws_legacy_sso_copy { # FROM TO, if there is a FROM
    \builtin local text options
    text=$(\builtin typeset -f "$1") || \return 0
    options=$(\builtin shopt -p expand_aliases extglob) || \builtin true
    \builtin shopt -s extglob && \builtin shopt -u expand_aliases # as when the text was first read
    \builtin eval "$2${text#"$1"}"$'\n'"$options"
    if [[ $(\builtin declare -Fx) == *" $1"* ]]; then \builtin export -f "${2?}"; fi
  }
  if ! \builtin typeset -f aws >/dev/null; then
    \builtin unset -f __aws_legacy_sso_old
  elif [[ $(\builtin typeset -f aws) != *__aws_legacy_sso_follow* ]]; then # or it is ours
    __aws_legacy_sso_copy aws __aws_legacy_sso_old
  fi

  function aws {
    if [[ $- == *i* && "$*" == *sso*-legacy* ]] && __aws_legacy_sso_turns_on "$@"; then
      # Local, so for this one `aws`. What they have exported is handed on: a child sees that alone.
      \builtin local __aws_legacy_sso_theirs=''
      __aws_legacy_sso_theirs=$(/bin/sh -c 'echo "${AWS_CONFIG_FILE+c}${AWS_CLI_AUTO_PROMPT+p}"')
      # shellcheck disable=SC2034 # these are for the CLI
      [[ $__aws_legacy_sso_theirs != c* ]] ||
        \builtin local -x AWS_LEGACY_SSO_CONFIG_FILE="$AWS_CONFIG_FILE"
      # shellcheck disable=SC2034
      [[ $__aws_legacy_sso_theirs != *p ]] ||
        \builtin local -x AWS_LEGACY_SSO_AUTO_PROMPT="$AWS_CLI_AUTO_PROMPT"
      \builtin local -x AWS_CONFIG_FILE="$__aws_legacy_sso_config" AWS_CLI_AUTO_PROMPT=off
    fi
    # Counted: a wrapper of this function that has become its old one would go round for ever.
    \builtin local __aws_legacy_sso_depth=$((${__aws_legacy_sso_depth-0} + 1))
    if ((__aws_legacy_sso_depth < 5)) && \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
      __aws_legacy_sso_old "$@" || \return
    elif [[ $- == *e* && ${BASH_VERSINFO[0]} -lt 4 ]]; then
      (\command aws "$@") || \return # in bash 3.2 a failing `command` ends the shell, `||` or not
    else
      \command aws "$@" || \return
    fi
    # `i` again: where `aws` is exported, scripts get this function and not the next.
    [[ "$*" != *sso*log* || $- != *i* ]] || __aws_legacy_sso_follow "$@" || \return 0
  }

  # Tells whether the plugin has to be turned on for `aws "$@"`: a command of ours, by exact words.
  # An `aws` function that was there before may read AWS_CONFIG_FILE: with it the alias that `setup`
  # wrote does this, if there is the /proc that it needs.
  function __aws_legacy_sso_turns_on {
    \builtin local _word='' _option='' _words=''
    [[ -r $__aws_legacy_sso_config && ${AWS_CONFIG_FILE-} != "$__aws_legacy_sso_config" ]] ||
      \return 1
    [[ ! -r /proc/self/stat ]] || ! \builtin typeset -f __aws_legacy_sso_old >/dev/null ||
      \return 1
    for _word; do
      if [[ -n $_option ]]; then
        _option=''
      elif [[ $_word == --?* ]]; then
        [[ $__aws_legacy_sso_valued != *" $_word"* ]] || _option=1
      else
        _words+="/$_word"
      fi
    done
    [[ $_words/ == /sso/refresh-legacy/* || $_words/ == /sso/list-legacy/* ||
      $_words/ == /sso/remove-legacy/* ]]
  }

  # Runs what is to follow on `aws "$@"`. Like the CLI it takes options anywhere and abbreviated;
  # none is misspelt or ambiguous: the CLI took them. (An old `aws` function sees our variables.)
  function __aws_legacy_sso_follow {
    \builtin local _given=$# _word='' _option='' _words='' _name='' _session=''
    for _word; do
      _word="${_option:+$_option=}$_word" _option=''
      [[ $_word == --?* && $__aws_legacy_sso_valued == *" $_word"* ]] && _option="$_word" && \continue
      case $_word in # what is passed on is gathered behind the words given
        --p*) _name="${_word#*=}" ;;
        --s*) _session="${_word#*=}" ;;
        --ca* | --cli-r* | --cli-c*) \builtin set -- "$@" "${_word%%=*}" "${_word#*=}" ;;
        --no-v* | --d*) \builtin set -- "$@" "$_word" ;;
        [!-]* | --v* | --ac* | --g*) _words+="/$_word" ;; # --version, and two that only v1 has
      esac
    done
    \builtin shift "$_given"
    # Asked of a child: it sees only what is exported, as the CLI did.
    _name="${_name:-$(/bin/sh -c 'printf %s "${AWS_PROFILE:-${AWS_DEFAULT_PROFILE:-default}}"')}"
    case $_words:${_session:+session}:${AWS_LEGACY_SSO_HOOK-} in
      *:0 | /sso/logout:*:login) \return ;;
      /sso/login:session:*) \builtin set -- refresh-legacy --sso-session "$_session" "$@" ;;
      /sso/login::*) \builtin set -- refresh-legacy --same-login --profile "$_name" "$@" ;;
      /sso/logout:*) \builtin set -- remove-legacy --all --sign-out ;;
      *) \return ;;
    esac
    # shellcheck disable=SC2034 # for the CLI: its auto-prompt, if on, would fail without an input
    \builtin local -x AWS_CLI_AUTO_PROMPT=off
    \aws sso "$@" </dev/null >&2 && \return
    \builtin printf 'legacy-sso: this did not succeed; to try it again: aws sso%s\n' \
      "$(\builtin printf ' %q' "$@")" >&2
  }

  function __aws_legacy_sso_off {
    \builtin unset -f aws __aws_legacy_sso_follow __aws_legacy_sso_turns_on
    __aws_legacy_sso_copy __aws_legacy_sso_old aws
    \builtin unset __aws_legacy_sso_config __aws_legacy_sso_valued
    \builtin unset -f __aws_legacy_sso_copy __aws_legacy_sso_off __aws_legacy_sso_old
  }
fi
