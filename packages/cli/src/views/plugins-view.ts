import type { Style } from "../terminal/style.ts";
import { table } from "../terminal/table.ts";

export interface PluginsReport {
  readonly plugins: readonly { readonly name: string; readonly root: string }[];
}

export function pluginsView({ plugins }: PluginsReport, style: Style): string {
  if (plugins.length === 0)
    return style.typed("no plugins are linked; link one with: mcp plugins link ./my-plugin");
  return table(
    ["PLUGIN", "FOLDER"],
    plugins.map(({ name, root }) => [name, root]),
    style,
  );
}
