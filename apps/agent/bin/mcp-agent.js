#!/usr/bin/env node
import "../dist/mcp-agent.js";
