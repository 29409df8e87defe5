import { join, relative } from "node:path";
import { isProblem } from "@mcp/base";
import { run } from "@mcp/host";
import { podmanEnvironment, podmanHere } from "../podman-here/podman-here.ts";
import { line, printSeconds, stage } from "../terminal/stage.ts";
import { findAgent, fingerprintOf, startAgent, stopAgent } from "./agent-process.ts";
import { mcpJson, type Operation } from "./cli.ts";
import { writeConfigs } from "./config-files.ts";
import {
  asContainer,
  askHello,
  asVm,
  buildHello,
  type Hello,
  helloImage,
  placeDefinition,
  portOf,
} from "./hello.ts";
import type { Places } from "./places.ts";
import { rememberNetworks } from "./podman-leftovers.ts";

type Environment = Readonly<Record<string, string>>;

/** Make hello run behind a local agent, also as a virtual machine where there can be one. What is there already is left as it is. */
export async function up(places: Places, withVm: boolean, wantedPort: number | undefined): Promise<void> {
  const env = await preparePodman(places);
  const built = await buildImage(places, env);
  const started = await runAgent(places, env);
  const running: Running[] = [await deployHello(places, asContainer, wantedPort)];
  if (withVm) running.push(await deployHello(places, asVm, wantedPort && wantedPort + 1));
  for (const { hello, port } of running) {
    const asking = stage(`${hello.name} over HTTP`);
    asking.tick(`http://127.0.0.1:${port}/ says: ${await askHello(hello, port)}`);
  }
  line();
  const took = printSeconds(Date.now() - Number(process.env.MCP_TOOL_BEGAN_MS ?? performance.timeOrigin));
  if (built || started || running.some(({ deployed }) => deployed)) await whatNext(places, running, took);
  else line(`Nothing has changed: all of it was there, and hello answers. It took ${took}.`);
}

interface Running {
  readonly hello: Hello;
  readonly port: number;
  /** Whether anything had to be done for it. */
  readonly deployed: boolean;
}

async function preparePodman(places: Places): Promise<Environment> {
  const podman = stage("podman");
  const here = await podmanHere(places.state, async (name) => {
    line(`    to install: ${name}, which podman needs on this machine`);
    const install = [join(places.checkout, "tools/lib/need-packages"), `podman's ${name}`, name];
    await run(install, { timeoutMs: 600_000 });
  });
  await rememberNetworks(places);
  podman.tick(`${here.version} runs containers${here.containersConf ? ", with .mcp/containers.conf" : ""}`);
  for (const path of await writeConfigs(places, here)) {
    const name = relative(places.checkout, path);
    line(`    ${name} was changed by hand and is left as it is; to have it written anew: rm ${name}`);
  }
  return podmanEnvironment(here);
}

async function buildImage(places: Places, env: Environment): Promise<boolean> {
  const image = stage("hello's image");
  const built = await buildHello(places, env);
  image.tick(built ? `${helloImage}: built` : `${helloImage}: there`);
  return built;
}

async function runAgent(places: Places, env: Environment): Promise<boolean> {
  const agent = stage("agent");
  const running = await findAgent(places);
  if (running?.fingerprint === (await fingerprintOf(places, env))) {
    agent.tick(`agent: runs (pid ${running.pid})`);
    return false;
  }
  if (running) await stopAgent(places, running);
  await startAgent(places, env);
  agent.tick(running ? "agent: started again, since it is another build or config" : "agent: started");
  return true;
}

async function deployHello(places: Places, hello: Hello, wantedPort: number | undefined): Promise<Running> {
  const { name, what } = hello;
  const deploying = stage(name);
  const port = await placeDefinition(places, hello, wantedPort, await heldPort(places, name));
  const plan = await mcpJson<Pick<Operation, "steps">>(places, "plan", name);
  if (plan.steps.length === 0) {
    deploying.tick(`${name}: runs as its definition says, a ${what}`);
    return { hello, port, deployed: false };
  }
  const { steps } = await mcpJson<Operation>(places, "deploy", name);
  deploying.tick(`${name}: deployed in ${steps.length} steps, a ${what}`);
  return { hello, port, deployed: true };
}

async function whatNext(places: Places, running: readonly Running[], took: string): Promise<void> {
  const definition = relative(places.checkout, join(places.services, "hello.toml"));
  const instance = await helloInstance(places);
  const hasVm = running.some(({ hello }) => hello === asVm);
  const tries: readonly (readonly [string, string])[] = [
    ["tools/mcp status", "what runs, and whether it is as it should be"],
    ...(hasVm ? [["tools/mcp ps", "the container and the microVM, side by side"] as const] : []),
    ["tools/mcp logs hello", "what it wrote"],
    ...running.map(
      ({ hello, port }) => [`curl http://127.0.0.1:${port}/`, `the service itself, a ${hello.what}`] as const,
    ),
    [`podman kill ${instance}`, "it comes back: see tools/mcp status"],
    ["tools/mcp deploy hello", `after a change of ${definition}`],
    ["tools/mcp --help", "everything else"],
    ["tools/quickstart --down", "removes all of it"],
  ];
  line(
    `hello runs${hasVm ? ", as a container and as a virtual machine" : ""}. It took ${took}. What to try next:`,
  );
  line();
  for (const [command, what] of tries) line(`  ${command.padEnd(32)}${what}`);
  if (process.env.MCP_OWN_RUNTIME_FOLDER) {
    line();
    line(`podman by hand needs: export XDG_RUNTIME_DIR=${process.env.MCP_OWN_RUNTIME_FOLDER}`);
  }
}

/** Never deployed, or never with success. */
const notThere: ReadonlySet<string> = new Set(["service_not_found", "revision_not_found"]);

/** The host port of a service as it was deployed, whether or not it runs at this moment. */
async function heldPort(places: Places, name: string): Promise<number | undefined> {
  try {
    const { toml } = await mcpJson<{ readonly toml: string }>(places, "service", "show", name);
    return portOf(toml);
  } catch (thrown) {
    if (isProblem(thrown) && notThere.has(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Of this agent; `ps` would also show what others on this machine run. */
async function helloInstance(places: Places): Promise<string> {
  const { services } = await mcpJson<Status>(places, "status", "hello");
  return services[0]?.components[0]?.instance ?? "";
}

interface Status {
  readonly services: readonly {
    readonly name: string;
    readonly components: readonly { readonly instance: string | null }[];
  }[];
}
