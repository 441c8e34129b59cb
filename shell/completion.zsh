# shellcheck shell=bash
# ---- Tab completion: what zsh (5.0 and later) does its own way; twin of completion.bash ----
# shellcheck disable=SC2154,SC2206,SC2296,SC2298 # what zsh has and bash has not
\builtin source "${${(%):-%x}%/*}/completion.sh"

# Answers a Tab. The completion system gives the words, and what is typed of the one at the cursor.
function __aws_legacy_sso_complete {
  \builtin local __aws_legacy_sso_line="${(j: :)words[1,CURRENT-1]} "
  \builtin local __aws_legacy_sso_word="$PREFIX"
  __aws_legacy_sso_answer
}

# Offers what of WORDS fits the word at the cursor; the completion system quotes it.
function __aws_legacy_sso_offer {
  [[ $PREFIX != --*=* ]] || \builtin compset -P 1 '*='
  \builtin compadd -- "$@"
}

# Offers files; and reads the lines of a FILE.
function __aws_legacy_sso_files {
  [[ $PREFIX != --*=* ]] || \builtin compset -P 1 '*='
  \_files
}
function __aws_legacy_sso_read { __aws_legacy_sso_lines=("${(@f)$(<"$1")}"); }

# Asks what was there before. It may load another at the first Tab, and put it in our place.
function __aws_legacy_sso_ask {
  \builtin eval "${__aws_legacy_sso_before:-_default}" || \builtin true
  [[ ${_comps[aws]-} != __aws_legacy_sso_complete ]] || \return 0
  __aws_legacy_sso_register
  \builtin eval "${__aws_legacy_sso_before:-_default}" || \builtin true
}

# Takes the place of what is there.
function __aws_legacy_sso_register {
  if [[ ${_comps[aws]-} != __aws_legacy_sso_complete ]]; then
    \builtin typeset -g __aws_legacy_sso_before="${_comps[aws]-}"
  fi
  \compdef __aws_legacy_sso_complete aws
}
# Puts it back.
function __aws_legacy_sso_restore {
  if [[ -n $__aws_legacy_sso_before ]]; then \compdef "$__aws_legacy_sso_before" aws; else \compdef -d aws; fi
}

__aws_legacy_sso_register
