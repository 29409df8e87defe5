import { createServer } from "node:net";
import { isProblem, type Problem, type ProblemCode } from "@mcp/base";
import { expect } from "vitest";
import type { LogLine, LogOptions, Runtime } from "../runtime.ts";
import type { WorkloadSpec } from "../spec.ts";
import type { Workload } from "../workload.ts";
import type { Rig, Script } from "./rig.ts";

/** What a rule works on: a rig, and the few things that rules do again and again. */
export class Bench {
  readonly rig: Rig;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  readonly #names = new Set<string>();

  constructor(rig: Rig, signal: AbortSignal) {
    this.rig = rig;
    this.runtime = rig.runtime;
    this.signal = signal;
    this.patienceMs = rig.patienceMs ?? 20_000;
  }

  /** A spec whose workload is removed when the rule is over. */
  async spec(script: Script, changes: Partial<WorkloadSpec> = {}): Promise<WorkloadSpec> {
    const spec = { ...(await this.rig.spec(script)), ...changes };
    this.#names.add(spec.name);
    return spec;
  }

  async start(script: Script, changes: Partial<WorkloadSpec> = {}): Promise<WorkloadSpec> {
    const spec = await this.spec(script, changes);
    await this.runtime.start(spec, this.signal);
    // Asked to stop before it could say what to do about that, it would do neither.
    if (script.does.includes("asked to stop"))
      await expect.poll(() => this.texts(spec.name), { timeout: this.patienceMs }).toContain("ready");
    return spec;
  }

  /** The workload, once it is as wanted. */
  async until(name: string, what: string, is: (workload: Workload) => boolean): Promise<Workload> {
    const deadline = performance.now() + this.patienceMs;
    for (;;) {
      const workload = await this.runtime.inspect(name, this.signal);
      if (workload && is(workload)) return workload;
      if (performance.now() > deadline) expect.fail(`${name} never ${what}: ${JSON.stringify(workload)}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  untilExited(name: string): Promise<Workload> {
    return this.until(name, "exited", (workload) => workload.state === "exited");
  }

  async lines(name: string, options: LogOptions = {}): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of this.runtime.logs(name, options, this.signal)) lines.push(line);
    return lines;
  }

  async texts(name: string, options: LogOptions = {}): Promise<string[]> {
    return (await this.lines(name, options)).map((line) => line.text);
  }

  /** The problem that the work fails with; anything else that it throws, or no failure, fails the rule. */
  async problem(code: ProblemCode, work: Promise<unknown>): Promise<Problem> {
    const thrown = await work.then(
      () => expect.fail(`it should have failed with ${code}`),
      (error: unknown) => error,
    );
    if (!isProblem(thrown)) throw thrown;
    expect({ code: thrown.code, message: thrown.message }).toEqual({ code, message: expect.any(String) });
    expect(thrown.hint).not.toBe("");
    return thrown;
  }

  async isListed(name: string): Promise<boolean> {
    return (await this.runtime.list(this.signal)).some((workload) => workload.name === name);
  }

  async close(): Promise<void> {
    for (const name of this.#names) await this.runtime.remove(name, AbortSignal.timeout(30_000));
  }
}

/** A port of this host that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return address.port;
}
