import { Problem } from "@mcp/base";
import { Args, Command, Flags } from "@oclif/core";

export default class Hello extends Command {
  static override summary = "say hello";
  static override enableJsonFlag = true;
  static override args = { name: Args.string({ description: "whom to greet", default: "world" }) };
  static override flags = {
    fail: Flags.boolean({ summary: "fail, to see how mcp shows the problem of a plugin" }),
  };
  static override examples = ["<%= config.bin %> hello", "<%= config.bin %> hello ada"];

  async run(): Promise<{ greeting: string }> {
    const { args, flags } = await this.parse(Hello);
    // This is the plugin's own copy of Problem: mcp knows it by its brand.
    if (flags.fail)
      throw new Problem("tool_missing", "there is nobody to greet", "type the same without --fail");
    const greeting = `hello, ${args.name}`;
    this.log(greeting);
    return { greeting };
  }
}
