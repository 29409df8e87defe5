export { createQemu, type Qemu, type QemuOptions } from "./create-qemu.ts";
export type { VmCheck } from "./doctor/vm-checks.ts";
export { printAllowedPort, readAllowedPort } from "./network/allowed-port.ts";
export { readBridgeAddress } from "./network/bridge-subnet.ts";
export {
  createGuestNetwork,
  type GuestNetworkOptions,
  type HostGuestNetwork,
} from "./network/guest-network.ts";
export { isBridgeName } from "./network/interface-name.ts";
export type { LivingGuests } from "./network/reconcile.ts";
export type { Guest } from "./network/rules.ts";
export { type SetUpOptions, setUpBridge, tearDownBridge } from "./network/set-up.ts";
