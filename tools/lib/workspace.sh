# shellcheck shell=bash
# The workspace's dependencies and its build. Sourced after toolchain.sh.

export TURBO_TELEMETRY_DISABLED=1

# what_is_wanted: changes when any manifest or the lock file does.
what_is_wanted() {
  (
    shopt -s nullglob
    cd "$MCP_CHECKOUT" || exit
    sha256sum pnpm-lock.yaml pnpm-workspace.yaml package.json {packages,apps,examples}/*/package.json | sha256sum
  )
}

need_dependencies() {
  local stamp=$MCP_CHECKOUT/node_modules/.mcp-installed wanted
  stage "the workspace's dependencies"
  wanted=$(what_is_wanted)
  if [[ $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then
    tick "the workspace's dependencies: there"
    return
  fi
  one_at_a_time install_dependencies
  echo "$wanted" >"$stamp"
  tick "the workspace's dependencies: installed"
}

# From what this machine already has, if that is all of it; else from the registry. The policies for what may come from
# there are asked about online, so they are left out where nothing comes.
install_dependencies() {
  local log=$MCP_STATE/pnpm.log
  pnpm_install "$log" --offline --config.trust-lockfile=true && return
  note "to install: the npm packages of pnpm-lock.yaml, about 400 MB on disk"
  pnpm_install "$log" --prefer-offline --config.fetch-retries=2 --config.fetch-retry-maxtimeout=5000 || die "pnpm could not install the dependencies" "is this machine online?" "$log"
}

pnpm_install() {
  local log=$1 line
  shift
  (cd "$MCP_CHECKOUT" && CI=1 pnpm install --frozen-lockfile --reporter=append-only "$@" 2>&1 </dev/null) |
    tee "$log" |
    while read -r line; do
      [[ $line != *Progress:* ]] || progress "${line#*Progress: }"
    done
}

# need_build [TURBO ARGUMENT...]: turbo knows what is already built.
need_build() {
  local log=$MCP_STATE/build.log
  stage "building"
  (cd "$MCP_CHECKOUT" && one_at_a_time pnpm exec turbo run build --output-logs=errors-only --ui=stream "$@" >"$log" 2>&1 </dev/null) ||
    die "the build failed" "see all of it in $log" "$log"
  if grep -q 'FULL TURBO' "$log"; then tick "built: nothing has changed"; else tick "built"; fi
}
