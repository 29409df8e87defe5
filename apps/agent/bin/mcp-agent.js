#!/usr/bin/env -S node --max-semi-space-size=1
// The flag: an agent idles most of its life, and a young generation of 1 MiB instead of 16 keeps it small.
import { main } from "../dist/mcp-agent.js";

process.exitCode = await main(process.argv.slice(2), process.env);
