import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { realClock, run } from "@mcp/host";
import type { PodmanRig } from "./rig.ts";

/** A real registry on this machine, with its images in a folder. */
export interface RegistryRig {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RegistryRigOptions {
  /** Only this user is let in. */
  readonly user?: { readonly name: string; readonly bcrypt: string };
}

/** Why there can be no registry on this machine, or undefined. */
export async function registryMissing(): Promise<string | undefined> {
  const found = await run(["sh", "-c", "command -v docker-registry"], { anyExitCode: true });
  return found.exitCode === 0 ? undefined : "docker-registry is not installed (apt install docker-registry)";
}

export async function startRegistry(folder: string, { user }: RegistryRigOptions = {}): Promise<RegistryRig> {
  await mkdir(folder, { recursive: true });
  const address = `127.0.0.1:${await freePort()}`;
  const lines = [
    "version: 0.1",
    "log: { level: error }",
    `storage: { filesystem: { rootdirectory: ${folder}/data } }`,
    `http: { addr: "${address}" }`,
    ...(user ? [`auth: { htpasswd: { realm: test, path: ${folder}/htpasswd } }`] : []),
  ];
  if (user) await writeFile(join(folder, "htpasswd"), `${user.name}:${user.bcrypt}\n`);
  await writeFile(join(folder, "config.yml"), `${lines.join("\n")}\n`);
  let child: ReturnType<typeof spawn> | undefined;
  const rig: RegistryRig = {
    address,
    async start() {
      child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
      for (let tries = 0; !(await answers(address)); tries++) {
        if (tries > 400) throw new Error("the registry did not start");
        await realClock.sleep(20);
      }
    },
    async stop() {
      const ended = child;
      child = undefined;
      if (!ended || ended.exitCode !== null) return;
      await new Promise((resolve) => {
        ended.once("exit", resolve);
        ended.kill("SIGKILL");
      });
    },
  };
  await rig.start();
  return rig;
}

let made = 0;

/** New content at a reference of the registry, and nowhere else. */
export async function publish(rig: PodmanRig, reference: string, credentials?: string): Promise<void> {
  const context = join(rig.folder, `image-${++made}`);
  await mkdir(context);
  await writeFile(join(context, "Dockerfile"), `FROM ${rig.image}\nLABEL made=${made}\n`);
  await run(["chmod", "--recursive", "a+rX", context]);
  const local = `localhost/publish-${made}:v1`;
  await rig.cli(["build", "--quiet", "--tag", local, context]);
  const login = credentials === undefined ? [] : ["--creds", credentials];
  await rig.cli(["push", "--quiet", "--tls-verify=false", ...login, local, `docker://${reference}`]);
  await rig.cli(["rmi", "--force", local]);
}

async function answers(address: string): Promise<boolean> {
  return fetch(`http://${address}/v2/`).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return address.port;
}
