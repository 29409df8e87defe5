import { describe, expect, it } from "vitest";
import { findSocket, socketCandidates } from "./find-socket.ts";

const { signal } = new AbortController();

describe("finding podman's socket", () => {
  it("looks at the system's for root", () => {
    expect(socketCandidates({ uid: 0, env: { XDG_RUNTIME_DIR: "/run/user/0" } })).toEqual([
      "/run/podman/podman.sock",
    ]);
  });

  it("looks at a user's own first, wherever it keeps such files", () => {
    expect(socketCandidates({ uid: 1000, env: { XDG_RUNTIME_DIR: "/tmp/run" } })).toEqual([
      "/tmp/run/podman/podman.sock",
      "/run/podman/podman.sock",
    ]);
    expect(socketCandidates({ uid: 1000, env: {} })[0]).toBe("/run/user/1000/podman/podman.sock");
  });

  it("takes the first that answers", async () => {
    const answering = new Set(["/b", "/c"]);
    const ping = async (path: string) => (answering.has(path) ? "4.3.1" : undefined);
    expect(await findSocket(["/a", "/b", "/c"], ping, signal)).toBe("/b");
    expect(await findSocket(["/a"], ping, signal)).toBeUndefined();
  });
});
