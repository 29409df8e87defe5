/**
 * The first that QEMU complained of on its stderr: what follows are consequences. A warning is none, nor is an empty line;
 * undefined where there is nothing else.
 */
export const complaintIn = (stderr: string): string | undefined =>
  stderr.split("\n").find((line) => line.trim() !== "" && !/\bwarning: /.test(line));
