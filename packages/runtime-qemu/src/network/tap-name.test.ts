import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTapName, ownerOf, readTapAlias, tapAlias, tapName } from "./tap-name.ts";

const owner = ownerOf("/srv/mcp/vm-state (3f9c2a51d0e84b77)");
const instances = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,60}(\.[a-z0-9-]{1,60}){0,2}$/);

describe("the name of a TAP device", () => {
  it("fits a device, and is never two instances' of a state folder", () => {
    fc.assert(
      fc.property(fc.uniqueArray(instances, { maxLength: 50 }), (all) => {
        const names = all.map((instance) => tapName({ owner, instance }));
        expect(names.every((name) => isTapName(name) && name.length === 15)).toBe(true);
        expect(new Set(names).size).toBe(all.length);
      }),
    );
  });

  it("is the same each time, and another for another state folder", () => {
    const instance = "hello-web.k3f9q";
    expect(tapName({ owner, instance })).toBe(tapName({ owner, instance }));
    expect(tapName({ owner: ownerOf("/elsewhere (0)"), instance })).not.toBe(tapName({ owner, instance }));
  });
});

describe("the alias of a TAP device", () => {
  it("leads back to its instance and state folder", () => {
    fc.assert(
      fc.property(instances, (instance) => {
        expect(readTapAlias(tapAlias({ owner, instance }))).toEqual({ owner, instance });
      }),
    );
  });

  it("fits, however long an instance's name is", () => {
    expect(tapAlias({ owner, instance: "x".repeat(200) }).length).toBeLessThan(256);
  });

  it.each(["", "mcp", "mcp web", "uplink", `MCP web ${owner}`, `mcp we"b ${owner}`, `mcp web ${owner} more`])(
    "is not ours: %j",
    (alias) => {
      expect(readTapAlias(alias)).toBeUndefined();
    },
  );
});
