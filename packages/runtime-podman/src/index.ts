export { createPodman, type Podman, type PodmanOptions } from "./create-podman.ts";
