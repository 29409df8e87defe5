import { spawn } from "node:child_process";
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { realClock, run, silentLogger } from "@mcp/host";
import { createPodman, type Podman, type PodmanOptions } from "../src/index.ts";
import { endProcessesOf, exists, removeTree } from "./rig-leftovers.ts";
import { networkConfig, removeNetworks } from "./rig-networks.ts";
import { asUser, type RigUser, testUser } from "./rig-user.ts";

/** A podman of its own: nothing of the machine's podman is read or touched. */
export interface PodmanRig {
  readonly folder: string;
  readonly socket: string;
  /** Made from busybox; `/bin/sh` and the usual programs are there, and `/www/index.html` says `hello`. */
  readonly image: string;
  /** What `createPodman` needs where podman's defaults do not work. */
  readonly ulimits: readonly string[];
  /** Leads podman, also a service of the agent's own, to this rig's store. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs podman's command line over the same store, and returns what it printed. */
  cli(argv: readonly string[]): Promise<string>;
  /** Another way to the same containers, as a restarted agent makes one. Closed with the rig. */
  connect(options?: Partial<PodmanOptions>): Podman;
  /** The service behind `socket`: to kill it, freeze it, and start it again. */
  readonly service: RigService;
  close(): Promise<void>;
}

export interface RigService {
  readonly pid: number;
  start(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Why there can be no rig on this machine, or undefined. */
export async function rigMissing(who: "root" | "user"): Promise<string | undefined> {
  if (who === "root" && process.getuid?.() !== 0) return "needs root";
  for (const [program, packageName] of [
    ["podman", "podman"],
    ["busybox", "busybox-static"],
    ...(who === "user" ? [["newuidmap", "uidmap"] as const, ["slirp4netns", "slirp4netns"] as const] : []),
  ] as const) {
    const found = await run(["sh", "-c", `command -v ${program}`], { anyExitCode: true });
    if (found.exitCode !== 0) return `${program} is not installed (apt install ${packageName})`;
  }
  return undefined;
}

/** @param who  `user`: rootless, as an ordinary user; one is made where the tests run as root. */
export async function startPodmanRig({ who = "root" }: { who?: "root" | "user" } = {}): Promise<PodmanRig> {
  const user = who === "user" ? await testUser() : undefined;
  // Short, since a unix socket's path may have 107 bytes only.
  const folder = await mkdtemp("/tmp/mcpt-");
  const env = await writeConfig(folder, who, user);
  const socket = join(folder, "podman.sock");
  const cli = async (argv: readonly string[]) =>
    (await run(asUser(user, ["podman", ...argv]), { env, cwd: folder, timeoutMs: 120_000 })).stdout;
  const service = makeService(user, env, folder, socket);
  const opened: Podman[] = [];
  const close = async () => {
    for (const podman of opened) await podman.close();
    await cli(["rm", "--all", "--force", "--time", "0"]).catch(() => {});
    await service.kill();
    // An ordinary user may not remove what belongs to the ids inside of its containers, except from among them.
    if (process.getuid?.() !== 0) await cli(["unshare", "rm", "-rf", join(folder, "root")]).catch(() => {});
    const stubborn = await endProcessesOf(folder);
    await removeNetworks(folder);
    await removeTree(folder);
    const leaked = stubborn.filter((command) => command.includes("conmon"));
    if (leaked.length > 0)
      throw new Error(`supervisors were left behind: ${leaked.join("; ").slice(0, 2_000)}`);
  };
  const ulimits = (await mayRaiseLimits()) ? [] : [...lowLimits];
  let image: string;
  try {
    await service.start();
    image = await buildImage(folder, cli, user);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    folder,
    socket,
    image,
    ulimits,
    env,
    cli,
    service,
    connect(options = {}) {
      const podman = createPodman({
        socket,
        stateDir: join(folder, "agent"),
        ulimits,
        clock: realClock,
        log: silentLogger,
        ...options,
      });
      opened.push(podman);
      return podman;
    },
    close,
  };
}

const lowLimits = ["nofile=1024:20000", "nproc=1024:20000"] as const;

async function writeConfig(
  folder: string,
  who: "root" | "user",
  user: RigUser | undefined,
): Promise<Record<string, string>> {
  const xdg = join(folder, "xdg");
  for (const path of [
    xdg,
    join(folder, "root"),
    join(folder, "run"),
    join(folder, "tmp"),
    join(folder, "networks"),
  ]) {
    await mkdir(path, { mode: 0o700 });
  }
  const limits = (await mayRaiseLimits()) ? [] : lowLimits;
  const isV2 = await exists("/sys/fs/cgroup/cgroup.controllers");
  const containers = [
    "[engine]",
    `tmp_dir = "${folder}/tmp"`,
    // crun refuses hybrid cgroups.
    ...(isV2 ? [] : ['runtime = "runc"', 'cgroup_manager = "cgroupfs"', 'events_logger = "file"']),
    ...(isV2 ? [] : ["[engine.runtimes]", 'runc = ["/usr/sbin/runc", "/usr/bin/runc"]']),
    "[containers]",
    `default_ulimits = [${limits.map((limit) => `"${limit}"`).join(", ")}]`,
    ...networkConfig(folder),
  ];
  const storage = [
    "[storage]",
    `driver = "${who === "user" ? "vfs" : "overlay"}"`,
    `graphroot = "${folder}/root"`,
    `rootless_storage_path = "${folder}/root"`,
    `runroot = "${folder}/run"`,
  ];
  await writeFile(join(folder, "containers.conf"), `${containers.join("\n")}\n`);
  await writeFile(join(folder, "storage.conf"), `${storage.join("\n")}\n`);
  // No registry is asked that a test does not name.
  await writeFile(join(folder, "registries.conf"), "unqualified-search-registries = []\n");
  // Some of podman's commands insist that the file is there.
  await writeFile(join(folder, "auth.json"), "{}", { mode: 0o644 });
  await chmod(folder, 0o755);
  if (user) {
    for (const name of ["", "xdg", "root", "run", "tmp", "networks"]) {
      await chown(join(folder, name), user.uid, user.gid);
    }
  }
  return {
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
    REGISTRY_AUTH_FILE: join(folder, "auth.json"),
    TMPDIR: join(folder, "tmp"),
    XDG_RUNTIME_DIR: xdg,
    ...(user && {
      HOME: user.home,
      USER: user.name,
      LOGNAME: user.name,
      XDG_CONFIG_HOME: join(folder, "config"),
    }),
  };
}

function makeService(
  user: RigUser | undefined,
  env: Record<string, string>,
  folder: string,
  socket: string,
): RigService {
  let child: ReturnType<typeof spawn> | undefined;
  return {
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      await rm(socket, { force: true });
      const [program = "", ...args] = asUser(user, [
        "podman",
        "--log-level=error",
        "system",
        "service",
        "--time=0",
        `unix://${socket}`,
      ]);
      const started = spawn(program, args, {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      let said = "";
      started.stderr?.on("data", (chunk) => {
        said = `${said}${chunk}`.slice(-2_000);
      });
      for (let tries = 0; !(await answers(socket)); tries++) {
        if (started.exitCode !== null || tries > 600)
          throw new Error(`podman's service did not start: ${said}`);
        await realClock.sleep(20);
      }
    },
    async kill(signal = "SIGKILL") {
      const ended = child;
      if (!ended || ended.exitCode !== null || ended.signalCode !== null) return;
      await new Promise((resolve) => {
        ended.once("exit", resolve);
        ended.kill(signal);
      });
    },
  };
}

const programs = [
  "sh",
  "sleep",
  "cat",
  "echo",
  "true",
  "id",
  "pwd",
  "httpd",
  "wget",
  "nslookup",
  "tail",
  "hostname",
  "env",
  "ls",
];

async function buildImage(folder: string, cli: PodmanRig["cli"], user: RigUser | undefined): Promise<string> {
  const context = join(folder, "context");
  await mkdir(join(context, "rootfs/bin"), { recursive: true });
  await mkdir(join(context, "rootfs/www"));
  await copyFile("/bin/busybox", join(context, "rootfs/bin/busybox"));
  for (const name of programs) await symlink("busybox", join(context, "rootfs/bin", name));
  await writeFile(join(context, "rootfs/www/index.html"), "hello\n", { mode: 0o644 });
  await writeFile(
    join(context, "Dockerfile"),
    'FROM scratch\nCOPY rootfs /\nCMD ["/bin/sh", "-c", "echo started"]\n',
  );
  if (user) await run(["chown", "--recursive", `${user.uid}:${user.gid}`, context]);
  const image = "localhost/mcp-test:v1";
  await cli(["build", "--quiet", "--tag", image, context]);
  return image;
}

/** Without CAP_SYS_RESOURCE nobody can raise limits, and podman's defaults cannot be had. */
async function mayRaiseLimits(): Promise<boolean> {
  const status = await readFile("/proc/self/status", "utf8");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return (effective & (1n << 24n)) !== 0n;
}

/** The file is there a moment before anybody listens. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = connect(socket);
    attempt.once("error", () => resolve(false));
    attempt.once("connect", () => {
      attempt.destroy();
      resolve(true);
    });
  });
}
