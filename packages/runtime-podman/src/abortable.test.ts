import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { abortable } from "./abortable.ts";

describe("waiting for work that others wait for too", () => {
  it("gives what the work gives, and leaves no listener behind", async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    await expect(abortable(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("ends by an abort, for the one who gives up", async () => {
    const work = Promise.withResolvers<number>();
    const [patient, hasty] = [new AbortController(), new AbortController()];
    const waits = [abortable(work.promise, patient.signal), abortable(work.promise, hasty.signal)] as const;
    hasty.abort("enough");
    await expect(waits[1]).rejects.toBe("enough");
    work.resolve(2);
    expect(await waits[0]).toBe(2);
  });

  it("leaves no failure unheard when it was given up before it began", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    onTestFinished(() => void process.off("unhandledRejection", hear));
    const work = Promise.withResolvers<never>();
    await expect(abortable(work.promise, AbortSignal.abort("enough"))).rejects.toBe("enough");
    work.reject(new Error("podman is down"));
    await setImmediate();
    expect(unheard).toEqual([]);
  });
});
