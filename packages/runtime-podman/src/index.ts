export { createPodman, type Podman, type PodmanOptions } from "./create-podman.ts";
export type { PodmanCheck } from "./doctor/podman-checks.ts";
