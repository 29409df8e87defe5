# shellcheck shell=bash
# A Linux kernel for the guests of tests and of the quickstart. Sourced after debian.sh.

guest_kernel=$MCP_STATE/guest-kernel

# need_guest_kernel: sees to it that there is a kernel with its modules, and says where in MCP_GUEST_KERNEL, unless it is this
# machine's own, which is found without. A package is unpacked and not installed, so that this machine boots what it did.
# Does nothing, offline too, where one is there.
need_guest_kernel() {
  stage "a Linux kernel for virtual machines"
  if find_guest_kernel; then
    tick "a Linux kernel for virtual machines: $guest_kernel_is"
    return
  fi
  if [[ $(uname -m) != x86_64 ]]; then
    die "virtual machines are built for x86-64, and this machine is $(uname -m)" "run this on an x86-64 machine"
  fi
  if ! command -v apt-get >/dev/null; then
    die "there is no Linux kernel for virtual machines, and this machine has no apt-get" \
      "name one that has virtio and squashfs: MCP_GUEST_KERNEL=/path/of/a/folder/with/boot/and/lib"
  fi
  one_at_a_time unpack_guest_kernel
  find_guest_kernel || die "the kernel in $guest_kernel cannot be used" "remove the folder, and run this again"
  tick "a Linux kernel for virtual machines: unpacked"
}

# find_guest_kernel: one that is there: the one that is named, the one that was unpacked, or this machine's own.
find_guest_kernel() {
  if [[ ${MCP_GUEST_KERNEL:-} ]]; then
    [[ -r $MCP_GUEST_KERNEL ]] || die "MCP_GUEST_KERNEL is $MCP_GUEST_KERNEL, which is not there" "correct it, or unset it"
    guest_kernel_is="the one that MCP_GUEST_KERNEL names"
  elif has_kernel "$guest_kernel"; then
    export MCP_GUEST_KERNEL=$guest_kernel
    guest_kernel_is="there"
  else
    guest_kernel_is="this machine's own"
    has_kernel /
  fi
}

# has_kernel FOLDER: whether it holds a cloud kernel that may be read, and what depmod makes of its modules.
has_kernel() {
  local kernel version
  for kernel in "${1%/}"/boot/vmlinuz-*-cloud-amd64; do
    version=${kernel##*/vmlinuz-}
    [[ -r $kernel ]] || continue
    if [[ -r ${1%/}/lib/modules/$version/modules.dep || -r ${1%/}/usr/lib/modules/$version/modules.dep ]]; then return; fi
  done
  return 1
}

# Unpacked beside and renamed, so that half of it never counts.
unpack_guest_kernel() {
  has_kernel "$guest_kernel" && return
  local log=$MCP_STATE/guest-kernel.log part=$guest_kernel.part package base
  rm -rf "$part" "$guest_kernel"
  mkdir -p "$part/deb"
  if ! package=$(kernel_package); then
    need_root "read the package lists"
    apt_update "$log"
    package=$(kernel_package) || die "this machine's package sources have no linux-image-cloud-amd64" "see what apt says: apt-cache policy linux-image-cloud-amd64"
  fi
  note "to fetch and unpack into .mcp/guest-kernel, and not to install: $package"
  progress "fetching"
  if ! fetch_package "$part/deb" "$package" "$log"; then
    # Most often package lists that are older than what the mirror still has.
    need_root "read the package lists"
    apt_update "$log"
    package=$(kernel_package) || true
    fetch_package "$part/deb" "$package" "$log" || die "apt-get could not fetch $package" "is this machine online? try it by hand: apt-get download $package" "$log"
  fi
  progress "unpacking"
  dpkg-deb -x "$part"/deb/*.deb "$part" 2>"$log" || die "dpkg-deb could not unpack $package" "is the disk full? see: df -h $MCP_STATE" "$log"
  rm -r "$part/deb"
  base=$part
  [[ -d $part/lib/modules ]] || base=$part/usr
  busybox depmod -b "$base" "$(basename "$base"/lib/modules/*)" 2>"$log" ||
    die "busybox could not list the modules of $package" "try it by hand: busybox depmod -b $base" "$log"
  mv "$part" "$guest_kernel"
}

fetch_package() { (cd "$1" && apt-get download -q "$2" >"$3" 2>&1 </dev/null); }

# kernel_package: the package that the newest cloud kernel is really in.
kernel_package() {
  local package
  package=$(apt-cache depends --important linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*-cloud-amd64\)$/\1/p')
  [[ $package ]] && echo "${package%%$'\n'*}"
}
