import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem, type Problem } from "@mcp/base";
import { expect, onTestFinished } from "vitest";
import type { Alert } from "../../src/index.ts";

export const atMs = Date.UTC(2026, 10, 21, 12, 0, 0);

export const alertOf = (more: Partial<Alert["message"]> = {}): Alert => ({
  node: "rift",
  message: {
    state: "firing",
    code: "crash_looping",
    service: "hello",
    component: "web",
    subject: "",
    severity: "critical",
    title: "web of hello keeps crashing",
    text: "It exited with code 1.",
    hint: "mcp logs hello/web",
    atMs,
    of: [],
    ...more,
  },
});

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-alerts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const forEver = new AbortController().signal;

/** The problem that a call ends with; the error itself if it is a bug. */
export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown = await work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
  if (!isProblem(thrown)) throw thrown;
  return thrown;
}
