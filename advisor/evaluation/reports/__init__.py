"""A run as people and programs read it: tables and JSON, an HTML page, charts as SVG."""
