import { describe, expect, it } from "vitest";
import { findMismatch, type Mount, parseMounts, placeIn } from "./mounts.ts";

const root: Mount = { id: 1, parentId: 0, place: { device: "0:40", path: "/" }, at: "/" };
const place = (path: string) => ({ device: "254:0", path });
let made = 1;
const mount = (path: string, at: string, parent = root): Mount => ({
  id: ++made,
  parentId: parent.id,
  place: place(path),
  at,
});

describe("a process's mounts", () => {
  it("are read as the kernel writes them, whatever is in their names", () => {
    const text =
      "78 50 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/a\n" +
      "89 78 254:0 /srv/a\\040b\\134c /data rw,relatime shared:7 - ext4 /dev/vda rw\n";
    expect(parseMounts(text)).toEqual([
      { id: 78, parentId: 50, place: { device: "0:40", path: "/" }, at: "/" },
      { id: 89, parentId: 78, place: { device: "254:0", path: "/srv/a b\\c" }, at: "/data" },
    ]);
  });

  it("tell where a path lies in its filesystem", () => {
    const at = (where: string, path: string) => ({ ...root, at: where, place: place(path) });
    expect(placeIn(at("/", "/"), "/srv/a")).toEqual(place("/srv/a"));
    expect(placeIn(at("/", "/"), "/")).toEqual(place("/"));
    expect(placeIn(at("/srv", "/"), "/srv/a")).toEqual(place("/a"));
    expect(placeIn(at("/srv", "/vol"), "/srv")).toEqual(place("/vol"));
    expect(placeIn(at("/srv", "/vol"), "/srv/a")).toEqual(place("/vol/a"));
  });
});

describe("a container's volumes", () => {
  const a = { guest: "/data", place: place("/srv/a") };
  const b = { guest: "/data/b", place: place("/srv/b") };

  it("are as wanted where each is mounted from its place", () => {
    expect(
      findMismatch([a, b], [root, mount("/srv/a", "/data"), mount("/srv/b", "/data/b")]),
    ).toBeUndefined();
    expect(findMismatch([], [root])).toBeUndefined();
  });

  it("are not where one is mounted from elsewhere, from another filesystem, or not at all", () => {
    expect(findMismatch([a, b], [root, mount("/srv/a", "/data"), mount("/etc", "/data/b")])).toBe(b);
    expect(
      findMismatch([{ ...a, place: { device: "8:1", path: "/srv/a" } }], [root, mount("/srv/a", "/data")]),
    ).toBeDefined();
    expect(findMismatch([a], [root])).toBe(a);
    expect(findMismatch([a], [root, mount("/srv/a//deleted", "/data")])).toBe(a);
  });

  it("are not where what is wanted is no longer at its path", () => {
    const gone = { guest: "/data", place: undefined };
    expect(findMismatch([gone], [root, mount("/srv/a", "/data")])).toBe(gone);
    expect(findMismatch([gone], [root])).toBe(gone);
  });

  it("count as what lies on top where one covers another", () => {
    expect(findMismatch([a], [root, mount("/srv/a", "/data"), mount("/etc", "/data")])).toBe(a);
    expect(findMismatch([a], [root, mount("/etc", "/data"), mount("/srv/a", "/data")])).toBeUndefined();
  });

  it("may be mounted elsewhere, through a link of the image", () => {
    const run = { guest: "/var/run/x", place: place("/srv/a") };
    expect(findMismatch([run], [root, mount("/srv/a", "/run/x")])).toBeUndefined();
    expect(findMismatch([run], [root, mount("/etc", "/run/x")])).toBe(run);
  });

  it("cannot be stood for by the mount of another, or by what another brought along", () => {
    const twice = { guest: "/var/run/x", place: place("/srv/a") };
    const data = mount("/srv/a", "/data");
    expect(findMismatch([a, twice], [root, data, mount("/etc", "/run/x")])).toBe(twice);
    const nested = { guest: "/var/run/x", place: place("/srv/b") };
    const brought = mount("/srv/b", "/data/sub", data);
    expect(findMismatch([a, nested], [root, data, brought, mount("/etc", "/run/x")])).toBe(nested);
    expect(findMismatch([a, { ...a }], [root, data])).toBeDefined();
  });
});
