import type { Command, Interfaces } from "@oclif/core";
import { Config } from "@oclif/core/config";
import { settings } from "@oclif/core/settings";
import { homeOf } from "../home.ts";
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
  // Plugins are used as they were built.
  settings.enableAutoTranspile = false;
  // Else it would look them up in the user database, in which a user need not be.
  process.env.SHELL ??= "";
  process.env.HOME ||= homeOf(process.env);
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
  for (const command of plugin.commands) {
    const load = command.load.bind(command);
    command.load = async () => throwingWhatItThrows(await load());
  }
  return plugin;
}

/**
 * A command whose failures reach whoever ran it, to be shown as mcp's own are. oclif's way is to print them in a form of
 * its own where `--json` was asked for; a command that sees to them itself is left alone.
 */
function throwingWhatItThrows(command: Command.Class): Command.Class {
  const prototype: object = command.prototype;
  if (ownerOf("catch", prototype) === ownerOf("_run", prototype))
    Object.defineProperty(prototype, "catch", {
      configurable: true,
      value: async (thrown: unknown) => {
        throw thrown;
      },
    });
  return command;
}

/** The class, of those that a command is made of, that has a method: only oclif's own has `_run`. */
function ownerOf(method: string, prototype: object | null): object | null {
  if (prototype === null || Object.hasOwn(prototype, method)) return prototype;
  return ownerOf(method, Object.getPrototypeOf(prototype));
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
