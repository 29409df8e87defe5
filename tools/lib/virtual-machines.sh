# shellcheck shell=bash
# What virtual machines need besides what containers do. Sourced after debian.sh and guest-kernel.sh.

vm_purpose="Debian packages for virtual machines"

# need_vms: QEMU, what makes disks for its guests, and a kernel for them.
need_vms() {
  if [[ $(uname -m) != x86_64 ]]; then
    die "virtual machines are built for x86-64, and this machine is $(uname -m)" "run this on an x86-64 machine, or leave --vm out"
  fi
  need_packages "$vm_purpose" qemu-system-x86 qemu-utils squashfs-tools busybox-static iproute2 nftables
  # Newer Debians have it apart; older ones bring it with QEMU, and know no such package.
  if ! has_package virtiofsd && apt-cache show virtiofsd >/dev/null 2>&1; then
    need_packages "virtiofsd, for volumes of virtual machines" virtiofsd
  fi
  need_guest_kernel
}

# want_vms: as need_vms where this machine has QEMU. Sets vms_are_possible, or says why they are not; not to be asked about its
# outcome, since no command in it would then stop it.
want_vms() {
  vms_are_possible=''
  [[ $(uname -m) == x86_64 ]] || return 0
  has_package qemu-system-x86 || return 0
  local status
  set +e
  (
    set -e
    need_vms
  )
  status=$?
  set -e
  if ((status == 0)) && find_guest_kernel; then
    # shellcheck disable=SC2034 # read by who calls this
    vms_are_possible=1
  else
    echo "    so hello runs as a container only"
  fi
}
