import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { BlockList } from "node:net";
import { join } from "node:path";
import { run } from "@mcp/host";
import {
  endProcessesOf,
  removeMounts,
  removeRuntimeState,
} from "../../packages/runtime-podman/test/rig-leftovers.ts";
import { rangeOf, removeNetworks } from "../../packages/runtime-podman/test/rig-networks.ts";
import type { TestNode } from "./node.ts";
import { vmProcesses } from "./vm-processes.ts";

/** What a machine has in its memory only, of a rig. */
const inMemory = ["run", "tmp", "xdg"];

/**
 * All that runs on a node dies at once, unseen, and what is in memory is gone; then its podman's service is there again, and its agent,
 * which finds that this is another boot of the machine.
 */
export async function losePower(node: TestNode): Promise<void> {
  const { rig, folder } = node;
  await node.end("SIGKILL");
  await rig.service.kill();
  await killVms(node);
  await endProcessesOf(rig.folder, 0);
  await removeMounts(rig.folder);
  await removeRuntimeState(rig.folder);
  await removeNetworks(rig.folder);
  await removeNetworkRules(rig.folder);
  for (const name of inMemory) {
    await rm(join(rig.folder, name), { recursive: true, force: true });
    await mkdir(join(rig.folder, name), { mode: 0o700 });
  }
  await rig.service.start();
  const bootId = join(folder, "boot-id");
  await writeFile(bootId, `${randomUUID()}\n`);
  await node.start(inBoot(bootId));
}

/** First each keeper, which is older: nobody writes down how QEMU ended. */
export async function killVms({ vmState }: TestNode): Promise<void> {
  const pids = (await vmProcesses(vmState)).map(({ pid }) => pid);
  for (const pid of pids.sort((a, b) => a - b)) process.kill(pid, "SIGKILL");
}

/** Those of the kernel that lead to addresses of a rig. Else what comes to a port would still be sent to where its container was. */
async function removeNetworkRules(folder: string): Promise<void> {
  const { address, bits } = rangeOf(folder);
  const ours = new BlockList();
  ours.addSubnet(address, bits, "ipv4");
  const { stdout } = await run(["iptables", "--wait", "--table", "nat", "--list-rules"]);
  const rules = stdout.split("\n").filter((rule) => rule.startsWith("-A "));
  const leads = (rule: string): boolean =>
    (rule.match(/\d+\.\d+\.\d+\.\d+/g) ?? []).some((each) => ours.check(each, "ipv4"));
  const portOf = (rule: string): string | undefined => /--dport (\d+)/.exec(rule)?.[1];
  const ports = new Set(rules.filter(leads).map(portOf));
  ports.delete(undefined);
  for (const rule of rules) {
    if (!leads(rule) && !ports.has(portOf(rule))) continue;
    const words = (rule.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
    await run(["iptables", "--wait", "--table", "nat", "--delete", ...words.slice(1)]);
  }
}

/** For the program that follows the kernel's file says what this one does. What is mounted and unmounted later it sees as all others do. */
const inBoot = (file: string): readonly string[] => [
  ...["unshare", "--mount", "--propagation", "slave", "sh", "-c"],
  'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
  file,
];
