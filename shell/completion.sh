# shellcheck shell=bash disable=SC2154 # completion.bash and completion.zsh set the word
# ---- Tab completion: what is offered where, for bash and zsh ----
# __aws_legacy_sso_line is the line before the cursor, __aws_legacy_sso_word the word there, as far
# as it is typed. A backslash before a word: aliases do not apply. Local variables have our prefix,
# because an earlier completion is called inside these functions and could see them.

# Answers a Tab. For other commands it calls the earlier completion, with the shell's ARGUMENTS.
function __aws_legacy_sso_answer {
  __aws_legacy_sso_line="${__aws_legacy_sso_line% *}"
  __aws_legacy_sso_line="${__aws_legacy_sso_line%"${__aws_legacy_sso_line##*[! ]}"}"
  \builtin local __aws_legacy_sso_option="${__aws_legacy_sso_line##* --}"
  case $__aws_legacy_sso_word in
    --*=*)
      __aws_legacy_sso_option="${__aws_legacy_sso_word%%=*}"
      __aws_legacy_sso_word="${__aws_legacy_sso_word#*=}"
      ;;
    -*) __aws_legacy_sso_option='' ;;
  esac
  case ${AWS_LEGACY_SSO_HOOK-}:$__aws_legacy_sso_line in
    0:* | *' configure '*sso | *' --profile sso') __aws_legacy_sso_ask "$@" ;;
    *' sso') __aws_legacy_sso_ask "$@" && __aws_legacy_sso_offer list-legacy refresh-legacy remove-legacy ;;
    *' sso'*' list-legacy'*)
      __aws_legacy_sso_values || __aws_legacy_sso_offer --credentials-file --output --profile --query
      ;;
    *' sso'*' refresh-legacy'*)
      __aws_legacy_sso_values || __aws_legacy_sso_offer --all --credentials-file --dry-run --force --login \
        --min-remaining --no-browser --output-profile --quiet --same-login --source-profiles \
        --sso-session --use-device-code --watch --output --profile --query --region
      ;;
    *' sso'*' remove-legacy'*)
      __aws_legacy_sso_values || __aws_legacy_sso_offer --all --credentials-file --dry-run --expired \
        --legacy-profiles --sign-out --sso-session --output --profile --query
      ;;
    *) __aws_legacy_sso_ask "$@" ;;
  esac
}

# Offers values of the option; fails if no value can follow.
function __aws_legacy_sso_values {
  \builtin local __aws_legacy_sso_config="${AWS_CONFIG_FILE:-$HOME/.aws/config}"
  \builtin local __aws_legacy_sso_keys="${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}"
  \builtin local __aws_legacy_sso_sources='role_arn web_identity_token_file sso_session'
  __aws_legacy_sso_sources+=' sso_start_url sso_account_id sso_role_name login_session'
  __aws_legacy_sso_sources+=' credential_process'
  case ${__aws_legacy_sso_option#--} in
    profile | source-profiles | source-profiles\ *)
      __aws_legacy_sso_names "$__aws_legacy_sso_config" profile "$__aws_legacy_sso_sources"
      ;;
    sso-session) __aws_legacy_sso_names "$__aws_legacy_sso_config" sso-session 'sso_region sso_start_url' ;;
    legacy-profiles | legacy-profiles\ *) __aws_legacy_sso_names "$__aws_legacy_sso_keys" '' x_legacy_sso_source ;;
    credentials-file) __aws_legacy_sso_files ;;
    output) __aws_legacy_sso_offer json table text yaml yaml-stream ;;
    min-remaining | output-profile | query | region) ;; # no list of them
    *) \return 1 ;;
  esac
}

# Offers the sections of FILE that have one of the SETTINGS: those of a KIND, or those without one.
function __aws_legacy_sso_names {
  \builtin local __aws_legacy_sso_fits
  \builtin local __aws_legacy_sso_lines
  \builtin local __aws_legacy_sso_name=''
  \builtin local __aws_legacy_sso_text
  __aws_legacy_sso_fits=()
  __aws_legacy_sso_lines=()
  [[ ! -f $1 || ! -r $1 ]] || __aws_legacy_sso_read "$1" || \builtin true
  for __aws_legacy_sso_text in ${__aws_legacy_sso_lines[@]+"${__aws_legacy_sso_lines[@]}"}; do
    case $__aws_legacy_sso_text in
      [!\[]*)
        [[ -n $__aws_legacy_sso_name && " $3 " == *" ${__aws_legacy_sso_text%%[$' \t=:']*} "* ]] || \continue
        __aws_legacy_sso_fits+=("$__aws_legacy_sso_name")
        __aws_legacy_sso_name=''
        ;;
      "[$2 "[\"\']*[\"\']\]*)
        __aws_legacy_sso_name="${__aws_legacy_sso_text#*[\"\']}"
        __aws_legacy_sso_name="${__aws_legacy_sso_name%[\"\']]*}"
        ;;
      "[$2 "*[[:blank:]]*\]*) __aws_legacy_sso_name='' ;; # the CLI ignores such a name
      "[$2 "*\]*)
        __aws_legacy_sso_name="${__aws_legacy_sso_text#* }"
        __aws_legacy_sso_name="${__aws_legacy_sso_name%]*}"
        ;;
      \[*\]*)
        __aws_legacy_sso_name="${__aws_legacy_sso_text#\[}"
        __aws_legacy_sso_name="${__aws_legacy_sso_name%]*}"
        [[ -z $2 || $2$__aws_legacy_sso_name == profiledefault ]] || __aws_legacy_sso_name=''
        ;;
    esac
  done
  [[ ${#__aws_legacy_sso_fits[@]} -eq 0 ]] || __aws_legacy_sso_offer "${__aws_legacy_sso_fits[@]}"
}

# Removes our completion from this shell, and restores the earlier one.
function __aws_legacy_sso_completion_off {
  __aws_legacy_sso_restore
  \builtin unset -f __aws_legacy_sso_answer __aws_legacy_sso_values __aws_legacy_sso_names
  \builtin unset -f __aws_legacy_sso_complete __aws_legacy_sso_offer __aws_legacy_sso_files
  \builtin unset -f __aws_legacy_sso_read __aws_legacy_sso_ask __aws_legacy_sso_register
  \builtin unset -f __aws_legacy_sso_restore __aws_legacy_sso_completion_off
  \builtin unset -v __aws_legacy_sso_before
}
