import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conditions, imageOf, openMachine, running, stage } from "./machine.ts";
import { newRequestId, until } from "./rig.ts";

const later = () => new Promise((resolve) => setTimeout(resolve, 150));

describe("a definition that the boot sequence names", () => {
  async function withFolder(work: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-boot-"));
    await work(join(folder, "ids.toml")).finally(() => rm(folder, { recursive: true }));
  }

  it("is deployed in its stage where the registry does not know the service", () =>
    withFolder(async (file) => {
      await writeFile(file, running("ids"));
      await using machine = await openMachine(["web"]);
      machine.rig.host.addImage(imageOf("ids"));
      await machine.reboot({ boot: [stage("foundation", ["ids"], { definitions: [file] })] });
      await until("both run", () => machine.rig.host.running.length === 2);
      expect(machine.started()).toEqual(["ids", "web"]);
    }));

  it("that cannot be read, or not be deployed, blocks its stage until it is mended", () =>
    withFolder(async (file) => {
      await using machine = await openMachine(["web"]);
      const { host } = machine.rig;
      await machine.reboot({
        boot: [stage("foundation", ["ids"], { definitions: [file], timeoutMs: 50 })],
      });
      await until(
        "that is told",
        () => conditions(machine)[0]?.text.includes("cannot be read (ENOENT)") === true,
      );
      host.addImage(imageOf("ids"));
      await writeFile(file, running("ids"));
      await until("both run", () => host.running.length === 2);
      expect(machine.started()).toEqual(["ids", "web"]);
    }));

  it("brings nothing back that was undeployed", () =>
    withFolder(async (file) => {
      await writeFile(file, running("ids"));
      await using machine = await openMachine(["ids", "web"]);
      for await (const _ of machine.rig.client.undeploy({ requestId: newRequestId(), service: "ids" }));
      await machine.reboot({ boot: [stage("foundation", ["ids"], { definitions: [file] })] });
      await until("it runs", () => machine.rig.host.running.length === 1);
      await later();
      expect(machine.started()).toEqual(["web"]);
    }));

  it("that differs from what is deployed is shown as a note, and left so", () =>
    withFolder(async (file) => {
      await writeFile(file, `# as it was\n${running("ids")}`);
      await using machine = await openMachine(["ids"]);
      const notes = async () => (await machine.rig.client.status({})).notes;
      await machine.reboot({
        boot: [stage("foundation", ["ids", "nobody"], { definitions: [file, `${file}.old`] })],
      });
      await until("it runs", () => machine.rig.host.running.length === 1);
      const always = [
        `boot stage "foundation": ${file}.old cannot be read (ENOENT)`,
        'boot stage "foundation" names nobody, which is not on this node: it is not waited for',
      ];
      await until("the boot is done", async () => (await notes()).length === 2);
      expect(await notes()).toEqual(always);

      await writeFile(file, running("ids", 'env = { A = "1" }'));
      const differs =
        `ids differs from ${file}, which the boot sequence names: what is deployed counts; ` +
        `bring both together with: mcp deploy --file ${file}`;
      expect(await notes()).toEqual([differs, ...always]);
      expect((await machine.rig.client.nodeStatus({})).node?.notes).toEqual([differs, ...always]);
      await machine.rig.deploy(running("ids", 'env = { A = "1" }'));
      expect(await notes()).toEqual(always);
    }));
});
