"""What programs connect to: REST, MCP, metrics; and the guard that stands before them and the page."""
