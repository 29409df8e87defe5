const leavesWith = 0x2a;

/** QEMU's exit code once the sector has run: what isa-debug-exit makes of the byte that it is given. */
export const bootSectorExitCode = (leavesWith << 1) | 1;

/** As large as a disk must be for the firmware to boot it: below one cylinder (1008 sectors) it does not. */
export const bootDiskBytes = 1024 * 1024;

/**
 * The smallest guest that proves a CPU: the firmware, which goes through real and protected mode, loads these 512 bytes,
 * and they leave by the debug-exit device.
 */
export function bootSector(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([
    ...[0xba, 0x01, 0x05], // mov dx, 0x501
    ...[0xb0, leavesWith], // mov al, 0x2a
    0xee, // out dx, al
    0xf4, // hlt
    ...[0xeb, 0xfd], // jmp to the hlt
  ]);
  // Without these two no firmware takes it for a boot sector.
  sector.set([0x55, 0xaa], 510);
  return sector;
}
