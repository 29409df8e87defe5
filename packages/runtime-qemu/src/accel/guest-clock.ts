import { readFile } from "node:fs/promises";

/**
 * The argument for a Linux guest's command line that tells it how fast its CPU counts; undefined if this machine does not know.
 *
 * Under TCG a guest counts with the host's counter, and measures that counter's rate against the PIT. On a busy machine
 * the measurement fails, and `microvm` has nothing else to measure by: the kernel then has no clock and hangs (seen in two
 * boots of three). Other models have a second clock, and KVM tells the guest by itself.
 */
export async function clockArgument(path = "/proc/cpuinfo"): Promise<string | undefined> {
  const kHz = counterKHz(await readFile(path, "utf8"));
  return kHz === undefined ? undefined : `tsc_early_khz=${kHz}`;
}

/** Linux prints twice its counter's rate in MHz as BogoMIPS, with two digits: exact to 5 kHz. */
export function counterKHz(cpuinfo: string): number | undefined {
  if (!/^flags\s*:.*\bconstant_tsc\b/m.test(cpuinfo)) return undefined;
  const bogoMips = Number(/^bogomips\s*:\s*(\d+\.\d+)$/m.exec(cpuinfo)?.[1]);
  return bogoMips > 200 ? Math.round(bogoMips * 500) : undefined;
}
