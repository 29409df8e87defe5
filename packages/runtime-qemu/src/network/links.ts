/** A network device, as far as it matters here. */
export interface Link {
  readonly name: string;
  readonly alias: string;
  /** What it is, where it is something special: `bridge`, `tun`, `veth`. */
  readonly kind: string;
  readonly mac: string;
  readonly isUp: boolean;
  /** The bridge that it is a port of. */
  readonly master?: string;
  /** Of a port of a bridge. */
  readonly isIsolated: boolean;
  /** Of a bridge. */
  readonly speaksStp: boolean;
  /** IPv4, with prefix lengths. */
  readonly addresses: readonly LinkAddress[];
}

export interface LinkAddress {
  readonly address: string;
  readonly prefixLength: number;
}

/** Somebody whom the kernel knows on a link. */
export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

/** What `ip -j -d addr show` prints. What lacks a name is left out: ip prints empty objects for what it filters. */
export function parseLinks(json: string): readonly Link[] {
  return objectsOf(json).flatMap((entry) => {
    const name = text(entry.ifname);
    if (name === "") return [];
    const info = object(entry.linkinfo);
    const master = text(entry.master);
    return [
      {
        name,
        alias: text(entry.ifalias),
        kind: text(info.info_kind),
        mac: text(entry.address),
        isUp: Array.isArray(entry.flags) && entry.flags.includes("UP"),
        ...(master !== "" && { master }),
        isIsolated: object(info.info_slave_data).isolated === true,
        speaksStp: Number(object(info.info_data).stp_state ?? 0) !== 0,
        addresses: list(entry.addr_info).flatMap((found) => {
          const { family, local, prefixlen } = object(found);
          return family === "inet" ? [{ address: text(local), prefixLength: Number(prefixlen) }] : [];
        }),
      },
    ];
  });
}

/** What `ip -j neigh show` prints: those that have answered, and by which MAC. */
export const parseNeighbours = (json: string): readonly Neighbour[] =>
  objectsOf(json).flatMap((entry) => {
    const [address, mac] = [text(entry.dst), text(entry.lladdr)];
    return address === "" || mac === "" ? [] : [{ address, mac }];
  });

/** ip prints nothing at all where there is nothing to tell. */
function objectsOf(json: string): readonly Readonly<Record<string, unknown>>[] {
  return json.trim() === "" ? [] : list(JSON.parse(json)).map(object);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
