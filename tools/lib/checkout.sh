# shellcheck shell=bash
# Where this checkout and its state lie. Sourced.

MCP_CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MCP_STATE=$MCP_CHECKOUT/.mcp
export MCP_CHECKOUT MCP_STATE

# Folders that programs for the administrator lie in are not on every user's PATH.
PATH=$PATH:/usr/sbin:/sbin

# typed TOOL: how this shell's user would type a tool of this checkout.
typed() {
  local tool=$MCP_CHECKOUT/tools/$1 beside=${0%/*}/$1
  if [[ $(type -P "$1") -ef $tool ]]; then
    echo "$1"
  elif [[ $beside -ef $tool ]]; then
    echo "$beside"
  else
    echo "$tool"
  fi
}

open_state() {
  mkdir -p "$MCP_STATE" 2>/dev/null || true
  if [[ ! -w $MCP_STATE ]]; then
    die "$(id -un) may not write to $MCP_STATE, which belongs to $(stat -c %U "$MCP_STATE" 2>/dev/null || stat -c %U "$MCP_CHECKOUT")" \
      "run this as that user, or use a checkout of your own"
  fi
}

# one_at_a_time COMMAND...: two tools that are started side by side do not install over each other.
one_at_a_time() {
  exec {lock_fd}>"$MCP_STATE/install.lock"
  flock "$lock_fd"
  # Closed for what it runs: a daemon that stays would hold the lock for ever.
  "$@" {lock_fd}>&-
  exec {lock_fd}>&-
}
