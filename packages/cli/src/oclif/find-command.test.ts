import { describe, expect, it } from "vitest";
import { commandIndex } from "../command-index.ts";
import { findCommand } from "./find-command.ts";

const config = { commandIDs: [...Object.keys(commandIndex), "hello", "hello:again"] };
const find = (line: string) => findCommand(line.split(" "), config);

describe("finding a command", () => {
  it("takes the longest that there is", () => {
    expect(find("deploy hello --dry-run")).toEqual({
      type: "command",
      id: "deploy",
      argv: ["hello", "--dry-run"],
    });
    expect(find("service show web")).toEqual({ type: "command", id: "service:show", argv: ["web"] });
    expect(find("hello again now")).toEqual({ type: "command", id: "hello:again", argv: ["now"] });
    expect(find("hello world")).toEqual({ type: "command", id: "hello", argv: ["world"] });
  });

  it("knows the words that begin commands", () => {
    expect(find("service")).toEqual({ type: "topic", topic: "service" });
    expect(find("node --json")).toEqual({ type: "topic", topic: "node" });
  });

  it.each([
    ["deplyo hello", 'there is no command "deplyo"', "did you mean: mcp deploy"],
    ["service histroy x", 'there is no command "service histroy"', "did you mean: mcp service history"],
    ["node drain", 'there is no command "node drain"', "see them all with: mcp --help"],
    ["frobnicate", 'there is no command "frobnicate"', "see them all with: mcp --help"],
    ["--json ps", "--json comes before any command", "put it after: mcp ps --json"],
    ["--json", "--json comes before any command", "put it after: mcp status --json"],
    [
      "--node nosuch status hello",
      "--node comes before any command",
      "put it after: mcp status hello --node nosuch",
    ],
    [
      "--node list service show x",
      "--node comes before any command",
      "put it after: mcp service show x --node list",
    ],
    ["stat", 'there is no command "stat"', "did you mean: mcp status"],
    ["node stat", 'there is no command "node stat"', "did you mean: mcp node status"],
    ["x", 'there is no command "x"', "see them all with: mcp --help"],
    ["constructor", 'there is no command "constructor"', "see them all with: mcp --help"],
  ])("refuses %s", (line, message, hint) => {
    expect(() => find(line)).toThrow(expect.objectContaining({ code: "usage", message, hint }));
  });
});
