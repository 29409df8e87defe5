/** Which packages each may use, besides `base`, as the design draws it. Apps may use anything. */
export const mayUse: Readonly<Record<string, readonly string[]>> = {
  base: [],
  host: [],
  proto: [],
  servicedef: [],
  runtime: [],
  "runtime-podman": ["host", "runtime"],
  "runtime-qemu": ["host", "runtime"],
  planner: ["runtime"],
  registry: ["host"],
  agent: ["host", "proto", "servicedef", "registry", "planner", "runtime"],
  client: ["proto"],
  cli: ["client", "servicedef"],
};

/** Where only types may be used: the package then needs nothing of the other at run time. */
export const typesOnly: Readonly<Record<string, readonly string[]>> = { planner: ["runtime"] };

interface Never {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly because: string;
}

/** What must not be reached, by any path; the reason is what a failing test prints. */
export const never: readonly Never[] = [
  {
    from: ["cli", "client"],
    to: ["agent", "registry", "planner", "runtime-podman", "runtime-qemu", "host"],
    because: "the CLI runs on a workstation that has nothing of a node, and must start fast",
  },
  {
    from: ["agent"],
    to: ["runtime-podman", "runtime-qemu"],
    because:
      "only apps/agent names backends, so that one can be added or left out without touching the engine",
  },
  {
    from: ["runtime-podman"],
    to: ["runtime-qemu", "agent", "registry"],
    because: "a backend must work as a library, where the others are not installed",
  },
  {
    from: ["runtime-qemu"],
    to: ["runtime-podman", "agent", "registry"],
    because: "a backend must work as a library, where the others are not installed",
  },
];

/** Packages that are pure: they decide and describe, and are tested with no machine at all. */
export const pure: readonly string[] = ["base", "planner", "servicedef", "proto"];
