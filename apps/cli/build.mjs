import { bundle } from "./build.bundle.mjs";

await bundle("dist");
