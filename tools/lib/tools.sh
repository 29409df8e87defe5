# shellcheck shell=bash
# What every tool begins with. Sourced.
set -euo pipefail

lib=$(dirname "${BASH_SOURCE[0]}")
. "$lib/say.sh"
. "$lib/checkout.sh"
. "$lib/debian.sh"
. "$lib/guest-kernel.sh"
. "$lib/virtual-machines.sh"
. "$lib/toolchain.sh"
. "$lib/workspace.sh"
. "$lib/rootless.sh"
