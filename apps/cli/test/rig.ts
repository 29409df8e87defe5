import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { FakeAgent, type Rpcs } from "./agent.ts";
import { Cli, type RunOptions } from "./cli.ts";

export interface Rig {
  /** Made once for a file of tests. */
  readonly cli: Cli;
  /** New for each test, and the one that the configuration names. */
  readonly agent: FakeAgent;
  /** What the agent is to answer; anything else it cannot do. */
  answerWith(rpcs: Rpcs): Promise<void>;
  /** Of a command that succeeds and says nothing on standard error. */
  output(args: string): Promise<string>;
  /** What a command that fails says on standard error, and its exit code; never a stack trace. */
  failure(args: readonly string[] | string, options?: RunOptions): Promise<[string, number]>;
}

/** The command line and an agent for it to talk to, for a file of tests. */
export function rig(config = ""): Rig {
  let cli: Cli;
  let agent: FakeAgent;
  beforeAll(async () => {
    cli = await Cli.build();
  });
  afterAll(() => cli[Symbol.asyncDispose]());
  beforeEach(async () => {
    agent = await FakeAgent.start({});
    await cli.configure(agent.address, config);
  });
  afterEach(() => agent[Symbol.asyncDispose]());
  return {
    get cli() {
      return cli;
    },
    get agent() {
      return agent;
    },
    async answerWith(rpcs) {
      await agent.die();
      await agent.revive(rpcs);
    },
    async output(args) {
      const { stdout, stderr, exit } = await cli.run(args);
      expect([stderr, exit]).toEqual(["", 0]);
      return stdout;
    },
    async failure(args, options) {
      const { stdout, stderr, exit } = await cli.run(args, options);
      expect(stdout).toBe("");
      expect(stderr).not.toMatch(/^\s+at /m);
      return [stderr, exit];
    },
  };
}
