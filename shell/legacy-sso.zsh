# shellcheck shell=bash
# Keeps legacy profiles in step: `aws sso login` refreshes them, `aws sso logout` signs them out.
#   on:    source /path/to/legacy-sso.zsh    as the last line of ~/.zshrc (zsh 5.0 and later)
#   see:   type aws                          says "aws is a shell function"
#   off:   AWS_LEGACY_SSO_HOOK=0             asked at each call; =login leaves out the logout half
#   undo:  __aws_legacy_sso_off              in this shell; the `aws` function before it comes back
# Twin of legacy-sso.bash. A backslash keeps a word from being an alias; `function aws` is no syntax
# error where `aws` is one; no function ends in `test && action`, where set -e would end the shell.
if [[ $- == *i* ]] && # and no function that asks for its name, which would not be `aws` any more
  ! { \builtin typeset -f aws >/dev/null && [[ $(\builtin typeset -f aws) == *\$0* ]]; }; then
  function __aws_legacy_sso_copy { # FROM TO, if there is a FROM
    \builtin typeset -f "$1" >/dev/null || \return 0
    \builtin functions -c "$1" "$2" 2>/dev/null || functions[$2]=${functions[$1]} # zsh before 5.8
  }
  if ! \builtin typeset -f aws >/dev/null; then
    \builtin unset -f __aws_legacy_sso_old 2>/dev/null || \builtin true
  elif [[ $(\builtin typeset -f aws) != *__aws_legacy_sso_follow* ]]; then # or it is ours
    __aws_legacy_sso_copy aws __aws_legacy_sso_old
  fi

  function aws {
    # Counted: a wrapper of this function that has become its old one would go round for ever.
    \builtin local __aws_legacy_sso_depth=$((${__aws_legacy_sso_depth-0} + 1))
    if ((__aws_legacy_sso_depth < 5)) && \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
      __aws_legacy_sso_old "$@" || \return
    else
      \command aws "$@" || \return
    fi
    [[ "$*" != *sso*log* ]] || __aws_legacy_sso_follow "$@" || \return 0
  }

  # Runs what is to follow on `aws "$@"`. Like the CLI it takes options anywhere and abbreviated;
  # none is misspelt or ambiguous: the CLI took them. (An old `aws` function sees our variables.)
  function __aws_legacy_sso_follow {
    \builtin local _given=$# _word='' _option='' _words='' _name='' _session=''
    \builtin local _valued=' --profile --sso-session --ca-bundle --region --output --query --color'
    _valued+=' --cli-read-timeout --cli-connect-timeout --cli-binary-format --cli-error-format'
    _valued+=' --endpoint-url --redirect-port'
    for _word; do
      _word="${_option:+$_option=}$_word" _option=''
      [[ $_word == --?* && $_valued == *" $_word"* ]] && _option="$_word" && \continue
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
    \builtin unset -f aws __aws_legacy_sso_follow
    __aws_legacy_sso_copy __aws_legacy_sso_old aws
    \builtin unset -f __aws_legacy_sso_copy __aws_legacy_sso_off
    \builtin unset -f __aws_legacy_sso_old 2>/dev/null || \builtin true
  }
fi
