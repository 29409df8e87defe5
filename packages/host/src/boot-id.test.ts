import { describe, expect, it } from "vitest";
import { bootId } from "./boot-id.ts";

describe("the boot id", () => {
  it("is a UUID that stays the same while the machine is up", async () => {
    const first = await bootId();
    expect(first).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await bootId()).toBe(first);
  });

  it("says what to do where the kernel's file is missing", async () => {
    await expect(bootId("/proc/no/such/file")).rejects.toMatchObject({ code: "tool_missing" });
  });
});
