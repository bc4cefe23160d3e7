"""The index: immutable generations, built beside the published one."""
