const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.5 GiB`; whole numbers below a KiB and from 100 on. */
export function bytes(count: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)));
  const value = count / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
