import { describe, expect, it } from "vitest";
import { deploy, last, newRequestId, withNode } from "./node.ts";

const node = withNode();

/** CI runs a tenth of them. */
const rounds = process.env.MCP_SOAK === "1" ? 60 : 6;
/** A busy machine takes ten seconds and more for one. */
const withinMs = 120_000 + rounds * 60_000;

const pair = (version: number) => `
name = "pair"
${["db", "api"]
  .map(
    (name) => `
[[components]]
name = "${name}"
image = "${node.rig.image}"
entrypoint = ["/bin/sh", "-c"]
cmd = ["trap 'exit 0' TERM; : ${version}; while :; do sleep 0.1; done"]
start_period = "100ms"
${name === "api" ? 'depends_on = ["db"]' : ""}`,
  )
  .join("")}`;

describe("kill -9 of the real agent in the middle of an update", () => {
  it(
    "leads to the same end: the new version runs once, and nothing else is left",
    async () => {
      await deploy(node, pair(0));
      for (let round = 1; round <= rounds; round++) {
        const requestId = newRequestId();
        const asked = deploy(node, pair(round), requestId).catch(() => undefined);
        // Spread over the time that an update takes, from before it is recorded to after it is done.
        await new Promise((resolve) => setTimeout(resolve, (round / rounds) * 1_500));
        await node.end("SIGKILL");
        await asked;
        await node.start();
        const operation = await last(node.client.watchOperation({ id: requestId })).catch(() => undefined);
        // Killed before it was recorded: it never was, and asking again is a new one.
        if (!operation) await deploy(node, pair(round));
        else expect(operation.state, `round ${round}`).toBe("STATE_SUCCEEDED");
        const all = await node.rig.cli(["ps", "--all", "--format", "{{.State}} {{.Command}}"]);
        const lines = all.split("\n").filter(Boolean);
        expect(lines, `round ${round}`).toHaveLength(2);
        for (const line of lines) expect(line, `round ${round}`).toMatch(/^(up|running)/i);
        const live = (await node.client.liveCheck({})).instances ?? [];
        const { services } = await node.client.listServices({});
        expect(new Set(live.map(({ component }) => component)).size, `round ${round}`).toBe(2);
        expect(services?.[0]?.candidateRevision ?? "0", `round ${round}`).toBe("0");
      }
      await last(node.client.undeploy({ requestId: newRequestId(), service: "pair" }));
      expect((await node.rig.cli(["ps", "--all", "--quiet"])).trim()).toBe("");
    },
    withinMs,
  );
});
