# shellcheck shell=bash
# Debian packages. Sourced after say.sh and checkout.sh.

# need_root WHAT: see to it that as_root will work, and ask for the password now, where one can be given.
need_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || die "root is needed to $1" "install sudo, or run this as root"
  if [[ -t 0 ]]; then
    sudo -v || die "root is needed to $1" "run this as a user who may use sudo"
  else
    sudo -n true 2>/dev/null || die "root is needed to $1, and sudo wants a password" "run this from a terminal, or as root"
  fi
}

as_root() { if ((EUID == 0)); then "$@"; else sudo -n -- "$@" </dev/null; fi; }

# A package is there if dpkg has it, or if its program came some other way.
has_package() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]] && return
  case $1 in
    busybox-static) command -v busybox ;;
    iproute2) command -v ip ;;
    nftables) command -v nft ;;
    qemu-system-x86) command -v qemu-system-x86_64 ;;
    qemu-utils) command -v qemu-img ;;
    squashfs-tools) command -v sqfstar ;;
    uidmap) command -v newuidmap ;;
    virtiofsd) ls /usr/lib/qemu/virtiofsd || ls /usr/libexec/virtiofsd || ls /usr/lib/virtiofsd ;;
    git | iptables | npm | podman | skopeo | slirp4netns | sudo) command -v "$1" ;;
    *) false ;;
  esac >/dev/null 2>&1
}

# need_packages PURPOSE PACKAGE...: installs those that are missing. Does nothing, offline too, where all are there.
need_packages() {
  local purpose=$1 missing=() package
  shift
  stage "$purpose"
  for package in "$@"; do has_package "$package" || missing+=("$package"); done
  if ((${#missing[@]} == 0)); then
    tick "$purpose: there"
    return
  fi
  if ! command -v apt-get >/dev/null; then
    die "$purpose: ${missing[*]} missing, and this machine has no apt-get" "install them the way this machine installs software, then run this again"
  fi
  one_at_a_time apt_install "${missing[@]}"
  apt_installed=("${missing[@]}")
  tick "$purpose: installed"
}

# apt_options are those under which nothing is asked and nothing of the machine's own is taken away.
apt_options=(-y -q --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)

apt_install() {
  local log=$MCP_STATE/apt.log
  if ! apt_plan "$@"; then
    need_root "read the package lists"
    apt_update "$log"
    apt_plan "$@" || die "this machine's package sources do not have all of: $*" "see what apt says: apt-get install -s $*" "$log"
  fi
  need_root "install packages"
  note "to install: $*"
  note "with what they need: $apt_count packages, $apt_megabytes MB to fetch"
  if ! apt_run "$log" "$@"; then
    # Most often package lists that are older than what the mirror still has.
    apt_update "$log"
    apt_run "$log" "$@" || die "apt-get could not install: $*" "try it by hand: apt-get install --no-install-recommends $*" "$log"
  fi
}

# apt_plan PACKAGE...: what it would take, as apt_count and apt_megabytes; false if the package lists do not know them.
apt_plan() {
  local plan size bytes=0
  plan=$(apt-get install -s --no-install-recommends --no-remove "$@" 2>/dev/null) || return
  apt_count=$(grep -c '^Inst ' <<<"$plan")
  while read -r _ _ size _; do bytes=$((bytes + size)); done \
    < <(apt-get install --print-uris -qq --no-install-recommends --no-remove "$@" 2>/dev/null | grep "^'")
  apt_megabytes=$(((bytes + 999999) / 1000000))
}

apt_update() {
  progress "reading the package lists"
  as_root apt-get update -q -o DPkg::Lock::Timeout=300 >"$1" 2>&1 || die "the package lists could not be read" "is this machine online?" "$1"
}

apt_run() {
  local log=$1 kind percent
  shift
  # Status lines come on standard output, since sudo closes every other descriptor.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${apt_options[@]}" -o APT::Status-Fd=1 "$@" 2>&1 </dev/null |
    tee "$log" |
    while IFS=: read -r kind _ percent _; do
      case $kind in
        dlstatus) progress "fetching, ${percent%.*} %" ;;
        pmstatus) progress "unpacking and setting up, ${percent%.*} %" ;;
      esac
    done
}

# quiet_services NAME...: Debian starts a service when it installs one; here only its program is wanted.
quiet_services() {
  [[ -d /run/systemd/system ]] || return 0
  local name
  for name in "$@"; do
    [[ " ${apt_installed[*]-} " != *" $name "* ]] || as_root systemctl disable --quiet --now "$name"
  done
}
