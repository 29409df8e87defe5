#!/usr/bin/env -S node --max-semi-space-size=1 --max-old-space-size=512
// The flags: an agent idles most of its life, and a young generation of 1 MiB instead of 16 keeps it small; what large
// requests leave behind is collected before it amounts to half a GiB, of which a thousand components need a tenth.
import { main } from "../dist/mcp-agent.js";

process.exitCode = await main(process.argv.slice(2), process.env);
