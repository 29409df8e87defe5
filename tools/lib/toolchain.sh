# shellcheck shell=bash
# node and pnpm: the machine's own where they are new enough, else ours, brought by npm. Sourced after debian.sh.
# What is published runs on node 22.12; the tools run TypeScript as it is, for which it takes 24.

case $(uname -m) in
  x86_64) toolchain_arch=x64 ;;
  aarch64) toolchain_arch=arm64 ;;
  *) toolchain_arch=none ;;
esac

# at_least VERSION MAJOR MINOR
at_least() {
  [[ $1 =~ ^v?([0-9]+)\.([0-9]+)\. ]] || return
  ((BASH_REMATCH[1] > $2 || (BASH_REMATCH[1] == $2 && BASH_REMATCH[2] >= $3)))
}

own_node=$MCP_STATE/toolchain/node/node_modules/node-linux-$toolchain_arch/bin
own_pnpm=$MCP_STATE/toolchain/pnpm/node_modules/@pnpm/exe.linux-$toolchain_arch

# use_toolchain: puts what is there on the PATH; false if something must be brought first.
use_node() { use_one node 24 0 "$own_node"; }
use_toolchain() { use_node && use_one pnpm 12 0 "$own_pnpm"; }

# What was brought is looked at first: that costs nothing, while asking a program for its version takes 20 ms.
use_one() {
  if is_current "$1"; then PATH=$4:$PATH; else at_least "$("$1" --version 2>/dev/null)" "$2" "$3"; fi
}

is_current() { cmp -s "$MCP_CHECKOUT/tools/toolchain/$1/package-lock.json" "$MCP_STATE/toolchain/$1/installed.json"; }

need_toolchain() {
  local before
  before=$(node --version 2>/dev/null) || before=none
  stage "node and pnpm"
  if ! use_toolchain; then
    [[ $toolchain_arch != none ]] || die "there is no node to bring for $(uname -m)" "install node 24 and pnpm 12, or newer"
    if ! command -v npm >/dev/null; then
      need_packages "npm, to bring node and pnpm" npm
      stage "node and pnpm"
    fi
    note "to install: node 24.21.0 and pnpm 12.21.0 into .mcp/toolchain, by npm, 250 MB on disk"
    one_at_a_time bring node 24 0 "$own_node"
    one_at_a_time bring pnpm 12 0 "$own_pnpm"
    use_toolchain || die "node or pnpm does not run here" "install node 24 and pnpm 12, or newer"
  fi
  if [[ $(command -v node) == "$own_node/node" ]]; then
    tick "node $(node --version) of our own (this machine's: $before), pnpm $(pnpm --version)"
  else
    tick "node $before, pnpm $(pnpm --version)"
  fi
}

# bring NAME MAJOR MINOR FOLDER: into .mcp/toolchain, by npm and its lock file. Stamped last, so that half of it never counts.
bring() {
  at_least "$("$1" --version 2>/dev/null)" "$2" "$3" && return
  is_current "$1" && return
  local folder=$MCP_STATE/toolchain/$1 log=$MCP_STATE/npm.log
  progress "bringing $1 by npm"
  mkdir -p "$folder"
  rm -f "$folder/installed.json"
  cp "$MCP_CHECKOUT/tools/toolchain/$1/package.json" "$MCP_CHECKOUT/tools/toolchain/$1/package-lock.json" "$folder/"
  # Not by --prefix, which would make npm read another place's configuration than this machine's.
  if ! (cd "$folder" && npm ci --include=optional --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier \
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000 >"$log" 2>&1 </dev/null) || [[ ! -x $4/$1 ]]; then
    die "npm could not bring $1" "is this machine online? see what npm says: (cd $folder && npm ci)" "$log"
  fi
  "$4/$1" --version >/dev/null 2>&1 || die "the $1 that npm brings does not run on this machine" "install $1 $2 or newer"
  cp "$folder/package-lock.json" "$folder/installed.json"
}

# run_typescript FILE ARGUMENT...: of tools/, in place of this shell. Workspace packages are imported as sources.
run_typescript() {
  local file=$1
  shift
  exec node --conditions=@mcp/source "$MCP_CHECKOUT/tools/$file" "$@"
}
