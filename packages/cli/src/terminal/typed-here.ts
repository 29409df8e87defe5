import type { Paint } from "./style.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Hints and help name `mcp`, `mcp-agent` and its log as an installed one has them. Whoever starts mcp by another name, as
 * a checkout does, says in the environment what is typed instead: `MCP_COMMAND` for `mcp`, `MCP_AGENT_COMMAND` for
 * `mcp-agent`, which then knows its config, `MCP_AGENT_START` for what starts its agent, `MCP_AGENT_LOG` for the file of
 * the agent's log.
 *
 * @returns what makes of a hint one that can be typed here; undefined where it can be as it stands.
 */
export function typedHere(env: Environment): Paint | undefined {
  const { MCP_COMMAND: command, MCP_AGENT_COMMAND: agent, MCP_AGENT_START: start, MCP_AGENT_LOG: log } = env;
  if (!command && !agent && !start && !log) return undefined;
  return (text) =>
    text
      .replaceAll(startsAgent, (as) => start || as)
      .replaceAll(showsLog, (as) => (log ? `less ${log}` : as))
      .replaceAll(namesAgent, (as, rest: string) => (agent ? `${agent} ${rest}` : as))
      .replaceAll(namesMcp, (as) => command || as);
}

const startsAgent = /mcp-agent server --config \S+, or: systemctl start mcp-agent/g;
const showsLog = /journalctl -u mcp-agent/g;
/** Without its config, where that is a placeholder. */
const namesAgent = /(?<=[:,$] )mcp-agent ([a-z-]+(?: [a-z-]+)*?)(?: --config FILE)?(?=[;,.]|$)/gm;
/** As a command: after a colon, a comma or a prompt, or before a word that is one. */
const namesMcp =
  /(?<=[:,$] )mcp(?= [a-zA-Z-])|(?<![\w./-])mcp(?= (?:--\w|COMMAND\b|(?:deploy|plan|rollback|stop|start|restart|undeploy|status|ps|list|logs|events|doctor|service|node|plugins)\b))/g;
