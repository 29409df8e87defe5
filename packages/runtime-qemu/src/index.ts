export { createQemu, type Qemu, type QemuOptions } from "./create-qemu.ts";
export type { VmCheck } from "./doctor/vm-checks.ts";
