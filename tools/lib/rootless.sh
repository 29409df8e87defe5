# shellcheck shell=bash
# What podman needs in order to run containers for an ordinary user. Sourced after debian.sh; nothing to do for root.

prepare_rootless() {
  ((EUID != 0)) || return 0
  own_runtime_folder
  need_sub_ids
  need_tun
}

# Podman keeps sockets and locks there. A login through systemd makes it; without one, it is made here.
own_runtime_folder() {
  local folder
  unset MCP_OWN_RUNTIME_FOLDER
  for folder in "${XDG_RUNTIME_DIR:-}" "/run/user/$EUID" "/tmp/mcp-run-$EUID"; do
    if [[ $folder == "/tmp/mcp-run-$EUID" ]]; then mkdir -m 0700 "$folder" 2>/dev/null || true; fi
    if [[ -n $folder && -d $folder && ! -L $folder && -O $folder && -w $folder ]]; then
      # A folder that a shell of this user would not have on its own; tools/quickstart says so.
      if [[ $folder != "${XDG_RUNTIME_DIR:-}" ]]; then export MCP_OWN_RUNTIME_FOLDER=$folder; fi
      export XDG_RUNTIME_DIR=$folder
      return
    fi
  done
  die "there is no folder for this user's sockets" "set XDG_RUNTIME_DIR to a folder of yours with mode 0700"
}

# Containers have users of their own, which are numbers that this user may use on the host.
need_sub_ids() {
  local user first file
  user=$(id -un)
  if grep -q "^\($user\|$EUID\):" /etc/subuid 2>/dev/null && grep -q "^\($user\|$EUID\):" /etc/subgid 2>/dev/null; then return; fi
  first=100000
  for file in /etc/subuid /etc/subgid; do
    while IFS=: read -r _ begin count; do
      if ((begin + count > first)); then first=$((begin + count)); fi
    done < <(cat "$file" 2>/dev/null)
  done
  stage "numbers for this user's containers"
  note "to be added to /etc/subuid and /etc/subgid: $user:$first:65536"
  need_root "add them"
  as_root usermod --add-subuids "$first-$((first + 65535))" --add-subgids "$first-$((first + 65535))" "$user"
  podman system migrate >/dev/null 2>&1 || true
  tick
}

# Without it a container of an ordinary user has no network.
need_tun() {
  [[ -r /dev/net/tun && -w /dev/net/tun ]] && return
  stage "network for this user's containers"
  [[ -c /dev/net/tun ]] || die "there is no /dev/net/tun" "load the kernel module: sudo modprobe tun"
  note "to be done, until the next boot: chmod 0666 /dev/net/tun, as Debian has it with systemd"
  need_root "do it"
  as_root chmod 0666 /dev/net/tun
  tick
}
