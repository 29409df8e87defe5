import { findKernel } from "../src/guest/linux/kernel.ts";

/** Where `tools/test` has unpacked a kernel for guests; without it, the machine's own is looked for. */
const unpacked = process.env.MCP_GUEST_KERNEL;
const paths = unpacked ? { kernel: unpacked } : {};
const found = await findKernel(paths);

export const guestKernel = {
  paths,
  missing: found.ok ? undefined : `${found.why}; ${found.hint}`,
};
