# shellcheck shell=bash
# ---- Tab completion: what bash (3.2 and later) does its own way; twin of completion.zsh ----
\builtin source "${BASH_SOURCE[0]%/*}/completion.sh"

# Answers a Tab. Bash gives `aws`, the text that an answer replaces, and the word before. The word
# may have something before that text: a quote, `--profile=`, the `a:` of a:b.
function __aws_legacy_sso_complete {
  \builtin local __aws_legacy_sso_line="${COMP_LINE:0:COMP_POINT}"
  __aws_legacy_sso_line="${__aws_legacy_sso_line%"$2"}"
  \builtin local __aws_legacy_sso_kept="${__aws_legacy_sso_line##* }"
  __aws_legacy_sso_line="${__aws_legacy_sso_line%"$__aws_legacy_sso_kept"}"
  \builtin local __aws_legacy_sso_word="${__aws_legacy_sso_kept%[\"\']}${2//\\/}"
  __aws_legacy_sso_kept="${__aws_legacy_sso_kept#--*=}"
  COMPREPLY=()
  __aws_legacy_sso_answer "$@"
}

# Offers what of WORDS begins as the word at the cursor, quoted as the line needs it.
function __aws_legacy_sso_offer {
  \builtin local __aws_legacy_sso_fit
  for __aws_legacy_sso_fit; do
    [[ $__aws_legacy_sso_fit == "$__aws_legacy_sso_word"* ]] || \continue
    __aws_legacy_sso_fit="${__aws_legacy_sso_fit#"${__aws_legacy_sso_kept%[\"\']}"}"
    [[ $__aws_legacy_sso_kept == *[\"\'] ]] || \builtin printf -v __aws_legacy_sso_fit %q "$__aws_legacy_sso_fit"
    COMPREPLY+=("$__aws_legacy_sso_fit")
  done
}

# Offers files, which readline finds (but not in bash 3.2); and reads the lines of a FILE.
function __aws_legacy_sso_files { \builtin compopt -o default 2>&- || \builtin true; }
function __aws_legacy_sso_read { IFS=$'\n' \builtin read -rd '' -a __aws_legacy_sso_lines <"$1"; }

# Asks what was there before, as bash would. A status of 124 says that it has loaded another.
function __aws_legacy_sso_ask {
  \builtin local __aws_legacy_sso_old="${__aws_legacy_sso_before:-$(\builtin complete -p -D 2>&1)}"
  if [[ $__aws_legacy_sso_old == *' -F '* ]]; then
    __aws_legacy_sso_old="${__aws_legacy_sso_old##* -F }"
    "${__aws_legacy_sso_old%% *}" "$@" && \return
    [[ $? -eq 124 ]] || \return 0
    __aws_legacy_sso_before="complete -o bashdefault -o default -W '' aws" # in case it has not
    __aws_legacy_sso_register && \return 124
  elif [[ $__aws_legacy_sso_old == *' -C '* ]]; then
    \builtin export COMP_LINE COMP_POINT
    __aws_legacy_sso_old="${__aws_legacy_sso_old##* -C }"
    __aws_legacy_sso_old="$(\builtin eval "\\builtin eval ${__aws_legacy_sso_old% *} '\"\$@\"'")"
    IFS=$'\n' \builtin read -rd '' -a COMPREPLY <<<"$__aws_legacy_sso_old" || \builtin true
  fi
}

# Takes the place of what is there, with the same -o options.
function __aws_legacy_sso_register {
  \builtin set -- "$(\builtin complete -p aws 2>&1)"
  [[ $1 != complete* || $1 == *__aws_legacy_sso_complete* ]] || __aws_legacy_sso_before="$1"
  \builtin set -- "${__aws_legacy_sso_before:=}" "${__aws_legacy_sso_before:-complete -o bashdefault -o default -F}"
  \builtin eval "\\builtin ${2%%-[!o]*} -F __aws_legacy_sso_complete aws"
}
# Puts it back.
function __aws_legacy_sso_restore { \builtin eval "\\builtin ${__aws_legacy_sso_before:-complete -r aws}"; }

__aws_legacy_sso_register
