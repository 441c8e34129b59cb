# shellcheck shell=bash
# ---- legacy-sso: refreshes legacy profiles after each sign-in, in zsh 5.0 and later ----
#
#   After `aws sso login` they are refreshed, after `aws sso logout` they are signed out.
#   check: type aws                          says "aws is a shell function"
#   off:   AWS_LEGACY_SSO_HOOK=0             read at each call; =login: nothing after a logout
#   undo:  __aws_legacy_sso_off              in this shell; restores an earlier `aws` function
#   on:    source /path/to/legacy-sso.zsh    as the last line of ~/.zshrc
#
# The same text as legacy-sso.bash, except where the shells differ. The rules for both are there.

if [[ $- != *i* ]]; then
  \builtin true # a script: do nothing
elif [[ -o posixbuiltins ]]; then
  \builtin true # with a function `aws`, `AWS_PROFILE=dev aws ...` would leave that set
elif \builtin typeset -f aws >/dev/null && [[ $(\builtin typeset -f aws) == *\$0* ]]; then
  \builtin true # that function reads its own name, which would no longer be `aws`
else
  # ---- What was typed ----

  # Options whose next word is their value.
  \builtin typeset -g __aws_legacy_sso_valued # a function may source this file
  __aws_legacy_sso_valued=' --profile --sso-session --ca-bundle --region --output --query --color'
  __aws_legacy_sso_valued+=' --cli-read-timeout --cli-connect-timeout --cli-binary-format'
  __aws_legacy_sso_valued+=' --cli-error-format --endpoint-url --redirect-port'

  # Reads the words of a call as the CLI does, with options anywhere and abbreviated, into variables
  # of the function `aws`. Misspelt or ambiguous options do not matter: the CLI refuses them.
  function __aws_legacy_sso_read_words {
    \builtin setopt localoptions nowarnnestedvar 2>&- || \builtin true # zsh before 5.4 has none
    \builtin local __aws_legacy_sso_word
    \builtin local __aws_legacy_sso_option=''
    for __aws_legacy_sso_word; do
      if [[ -n $__aws_legacy_sso_option ]]; then
        __aws_legacy_sso_word="$__aws_legacy_sso_option=$__aws_legacy_sso_word"
        __aws_legacy_sso_option=''
      elif [[ $__aws_legacy_sso_word == --?* &&
        $__aws_legacy_sso_valued == *" $__aws_legacy_sso_word"* ]]; then
        __aws_legacy_sso_option="$__aws_legacy_sso_word"
        \continue
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

  # Tells whether a variable is set and exported, so that a program sees it.
  function __aws_legacy_sso_exports {
    # shellcheck disable=SC2296 # its bash parser knows no (tP), what kind of variable that is
    [[ ${(tP)1-} == *export* ]]
  }

  # ---- Before, and after ----

  # Tells whether the plugin has to be turned on for this call: a command of ours, by exact words.
  function __aws_legacy_sso_turns_on {
    case $__aws_legacy_sso_command/ in
      /sso/refresh-legacy/* | /sso/list-legacy/* | /sso/remove-legacy/*) ;;
      *) \return 1 ;;
    esac
    [[ -r $__aws_legacy_sso_config && ${AWS_CONFIG_FILE-} != "$__aws_legacy_sso_config" ]] ||
      \return 1
    # An earlier `aws` function may read AWS_CONFIG_FILE. Then the alias that `setup` wrote turns
    # the plugin on, if there is the /proc that it needs.
    [[ -z $__aws_legacy_sso_has_old || ! -r /proc/self/stat ]]
  }

  # Runs our command after a sign-in or sign-out. A profile that was not typed is not passed on: the
  # CLI finds it as it did for the sign-in, through the same function and environment.
  function __aws_legacy_sso_follow {
    case $__aws_legacy_sso_command:${AWS_LEGACY_SSO_HOOK-} in
      *:0 | /sso/logout:login) \return 0 ;;
      /sso/logout:*) \builtin set -- remove-legacy --all --sign-out ;;
      /sso/login:*)
        \builtin set -- refresh-legacy "${__aws_legacy_sso_session:---same-login}" \
          ${__aws_legacy_sso_passed[@]+"${__aws_legacy_sso_passed[@]}"}
        ;;
      *) \return 0 ;;
    esac
    # The CLI's auto-prompt, if it is on, would fail without a terminal as input.
    \builtin local -x AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
    if ! \aws sso "$@" </dev/null >&2; then
      \builtin printf 'legacy-sso: %s failed; to run it again: aws sso%s; %s\n' \
        "$1" "$(\builtin printf ' %q' "$@")" \
        'to turn the hook off: export AWS_LEGACY_SSO_HOOK=0' >&2
    fi
  }

  # ---- An earlier `aws` function is kept, and restored ----

  # Copies the first function to the second.
  function __aws_legacy_sso_copy {
    \builtin functions -c "$1" "$2" 2>/dev/null || functions[$2]=${functions[$1]} # zsh before 5.8
  }

  # Removes all of this from the shell.
  function __aws_legacy_sso_off {
    if \builtin typeset -f __aws_legacy_sso_completion_off >/dev/null; then
      __aws_legacy_sso_completion_off
    fi
    \builtin unset -f aws
    if [[ -n $__aws_legacy_sso_has_old ]]; then
      __aws_legacy_sso_copy __aws_legacy_sso_old aws
      \builtin unset -f __aws_legacy_sso_old
    fi
    \builtin unset -v __aws_legacy_sso_valued __aws_legacy_sso_has_old
    \builtin unset -v __aws_legacy_sso_here __aws_legacy_sso_config
    \builtin unset -f __aws_legacy_sso_read_words __aws_legacy_sso_exports __aws_legacy_sso_turns_on
    \builtin unset -f __aws_legacy_sso_follow __aws_legacy_sso_copy __aws_legacy_sso_off
  }

  # ---- Install the function ----

  \builtin typeset -g __aws_legacy_sso_has_old=''
  if \builtin typeset -f aws >/dev/null; then
    if [[ $(\builtin typeset -f aws) != *__aws_legacy_sso_follow* ]]; then # it is not ours
      __aws_legacy_sso_copy aws __aws_legacy_sso_old
    fi
    if \builtin typeset -f __aws_legacy_sso_old >/dev/null; then
      __aws_legacy_sso_has_old=yes
    fi
  fi

  # Runs `aws` as if there were no function, and our steps before and after. (Unlike `aws()`,
  # `function aws` is no syntax error where `aws` is an alias. If this function is exported, a
  # script has it without the other functions.)
  # shellcheck disable=SC2034 # some variables are for the CLI
  function aws {
    \builtin local __aws_legacy_sso_command=''
    \builtin local __aws_legacy_sso_session=''
    \builtin local __aws_legacy_sso_passed
    __aws_legacy_sso_passed=()
    [[ $- != *i* || "$*" != *sso* ]] || __aws_legacy_sso_read_words "$@"
    if [[ $__aws_legacy_sso_command == /sso/*-legacy* ]] && __aws_legacy_sso_turns_on; then
      # Local: for this one `aws`. Exported values are handed on. The variables may be readonly.
      if __aws_legacy_sso_exports AWS_CONFIG_FILE; then
        \builtin local -x AWS_LEGACY_SSO_CONFIG_FILE="$AWS_CONFIG_FILE"
      fi
      if __aws_legacy_sso_exports AWS_CLI_AUTO_PROMPT; then
        \builtin local -x AWS_LEGACY_SSO_AUTO_PROMPT="$AWS_CLI_AUTO_PROMPT"
      fi
      \builtin local -x AWS_CONFIG_FILE="$__aws_legacy_sso_config" 2>&- || \builtin true
      \builtin local -x AWS_CLI_AUTO_PROMPT=off 2>&- || \builtin true
    fi
    # Counted: if an earlier function calls this one, they would call each other without an end.
    \builtin local __aws_legacy_sso_depth="${__aws_legacy_sso_depth-}+"
    if [[ -n ${__aws_legacy_sso_has_old-} && $__aws_legacy_sso_depth != +++++* ]]; then
      __aws_legacy_sso_old "$@"
    else
      \command aws "$@"
    fi || {
      \builtin local __aws_legacy_sso_status=$?
      if [[ $__aws_legacy_sso_command == /sso/login && -r $__aws_legacy_sso_here/explain.sh &&
        ${AWS_LEGACY_SSO_HOOK-} != 0 && $- != *r* ]]; then # `zsh -r` may not source files
        \builtin source "$__aws_legacy_sso_here/explain.sh"
      fi
      \return "$__aws_legacy_sso_status"
    }
    [[ -z $__aws_legacy_sso_command ]] || __aws_legacy_sso_follow || \return 0
  }

  # The folder of this file.
  # shellcheck disable=SC2296 # its bash parser knows no %x, the file that is being sourced
  \builtin typeset -g __aws_legacy_sso_here="${(%):-%x}"
  [[ $__aws_legacy_sso_here == /* ]] || __aws_legacy_sso_here=$PWD/$__aws_legacy_sso_here
  __aws_legacy_sso_here=${__aws_legacy_sso_here%/*}
  # The config that turns the plugin on.
  \builtin typeset -g __aws_legacy_sso_config
  __aws_legacy_sso_config="${__aws_legacy_sso_here%/awscli_plugin_legacy_sso/shell}/config"
  # Completion, for a shell where completion is set up.
  if [[ ${AWS_LEGACY_SSO_HOOK-} != 0 && -r $__aws_legacy_sso_here/completion.zsh ]]; then
    if \builtin typeset -f compdef >/dev/null; then
      \builtin source "$__aws_legacy_sso_here/completion.zsh"
    fi
  fi
fi
