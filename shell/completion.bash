# shellcheck shell=bash
# ---- Tab completion: the part for bash (3.2 and later); completion.zsh is the one for zsh ----
\builtin source "${BASH_SOURCE[0]%/*}/completion.sh"
__aws_legacy_sso_before="${__aws_legacy_sso_before-}"

# Answers a Tab. Bash replaces the text $2; in the word a quote, `--x=` or `a:` may stand before it.
function __aws_legacy_sso_complete {
  \builtin local __aws_legacy_sso_line="${COMP_LINE:0:COMP_POINT-${#2}}"
  \builtin local __aws_legacy_sso_kept="${__aws_legacy_sso_line##* }"
  \builtin local __aws_legacy_sso_word="${__aws_legacy_sso_kept%[\"\']}${2//\\/}"
  __aws_legacy_sso_kept="${__aws_legacy_sso_kept#--*=}"
  COMPREPLY=()
  __aws_legacy_sso_answer "$@"
}

# Offers the WORDS that begin with the word at the cursor, quoted as the line needs it.
function __aws_legacy_sso_offer {
  \builtin local __aws_legacy_sso_fit
  for __aws_legacy_sso_fit; do
    [[ $__aws_legacy_sso_fit == "$__aws_legacy_sso_word"* ]] || \continue
    __aws_legacy_sso_fit="${__aws_legacy_sso_fit#"${__aws_legacy_sso_kept%[\"\']}"}"
    [[ $__aws_legacy_sso_kept == *[\"\'] ]] || \builtin printf -v __aws_legacy_sso_fit %q "$__aws_legacy_sso_fit"
    COMPREPLY+=("$__aws_legacy_sso_fit")
  done
}

# Has readline offer files (not in bash 3.2). Below: reads the lines of a FILE.
function __aws_legacy_sso_files { \builtin compopt -o default 2>&- || \builtin true; }
function __aws_legacy_sso_read { IFS=$'\n' \builtin read -rd '' -a __aws_legacy_sso_lines <"$1"; }

# Calls the completion that was there before, as bash would. Status 124: it has loaded another.
function __aws_legacy_sso_ask {
  \builtin local __aws_legacy_sso_old="${__aws_legacy_sso_before:-$(\builtin complete -p -D 2>&1)}"
  if [[ $__aws_legacy_sso_old == *' -F '* ]]; then
    __aws_legacy_sso_old="${__aws_legacy_sso_old##* -F }"
    "${__aws_legacy_sso_old%% *}" "$@" && \return
    [[ $? -eq 124 ]] || \return 0
    __aws_legacy_sso_before="complete -o bashdefault -o default -W '' aws" # if it has not
    __aws_legacy_sso_register "$(\builtin complete -p aws 2>&1)" && \return 124
  elif [[ $__aws_legacy_sso_old == *' -C '* ]]; then
    \builtin export COMP_LINE COMP_POINT COMP_KEY COMP_TYPE
    __aws_legacy_sso_old="${__aws_legacy_sso_old##* -C }"
    __aws_legacy_sso_old="$(\builtin eval "\\builtin eval ${__aws_legacy_sso_old% *} '\"\$@\"'")"
    IFS=$'\n' \builtin read -rd '' -a COMPREPLY <<<"$__aws_legacy_sso_old" || \builtin true
  fi
}

# Registers our completion, with the -o options of a TEXT of `complete -p`, and keeps that text.
function __aws_legacy_sso_register {
  [[ $1 != complete* || $1 == *__aws_legacy_sso_complete* ]] || __aws_legacy_sso_before="$1"
  [[ $1 != complete* || $1 == *' -'[CF]\ * ]] || \return 0 # a list of words is not replaced
  \builtin set -- "${__aws_legacy_sso_before:-complete -o bashdefault -o default -F}"
  \builtin eval "\\builtin ${1%%-[!o]*} -F __aws_legacy_sso_complete aws"
}
function __aws_legacy_sso_restore { \builtin eval "\\builtin ${__aws_legacy_sso_before:-complete -r aws}"; }
if \builtin complete -p aws >/dev/null 2>&1; then
  __aws_legacy_sso_register "$(\builtin complete -p aws)"
else
  __aws_legacy_sso_register ''
fi
