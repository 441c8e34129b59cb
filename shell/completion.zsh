# shellcheck shell=bash
# ---- Tab completion: the part for zsh (5.0 and later); completion.bash is the one for bash ----
# shellcheck disable=SC2154,SC2206,SC2296,SC2298 # syntax that only zsh has
\builtin source "${${(%):-%x}%/*}/completion.sh"

# Answers a Tab. The completion system gives the words, and the typed part of the one at the cursor.
function __aws_legacy_sso_complete {
  \builtin local __aws_legacy_sso_line="${(j: :)words[1,CURRENT-1]} "
  \builtin local __aws_legacy_sso_word="$PREFIX"
  __aws_legacy_sso_answer
}

# Offers the WORDS that fit the word at the cursor; the completion system quotes them.
function __aws_legacy_sso_offer {
  [[ $PREFIX != --*=* ]] || \builtin compset -P 1 '*='
  \builtin compadd -- "$@"
}

# Offers files. Below: reads the lines of a FILE.
function __aws_legacy_sso_files {
  [[ $PREFIX != --*=* ]] || \builtin compset -P 1 '*='
  \_files
}
function __aws_legacy_sso_read { __aws_legacy_sso_lines=("${(@f)$(<"$1")}"); }

# Calls the earlier completion. At the first Tab it may load another one that replaces ours.
function __aws_legacy_sso_ask {
  \builtin eval "${__aws_legacy_sso_before:-_default}" || \builtin true
  [[ ${_comps[aws]-} != __aws_legacy_sso_complete ]] || \return 0
  __aws_legacy_sso_register
  \builtin eval "${__aws_legacy_sso_before:-_default}" || \builtin true
}

# Registers our completion, and keeps the earlier one.
function __aws_legacy_sso_register {
  if [[ ${_comps[aws]-} != __aws_legacy_sso_complete ]]; then
    \builtin typeset -g __aws_legacy_sso_before="${_comps[aws]-}"
  fi
  \compdef __aws_legacy_sso_complete aws
}
# Restores the earlier one.
function __aws_legacy_sso_restore {
  if [[ -n $__aws_legacy_sso_before ]]; then \compdef "$__aws_legacy_sso_before" aws; else \compdef -d aws; fi
}

__aws_legacy_sso_register
