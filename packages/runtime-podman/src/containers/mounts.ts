/** Where a mounted folder or file lies: in which filesystem, and where in that. The kernel names no links here. */
export interface Place {
  /** `major:minor`. */
  readonly device: string;
  readonly path: string;
}

export interface Mount {
  readonly id: number;
  readonly parentId: number;
  /** What is mounted. */
  readonly place: Place;
  /** Where it is mounted, as seen from the process's root. */
  readonly at: string;
}

/** The mounts of a process, from the text of its `/proc/PID/mountinfo`; what covers another comes after it. */
export function parseMounts(text: string): Mount[] {
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([id, parentId, device, root, at]) =>
      id && parentId && device && root && at
        ? [
            {
              id: Number(id),
              parentId: Number(parentId),
              place: { device, path: plain(root) },
              at: plain(at),
            },
          ]
        : [],
    );
}

/** Space, tab, newline, backslash and `#` come as three octal digits. */
const plain = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The place of a path that was opened, of which its mount is known. */
export function placeIn({ place, at }: Mount, path: string): Place {
  const below = at === "/" ? path.slice(1) : path.slice(at.length + 1);
  const base = place.path === "/" ? "" : place.path;
  return { device: place.device, path: below === "" ? place.path : `${base}/${below}` };
}

export interface Wanted {
  readonly guest: string;
  /** Undefined where what is wanted is not at its path any more. */
  readonly place: Place | undefined;
}

/**
 * The first of the wanted mounts that is not there as wanted, or undefined. Each must be a mount of its own. What is
 * mounted at exactly the wanted folder must be it; where nothing is, the image has a link on the way, and the mount is
 * elsewhere, but not below another wanted one: that would be a mount which that one brought along.
 */
export function findMismatch<W extends Wanted>(
  wanted: readonly W[],
  mounts: readonly Mount[],
): W | undefined {
  const found = new Map<W, number>();
  for (const one of wanted) {
    const top = mounts.findLast(({ at }) => at === one.guest);
    if (!top) continue;
    if (!isSame(top.place, one.place)) return one;
    found.set(one, top.id);
  }
  for (const one of wanted) {
    if (found.has(one)) continue;
    const taken = new Set(found.values());
    const match = mounts.find(
      (mount) => isSame(mount.place, one.place) && !isAtOrBelow(mount, taken, mounts),
    );
    if (!match) return one;
    found.set(one, match.id);
  }
  return new Set(found.values()).size === wanted.length ? undefined : wanted.at(-1);
}

const isSame = (one: Place, other: Place | undefined): boolean =>
  one.device === other?.device && one.path === other.path;

function isAtOrBelow(mount: Mount, ids: ReadonlySet<number>, mounts: readonly Mount[]): boolean {
  if (ids.has(mount.id)) return true;
  const parent = mounts.find(({ id }) => id === mount.parentId);
  return parent !== undefined && parent !== mount && isAtOrBelow(parent, ids, mounts);
}
