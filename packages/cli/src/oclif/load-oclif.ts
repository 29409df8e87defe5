import type { Interfaces } from "@oclif/core";
import { Config } from "@oclif/core/config";
import { dataDirOf, readLinkedPlugins } from "../plugins/linked-plugins.ts";
import { bundledPlugin } from "./bundled-plugin.ts";

export interface LoadOclifOptions {
  /** The folder of the app. */
  readonly root: string;
  readonly version: string;
  /** Told when a linked plugin cannot be loaded: it is left out. */
  readonly onBrokenPlugin: (name: string, thrown: unknown) => void;
}

/** oclif's configuration, with mcp's own commands and those of linked plugins. */
export async function loadOclif({ root, version, onBrokenPlugin }: LoadOclifOptions): Promise<Config> {
  // There are no themes to look for on the disk.
  process.env.MCP_DISABLE_THEME ??= "1";
  const own = bundledPlugin(root, version);
  const plugins = new Map([[own.name, own]]);
  for (const { name, root: folder } of readLinkedPlugins(dataDirOf(process.env))) {
    try {
      const plugin = await loadPlugin(name, folder);
      plugins.set(plugin.name, plugin);
    } catch (thrown) {
      onBrokenPlugin(name, thrown);
    }
  }
  return Config.load({ root, version, pjson: own.pjson, plugins, logger: quiet });
}

/** A plugin from its folder, with its commands. */
export async function loadPlugin(name: string, root: string): Promise<Interfaces.Plugin> {
  const { Plugin } = await import("@oclif/core/config");
  const plugin = new Plugin({ name, root, type: "link" });
  await plugin.load();
  return plugin;
}

/** What oclif says to developers of programs, which it would load a library for. */
const quiet: Interfaces.Logger = {
  namespace: "oclif",
  child: () => quiet,
  debug: () => {},
  error: () => {},
  info: () => {},
  trace: () => {},
  warn: () => {},
};
