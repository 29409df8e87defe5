export { createQemu, type Qemu, type QemuOptions } from "./create-qemu.ts";
