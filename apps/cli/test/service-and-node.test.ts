import { describe, expect, it } from "vitest";
import { ago, at, refusal } from "./agent.ts";
import { rig } from "./rig.ts";

const mcp = rig();

const web = { name: "web", knownName: "hello-web", runtime: "container", image: "hello:2", desired: 1 };
const hello = { name: "hello", desired: 1, revision: 3n, deployedAt: at(0), components: [web] };

describe("mcp service", () => {
  it("history lists revisions", async () => {
    await mcp.answerWith({
      listRevisions: () => ({
        revisions: [{ number: 2n, state: 2, origin: "deploy", createdAt: ago(3_600_000), components: [web] }],
      }),
    });
    expect(await mcp.output("service history hello")).toBe(
      "REVISION  STATE    MADE BY  AGE  IMAGES\nr2        current  deploy   1h   hello:2\n",
    );
    expect(JSON.parse(await mcp.output("service history hello --json"))).toMatchObject({
      service: "hello",
      revisions: [{ number: 2, state: "current", origin: "deploy", components: [{ image: "hello:2" }] }],
    });
  });

  it("show prints the definition", async () => {
    const asked: bigint[] = [];
    await mcp.answerWith({
      getService: ({ revision }) => {
        asked.push(revision);
        return {
          service: hello,
          revision: { number: 2n, state: 3, origin: "deploy", createdAt: ago(3_600_000) },
          toml: 'name = "hello"\n',
        };
      },
    });
    expect(await mcp.output("service show hello")).toBe(
      '# hello r2 (earlier), made by deploy, 1h ago\nname = "hello"\n',
    );
    await mcp.output("service show hello --revision r2");
    expect(JSON.parse(await mcp.output("service show hello --json"))).toMatchObject({
      toml: 'name = "hello"\n',
    });
    expect(asked).toEqual([0n, 2n, 0n]);
    await mcp.answerWith({ getService: () => ({ service: hello }) });
    expect(await mcp.cli.run("service show hello --revision 9")).toEqual({
      stdout: "",
      stderr:
        "error: there is no revision 9 of hello [revision_not_found]\n  → see those there are with: mcp service history hello\n",
      exit: 4,
    });
    expect((await mcp.cli.run("service show hello")).stderr).toContain(
      "error: no revision of hello is current yet",
    );
  });
});

describe("mcp service show of a service that was undeployed", () => {
  const gone = () => {
    throw refusal("service_not_found", "there is no service hello on this node", "see all with: mcp list");
  };

  it("points at its history", async () => {
    await mcp.answerWith({ getService: gone, listRevisions: () => ({ revisions: [{ number: 2n }] }) });
    expect(await mcp.failure("service show hello")).toEqual([
      "error: hello is not on this node any more; it was undeployed [service_not_found]\n" +
        "  → its revisions are kept as history: mcp service history hello\n",
      4,
    ]);
  });

  it("does not where it has none", async () => {
    await mcp.answerWith({ getService: gone, listRevisions: gone });
    expect(await mcp.failure("service show hello")).toEqual([
      "error: there is no service hello on this node [service_not_found]\n  → see all with: mcp list\n",
      4,
    ]);
  });
});

describe("mcp node", () => {
  it("list reads the configuration and asks nobody", async () => {
    await mcp.agent.die();
    expect(await mcp.output("node list")).toBe(
      `NODE  ADDRESS${" ".repeat(mcp.agent.address.length - 5)}DEFAULT\nrift  ${mcp.agent.address}  yes\n`,
    );
    expect(JSON.parse(await mcp.output("node list --json"))).toEqual({
      nodes: [{ name: "rift", address: mcp.agent.address, isDefault: true }],
    });
  });

  it("status shows the node that is named", async () => {
    await mcp.answerWith({
      nodeStatus: () => ({
        node: {
          name: "rift",
          agentVersion: "0.1.0",
          os: "Debian 12",
          bootId: "1f0c",
          cpus: 2,
          runtimes: [{ kinds: ["container"], ok: true, version: "podman 4.3.1", store: "/s" }],
        },
      }),
    });
    const shown = await mcp.output("node status");
    expect(shown).toContain("rift\n  system    Debian 12, up an unknown time, boot 1f0c\n");
    expect(shown.endsWith("container  ok, podman 4.3.1, store /s\n")).toBe(true);
    expect(await mcp.output("node status rift")).toBe(shown);
    expect(await mcp.output("node status --node rift")).toBe(shown);
    expect(JSON.parse(await mcp.output("node status --json"))).toMatchObject({
      name: "rift",
      cpus: 2,
      load: 0,
      disks: [],
    });
    expect(await mcp.cli.run("node status rft")).toEqual({
      stdout: "",
      stderr: `error: there is no node rft in ${mcp.cli.home}/.config/mcp/mcp.toml [node_not_found]\n  → did you mean rift?\n`,
      exit: 4,
    });
  });
});

describe("mcp doctor", () => {
  it("says what is wrong, and fails only if something is", async () => {
    await mcp.answerWith({
      doctor: () => ({
        checks: [{ name: "podman", outcome: 2, text: "no memory limits", hint: "see: mcp node status" }],
      }),
    });
    expect(await mcp.output("doctor")).toBe(
      "! podman: no memory limits\n    → see: mcp node status\n1 warning\n",
    );
    await mcp.answerWith({
      doctor: () => ({ checks: [{ name: "database", outcome: 3, text: "it is read-only" }] }),
    });
    expect(await mcp.cli.run("doctor")).toEqual({
      stdout: "✗ database: it is read-only\n1 failed\n",
      stderr: "",
      exit: 6,
    });
    const json = await mcp.cli.run("doctor --json");
    expect(json.exit).toBe(6);
    expect(JSON.parse(json.stdout)).toEqual({
      checks: [{ name: "database", outcome: "failed", text: "it is read-only", hint: "" }],
    });
  });
});
