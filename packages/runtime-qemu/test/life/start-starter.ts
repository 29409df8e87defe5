import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Orders } from "./starter.ts";

export interface Starter {
  readonly pid: number;
  /** SIGKILL, and returns once it is gone. */
  kill(): Promise<void>;
}

const script = join(import.meta.dirname, "starter.ts");

/** Another process that starts virtual machines; returns when each runs, or stands where it was told to. */
export async function startStarter(
  orders: Partial<Orders> & Pick<Orders, "folder" | "specs">,
  { waits = true, env = {} }: { readonly waits?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Starter> {
  const whole: Orders = { stands: {}, removes: [], ...orders };
  const child = spawn(process.execPath, ["--conditions=@mcp/source", script, JSON.stringify(whole)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  if (waits) await arrivals(child, whole.specs.length);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    pid: child.pid ?? 0,
    kill() {
      child.kill("SIGKILL");
      return ended;
    },
  };
}

async function arrivals(child: ChildProcess, count: number): Promise<void> {
  let arrived = 0;
  if (!child.stdout) return;
  for await (const _ of createInterface({ input: child.stdout })) if (++arrived === count) return;
  throw new Error(`the starter ended when ${arrived} of ${count} had arrived`);
}
